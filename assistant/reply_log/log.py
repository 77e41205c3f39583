"""Log of replies in progress: one growing text for each, followed by any number of readers.

A reader's position is the number of code points it has, which is also its position in the finished row.
"""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Protocol
from uuid import UUID

from telemetry import metrics
from telemetry.catalog import DELTA_DELAY

MERGE_SECONDS = 0.03
GAP_SECONDS = 0.25


class Log(Protocol):
    """Log of the replies in progress. Readers hold a position, not a queue: a slow one gets more text at once."""

    def begin(self, key: UUID) -> None:
        """Note that this process writes the reply from now on."""

    def append(self, key: UUID, text: str) -> None: ...

    def end(self, key: UUID) -> None:
        """End the reply, once its row has the whole text; readers get the rest."""

    def follow(self, key: UUID, after: int, *, idle: float, saved: int = 0) -> AsyncGenerator[tuple[int, str], None]:
        """Yield pairs of offset and text from `after` on, merged when they arrive fast.

        It ends with the reply, and after `idle` seconds without text, when the caller should read the row again. A
        position beyond the text is invalid: the reader gets the whole text from 0. Positions up to `saved`, the
        length of the text in the row, are valid in any case.
        """


class Text:
    """Text of one reply as pieces and their end positions: appending to a string would copy the whole text.

    Readers see `shown` code points: pieces that arrive fast are shown together, and all readers wait for that with one
    timer. The text may begin in the middle, at `base`. It is live once something was written, and own when this process
    writes it. Until `is_known` is set, the other processes' text has not been loaded.
    """

    def __init__(self, *, is_known: bool = True) -> None:
        self.base = self.length = self.shown = 0
        self.appended_at = self._pending_since = 0.0  # loop times of the oldest piece shown last, and not shown yet
        self.is_live = self.is_own = self.is_over = False
        self.readers = 0
        self.is_known = asyncio.Event()
        if is_known:
            self.is_known.set()
        self._pieces: list[str] = []
        self._ends: list[int] = []
        self._turn = asyncio.Event()  # set when readers continue; replaced by a new one each time
        self._next_turn = 0.0  # the loop's time before which nothing more is shown
        self._showing: asyncio.TimerHandle | None = None
        self._silence: asyncio.TimerHandle | None = None

    def append(self, text: str) -> None:
        if self.length == self.shown:
            self._pending_since = asyncio.get_running_loop().time()
        self.length += len(text)
        self._pieces.append(text)
        self._ends.append(self.length)

    def restart(self, base: int) -> None:
        """Drop the text and continue at a later position: the text between was lost."""
        self.base = self.length = base
        self._pieces, self._ends = [], []

    def since(self, position: int) -> str:
        """Return the text after a position that it has reached."""
        first = bisect_right(self._ends, position)
        begins = self._ends[first - 1] if first else self.base
        return "".join(self._pieces[first:])[position - begins :]

    def end(self) -> None:
        """Mark the text as complete."""
        self.is_over = True
        self.is_known.set()
        self._show()

    def show(self) -> None:
        """Show readers the text so far, at once or together with what arrives until their next turn."""
        if self._showing is None:
            loop = asyncio.get_running_loop()
            if loop.time() >= self._next_turn:
                self._show()
            else:
                self._showing = loop.call_at(self._next_turn, self._show)

    def _show(self) -> None:
        if self._showing is not None:
            self._showing.cancel()
            self._showing = None
        self.shown, self.appended_at = self.length, self._pending_since
        self._next_turn = asyncio.get_running_loop().time() + MERGE_SECONDS
        self._take_turn()

    def _take_turn(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None
        self._turn.set()
        self._turn = asyncio.Event()

    async def look_again(self, seconds: float) -> None:
        """Wait until more is shown, or until `seconds` have passed for the first of the waiting readers."""
        if self._silence is None:
            self._silence = asyncio.get_running_loop().call_later(seconds, self._take_turn)
        await self._turn.wait()

    async def known(self, seconds: float) -> bool:
        """Return whether the text is loaded, waiting up to `seconds` for it."""
        if not self.is_known.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.is_known.wait()
        return self.is_known.is_set()

    async def reaches(self, position: int, seconds: float) -> bool:
        """Return whether the text has reached a position, waiting up to `seconds` for it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.length < position and not self.is_over:
                    await self._turn.wait()
        return self.length >= position


class MemoryLog:
    """Log of the replies that this process writes."""

    def __init__(self) -> None:
        self.texts: dict[UUID, Text] = {}

    def begin(self, key: UUID) -> None:
        entry = self.texts.setdefault(key, Text())
        entry.is_live = entry.is_own = True
        entry.is_known.set()

    def append(self, key: UUID, text: str) -> None:
        entry = self.texts[key]
        entry.append(text)
        entry.show()

    def end(self, key: UUID) -> None:
        entry = self.texts.pop(key, None)
        if entry is not None:
            entry.end()

    async def follow(
        self, key: UUID, after: int, *, idle: float, saved: int = 0
    ) -> AsyncGenerator[tuple[int, str], None]:
        entry = self.texts.get(key) or self._open(key)
        entry.readers += 1
        try:
            if not await entry.known(idle):
                return
            # Text of another process may still be on its way.
            patience = 0 if entry.is_own else idle
            is_valid = after <= saved or (entry.is_live and await entry.reaches(after, patience))
            is_silent = has_waited = False
            while True:
                if entry.is_live and not is_valid:
                    after, is_valid = 0, True
                if after < entry.base:
                    await asyncio.sleep(GAP_SECONDS)  # the reader then takes it from the row
                    return
                if after < entry.shown:
                    piece, appended_at = entry.since(after), entry.appended_at
                    yield after, piece
                    after += len(piece)
                    if has_waited:  # a reader that came late reads pieces of long ago
                        metrics.observe(DELTA_DELAY, asyncio.get_running_loop().time() - appended_at)
                elif entry.is_over or is_silent:
                    return
                else:
                    await entry.look_again(idle)
                    has_waited = True
                    is_silent = after >= entry.shown
        finally:
            entry.readers -= 1
            if not entry.readers and not entry.is_own and self.texts.get(key) is entry:
                self._close(key)

    def _open(self, key: UUID) -> Text:
        """Return a text for its first reader, before it is begun here."""
        return self.texts.setdefault(key, Text())

    def _close(self, key: UUID) -> None:
        """Drop the text after its last reader has left."""
        del self.texts[key]
