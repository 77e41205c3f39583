"""Loop that starts the reports of schedules when they are due."""

from auth.viewer import Viewer
from db.core.base import now
from db.core.engine import Database
from db.reports import reports
from jobs.runner.periodic import PeriodicTask

INTERVAL_SECONDS = 30.0
SYSTEM = Viewer.system()


class ReportScheduler(PeriodicTask):
    """Loop over the schedules that are due. Several processes may run it: each report is started once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        super().__init__(self.start_due, INTERVAL_SECONDS, "Scheduled reports could not be started")

    async def start_due(self) -> None:
        """Start the reports that are due."""
        for report in await self._database.read(reports.due_schedules, SYSTEM, moment=now()):
            await self._database.write(reports.start_due, SYSTEM, report.id)
