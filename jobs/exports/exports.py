"""Exports of a table to a file in the files directory, or to Google Sheets."""

import asyncio
from uuid import UUID

from db.core.engine import Database
from db.exports import exports
from db.exports.exports import FileOutcome, extension_of
from db.exports.sheet_options import SheetOutcome
from db.jobs import jobs
from db.jobs.jobs import LeaseLost
from db.models.exports import Export, ExportDestination, ExportMode, OnSheetConflict
from db.models.users import User
from errors import NotFound, StorageExceeded
from integrations.blobs import put_in_place
from integrations.google.access import Google
from integrations.google.changes import SheetConflict
from jobs.exports import snapshots
from jobs.exports.files import write_file
from jobs.exports.sheets import SheetRequest, SheetWriter, apply_template
from jobs.exports.source import Source
from jobs.runner.job_run import JobContext, explanation
from jobs.runner.threads import in_thread
from settings.settings import Settings

MAX_CONCURRENT = 4  # each holds a connection while it copies its table


class Exports:
    """Handler of export jobs. Another attempt overwrites the file or spreadsheet of the first."""

    def __init__(self, database: Database, settings: Settings, google: Google) -> None:
        self._database, self._sheets = database, SheetWriter(database, google)
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
            conflict = error.conflict if isinstance(error, SheetConflict) else None
            await self._database.write(
                exports.fail, context.viewer, export.id, context.attempt, *explanation(error, context), conflict
            )

    async def _export(self, context: JobContext, export: Export, owner: User) -> None:
        await asyncio.to_thread(self._directory.mkdir, parents=True, exist_ok=True)
        source = Source(await snapshots.take(self._database, context.viewer, export.table_id, self._directory), context)
        await apply_template(self._database, context.viewer, source.snapshot, export.template_id)
        source.report(0)
        outcome: FileOutcome | SheetOutcome
        if export.destination is ExportDestination.GOOGLE_SHEETS:
            outcome = await self._to_sheets(export, owner, source)
        else:
            outcome = await self._to_file(export, source)
        try:
            await self._database.write(exports.complete, context.viewer, export.id, context.attempt, outcome)
        except StorageExceeded:
            if isinstance(outcome, FileOutcome):
                await asyncio.to_thread((self._directory / outcome.file).unlink, missing_ok=True)
            raise

    async def _to_file(self, export: Export, source: Source) -> FileOutcome:
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
        return FileOutcome(source.snapshot.row_count, source.snapshot.revision, file=name, size=size)

    async def _to_sheets(self, export: Export, owner: User, source: Source) -> SheetOutcome:
        """Write a spreadsheet as the owner of the export may."""
        request = SheetRequest(
            id=export.id.hex,
            table_id=export.table_id,
            mode=export.mode,
            spreadsheet_id=None if export.mode is ExportMode.CREATE else export.spreadsheet_id,
            sheet_name=export.sheet_name or source.snapshot.name,
            key_columns=export.key_columns or (),
            overwrites=export.on_conflict is OnSheetConflict.OVERWRITE,
        )
        return await self._sheets.write(owner, source, request)
