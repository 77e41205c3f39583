"""Replies as they are written: one growing text for each, which any number of readers follow.

A reader's place is the number of code points it has; the same number is its place in the finished row.
"""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncGenerator
from uuid import UUID

MERGE_SECONDS = 0.03


class _Text:
    """Pieces and where each of them ends: adding one to a string would copy all that is there."""

    def __init__(self) -> None:
        self.length = 0
        self.is_live = False
        self.is_over = False
        self.readers = 0
        self._pieces: list[str] = []
        self._ends: list[int] = []
        self._changed = asyncio.Event()

    def append(self, text: str) -> None:
        self.length += len(text)
        self._pieces.append(text)
        self._ends.append(self.length)

    def since(self, place: int) -> str:
        """What stands behind a place that it has reached."""
        first = bisect_right(self._ends, place)
        begins = self._ends[first - 1] if first else 0
        return "".join(self._pieces[first:])[place - begins :]

    def wake(self) -> None:
        """Wake whoever waits; the next to wait waits for the next change."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True


class Log:
    """The replies that this process writes. Readers hold a place, not a queue: a slow one gets more at once."""

    def __init__(self) -> None:
        self._texts: dict[UUID, _Text] = {}

    def begin(self, key: UUID) -> None:
        self._texts.setdefault(key, _Text()).is_live = True

    def append(self, key: UUID, text: str) -> None:
        entry = self._texts[key]
        entry.append(text)
        entry.wake()

    def end(self, key: UUID) -> None:
        """The finished row has it all from here on; readers get what they have not seen."""
        entry = self._texts.pop(key, None)
        if entry is not None:
            entry.is_over = True
            entry.wake()

    async def follow(self, key: UUID, after: int, *, idle: float) -> AsyncGenerator[tuple[int, str], None]:
        """Pairs of offset and text from `after` on, merged when they come fast.

        It ends with the reply, and after `idle` seconds of silence, when the row should be looked at again.
        A place that the text has not reached is nobody's: the reader gets all of it from 0.
        """
        entry = self._texts.setdefault(key, _Text())
        entry.readers += 1
        was_live = entry.is_live
        try:
            while True:
                if entry.is_live and (not was_live or after > entry.length):
                    after, was_live = 0, True
                if after < entry.length:
                    piece = entry.since(after)
                    yield after, piece
                    after += len(piece)
                    if not entry.is_over:
                        await asyncio.sleep(MERGE_SECONDS)
                elif entry.is_over or not await entry.changed(idle):
                    return
        finally:
            entry.readers -= 1
            if not entry.readers and not entry.is_live and self._texts.get(key) is entry:
                del self._texts[key]
