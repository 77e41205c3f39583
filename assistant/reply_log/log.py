"""Replies as they are written: one growing text for each, which any number of readers follow.

A reader's place is the number of code points it has; the same number is its place in the finished row.
"""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Protocol
from uuid import UUID

MERGE_SECONDS = 0.03
GAP_SECONDS = 0.25


class Log(Protocol):
    """Text of a reply in progress. Readers hold a position and not a queue: a slow one gets more at once."""

    def begin(self, key: UUID) -> None:
        """This process writes the reply from here on."""

    def append(self, key: UUID, text: str) -> None: ...

    def end(self, key: UUID) -> None:
        """The finished row has it all from here on; readers get what they have not seen."""

    def follow(self, key: UUID, after: int, *, idle: float, saved: int = 0) -> AsyncGenerator[tuple[int, str], None]:
        """Pairs of offset and text from `after` on, merged when they come fast.

        It ends with the reply, and after `idle` seconds of silence, when the row should be looked at again.
        A place that the text has not reached is nobody's: the reader gets all of it from 0. Places up to `saved`,
        the length of the text in the row, are not doubted.
        """


class Text:
    """Pieces and where each of them ends: adding one to a string would copy all that is there.

    Readers see as much as is `shown`: pieces that come fast are shown together, and all readers wait for that by one
    timer. It may begin in the middle, at `base`. It is live once something was written, and own when this process
    does that. Until `is_known` is set, nobody has looked what there is of it.
    """

    def __init__(self, *, is_known: bool = True) -> None:
        self.base = self.length = self.shown = 0
        self.is_live = self.is_own = self.is_over = False
        self.readers = 0
        self.is_known = asyncio.Event()
        if is_known:
            self.is_known.set()
        self._pieces: list[str] = []
        self._ends: list[int] = []
        self._turn = asyncio.Event()  # set when readers look again; each time there is a new one
        self._next_turn = 0.0  # not before that time of the loop
        self._showing: asyncio.TimerHandle | None = None
        self._silence: asyncio.TimerHandle | None = None

    def append(self, text: str) -> None:
        self.length += len(text)
        self._pieces.append(text)
        self._ends.append(self.length)

    def restart(self, base: int) -> None:
        """Forget what there is and go on at a place behind it: what stands between was lost."""
        self.base = self.length = base
        self._pieces, self._ends = [], []

    def since(self, place: int) -> str:
        """Return the text behind a position that it has reached."""
        first = bisect_right(self._ends, place)
        begins = self._ends[first - 1] if first else self.base
        return "".join(self._pieces[first:])[place - begins :]

    def end(self) -> None:
        """There will be no more of it."""
        self.is_over = True
        self.is_known.set()
        self._show()

    def show(self) -> None:
        """Show readers what there is: at once, or with what comes until their next turn."""
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
        self.shown = self.length
        self._next_turn = asyncio.get_running_loop().time() + MERGE_SECONDS
        self._take_turn()

    def _take_turn(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None
        self._turn.set()
        self._turn = asyncio.Event()

    async def look_again(self, seconds: float) -> None:
        """Returns when more is shown; when nothing is, after so many seconds of the first who waits for it."""
        if self._silence is None:
            self._silence = asyncio.get_running_loop().call_later(seconds, self._take_turn)
        await self._turn.wait()

    async def known(self, seconds: float) -> bool:
        """Wait until someone wakes the readers; return False after so many seconds."""
        if not self.is_known.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.is_known.wait()
        return self.is_known.is_set()

    async def reaches(self, place: int, seconds: float) -> bool:
        """Wait until the text is that long; return False after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.length < place and not self.is_over:
                    await self._turn.wait()
        return self.length >= place


class MemoryLog:
    """The replies that this process writes."""

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
            # What another process wrote may be on its way here.
            patience = 0 if entry.is_own else idle
            is_held = after <= saved or (entry.is_live and await entry.reaches(after, patience))
            is_silent = False
            while True:
                if entry.is_live and not is_held:
                    after, is_held = 0, True
                if after < entry.base:
                    await asyncio.sleep(GAP_SECONDS)  # the row will have it
                    return
                if after < entry.shown:
                    piece = entry.since(after)
                    yield after, piece
                    after += len(piece)
                elif entry.is_over or is_silent:
                    return
                else:
                    await entry.look_again(idle)
                    is_silent = after >= entry.shown
        finally:
            entry.readers -= 1
            if not entry.readers and not entry.is_own and self.texts.get(key) is entry:
                self._close(key)

    def _open(self, key: UUID) -> Text:
        """A text for its first reader, before it is begun here."""
        return self.texts.setdefault(key, Text())

    def _close(self, key: UUID) -> None:
        """The last reader has gone."""
        del self.texts[key]
