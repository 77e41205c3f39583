"""Sums of readings by hour and of usage by day, kept up to date in the background."""

import asyncio

from auth.viewer import Viewer
from db.billing import usage_days
from db.core.engine import Database
from db.sites import reading_hours
from jobs.runner.periodic import PeriodicTask

INTERVAL_SECONDS = 60.0
BATCH = 200  # hours or days in one transaction
PAUSE_SECONDS = 0.02
SUMS = (reading_hours.SUMS, usage_days.SUMS)


class Aggregator(PeriodicTask):
    """Loop that sums up what new readings and calls have made stale. Several processes may run it at once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        failure = "Readings or usage could not be summed up"
        super().__init__(self.aggregate, INTERVAL_SECONDS, failure, first_delay=INTERVAL_SECONDS)

    async def aggregate(self) -> None:
        """Sum up every stale hour and day, with pauses for other writers."""
        for sums in SUMS:
            more = True
            while more:
                more = await self._database.write(sums.sum_batch, Viewer.system(), BATCH)
                await asyncio.sleep(PAUSE_SECONDS)
