"""Registry of the open streams: sockets and event streams, closed when their session or the server ends."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from transport.core.callers import Context

SERVICE_RESTART = 1012  # a code after which clients of graphql-ws connect again
TRY_AGAIN_LATER = 1013
UNAUTHENTICATED = 4401
FORBIDDEN = 4403
CLOSE_SECONDS = 1.0

log = logging.getLogger("sheetgpt.error")


class Connection(Protocol):
    """Stream that stays open; `context` is None until the caller is authenticated."""

    context: Context | None
    kind: str

    async def close(self, code: int, reason: str) -> None:
        """Close the stream; `code` is a WebSocket close code."""

    async def finish(self) -> None:
        """Return when the queries and mutations in progress have been answered; begin no more."""


class Connections:
    """All streams of this process, at most `limit`, of which `events_per_person` event streams of one person."""

    def __init__(self, limit: int = 10_000, events_per_person: int = 100) -> None:
        self.limit, self.events_per_person = limit, events_per_person
        self.event_counts = Counter[object]()
        self._open: set[Connection] = set()
        self._closing = False

    def __len__(self) -> int:
        return len(self._open)

    def number_of(self, kind: str) -> int:
        """Return how many streams of a kind (`websocket` or `events`) are open."""
        return sum(connection.kind == kind for connection in list(self._open))

    @property
    def full(self) -> bool:
        return self._closing or len(self._open) >= self.limit

    @contextmanager
    def holding(self, connection: Connection) -> Iterator[None]:
        """Count a connection while the block runs."""
        self._open.add(connection)
        try:
            yield
        finally:
            self._open.discard(connection)

    @contextmanager
    def counting_events(self, person: object) -> Iterator[None]:
        """Count an event stream of a person while the block runs."""
        self.event_counts[person] += 1
        try:
            yield
        finally:
            self.event_counts[person] -= 1
            if not self.event_counts[person]:
                del self.event_counts[person]

    async def close_where(
        self, matches: Callable[[Context], bool], code: int = FORBIDDEN, reason: str = "signed out"
    ) -> int:
        """Close the connections whose context matches, for example after a log-out; return their number."""
        connections = [item for item in self._open if item.context is not None and matches(item.context)]
        await self._close(connections, code, reason)
        return len(connections)

    async def close_all(self, seconds: float = 0.0) -> None:
        """Close every connection and refuse new ones; call it before the server stops.

        Operations in progress, except subscriptions, have `seconds` to end first.
        """
        self._closing = True
        finishing = [asyncio.create_task(self._finish(connection, seconds)) for connection in list(self._open)]
        await asyncio.gather(*finishing)

    async def _finish(self, connection: Connection, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await connection.finish()
        await self._close([connection], SERVICE_RESTART, "the server is restarting")

    async def _close(self, connections: list[Connection], code: int, reason: str) -> None:
        if not connections:
            return
        closing = [asyncio.create_task(item.close(code, reason)) for item in connections]
        done, late = await asyncio.wait(closing, timeout=CLOSE_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        for task in done:
            if error := task.exception():
                log.error("A connection did not close", exc_info=error)
