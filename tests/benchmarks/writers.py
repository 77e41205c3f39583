"""Writers of exports for 100,000 rows of the twelve types, each in a process of its own, beside a library alone.

`python -m tests.benchmarks.writers` prints rows a second, CPU beside the floor, and memory above that before.
"""

import csv
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import IO

from tables.types.columns import Column, ColumnType, Value
from tables.writers import parquet, text

ROWS = 100_000
COLUMNS = [Column(f"c{n}", f"Column {n}", type) for n, type in enumerate(ColumnType, 1)]
VALUES: dict[ColumnType, Callable[[int], Value]] = {
    ColumnType.TEXT: lambda n: f"some text {n}",
    ColumnType.INTEGER: lambda n: n,
    ColumnType.DECIMAL: lambda n: f"{n}.25",
    ColumnType.CURRENCY: lambda n: f"{n}.50",
    ColumnType.PERCENT: lambda n: "12.5",
    ColumnType.BOOLEAN: lambda n: n % 2 == 0,
    ColumnType.DATE: lambda n: f"2026-05-{n % 28 + 1:02}",
    ColumnType.DATETIME: lambda n: f"2026-05-01T10:{n % 60:02}:00Z",
    ColumnType.SELECT: lambda n: "open",
    ColumnType.MULTI_SELECT: lambda n: ["red", "green"],
    ColumnType.EMAIL: lambda n: f"person{n}@example.com",
    ColumnType.URL: lambda n: f"https://example.com/{n}",
}


def rows(count: int) -> Iterator[Mapping[str, Value]]:
    makers = [(column.key, VALUES[column.type]) for column in COLUMNS]
    for n in range(count):
        yield {key: make(n) for key, make in makers}


def _lines(write: Callable[..., Iterator[str]], file: IO[bytes], count: int) -> None:
    file.writelines(line.encode() for line in write(COLUMNS, rows(count)))


def _xlsx(file: IO[bytes], count: int) -> None:
    text.write_xlsx(file, COLUMNS, rows(count), "Bench")  # type: ignore[arg-type]  # a temporary file is a BinaryIO


def _parquet(file: IO[bytes], count: int) -> None:
    parquet.write_parquet(file, COLUMNS, rows(count), measured=rows(count))  # type: ignore[arg-type]


def _csv_alone(file: IO[bytes], count: int) -> None:
    output = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(output)
    writer.writerow([column.name for column in COLUMNS])
    for row in rows(count):
        writer.writerow([", ".join(value) if isinstance(value, list) else value for value in row.values()])
    output.detach()


def _json_alone(file: IO[bytes], count: int) -> None:
    file.writelines(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows(count))


def _xlsx_alone(file: IO[bytes], count: int) -> None:
    from xlsxwriter.workbook import Workbook  # type: ignore[import-untyped]  # it ships no types

    book = Workbook(file, {"constant_memory": True})
    sheet = book.add_worksheet()
    day, number = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "0.00"})
    for line, row in enumerate(rows(count), 1):
        for index, (column, value) in enumerate(zip(COLUMNS, row.values(), strict=True)):
            if isinstance(value, bool):
                sheet.write_boolean(line, index, value)
            elif column.type in {ColumnType.DATE, ColumnType.DATETIME}:
                sheet.write_datetime(line, index, datetime.fromisoformat(str(value).removesuffix("Z")), day)
            elif isinstance(value, int) or column.type in NUMBERS:
                sheet.write_number(line, index, float(str(value)), number)
            else:
                sheet.write_string(line, index, ", ".join(value) if isinstance(value, list) else str(value))
    book.close()


NUMBERS = {ColumnType.DECIMAL, ColumnType.CURRENCY, ColumnType.PERCENT}
WRITERS: dict[str, Callable[[IO[bytes], int], None]] = {
    "csv alone": _csv_alone,
    "CSV": partial(_lines, text.write_csv),
    "json alone": _json_alone,
    "JSON": partial(_lines, text.write_json),
    "XlsxWriter alone": _xlsx_alone,
    "XLSX": _xlsx,
    "MARKDOWN": partial(_lines, text.write_markdown),
    "PARQUET": _parquet,
}
FLOORS = {"CSV": "csv alone", "JSON": "json alone", "XLSX": "XlsxWriter alone"}


def cpu_seconds(name: str, count: int) -> float:
    """Return the CPU time of one writer for this many rows."""
    with tempfile.TemporaryFile() as file:
        started = time.process_time()
        WRITERS[name](file, count)
        return time.process_time() - started


def _measured(name: str) -> tuple[float, float]:
    """Return the CPU time of a writer in a process of its own, and its megabytes above those of a few rows."""
    output = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.writers", name], check=True, capture_output=True, text=True
    ).stdout
    seconds, megabytes = map(float, output.split())
    return seconds, megabytes


def writers() -> None:
    """Print the cost of each writer."""
    print(f"\nexports of {ROWS:,} rows and {len(COLUMNS)} columns, each writer in a process of its own")
    seconds: dict[str, float] = {}
    for name in WRITERS:
        seconds[name], megabytes = _measured(name)
        floor = FLOORS.get(name)
        ratio = f"{seconds[name] / seconds[floor]:5.2f} x {floor}" if floor else ""
        print(f"  {name:<18}{ROWS / seconds[name]:>10,.0f} rows/s {megabytes:>6.0f} MB  {ratio}")


def _main(name: str) -> None:
    cpu_seconds(name, 100)  # imports
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(cpu_seconds(name, ROWS), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1_024)


if __name__ == "__main__":
    _main(sys.argv[1]) if len(sys.argv) > 1 else writers()
