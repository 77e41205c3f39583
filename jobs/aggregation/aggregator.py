"""Sums of readings by hour and of usage by day, kept up to date in the background."""

import asyncio
import logging

from auth.viewer import Viewer
from db.billing import usage_days
from db.core.engine import Database
from db.sites import reading_hours

INTERVAL_SECONDS = 60.0
BATCH = 200  # hours or days in one transaction
PAUSE_SECONDS = 0.02
SUMS = (reading_hours.sum_batch, usage_days.sum_batch)

log = logging.getLogger("sheetgpt.job")


class Aggregator:
    """Loop that sums up what new readings and calls have made stale. Several processes may run it at once."""

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
            await asyncio.sleep(INTERVAL_SECONDS)
            try:
                await self.aggregate()
            except Exception:
                log.exception("Readings or usage could not be summed up; the next attempt is in a minute")

    async def aggregate(self) -> None:
        """Sum up every stale hour and day, with pauses for other writers."""
        for sum_batch in SUMS:
            more = True
            while more:
                more = await self._database.write(sum_batch, Viewer.system(), BATCH)
                await asyncio.sleep(PAUSE_SECONDS)
