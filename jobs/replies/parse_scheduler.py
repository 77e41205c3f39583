"""Growing texts are read for tables off the event loop, all of a process together within a share of one processor."""

import asyncio
import time
from collections.abc import Callable

from assistant.reading.extraction import ProposedTable, propose_so_far

SHARE = 0.1


class ParseScheduler:
    """One look at a time; after each the processor is left alone until the share is kept."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._next = 0.0  # not before that time of the loop

    async def run(self, text: Callable[[], str]) -> list[ProposedTable]:
        """The tables of a text as it is when its turn comes."""
        loop = asyncio.get_running_loop()
        async with self._turn:
            await asyncio.sleep(self._next - loop.time())
            tables, seconds = await asyncio.to_thread(_timed, text())
            self._next = loop.time() + seconds * (1 / SHARE - 1)
        return tables


def _timed(text: str) -> tuple[list[ProposedTable], float]:
    """The tables, and the seconds of processor time that it took to find them."""
    started = time.thread_time()
    return propose_so_far(text), time.thread_time() - started
