"""Scheduler for reading tables in growing replies: off the event loop, within a share of one processor."""

import asyncio
import time
from collections.abc import Callable

from assistant.reading.extraction import ProposedTable, propose_so_far

CPU_SHARE = 0.1


class ParseScheduler:
    """Scheduler of parses, one at a time; after each it pauses until the share of CPU time is met."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._next = 0.0  # the loop's time before which no parse starts

    async def run(self, text: Callable[[], str]) -> list[ProposedTable]:
        """Return the tables of a text as it is when its turn comes."""
        loop = asyncio.get_running_loop()
        async with self._turn:
            await asyncio.sleep(self._next - loop.time())
            tables, seconds = await asyncio.to_thread(_timed, text())
            self._next = loop.time() + seconds * (1 / CPU_SHARE - 1)
        return tables


def _timed(text: str) -> tuple[list[ProposedTable], float]:
    """Return the tables, and the seconds of processor time spent on finding them."""
    started = time.thread_time()
    return propose_so_far(text), time.thread_time() - started
