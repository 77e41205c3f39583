"""XLSX workbooks, cell by cell; `load` is the only place that knows who reads them."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import IO, Any

from integrations.documents.failures import DocumentRefused

MAX_SHEETS = 50
MAX_TEXT = 1_000_000
Plain = str | int | float | bool | dict[str, str] | None


def load(file: IO[bytes]) -> Any:
    from python_calamine import CalamineWorkbook, PasswordError

    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(file.read()))
    except PasswordError:
        raise DocumentRefused("The workbook is encrypted: send one that opens without a password.") from None


def rows_of(file: IO[bytes]) -> Iterator[list[Plain]]:
    """The rows of the first sheet that has any, as JSON holds them: a text is a string, a date {"date": …}."""
    workbook = load(file)
    for name in workbook.sheet_names[:MAX_SHEETS]:
        sheet = workbook.get_sheet_by_name(name)
        if sheet.height:
            yield from ([_plain(value) for value in row] for row in sheet.iter_rows())
            return


def text_of(file: IO[bytes]) -> str:
    """Each sheet as its name and comma-separated lines, as it would be pasted."""
    workbook, written = load(file), io.StringIO()
    for name in workbook.sheet_names[:MAX_SHEETS]:
        sheet = workbook.get_sheet_by_name(name)
        if sheet.height:
            written.write(f"{name}\n\n")
            _write(written, sheet.iter_rows())
            written.write("\n")
        if written.tell() > MAX_TEXT:
            break
    return written.getvalue()[:MAX_TEXT].rstrip("\n")


def _write(target: io.StringIO, rows: Iterable[list[Any]]) -> None:
    writer = csv.writer(target, lineterminator="\n")
    for row in rows:
        writer.writerow([_shown(_plain(value)) for value in row])
        if target.tell() > MAX_TEXT:
            return


def _shown(value: Plain) -> str:
    if isinstance(value, dict):
        return value["date"]
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _plain(value: Any) -> Plain:
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if isinstance(value, datetime):
        return {"date": value.isoformat() + "Z"}
    if isinstance(value, date | time):
        return {"date": value.isoformat()}
    if isinstance(value, timedelta):
        return str(value)
    return None if value == "" else value
