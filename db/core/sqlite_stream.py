"""Streaming reads of a SQLite file on aiosqlite connections; a cancelled reader interrupts its statement."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

import aiosqlite

from db.core.sqlite_functions import Connection

CONNECTIONS = 8
RETRY_SECONDS = 0.005


class StreamReader:
    """Read-only connections, one for each running statement, at most `CONNECTIONS` at once."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._slots = asyncio.Semaphore(CONNECTIONS)
        self._ending: set[asyncio.Task[None]] = set()

    async def batches(self, sql: str, values: list[Any], size: int) -> AsyncGenerator[list[Any], None]:
        """Yield all rows of a statement in batches, from one snapshot."""
        async with self._slots:
            connecting = asyncio.create_task(self._connect())
            try:
                # Shielded, because aiosqlite loses a connection that opens after its awaiter was cancelled.
                connection = await asyncio.shield(connecting)
                cursor = await connection.execute(sql, values)
                while rows := await cursor.fetchmany(size):
                    yield list(rows)
            finally:
                ending = asyncio.create_task(_end(connecting))
                self._ending.add(ending)
                ending.add_done_callback(self._ending.discard)
                # Shielded, so that a second cancellation of the reader does not prevent the interrupt.
                await asyncio.shield(ending)

    async def stop(self) -> None:
        """Wait until the interrupted statements have ended."""
        if self._ending:
            await asyncio.wait(self._ending)

    async def _connect(self) -> aiosqlite.Connection:
        return await aiosqlite.connect(self._uri, uri=True, isolation_level=None, timeout=5, factory=Connection)


async def _end(connecting: asyncio.Task[aiosqlite.Connection]) -> None:
    """Interrupt the running statement until it has ended, and close the connection."""
    await asyncio.wait({connecting})
    if connecting.exception() is not None:
        return  # the reader has been told
    connection = connecting.result()
    closing = asyncio.create_task(connection.close())
    # SQLite ignores an interrupt before the thread has started the statement, so repeat it until the close has run.
    while not (await asyncio.wait({closing}, timeout=RETRY_SECONDS))[0]:
        with suppress(sqlite3.ProgrammingError, ValueError):  # closed since
            await connection.interrupt()
    await closing
