"""Links that keep sheets up to date: a sweep that finds links of changed tables, and the job of one link."""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from auth.viewer import Viewer
from db.core.base import now
from db.core.engine import Database
from db.exports import sheet_links
from db.models.exports import OnSheetConflict
from db.models.sheet_links import SheetLink
from db.models.users import User
from errors import NotFound
from integrations.google.access import Google
from jobs.exports import snapshots
from jobs.exports.sheets import SheetRequest, SheetWriter, apply_template
from jobs.exports.source import Source
from jobs.runner.job_run import JobContext
from jobs.runner.periodic import PeriodicTask

MAX_CONCURRENT = 2
MAX_INTERVAL_SECONDS = 5.0  # between two sweeps
SYSTEM = Viewer.system()


class SheetLinks:
    """Handler of the jobs of links: it brings a sheet up to date with its table."""

    def __init__(self, database: Database, directory: Path, google: Google) -> None:
        self._database, self._directory = database, directory
        self._writer = SheetWriter(database, google)

    async def __call__(self, context: JobContext) -> None:
        link = await self._database.find(SheetLink, context.viewer, UUID(context.job.arguments["link_id"]))
        owner = await self._database.find(User, context.viewer, context.job.owner_id)
        if link is None or owner is None:
            raise NotFound("The link to the sheet was deleted, or you may no longer see it.")
        await asyncio.to_thread(self._directory.mkdir, parents=True, exist_ok=True)
        snapshot = await snapshots.take(self._database, context.viewer, link.table_id, self._directory)
        await apply_template(self._database, context.viewer, snapshot, link.template_id)
        source = Source(snapshot, context)
        source.report(0)
        request = SheetRequest(
            id=context.job.id.hex,
            table_id=link.table_id,
            mode=link.mode,
            spreadsheet_id=link.spreadsheet_id,
            sheet_name=link.sheet_name,
            key_columns=link.key_columns or (),
            overwrites=link.on_conflict == OnSheetConflict.OVERWRITE,
        )
        outcome = await self._writer.write(owner, source, request)
        await self._database.write(
            sheet_links.complete, context.viewer, link.id, context.job.id, context.attempt, outcome
        )


class SheetLinkSweep(PeriodicTask):
    """Sweep that starts the jobs of links whose table has changed, `gather` after it saw the change."""

    def __init__(self, database: Database, gather: timedelta) -> None:
        self._database, self._gather = database, gather
        interval = min(MAX_INTERVAL_SECONDS, max(0.05, gather.total_seconds() / 4))
        super().__init__(self.sweep, interval, "Links to sheets could not be started")

    async def sweep(self) -> None:
        """Start the jobs of the links that are due."""
        for link in await self._database.read(sheet_links.outdated_links, SYSTEM, moment=now()):
            await self._database.write(sheet_links.start_due, SYSTEM, link.id, self._gather)
