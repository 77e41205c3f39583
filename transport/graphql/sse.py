"""GraphQL over server-sent events, in the "distinct connections" mode of graphql-sse.

One request, one operation: `next` for each result, then `complete`. Lines end in LF, for some clients split
events at two of them.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from starlette.types import Receive, Send

from errors import Forbidden, Unauthenticated
from execution.executor import Executor
from execution.operations import Operation, Result
from transport.core.callers import Context, seconds_left
from transport.core.connections import FORBIDDEN, GOING_AWAY, Connections
from transport.core.errors import RequestRefused, product_error
from transport.core.json import encode
from transport.core.logs import log_operation

PING_SECONDS = 12.0
# A client that reads nothing for so long is given up.
SEND_SECONDS = 30.0
COMPLETE = b"event: complete\ndata:\n\n"
PING = b":\n\n"
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"vary", b"accept"),
    # Proxies of the nginx kind would keep events back until a buffer is full.
    (b"x-accel-buffering", b"no"),
]


def next_event(result: Result) -> bytes:
    return b"event: next\ndata: " + encode(result.payload()) + b"\n\n"


async def send_single(send: Send, result: Result) -> None:
    """A stream of one result."""
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": next_event(result) + COMPLETE})


class EventStream:
    """One subscription of one client; ends at once when the client goes, its sign-in or the server ends."""

    def __init__(self, executor: Executor, connections: Connections, receive: Receive, send: Send) -> None:
        self._executor = executor
        self._connections = connections
        self._receive = receive
        self._send = send
        self._is_sending = False
        self._last_words: bytes | None = None
        self._pump: asyncio.Task[None] | None = None
        self._errors: list[dict[str, Any]] = []
        self.context: Context | None = None

    async def run(self, operation: Operation, context: Context, started: float) -> None:
        """`started` is a `time.perf_counter()`. Raises RequestRefused when too many streams are open."""
        if self._connections.full:
            raise RequestRefused("Too many streams are open: try again later.", status=503, code="RATE_LIMITED")
        self.context = context
        with self._connections.holding(self):
            await self._send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            await self._write(PING)
            try:
                await self._attend(operation, context)
            finally:
                log_operation(operation, context, self._errors, started)

    async def close(self, code: int, reason: str) -> None:
        """A stream that ends without `complete` tells its client to come back."""
        if self._last_words is None:
            self._last_words = b"" if code == GOING_AWAY else _refused(code, reason)
            if self._pump:
                self._pump.cancel()

    async def _attend(self, operation: Operation, context: Context) -> None:
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
        await self._write(self._last_words or b"", more=False)

    async def _pause(self, tasks: set[asyncio.Task[None]], context: Context) -> None:
        """Waits for an end, and meanwhile shows proxies that the stream lives."""
        left = seconds_left(context)
        done, _ = await asyncio.wait(tasks, timeout=min(PING_SECONDS, left), return_when=asyncio.FIRST_COMPLETED)
        if done:
            return
        if left <= PING_SECONDS:
            await self.close(0, "The sign-in has expired: refresh it and subscribe again.")
        elif not self._is_sending:
            await self._write(PING)

    async def _results(self, operation: Operation, context: Context) -> None:
        results = await self._executor.subscribe(operation, context)
        if isinstance(results, Result):
            self._errors = results.errors
            await self._write(next_event(results))
        else:
            await self._each(results)
        await self._write(COMPLETE)

    async def _each(self, results: AsyncGenerator[Result, None]) -> None:
        async with aclosing(results):
            async for result in results:
                self._errors += result.errors[: 10 - len(self._errors)]
                await self._write(next_event(result))

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


def _refused(code: int, reason: str) -> bytes:
    error = Forbidden(reason) if code == FORBIDDEN else Unauthenticated(reason)
    return next_event(Result(errors=[product_error(error)], is_request_error=True)) + COMPLETE
