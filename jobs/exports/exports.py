"""Exports of a table to a file in the files directory, or to Google Sheets."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from uuid import UUID

from db.core.engine import Database
from db.exports import exports
from db.exports.exports import ExportOutcome, extension_of
from db.google import accounts
from db.jobs import jobs
from db.jobs.jobs import LeaseLost
from db.models.export_templates import ExportTemplate
from db.models.exports import Export, ExportDestination
from db.models.users import User
from errors import NotFound
from integrations.blobs import put_in_place
from integrations.google.access import Google
from integrations.google.oauth import RECONNECT
from integrations.google.sheets import Sheets, SheetsFailure, SheetTable, Spreadsheet
from jobs.exports import snapshots
from jobs.exports.files import write_file
from jobs.exports.snapshots import Snapshot
from jobs.runner.job_run import JobContext, explanation
from jobs.runner.threads import in_thread
from settings import Settings
from tables.types.columns import Value
from tables.writers.sheet_cells import SheetColumn

MAX_CONCURRENT = 4  # each holds a connection while it copies its table


class Exports:
    """Handler of export jobs. Another attempt overwrites the file or spreadsheet of the first."""

    def __init__(self, database: Database, settings: Settings, google: Google) -> None:
        self._database, self._google = database, google
        self._directory = settings.files_dir

    async def __call__(self, context: JobContext) -> None:
        export = await self._database.find(Export, context.viewer, UUID(context.job.arguments["export_id"]))
        owner = await self._database.find(User, context.viewer, context.job.owner_id)
        if export is None or owner is None:
            raise NotFound("The export was deleted, or you may no longer see it.")
        try:
            await self._export(context, export, owner)
        except LeaseLost:
            raise
        except Exception as error:
            await self._database.write(
                exports.fail, context.viewer, export.id, context.attempt, *explanation(error, context)
            )

    async def _export(self, context: JobContext, export: Export, owner: User) -> None:
        await asyncio.to_thread(self._directory.mkdir, parents=True, exist_ok=True)
        source = _Source(
            await snapshots.take(self._database, context.viewer, export.table_id, self._directory), context
        )
        await self._apply_template(context, export, source.snapshot)
        source.report(0)
        if export.destination is ExportDestination.GOOGLE_SHEETS:
            outcome = await self._to_sheets(export, owner, source)
        else:
            outcome = await self._to_file(export, source)
        await self._database.write(exports.complete, context.viewer, export.id, context.attempt, outcome)

    async def _apply_template(self, context: JobContext, export: Export, snapshot: Snapshot) -> None:
        if export.template_id is None:
            return
        try:
            template = await self._database.find(ExportTemplate, context.viewer, export.template_id)
            if template is None:
                message = "The template of this export was deleted, or you may no longer see it. Choose another one."
                raise NotFound(message)
            snapshot.apply(template)
        except BaseException:
            snapshot.close()
            raise

    async def _to_file(self, export: Export, source: "_Source") -> ExportOutcome:
        context, name = source.context, f"{export.id.hex}.{extension_of(export.destination, export.json_layout)}"
        parts = [self._directory / f".{export.id.hex}.{n}.part" for n in range(1, context.attempt + 1)]

        def write() -> int:
            # An earlier attempt that still runs cannot replace the result of this one without its partial file.
            for part in parts:
                part.unlink(missing_ok=True)
            with source.snapshot:
                return write_file(parts[-1], export, source)

        try:
            size = await in_thread(write, source.stop)
            await self._database.write(jobs.renew_lease, context.viewer, context.job.id, context.attempt)
            await asyncio.to_thread(put_in_place, parts[-1], self._directory / name)
        except BaseException:
            await asyncio.to_thread(parts[-1].unlink, missing_ok=True)
            raise
        return ExportOutcome(source.snapshot.row_count, source.snapshot.revision, file=name, size=size)

    async def _to_sheets(self, export: Export, owner: User, source: "_Source") -> ExportOutcome:
        """Write a spreadsheet as the owner of the export may."""
        snapshot, context = source.snapshot, source.context
        account = await self._database.read_one(accounts.of_viewer, context.viewer)
        access = self._google.access_for(self._google.person(owner, account))

        def write() -> Spreadsheet:
            with snapshot:
                sheets = source.close_on_stop(Sheets(access, self._google.base_url))
                columns = [SheetColumn(column, column.name) for column in snapshot.columns]
                name = export.sheet_name or snapshot.name
                table = SheetTable(snapshot.name, name, columns, snapshot.row_count, source.rows)
                return sheets.write(export.id.hex, table, progress=source.report)

        try:
            spreadsheet = await in_thread(write, source.stop)
        except SheetsFailure as failure:
            if account is not None and failure.code == RECONNECT:
                await self._database.write(accounts.withdraw, context.viewer, account.connected_at)
            raise
        return ExportOutcome(
            snapshot.row_count, snapshot.revision, spreadsheet_id=spreadsheet.id, spreadsheet_url=spreadsheet.url
        )


class _Stopped(Exception):
    """Raised in the thread of a job after its handler was cancelled."""


class _Source:
    """Rows of a snapshot for a writing thread, until `stop` is called from another thread."""

    def __init__(self, snapshot: Snapshot, context: JobContext) -> None:
        self.snapshot, self.context = snapshot, context
        self._stopped = threading.Event()
        self._close: Callable[[], None] = lambda: None

    def stop(self) -> None:
        self._stopped.set()
        self._close()

    def close_on_stop(self, sheets: Sheets) -> Sheets:
        """Close `sheets` on `stop`, which interrupts a request that is waiting for Google."""
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

    def rows_with_progress(self) -> Iterator[Mapping[str, Value]]:
        """Yield the rows and report progress; a row counts as written when the next one is requested."""
        for done, row in enumerate(self.rows()):
            if done % 500 == 0:
                self.report(done)
            yield row

    def report(self, done: int) -> None:
        self.context.progress(done, self.snapshot.row_count)
