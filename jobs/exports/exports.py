"""Taking a table elsewhere: as a file in the files' directory, or into Google Sheets."""

import asyncio
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from db.core.engine import Database
from db.exports import exports
from db.exports.exports import EXTENSIONS, ExportOutcome
from db.jobs import jobs
from db.jobs.jobs import LeaseLost
from db.models.exports import Export, ExportDestination
from db.models.users import User
from errors import NotFound
from integrations.blobs import put_in_place
from integrations.google.sheets import Cell, Sheets, Spreadsheet
from jobs.exports import snapshots
from jobs.exports.snapshots import Snapshot
from jobs.runner.job_run import JobContext, JobFailure, explanation
from jobs.runner.threads import in_thread
from settings import Settings
from tables.types.columns import DECIMAL_TYPES, NUMERIC_TYPES, Column, ColumnType, Value
from tables.types.numbers import count_digits
from tables.types.types import format_value
from tables.writers.text import write_csv, write_json, write_markdown, write_xlsx

AT_ONCE = 4  # each holds a connection while it copies its table
EXACT_DIGITS = 15  # of a number in a spreadsheet
TEXTS = {
    ExportDestination.CSV: write_csv,
    ExportDestination.JSON: write_json,
    ExportDestination.MARKDOWN: write_markdown,
}


class Exports:
    """The handler of export jobs. Doing one again writes over the same file or spreadsheet."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings
        self._directory = settings.files_dir

    async def __call__(self, held: JobContext) -> None:
        export = await self._database.find(Export, held.viewer, UUID(held.job.arguments["export_id"]))
        owner = await self._database.find(User, held.viewer, held.job.owner_id)
        if export is None or owner is None:
            raise NotFound("The export is gone, or you may not see it any more.")
        try:
            await self._take(held, export, owner.email)
        except LeaseLost:
            raise
        except Exception as error:
            await self._database.write(exports.fail, held.viewer, export.id, held.attempt, *explanation(error, held))

    async def _take(self, held: JobContext, export: Export, email: str) -> None:
        await asyncio.to_thread(self._directory.mkdir, parents=True, exist_ok=True)
        source = _Source(await snapshots.take(self._database, held.viewer, export.table_id, self._directory), held)
        source.tell(0)
        if export.destination is ExportDestination.GOOGLE_SHEETS:
            outcome = await self._to_sheets(export, email, source)
        else:
            outcome = await self._to_file(export, source)
        await self._database.write(exports.complete, held.viewer, export.id, held.attempt, outcome)

    async def _to_file(self, export: Export, source: "_Source") -> ExportOutcome:
        held, name = source.held, f"{export.id.hex}.{EXTENSIONS[export.destination]}"
        parts = [self._directory / f".{export.id.hex}.{n}.part" for n in range(1, held.attempt + 1)]

        def write() -> None:
            # Without its part, an earlier attempt that is still alive cannot put its file in this one's place.
            for part in parts:
                part.unlink(missing_ok=True)
            with source.snapshot:
                _write_file(parts[-1], export, source)

        try:
            await in_thread(write, source.stop)
            await self._database.write(jobs.hold, held.viewer, held.job.id, held.attempt)
            await asyncio.to_thread(put_in_place, parts[-1], self._directory / name)
        except BaseException:
            await asyncio.to_thread(parts[-1].unlink, missing_ok=True)
            raise
        return ExportOutcome(source.snapshot.row_count, source.snapshot.revision, file=name)

    async def _to_sheets(self, export: Export, email: str, source: "_Source") -> ExportOutcome:
        """The spreadsheet is the service account's, which shares it with the person who asked."""
        snapshot = source.snapshot

        def write() -> Spreadsheet:
            with snapshot:
                sheets = source.stops(self._open_sheets())
                return sheets.write(
                    export.id.hex,
                    snapshot.name,
                    export.sheet_name or snapshot.name,
                    [column.name for column in snapshot.columns],
                    ([_cell(column, row.get(column.key)) for column in snapshot.columns] for row in source.rows()),
                    progress=source.tell,
                    share_with=email,
                )

        made = await in_thread(write, source.stop)
        return ExportOutcome(snapshot.row_count, snapshot.revision, spreadsheet_id=made.id, spreadsheet_url=made.url)

    def _open_sheets(self) -> Sheets:
        account = self._settings.google_service_account_file
        if account is None:
            message = "This server has lost its GOOGLE_SERVICE_ACCOUNT_FILE: have it set again, then retry."
            raise JobFailure("NOT_CONFIGURED", message)
        return Sheets(account, self._settings.google_sheets_url)


class _Stopped(Exception):
    """Ends the thread of a job whose handler was cancelled."""


class _Source:
    """A snapshot's rows as a writing thread takes them, until `stop` is called from another."""

    def __init__(self, snapshot: Snapshot, held: JobContext) -> None:
        self.snapshot, self.held = snapshot, held
        self._stopped = threading.Event()
        self._close: Callable[[], None] = lambda: None

    def stop(self) -> None:
        self._stopped.set()
        self._close()

    def stops(self, sheets: Sheets) -> Sheets:
        """Close these when stopped."""
        self._close = sheets.close
        self.check()
        return sheets

    def check(self) -> None:
        if self._stopped.is_set():
            raise _Stopped

    def rows(self) -> Iterator[Mapping[str, Value]]:
        for batch in self.snapshot.batches():
            self.check()
            yield from batch

    def told_rows(self) -> Iterator[Mapping[str, Value]]:
        """The rows, each taken for done when the next one is asked for."""
        for done, row in enumerate(self.rows()):
            if done % 500 == 0:
                self.tell(done)
            yield row

    def tell(self, done: int) -> None:
        self.held.progress(done, self.snapshot.row_count)


def _write_file(path: Path, export: Export, source: _Source) -> None:
    """Write and sync a new file, or leave none."""
    try:
        with path.open("xb") as file:
            if export.destination is ExportDestination.XLSX:
                name = export.sheet_name or source.snapshot.name
                write_xlsx(file, source.snapshot.columns, source.told_rows(), name)
            else:
                # Excel takes a CSV for UTF-8 only when it begins with a byte order mark.
                file.write(b"\xef\xbb\xbf" if export.destination is ExportDestination.CSV else b"")
                lines = TEXTS[export.destination](source.snapshot.columns, source.told_rows())
                file.writelines(line.encode() for line in lines)
            file.flush()
            os.fsync(file.fileno())
        source.check()
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _cell(column: Column, value: Value) -> Cell:
    """A value as a spreadsheet holds it: numbers where they stay exact, percents as fractions, dates as ISO text."""
    if value is None or isinstance(value, bool):
        return value
    if column.type not in NUMERIC_TYPES:
        return format_value(column, value)
    plain = str(value)
    if count_digits(plain.rstrip("0") if "." in plain else plain) > EXACT_DIGITS:
        return format_value(column, value)
    if column.type not in DECIMAL_TYPES:
        return int(plain)
    return float(Decimal(plain) / 100 if column.type is ColumnType.PERCENT else Decimal(plain))
