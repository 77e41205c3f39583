"""Operation on a socket, from `subscribe` to `complete` or `error`."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Protocol

from graphql import OperationType

from execution.executor import Executor
from execution.operations import Operation, Request, Result
from telemetry.statements import Statements, collecting
from transport.core.callers import Context
from transport.core.logs import log_operation

MAX_LOGGED = 10


class Channel(Protocol):
    """Socket as an operation sees it."""

    async def send(self, message: dict[str, Any]) -> None:
        """Send a message; do nothing once the socket is closed."""

    async def sign_in(self) -> Context:
        """Return a new context for one operation."""

    def release(self, running: "Running") -> None:
        """Free the operation's id."""


class Running:
    """Operation in its own task. A mutation that has begun runs to its end even if the client leaves."""

    def __init__(self, id: str, request: Request, executor: Executor, channel: Channel) -> None:
        self.id = id
        self._executor = executor
        self._channel = channel
        self._is_silent = False
        self._context: Context | None = None
        self._operation: Operation | None = None
        self._errors: list[dict[str, Any]] = []
        self._statements: Statements | None = None
        self.task = asyncio.create_task(self._run(request))

    @property
    def is_subscription(self) -> bool:
        return self._operation is not None and self._operation.kind == OperationType.SUBSCRIPTION

    def stop(self) -> None:
        """Send nothing more. A query is cancelled, and a subscription's generator is closed."""
        self._is_silent = True
        if self._operation is None or self._operation.kind != OperationType.MUTATION:
            self.task.cancel()

    async def _run(self, request: Request) -> None:
        started = time.perf_counter()
        try:
            last = await self._run_to_end(request)
        finally:
            log_operation(self._operation, self._context, self._errors, started, self._statements)
        # The id is freed before the client receives the last message, because it may use it again at once.
        self._channel.release(self)
        await self._send(last)

    async def _run_to_end(self, request: Request) -> dict[str, Any]:
        """Run the operation, send its results, and return the last message."""
        try:
            self._context = await self._channel.sign_in()
        except Exception as error:
            return self._error(self._executor.refuse([error], None).errors)
        operation = self._executor.prepare(request, self._context)
        if isinstance(operation, Result):
            return self._error(operation.errors)
        self._operation = operation
        return await self._execute(operation, self._context)

    async def _execute(self, operation: Operation, context: Context) -> dict[str, Any]:
        result: AsyncGenerator[Result, None] | Result
        if operation.kind == OperationType.SUBSCRIPTION:
            result = await self._executor.subscribe(operation, context)
        else:
            with collecting() as self._statements:
                result = await self._executor.execute(operation, context)
        if not isinstance(result, Result):
            await self._each(result)
        elif result.is_request_error:
            return self._error(result.errors)
        else:
            await self._next(result)
        return {"id": self.id, "type": "complete"}

    async def _each(self, results: AsyncGenerator[Result, None]) -> None:
        async with aclosing(results):
            async for result in results:
                await self._next(result)

    async def _next(self, result: Result) -> None:
        self._errors += result.errors[: MAX_LOGGED - len(self._errors)]
        await self._send({"id": self.id, "type": "next", "payload": result.payload()})

    def _error(self, errors: list[dict[str, Any]]) -> dict[str, Any]:
        self._errors = errors
        return {"id": self.id, "type": "error", "payload": errors}

    async def _send(self, message: dict[str, Any]) -> None:
        if not self._is_silent:
            await self._channel.send(message)
