"""Cluster: the processes of one installation, which share replies, presence, events, jobs and counts by Redis."""

import asyncio
from typing import TYPE_CHECKING

from assistant.reply_log.cluster_log import SharedLog
from assistant.reply_log.watchers import ClusterWatchers
from db.core.events import Event, Hub, JobQueued, decode, encode
from integrations.redis.connection import Redis
from integrations.redis.counts import shared_counts
from integrations.redis.events import Broadcast
from integrations.redis.presence import Presence
from integrations.redis.queue import RedisQueue
from integrations.redis.streams import Streams

if TYPE_CHECKING:
    from limits.aio.storage import Storage


class Cluster:
    """Part of one process in the cluster. The database holds the state: without Redis everything continues, later."""

    def __init__(self, redis: Redis, hub: Hub) -> None:
        self._redis, self._hub = redis, hub
        self._streams = Streams(redis)
        self._events = Broadcast(redis, self._streams, self._receive, hub.wake_all)
        self._marks = Presence(redis)
        self.log, self.watching = SharedLog(self._streams), ClusterWatchers(self._marks)
        self.queue = RedisQueue(redis)
        hub.forward = self._forward

    async def start(self) -> None:
        """Start without waiting for Redis."""
        await self._redis.load()
        self._streams.start()
        self._events.start()
        self.log.start()
        self._marks.start()

    async def stop(self) -> None:
        # Each has something left to say, and waits as long as any other for a Redis that does not answer.
        await asyncio.gather(self._marks.stop(), self.log.stop(), self._events.stop())
        await self._streams.stop()
        await self._redis.close()

    def counts(self) -> "Storage":
        return shared_counts(self._redis)

    def _forward(self, event: Event) -> None:
        # The queue of jobs brings it to one worker, and not to all.
        if not isinstance(event, JobQueued):
            self._events.send(encode(event))

    def _receive(self, text: str) -> None:
        event = decode(text)
        if event is not None:
            self._hub.dispatch_local(event)
