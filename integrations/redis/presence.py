"""Presence flags that every process sees; they expire soon after the process that set them dies."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from uuid import uuid4

from integrations.redis.connection import RETRY_SECONDS, Redis, ended, is_outage

LIFE_SECONDS = 30
REFRESH_SECONDS = 10.0
ASK_SECONDS = 0.3
AT_ONCE = 500  # flags in one round trip


class Presence:
    """Flags, each a set of the processes that have set it.

    Setting and clearing return at once; a write that is lost is repeated by the next refresh, or the flag expires.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis, self._me = redis, uuid4().hex
        self._set: set[str] = set()
        self._changed: set[str] = set()
        self._has_changed = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._keeper = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        if self._keeper:
            await ended([self._keeper])
        gone, self._set = self._set, set()
        await self._redis.does(self._write(gone))

    def set(self, name: str) -> None:
        self._set.add(name)
        self._tell(name)

    def clear(self, name: str) -> None:
        self._set.discard(name)
        self._tell(name)

    async def is_set(self, name: str) -> bool:
        """Return whether any process has set a flag; False also when Redis does not answer in time."""
        try:
            async with asyncio.timeout(ASK_SECONDS):
                return bool(await self._redis.client.exists(self._key(name)))
        except Exception as error:
            if not is_outage(error):
                raise
            self._redis.failed(error)
            return False

    def _tell(self, name: str) -> None:
        self._changed.add(name)
        self._has_changed.set()

    async def _keep(self) -> None:
        """Write changes at once, and all flags from time to time."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(REFRESH_SECONDS):
                    await self._has_changed.wait()
            self._has_changed.clear()
            changed, self._changed = self._changed or self._set, set()
            if not await self._redis.does(self._write(changed)):
                await asyncio.sleep(RETRY_SECONDS)

    async def _write(self, names: Iterable[str]) -> None:
        left = iter(list(names))
        while some := list(islice(left, AT_ONCE)):
            await self._write_some(some)

    async def _write_some(self, names: Iterable[str]) -> None:
        pipeline = self._redis.client.pipeline(transaction=False)
        for key, is_set in [(self._key(name), name in self._set) for name in names]:
            if is_set:
                pipeline.sadd(key, self._me)
                pipeline.expire(key, LIFE_SECONDS)
            else:
                pipeline.srem(key, self._me)
        await pipeline.execute()

    def _key(self, name: str) -> str:
        return self._redis.key("mark", name)
