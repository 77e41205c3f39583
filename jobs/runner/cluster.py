"""Cluster: the processes of one installation, which share replies, presence, events, jobs and counts in Redis."""

import asyncio
from typing import TYPE_CHECKING

from assistant.reply_log.cluster_log import SharedLog
from assistant.reply_log.watchers import ClusterWatchers
from db.core.events import Event, Hub, JobQueued, decode, encode
from integrations.redis.connection import Redis
from integrations.redis.counts import shared_blocking_counts, shared_counts
from integrations.redis.events import Broadcast
from integrations.redis.presence import Presence
from integrations.redis.queue import RedisQueue
from integrations.redis.streams import Streams

if TYPE_CHECKING:
    from limits.aio.storage import Storage
    from limits.storage import Storage as BlockingStorage


class Cluster:
    """Member of the cluster. The database holds the state: without Redis everything works, with a delay."""

    def __init__(self, redis: Redis, hub: Hub) -> None:
        self._redis, self._hub = redis, hub
        self._streams = Streams(redis)
        self._events = Broadcast(redis, self._streams, self._receive, hub.wake_all)
        self._presence = Presence(redis)
        self.log, self.watchers = SharedLog(self._streams), ClusterWatchers(self._presence)
        self.queue = RedisQueue(redis)
        hub.forward = self._forward

    async def start(self) -> None:
        """Start without waiting for Redis."""
        await self._redis.load()
        self._streams.start()
        self._events.start()
        self.log.start()
        self._presence.start()

    async def stop(self) -> None:
        # Concurrently: each sends its last data, and waits up to its own timeout if Redis does not answer.
        await asyncio.gather(self._presence.stop(), self.log.stop(), self._events.stop())
        await self._streams.stop()
        await self._redis.close()

    async def close(self) -> None:
        """Close the connections of a member that was not started."""
        await self._redis.close()

    async def check(self) -> bool:
        """Return True if Redis answers now."""
        return await self._redis.check()

    def counts(self) -> "Storage":
        return shared_counts(self._redis)

    def blocking_counts(self) -> "BlockingStorage":
        return shared_blocking_counts(self._redis)

    def _forward(self, event: Event) -> None:
        # The queue delivers queued jobs to a single worker; broadcasting would wake all of them.
        if not isinstance(event, JobQueued):
            self._events.send(encode(event))

    def _receive(self, text: str) -> None:
        event = decode(text)
        if event is not None:
            self._hub.dispatch_local(event)
