"""SQLite: bounded reads inline, one writer thread, one process per file."""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import IO, Any, TypeVar

import aiosqlite
from sqlalchemy import URL, create_engine, event
from sqlalchemy.exc import DatabaseError

from auth.viewer import Viewer
from db.core.audit_context import AuditContext
from db.core.base import dump_json, parse_json
from db.core.engine import Database, Migrate
from db.core.events import Event
from db.core.prepared import Plan
from db.core.session import Session
from db.core.sqlite_functions import Connection
from db.core.sqlite_writer import SQLiteWriter
from db.core.unit_connection import driver_dialect

T = TypeVar("T")

PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000")
CONNECTIONS = 8
RETRY_SECONDS = 0.005


class DatabaseInUse(RuntimeError):
    """Raised when another process serves the same file; `holder` is its process id, if known."""

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(
            f"{path} is served by another process (pid {holder}). Stop that one, name another file in "
            "DATABASE_URL, or use postgresql://… to run several processes on one database."
        )
        self.holder = holder


class DatabaseUnusable(RuntimeError):
    """Raised when the file, or its directory, cannot be used as a database; the message says what to do."""


class SQLite(Database):
    """One file. The reader connection cannot write; only the writer thread writes and checkpoints."""

    def __init__(self, path: Path, migrate: Migrate) -> None:
        super().__init__(migrate)
        self.path = path.resolve()
        self.dialect = driver_dialect("sqlite")
        self._read_only = f"{self.path.as_uri()}?mode=ro"
        self.socket = self.path.with_name(self.path.name + ".sock")  # control socket of the server
        self._lock: IO[str] | None = None

    async def start(self) -> None:
        await asyncio.to_thread(self._lock_and_migrate)
        self.engine = engine_of(self.path)
        self.writer = SQLiteWriter(self.engine)
        self.reader = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None, factory=Connection)
        self.reader.execute("PRAGMA query_only=ON")
        self.reader.execute("PRAGMA busy_timeout=5000")
        self._streams = StreamReader(self._read_only)
        self._checks = ThreadPoolExecutor(1, "sqlite-check")  # asyncio's own threads may all be busy

    def _lock_and_migrate(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = acquire_lock(self.path)
            self.migrate(f"sqlite:///{self.path}")
        except (OSError, DatabaseError) as error:
            if self._lock is not None:
                self._lock.close()
            raise DatabaseUnusable(_advice(self.path, error)) from error

    async def _disconnect(self) -> None:
        await self._streams.stop()
        self._checks.shutdown(wait=False, cancel_futures=True)
        self.reader.close()
        await self.writer.stop()
        if self._lock is not None:
            self._lock.close()

    async def check(self) -> bool:
        """Return True if the file exists and is readable by a new connection."""

        def probe() -> bool:
            try:
                with closing(sqlite3.connect(self._read_only, uri=True, timeout=1)) as fresh:
                    fresh.execute("SELECT version_num FROM alembic_version")
            except sqlite3.Error:
                return False
            return True

        return await asyncio.get_running_loop().run_in_executor(self._checks, probe)

    async def define(self, statement: str) -> None:
        def work() -> None:
            with self.engine.begin() as connection:
                connection.exec_driver_sql(statement)

        await self.writer.run(work)

    async def index_names(self, prefix: str) -> dict[str, bool]:
        query = "SELECT name FROM sqlite_master WHERE type = 'index' AND substr(name, 1, length(?1)) = ?1"
        return {name: True for (name,) in self.reader.execute(query, (prefix,))}

    async def _fetch(self, plan: Plan, values: list[Any]) -> list[Any]:
        return self.reader.execute(plan.sql, values).fetchall()

    def _stream(self, plan: Plan, values: list[Any], batch: int) -> AsyncGenerator[list[Any], None]:
        return self._streams.batches(plan.sql, values, batch)

    async def _transact(
        self, run: Callable[[Session], T], viewer: Viewer, cause: AuditContext, *, is_short: bool
    ) -> tuple[T, list[Event]]:
        return await self.writer.write(run, self.session_options(viewer, cause), is_short=is_short)


def _advice(path: Path, error: Exception) -> str:
    """Return a sentence about a file that cannot be opened or migrated."""
    cause = error.orig if isinstance(error, DatabaseError) else error
    problem = cause.strerror if isinstance(cause, OSError) else str(cause)
    if isinstance(cause, sqlite3.OperationalError | OSError):
        return f"{path} cannot be used ({problem}): check its owner and permissions, and the free space of its disk."
    return f"{path} is not a usable database ({problem}): name another file in DATABASE_URL, or restore a backup."


def engine_of(path: Path) -> Any:
    """Return an engine of which every transaction takes the write lock at its start."""
    # BEGIN IMMEDIATE, because SQLite fails a read that becomes a write at once, regardless of busy_timeout.
    url = URL.create("sqlite", database=str(path))  # built from parts, because a path may contain any character
    engine = create_engine(
        url,
        pool_size=1,
        max_overflow=0,
        json_deserializer=parse_json,
        json_serializer=dump_json,
        connect_args={"isolation_level": None, "factory": Connection},
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _: Any) -> None:
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def acquire_lock(path: Path) -> IO[str]:
    """Hold `<file>.lock` until the process ends, so that no second process serves the file."""
    lock = path.with_name(path.name + ".lock").open("a+", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise DatabaseInUse(path, holder) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


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
