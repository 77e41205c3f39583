"""Files of exports: the writer of each destination, and a file that is synced before it counts as written."""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

from db.models.exports import Export, ExportDestination, JsonLayout
from jobs.exports.snapshots import Snapshot
from jobs.runner.job_run import JobFailure
from tables.types.columns import Value
from tables.writers import parquet, text

BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # Excel reads a CSV as UTF-8 only behind one


class Source(Protocol):
    """Rows to write, until the job is stopped; then reading them and `check` raise."""

    snapshot: Snapshot

    def rows(self) -> Iterator[Mapping[str, Value]]: ...

    def rows_with_progress(self) -> Iterator[Mapping[str, Value]]: ...

    def check(self) -> None: ...


def write_file(path: Path, export: Export, source: Source) -> int:
    """Write and sync a new file, and return its size in bytes; delete it when writing fails."""
    try:
        with path.open("xb") as file:
            _write(file, export, source)
            file.flush()
            os.fsync(file.fileno())
            size = file.seek(0, os.SEEK_END)
        source.check()
        return size
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _write(file: BinaryIO, export: Export, source: Source) -> None:
    columns, style = source.snapshot.columns, source.snapshot.style
    if export.destination is ExportDestination.XLSX:
        text.write_xlsx(file, columns, source.rows_with_progress(), export.sheet_name or source.snapshot.name, style)
        return
    if export.destination is ExportDestination.PARQUET:
        if not parquet.is_installed():
            message = "This worker cannot write Parquet: its operator has to install pyarrow. Then retry."
            raise JobFailure("NOT_CONFIGURED", message)
        parquet.write_parquet(file, columns, source.rows_with_progress(), measured=source.rows())
        return
    if export.destination is ExportDestination.CSV:
        file.write(BYTE_ORDER_MARK)
    lines = _text_writer(export, style.include_header)(columns, source.rows_with_progress())
    file.writelines(line.encode() for line in lines)


def _text_writer(export: Export, include_header: bool) -> Callable[..., Iterator[str]]:
    if export.destination is ExportDestination.CSV:
        return partial(text.write_csv, include_header=include_header)
    if export.destination is ExportDestination.MARKDOWN:
        return partial(text.write_markdown, include_header=include_header)
    return text.write_json_lines if export.json_layout is JsonLayout.LINES else text.write_json
