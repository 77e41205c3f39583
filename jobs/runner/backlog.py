"""Sampler of the gauges that need a query or a timer: the backlog of jobs, and the delay of the event loop."""

import asyncio
import logging
from contextlib import suppress

from auth.viewer import Viewer
from db.core.base import now
from db.core.engine import Database
from db.jobs.backlog import backlog
from telemetry import metrics
from telemetry.catalog import JOB_AGE, JOBS, LOOP_DELAY

SAMPLE_SECONDS, TICK_SECONDS, QUERY_SECONDS = 15.0, 0.5, 10.0

log = logging.getLogger("sheetgpt.error")


class Sampler:
    """Background task that runs only while metrics are recorded."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._series: set[tuple[str, str]] = set()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        if metrics.is_enabled():
            self._tasks = [asyncio.create_task(self._measure_delay()), asyncio.create_task(self._repeat())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def sample(self) -> None:
        """Set the gauges of the backlog; kinds without jobs become 0."""
        async with asyncio.timeout(QUERY_SECONDS):
            rows = await self._database.read(backlog, Viewer.system())
        moment, counted = now(), set()
        for row in rows:
            labels = row.kind, row.status.value.lower()
            counted.add(labels)
            metrics.set_gauge(JOBS, row.jobs, *labels)  # type: ignore[attr-defined]  # columns of the query
            metrics.set_gauge(JOB_AGE, (moment - row.oldest).total_seconds(), *labels)  # type: ignore[attr-defined]
        for labels in self._series - counted:
            metrics.set_gauge(JOBS, 0, *labels)
            metrics.set_gauge(JOB_AGE, 0, *labels)
        self._series |= counted

    async def _repeat(self) -> None:
        while True:
            try:
                await self.sample()
            except Exception:
                log.warning("The backlog of jobs could not be read; the metrics show the earlier one", exc_info=True)
            await asyncio.sleep(SAMPLE_SECONDS)

    async def _measure_delay(self) -> None:
        loop = asyncio.get_running_loop()
        with suppress(asyncio.CancelledError):
            while True:
                due = loop.time() + TICK_SECONDS
                await asyncio.sleep(TICK_SECONDS)
                metrics.observe(LOOP_DELAY, max(0.0, loop.time() - due))
