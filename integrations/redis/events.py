"""Broadcast of short texts to all other processes through one Redis stream."""

import asyncio
from collections.abc import Callable
from uuid import uuid4

from integrations.redis.connection import RETRY_SECONDS, Redis, ended
from integrations.redis.streams import Entry, Fields, Streams

STREAM, KEEP_SECONDS, MAX_ENTRIES = "events", 3600, 10_000
MAX_WAITING = 10_000
MERGE_SECONDS = 0.005


class Broadcast:
    """Sender and receiver of texts. While Redis is away, texts wait, each once; the oldest go when too many do.

    `look_again` is called when texts may have been lost.
    """

    def __init__(
        self, redis: Redis, streams: Streams, receive: Callable[[str], None], look_again: Callable[[], None]
    ) -> None:
        self._streams, self._receive = streams, receive
        self._me = uuid4().hex
        self._waiting: dict[str, None] = {}
        self._has_some = asyncio.Event()
        self._sender: asyncio.Task[None] | None = None
        redis.on_return(look_again)

    def start(self) -> None:
        self._streams.follow(STREAM, self._read)
        self._sender = asyncio.create_task(self._send_on())

    async def stop(self) -> None:
        if self._sender:
            await ended([self._sender])
        await self._send_waiting()

    def send(self, text: str) -> None:
        """Queue a text of one line and return at once."""
        self._waiting[text] = None
        if len(self._waiting) > MAX_WAITING:
            del self._waiting[next(iter(self._waiting))]
        self._has_some.set()

    async def _send_on(self) -> None:
        while True:
            await self._has_some.wait()
            self._has_some.clear()
            await asyncio.sleep(MERGE_SECONDS if await self._send_waiting() else RETRY_SECONDS)

    async def _send_waiting(self) -> bool:
        waiting, self._waiting = self._waiting, {}
        fields = {"from": self._me, "texts": "\n".join(waiting)}
        if not waiting or await self._streams.write([Entry(STREAM, fields, KEEP_SECONDS, MAX_ENTRIES)]):
            return True
        self._waiting = waiting | self._waiting
        self._has_some.set()
        return False

    def _read(self, fields: Fields) -> None:
        if fields[b"from"].decode() != self._me:
            for text in fields[b"texts"].decode().split("\n"):
                self._receive(text)
