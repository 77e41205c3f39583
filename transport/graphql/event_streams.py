"""Streams of events to one client over HTTP, in the format that it accepts."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from errors import Forbidden, Unauthenticated
from execution.executor import Executor
from execution.operations import Operation, Result
from telemetry import metrics
from telemetry.catalog import LIMITS
from transport.core.callers import Context, seconds_left
from transport.core.connections import FORBIDDEN, SERVICE_RESTART, Connections
from transport.core.errors import RequestRefused, product_error, unavailable
from transport.core.logs import log_operation
from transport.graphql.responses import Exchange
from transport.graphql.stream_formats import Multipart, ServerSentEvents, StreamFormat

PING_SECONDS = 12.0
# A client that reads nothing for so long is disconnected.
SEND_SECONDS = 30.0


class EventStream:
    """Subscription of one client; ends when the client leaves, its session expires or the server stops."""

    kind = "events"

    def __init__(self, executor: Executor, connections: Connections, exchange: Exchange) -> None:
        self._executor = executor
        self._connections = connections
        self._receive, self._send = exchange.receive, exchange.send
        # A client that accepts both gets server-sent events, which it can resume.
        self._format: StreamFormat = ServerSentEvents() if exchange.accepted.stream else Multipart()
        self._is_sending = False
        self._last_event: bytes | None = None
        self._pump: asyncio.Task[None] | None = None
        self._errors: list[dict[str, Any]] = []
        self.context: Context | None = None

    async def run(self, operation: Operation, context: Context, started: float) -> None:
        """Stream the results.

        `started` is a `time.perf_counter()`. Raises RequestRefused when too many streams are open, of all or of the
        person.
        """
        if self._connections.full:
            metrics.count(LIMITS, "streams")
            raise unavailable("This server has too many open streams, or is restarting. Try again in a second.")
        used, limit = self._connections.event_counts[context.viewer_id], self._connections.events_per_person
        if used >= limit and context.viewer_id is not None:
            metrics.count(LIMITS, "events_person")
            raise RequestRefused(
                f"You have {used} open event streams, and the limit is {limit}. Close one first.",
                status=429,
                code="RATE_LIMITED",
                details={"limit": limit, "used": used, "quota": "streams"},
            )
        self.context = context
        with self._connections.holding(self), self._connections.counting_events(context.viewer_id):
            await self._send({"type": "http.response.start", "status": 200, "headers": self._format.headers})
            await self._write(self._format.opening)
            try:
                await self._run_until_end(operation, context)
            finally:
                log_operation(operation, context, self._errors, started)

    async def close(self, code: int, reason: str) -> None:
        """End the stream.

        Without a `complete` event a client reconnects, which is right when the server restarts. Otherwise it gets an
        error and `complete`.
        """
        if self._last_event is None:
            self._last_event = b"" if code == SERVICE_RESTART else self._refusal(code, reason)
            if self._pump:
                self._pump.cancel()

    async def finish(self) -> None:
        """Do nothing: an event stream has no operation but its subscription."""

    async def _run_until_end(self, operation: Operation, context: Context) -> None:
        self._pump = asyncio.create_task(self._results(operation, context))
        gone = asyncio.create_task(self._disconnected())
        try:
            while not self._pump.done() and not gone.done():
                await self._pause({self._pump, gone}, context)
        finally:
            self._pump.cancel()
            gone.cancel()
            await asyncio.wait({self._pump, gone})
        if not self._pump.cancelled():
            self._pump.result()
        if not gone.cancelled():
            return
        await self._write(self._last_event or b"", more=False)

    async def _pause(self, tasks: set[asyncio.Task[None]], context: Context) -> None:
        """Wait for an end; send a comment meanwhile, so that proxies keep the idle stream open."""
        left = seconds_left(context)
        done, _ = await asyncio.wait(tasks, timeout=min(PING_SECONDS, left), return_when=asyncio.FIRST_COMPLETED)
        if done:
            return
        if left <= PING_SECONDS:
            await self.close(0, "The session has expired. Refresh it and subscribe again.")
        elif not self._is_sending:
            await self._write(self._format.ping)

    async def _results(self, operation: Operation, context: Context) -> None:
        results = await self._executor.subscribe(operation, context)
        if isinstance(results, Result):
            self._errors = results.errors
            await self._write(self._format.result(results))
        else:
            await self._each(results)
        await self._write(self._format.end)

    async def _each(self, results: AsyncGenerator[Result, None]) -> None:
        async with aclosing(results):
            async for result in results:
                self._errors += result.errors[: 10 - len(self._errors)]
                await self._write(self._format.result(result))

    async def _write(self, body: bytes, *, more: bool = True) -> None:
        self._is_sending = True
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._send({"type": "http.response.body", "body": body, "more_body": more})
        finally:
            self._is_sending = False

    async def _disconnected(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def _refusal(self, code: int, reason: str) -> bytes:
        error = Forbidden(reason) if code == FORBIDDEN else Unauthenticated(reason)
        return self._format.refusal(product_error(error)) + self._format.end
