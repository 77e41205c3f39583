"""Rows of a reply while a model writes it: its text is read look by look, and what is found is shown."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from assistant.reading.extraction import ProposedTable
from assistant.reading.look_triggers import Growing
from jobs.replies.parse_scheduler import ParseScheduler
from jobs.replies.reply_proposals import ReplyProposals
from jobs.replies.reply_tables import ReplyTables

LOOK_SECONDS = 0.3
SHOWN_SECONDS = 1.0
RESTS = 4  # times as long as it took to write what is shown, nothing more of the reply is

logger = logging.getLogger("sheetgpt.replies")


class StreamingTables:
    """Shows the tables that the person gave as soon as they are read, then those of the reply as its text grows."""

    def __init__(
        self,
        looks: ParseScheduler,
        proposing: ReplyProposals,
        text: Callable[[], str],
        tables: ReplyTables,
    ) -> None:
        self._looks, self._proposing, self._text, self._tables = looks, proposing, text, tables
        self._write: asyncio.Task[bool] | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Ends with what is being shown, so that nothing is under way when the reply ends."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task, *([self._write] if self._write else [])])

    async def _run(self) -> None:
        growing, rest = Growing(), LOOK_SECONDS
        if await self._tables.given:
            await self._show(())
        while True:
            await asyncio.sleep(rest)
            rest = LOOK_SECONDS
            if not growing.has_news(self._text()):
                continue
            try:
                tables = await self._looks.run(self._text)
            except Exception:
                logger.exception("The rows of a reply are not shown before its end")
                return
            started = time.monotonic()
            if await self._show(tables):
                rest = max(SHOWN_SECONDS, RESTS * (time.monotonic() - started))

    async def _show(self, tables: Sequence[ProposedTable]) -> bool:
        self._write = asyncio.create_task(self._proposing.show(self._tables.streamed(tables)))
        return await asyncio.shield(self._write)
