"""Rows of a reply while a model writes it: the growing text is parsed again and again, and tables are shown."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from assistant.reading.extraction import ProposedTable
from assistant.reading.look_triggers import GrowingText
from jobs.replies.parse_scheduler import ParseScheduler
from jobs.replies.reply_proposals import ReplyProposals
from jobs.replies.reply_tables import ReplyTables

PARSE_SECONDS = 0.3
MIN_REST_SECONDS = 1.0
REST_FACTOR = 4  # after a write, pause so many times as long as it took

logger = logging.getLogger("sheetgpt.replies")


class StreamingTables:
    """Display of the user's tables as soon as they are read, then of the reply's as its text grows."""

    def __init__(
        self,
        scheduler: ParseScheduler,
        proposals: ReplyProposals,
        text: Callable[[], str],
        tables: ReplyTables,
    ) -> None:
        self._scheduler, self._proposals, self._text, self._tables = scheduler, proposals, text, tables
        self._write: asyncio.Task[bool] | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Show tables within the block; wait for a write in progress at its end."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task, *([self._write] if self._write else [])])

    async def _run(self) -> None:
        growing, rest = GrowingText(), PARSE_SECONDS
        # Shielded: a short reply ends before a long paste is read, and cancels this task.
        if await asyncio.shield(self._tables.given):
            await self._show(())
        while True:
            await asyncio.sleep(rest)
            rest = PARSE_SECONDS
            if not growing.may_have_rows(self._text()):
                continue
            try:
                tables = await self._scheduler.run(self._text)
            except Exception:
                logger.exception("The rows of a reply are not shown before its end")
                return
            started = time.monotonic()
            if await self._show(tables):
                rest = max(MIN_REST_SECONDS, REST_FACTOR * (time.monotonic() - started))

    async def _show(self, tables: Sequence[ProposedTable]) -> bool:
        tables_found = await asyncio.to_thread(self._tables.streamed, tables)
        self._write = asyncio.create_task(self._proposals.show(tables_found))
        return await asyncio.shield(self._write)
