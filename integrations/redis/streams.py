"""Redis streams: any number of them followed with one blocking read, on one connection."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import uuid4

from integrations.redis.connection import BLOCK_SECONDS, RETRY_SECONDS, Redis, ended, is_outage

AT_ONCE = 500  # entries of one stream in one read
BELL_SECONDS = 60
_MILLISECONDS = int(BLOCK_SECONDS * 1000)

Fields: TypeAlias = Mapping[bytes, bytes]
log = logging.getLogger("sheetgpt.redis")


@dataclass(frozen=True)
class Entry:
    """Entry to add to a stream. The stream expires after `seconds` and keeps about `most` entries."""

    stream: str
    fields: Mapping[str, str | bytes | int]
    seconds: int
    most: int


@dataclass(eq=False)
class _Following:
    receive: Callable[[Fields], None]
    caught_up: Callable[[], None]
    position: bytes = b"0"
    is_new: bool = True


class Streams:
    """Messages between processes. Stream names have no installation prefix."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._followed: dict[str, _Following] = {}
        self._has_new = asyncio.Event()
        self._bell = f"bell:{uuid4().hex}"  # an entry here ends the blocking read when another stream is followed
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._followed[self._bell] = _Following(_nothing, _nothing, is_new=False)
        steps = self._read, self._ring
        self._tasks = [asyncio.create_task(self._repeat(step)) for step in steps]

    async def stop(self) -> None:
        await ended(self._tasks)

    def follow(
        self, stream: str, receive: Callable[[Fields], None], caught_up: Callable[[], None] = lambda: None
    ) -> None:
        """Pass each entry to `receive`, in order, from the oldest on; call `caught_up` after the existing ones."""
        self._followed[stream] = _Following(receive, caught_up)
        self._has_new.set()

    def leave(self, stream: str) -> None:
        self._followed.pop(stream, None)

    async def write(self, entries: Sequence[Entry]) -> bool:
        """Return whether all entries were added; after a failure some may have been. An outage is not an error here."""
        return await self._redis.does(self._add(entries))

    async def _add(self, entries: Sequence[Entry]) -> None:
        pipeline = self._redis.client.pipeline(transaction=False)
        for entry in entries:
            key = self._redis.key(entry.stream)
            fields: dict[Any, Any] = dict(entry.fields)
            pipeline.xadd(key, fields, maxlen=entry.most, approximate=True)
            pipeline.expire(key, entry.seconds)
        await pipeline.execute()

    async def _repeat(self, step: Callable[[], Any]) -> None:
        """Run a step again and again, with a pause after a failure."""
        while True:
            try:
                await step()
            except Exception as error:
                if is_outage(error):
                    self._redis.failed(error)
                else:
                    log.exception("The streams of other processes could not be read")
                await asyncio.sleep(RETRY_SECONDS)

    async def _ring(self) -> None:
        await self._has_new.wait()
        await self._add([Entry(self._bell, {"new": 1}, BELL_SECONDS, 1)])
        self._has_new.clear()

    async def _read(self) -> None:
        """Read the followed streams; block for new entries unless a stream is read for the first time."""
        followed = {self._redis.key(stream).encode(): one for stream, one in self._followed.items()}
        new = [one for one in followed.values() if one.is_new]
        positions: dict[Any, Any] = {key: one.position for key, one in followed.items()}
        answer: Any = await self._redis.waiting.xread(positions, count=AT_ONCE, block=None if new else _MILLISECONDS)
        self._redis.answered()
        full = []
        for key, entries in answer or ():
            one = followed[key]
            self._hand_over(one, entries)
            full += [one] if len(entries) == AT_ONCE else []
        for one in new:
            if one not in full:
                one.is_new = False
                one.caught_up()

    def _hand_over(self, one: _Following, entries: Iterable[tuple[bytes, Fields]]) -> None:
        for position, fields in entries:
            one.position = position
            one.receive(fields)


def _nothing(*_: Any) -> None:
    """Do nothing, for streams that only end the blocking read."""
