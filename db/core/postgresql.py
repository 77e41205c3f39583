"""PostgreSQL: reads directly on asyncpg, writes as units on SQLAlchemy's pool in a thread of their own."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Coroutine
from threading import Thread
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from auth.viewer import Viewer
from db.core.audit_context import AuditContext
from db.core.base import Base, dump_json, parse_json
from db.core.engine import Database, LockTimeout, Migrate
from db.core.events import Event
from db.core.outages import is_lost_connection
from db.core.prepared import Plan, Prepared
from db.core.session import Session
from db.core.unit_connection import driver_dialect

T = TypeVar("T")
R = TypeVar("R", bound=Base)

SERIALIZATION_FAILURE, DEADLOCK, UNIQUE_VIOLATION = "40001", "40P01", "23505"
MAX_ATTEMPTS = 5
MIGRATION_SECONDS = 120
# Every read has an index. Without this setting a plan that was cached while a table was small would scan it later.
READ_SETTINGS = {"default_transaction_read_only": "on", "enable_seqscan": "off"}
LOCK_SECONDS, DEFINITION_SECONDS = 5, 600  # for creating and dropping indexes
DEFINITION_LOCK = 7_351_961  # arbitrary, but used for nothing else


class DatabaseUnreachable(RuntimeError):
    """Raised when the server does not answer or refuses the login."""


class PostgreSQL(Database):
    """One database on a server, shared by any number of processes."""

    def __init__(self, url: str, migrate: Migrate) -> None:
        super().__init__(migrate)
        self.url = url
        self.dialect = driver_dialect("postgresql")

    async def start(self) -> None:
        await _check_reachable(self.url)
        async with asyncio.timeout(MIGRATION_SECONDS):
            await asyncio.to_thread(self.migrate, self.url)
        self.engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=lambda: asyncpg.connect(self.url, timeout=10, command_timeout=60),
            pool_size=10,
            max_overflow=0,
            pool_timeout=30,
            pool_pre_ping=True,
            json_deserializer=parse_json,
            json_serializer=dump_json,
        )
        self.pool = await asyncpg.create_pool(
            self.url,
            min_size=1,
            max_size=10,
            timeout=10,
            command_timeout=30,
            reset=_skip_reset,
            server_settings=READ_SETTINGS,
        )
        # Health checks have a pool of their own: all connections of the other one may be busy with requests.
        self._checks = await asyncpg.create_pool(
            self.url, min_size=0, max_size=2, timeout=2, command_timeout=2, max_inactive_connection_lifetime=0
        )
        self._writing = asyncio.new_event_loop()
        self._writer = Thread(target=self._writing.run_forever, name="postgresql-writer", daemon=True)
        self._writer.start()

    @property
    def connections(self) -> dict[tuple[str, str], int]:
        writes: Any = self.engine.pool
        return {
            ("reads", "open"): self.pool.get_size(),
            ("reads", "idle"): self.pool.get_idle_size(),
            ("writes", "open"): writes.checkedin() + writes.checkedout(),
            ("writes", "idle"): writes.checkedin(),
        }

    async def _disconnect(self) -> None:
        await self._in_writer_loop(self.engine.dispose())
        self._writing.call_soon_threadsafe(self._writing.stop)
        await asyncio.to_thread(self._writer.join)
        self._writing.close()
        for pool in (self.pool, self._checks):
            try:
                await asyncio.wait_for(pool.close(), 1)
            except TimeoutError:
                pool.terminate()

    async def check(self) -> bool:
        try:
            await self._checks.fetchval("SELECT version_num FROM alembic_version", timeout=2)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        return True

    async def read_unbounded(self, query: Prepared[R], viewer: Viewer, **parameters: Any) -> list[R]:
        """Return the rows of a query that scans many more.

        The server works beside the event loop, and with several cores unless it is parameters a cursor.
        """
        async with self.stream_slot(viewer):
            return await self.read(query, viewer, **parameters)

    async def define(self, statement: str) -> None:
        connection = await connect(self.url)
        try:
            # Two concurrent index builds would deadlock, so the second one is retried later.
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", DEFINITION_LOCK):
                raise LockTimeout
            await connection.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
            await connection.execute(statement, timeout=DEFINITION_SECONDS)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as error:
            raise LockTimeout from error
        finally:
            await connection.close(timeout=5)

    async def index_names(self, prefix: str) -> dict[str, bool]:
        query = """SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
            WHERE i.indrelid = 'rows'::regclass AND starts_with(c.relname, $1)"""
        async with self.pool.acquire(timeout=30) as connection:
            return {str(name): bool(whole) for name, whole in await connection.fetch(query, prefix)}

    async def _fetch(self, plan: Plan, values: list[Any]) -> list[Any]:
        """Return the rows of a plan. A connection that was lost is replaced once, as a read may be repeated."""
        try:
            return await self._fetch_once(plan, values)
        except Exception as error:
            if not is_lost_connection(error):
                raise
        return await self._fetch_once(plan, values)

    async def _fetch_once(self, plan: Plan, values: list[Any]) -> list[Any]:
        async with self.pool.acquire(timeout=30) as connection:
            return list(await connection.fetch(plan.sql, *values))

    async def _stream(self, plan: Plan, values: list[Any], batch: int) -> AsyncGenerator[list[Any], None]:
        async with self.pool.acquire(timeout=30) as connection, connection.transaction(isolation="repeatable_read"):
            cursor = await connection.cursor(plan.sql, *values)
            while rows := await cursor.fetch(batch):
                yield list(rows)

    async def _in_writer_loop(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the event loop of the writer, because units compute between their statements."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._writing))

    async def _transact(
        self,
        run: Callable[[Session], T],
        viewer: Viewer,
        cause: AuditContext,
        *,
        is_short: bool,  # noqa: ARG002  only SQLite has one writer
    ) -> tuple[T, list[Event]]:
        return await self._in_writer_loop(self._run_with_retries(run, viewer, cause))

    async def _run_with_retries(
        self, run: Callable[[Session], T], viewer: Viewer, cause: AuditContext
    ) -> tuple[T, list[Event]]:
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                return await self._run_once(run, viewer, cause)
            except DBAPIError as error:
                if attempt == MAX_ATTEMPTS or not _is_conflict(error):
                    raise
                await asyncio.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311  spreads retries
        raise AssertionError("unreachable")

    async def _run_once(
        self, run: Callable[[Session], T], viewer: Viewer, cause: AuditContext
    ) -> tuple[T, list[Event]]:
        options = self.session_options(viewer, cause)
        session: AsyncSession = AsyncSession(self.engine, sync_session_class=Session, **options)
        async with session, session.begin():

            def work(sync: Any) -> tuple[T, list[Event]]:
                result = run(sync)
                return result, sync.write_audit_log()

            return await session.run_sync(work)


async def _check_reachable(url: str) -> None:
    await (await connect(url)).close(timeout=5)


async def connect(url: str) -> Any:
    """Return an asyncpg connection. Raises DatabaseUnreachable, without the password of the URL."""
    try:
        return await asyncpg.connect(url, timeout=10)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        address = make_url(url).render_as_string(hide_password=True)
        # The exceptions of a timeout and of a closed connection have an empty text.
        reason = str(error) or type(error).__name__
        raise DatabaseUnreachable(
            f"the database {address} cannot be used ({reason}): check that its server runs, and DATABASE_URL."
        ) from error


async def _skip_reset(_: Any) -> None:
    """Skip the reset query: reads change nothing in their connection."""


def _is_conflict(error: DBAPIError) -> bool:
    """Return True if a unit lost a conflict and can run again, because it has no effect outside its transaction."""
    # UNIQUE_VIOLATION: another unit inserted the same value meanwhile; the second run finds that row.
    return getattr(error.orig, "sqlstate", None) in (SERIALIZATION_FAILURE, DEADLOCK, UNIQUE_VIOLATION)
