"""Loop that starts the reports of schedules when they are due."""

import asyncio
import logging

from auth.viewer import Viewer
from db.core.base import now
from db.core.engine import Database
from db.reports import reports

INTERVAL_SECONDS = 30.0
SYSTEM = Viewer.system()

log = logging.getLogger("sheetgpt.job")


class ReportScheduler:
    """Loop over the schedules that are due. Several processes may run it: each report is started once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            try:
                await self.start_due()
            except Exception:
                log.exception("Scheduled reports could not be started; the next attempt is in half a minute")
            await asyncio.sleep(INTERVAL_SECONDS)

    async def start_due(self) -> None:
        """Start the reports that are due."""
        for report in await self._database.read(reports.due_schedules, SYSTEM, moment=now()):
            await self._database.write(reports.start_due, SYSTEM, report.id)
