"""Replies as they are written: one growing text for each, which any number of readers follow.

A reader's place is the number of code points it has; the same number is its place in the finished row.
"""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

MERGE_SECONDS = 0.03


class _Text:
    def __init__(self) -> None:
        self.text = ""
        self.is_live = False
        self.is_over = False
        self.readers = 0
        self._changed = asyncio.Event()

    def change(self) -> None:
        """Wake whoever waits; the next to wait waits for the next change."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
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
        entry.text += text
        entry.change()

    def end(self, key: UUID) -> None:
        """The finished row has it all from here on."""
        entry = self._texts.pop(key, None)
        if entry is not None:
            entry.is_over = True
            entry.change()

    async def follow(self, key: UUID, after: int, *, idle: float) -> AsyncIterator[tuple[int, str]]:
        """Pairs of offset and text from `after` on, merged when they come fast.

        It ends with the reply, and after `idle` seconds of silence, when the row should be looked at again.
        A place that the text has not reached is nobody's: the reader gets all of it from 0.
        """
        entry = self._texts.setdefault(key, _Text())
        entry.readers += 1
        try:
            while True:
                if entry.is_live and after > len(entry.text):
                    after = 0
                if after < len(entry.text):
                    piece = entry.text[after:]
                    yield after, piece
                    after += len(piece)
                    await asyncio.sleep(MERGE_SECONDS)
                elif entry.is_over or not await entry.changed(idle):
                    return
        finally:
            entry.readers -= 1
            if not entry.readers and not entry.is_live and self._texts.get(key) is entry:
                del self._texts[key]
