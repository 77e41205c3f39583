"""Streaming reads of a SQLite file in separate threads; a cancelled reader interrupts its statement."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

from db.core.sqlite_functions import Connection

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 8
RETRY_SECONDS = 0.005


class StreamReader:
    """Threads that run statements, each on a read-only connection of its own."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._threads = ThreadPoolExecutor(THREADS, "sqlite-stream")
        self._ending: set[asyncio.Task[None]] = set()

    async def batches(self, sql: str, values: list[Any], size: int) -> AsyncGenerator[list[Any], None]:
        """Yield all rows of a statement in batches, from one snapshot."""
        call = _Call(self._threads)
        try:
            connection = call.connection = await call.run(self._connect)
            cursor = await call.run(connection.execute, sql, values)
            while rows := await call.run(cursor.fetchmany, size):
                yield rows
        finally:
            ending = asyncio.create_task(call.end())
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)
            # Shielded, so that a second cancellation of the reader does not prevent the interrupt.
            await asyncio.shield(ending)

    async def stop(self) -> None:
        """Wait for the interrupted statements and end the threads."""
        if self._ending:
            await asyncio.wait(self._ending)
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(
            self._uri, uri=True, check_same_thread=False, isolation_level=None, timeout=5, factory=Connection
        )


class _Call:
    """One connection and the call of it that is running in a thread."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads
        self._running: Future[Any] | None = None
        self.connection: sqlite3.Connection | None = None

    async def run(self, work: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        future = self._running = self._threads.submit(work, *arguments, **options)
        answer = asyncio.wrap_future(future)
        # A cancelled reader does not await the result; consume the error, or asyncio logs the interrupt as unhandled.
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(answer)

    async def end(self) -> None:
        """Interrupt the statement until it has ended, and close the connection."""
        running = self._running
        # SQLite ignores an interrupt before the thread has started the statement, so repeat it until it works.
        while running is not None and not (running.done() or running.cancel()):
            if self.connection is not None:
                self.connection.interrupt()
            await asyncio.sleep(RETRY_SECONDS)
        if self.connection is None and running is not None and running.done() and not running.cancelled():
            with suppress(sqlite3.Error):
                self.connection = running.result()
        if self.connection is not None:
            self.connection.close()
