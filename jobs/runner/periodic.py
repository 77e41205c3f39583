"""Background task that repeats its work."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger("sheetgpt.job")


class PeriodicTask:
    """Loop that awaits `work`, then pauses for `seconds`. A failure is logged and ends nothing.

    `failure` says in the log that the work has failed; the first run is after `first_delay` seconds.
    """

    def __init__(
        self, work: Callable[[], Awaitable[object]], seconds: float, failure: str, *, first_delay: float = 0
    ) -> None:
        self._work, self._seconds, self._failure, self._first_delay = work, seconds, failure, first_delay
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        await asyncio.sleep(self._first_delay)
        while True:
            try:
                await self._work()
            except Exception:
                log.exception("%s; the next attempt is in %g s", self._failure, self._seconds)
            await asyncio.sleep(self._seconds)
