"""Database interface: prepared reads, and units of work in one transaction. Only this layer commits."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, aclosing, contextmanager, nullcontext
from functools import cache
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from uuid import UUID

from sqlalchemy import Dialect, select

from auth.fair_pool import FairLimit
from auth.viewer import Viewer
from db.core.audit_context import AuditContext, current_audit_context
from db.core.base import Base
from db.core.dialect_sql import OneOf
from db.core.events import Event
from db.core.outages import away, is_outage
from db.core.prepared import Plan, Prepared
from db.core.session import RollbackOnly, Session
from db.core.sqlite_writer import is_short_unit
from errors import ProductError, RateLimited, Unavailable
from telemetry import metrics
from telemetry.catalog import LIMITS
from telemetry.outage import Outage
from telemetry.statements import Timed

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R", bound=Base)
Unit = Callable[Concatenate[Session, P], T]
Migrate = Callable[[str], None]

MAX_WAITING_WRITES = 1_000
BACK_SECONDS, RETRY_SECONDS = 60.0, 0.5
PROBE_SECONDS, WRITER_PATIENCE_SECONDS = 1.5, 30.0
MAX_STREAMS, MAX_STREAMS_OF_ONE = 6, 3  # concurrent reads of users; each holds a connection

log = logging.getLogger("sheetgpt.database")


@cache
def _of_ids(model: type[Base]) -> Prepared[Any]:
    return Prepared(select(model).where(OneOf(model.id)))


class LockTimeout(Exception):
    """Raised when others hold a lock for too long."""


class Database(ABC):
    """One database of either kind; subclasses know the driver.

    `migrate` brings the database at a URL to the newest revision; it is handed in, because migrations import this
    package. `publish` receives the events of a unit after its commit, in the event loop. `job_limits` are the most
    unfinished jobs of one person, by kind; `storage_quota` is the most bytes that an organization stores, or None.
    """

    dialect: Dialect

    def __init__(self, migrate: Migrate) -> None:
        self.migrate = migrate
        self.publish: Callable[[Event], None] = lambda _: None
        self.job_limits: Mapping[str, int] = {}
        self.storage_quota: int | None = None
        self._writes: set[asyncio.Task[Any]] = set()
        self.outage = Outage("database", "requests are answered with UNAVAILABLE until it is back")
        self._probe: asyncio.Task[None] | None = None
        self._probed_at = 0.0
        self._stream_limit = FairLimit(MAX_STREAMS, MAX_STREAMS_OF_ONE)

    @abstractmethod
    async def start(self) -> None:
        """Migrate and connect."""

    async def stop(self) -> None:
        """Finish the writes in progress and disconnect."""
        while self._writes:
            await asyncio.wait(self._writes)
        await self._disconnect()

    @abstractmethod
    async def _disconnect(self) -> None: ...

    @abstractmethod
    async def check(self) -> bool:
        """Return True if the database answers now."""

    async def check_writer(self) -> bool:
        """Return True if writes are committed, or have waited for less than WRITER_PATIENCE_SECONDS."""
        loop = asyncio.get_running_loop()
        if self._probe is None or self._probe.done():
            self._probe, self._probed_at = loop.create_task(self.write(_probe, Viewer.system())), loop.time()
            self._probe.add_done_callback(_retrieve)
        # A large import may hold SQLite's only writer for seconds, which is no reason to restart the server.
        done, _ = await asyncio.wait({self._probe}, timeout=PROBE_SECONDS)
        if not done:
            return loop.time() - self._probed_at < WRITER_PATIENCE_SECONDS
        return not self._probe.cancelled() and self._probe.exception() is None

    async def read(self, query: Prepared[R], viewer: Viewer, **parameters: Any) -> list[R]:
        """Return the rows of a query that has a limit, as records with the model's attribute names."""
        plan = query.plan(self.dialect, viewer)
        with Timed("read", plan.sql), self._watching("read"):
            fetched = await self._fetch(plan, plan.values(viewer, parameters))
        return cast("list[R]", plan.records(fetched))

    async def read_one(self, query: Prepared[R], viewer: Viewer, **parameters: Any) -> R | None:
        return next(iter(await self.read(query, viewer, **parameters)), None)

    async def by_ids(self, model: type[R], viewer: Viewer, ids: list[UUID]) -> dict[UUID, R]:
        """Return the rows with these ids that the viewer may see, by id."""
        rows: list[R] = await self.read(_of_ids(model), viewer, ids=ids)
        return {row.id: row for row in rows}

    async def find(self, model: type[R], viewer: Viewer, id_: UUID) -> R | None:
        return (await self.by_ids(model, viewer, [id_])).get(id_)

    def stream(
        self, query: Prepared[R], viewer: Viewer, *, batch: int = 500, **parameters: Any
    ) -> AsyncIterator[list[R]]:
        """Yield all rows of an unlimited query from one snapshot, in batches, without blocking the event loop."""
        plan = query.plan(self.dialect, viewer)
        fetched = self._stream(plan, plan.values(viewer, parameters), batch)
        return cast("AsyncIterator[list[R]]", _batches(plan, fetched, self.stream_slot(viewer), self._watching("read")))

    @property
    def waiting(self) -> dict[str, int]:
        """Return how many tasks wait for each part of the database."""
        return {"writes": len(self._writes), "streams": self._stream_limit.waiting}

    @property
    def connections(self) -> dict[tuple[str, str], int]:
        """Return the number of connections by pool and state; empty for a database without pools."""
        return {}

    def stream_slot(self, viewer: Viewer) -> AbstractAsyncContextManager[None]:
        """Return a person's slot for a read without a bound; the product's own reads, which may nest, need none."""
        return nullcontext() if viewer.user_id is None else self._stream_limit.slot(viewer.user_id)

    async def read_unbounded(self, query: Prepared[R], viewer: Viewer, **parameters: Any) -> list[R]:
        """Return the rows of a limited query that scans many more, without blocking the event loop."""
        return [row async for batch in self.stream(query, viewer, **parameters) for row in batch]

    async def write(self, unit: Unit[P, T], viewer: Viewer, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a unit in one transaction, commit it and publish its events.

        If the caller is cancelled, the unit still completes and its events are still published.
        """
        if len(self._writes) >= MAX_WAITING_WRITES:
            metrics.count(LIMITS, "writes")
            raise RateLimited("The server is busy. Try again in a second.", retryAfterMs=1_000)

        def run(session: Session) -> T:
            return unit(session, *args, **kwargs)

        is_short = is_short_unit(unit, (*args, *kwargs.values()))
        task = asyncio.create_task(self._commit(run, viewer, current_audit_context(), is_short=is_short))
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)
        try:
            with Timed("write", _unit_name(unit)):
                return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_log_failure)
            raise

    async def _commit(self, run: Callable[[Session], T], viewer: Viewer, cause: AuditContext, *, is_short: bool) -> T:
        with self._watching("write"):
            result, events = await self._transact(run, viewer, cause, is_short=is_short)
        for event in events:
            self.publish(event)
        return result

    async def write_when_back(self, unit: Unit[P, T], viewer: Viewer, *args: P.args, **kwargs: P.kwargs) -> T:
        """Write like `write`, but wait up to BACK_SECONDS for a database that is away. The unit may run twice."""
        deadline = asyncio.get_running_loop().time() + BACK_SECONDS
        while True:
            try:
                return await self.write(unit, viewer, *args, **kwargs)
            except Unavailable:
                if asyncio.get_running_loop().time() > deadline:
                    raise
            await asyncio.sleep(RETRY_SECONDS)

    @contextmanager
    def _watching(self, lane: str) -> Iterator[None]:
        """Turn an error that means that the database is away into Unavailable; log the begin and end of outages."""
        try:
            yield
        except (ProductError, RollbackOnly):
            raise
        except Exception as error:
            if not is_outage(error):
                raise
            self.outage.failed(error, lane)
            raise away() from error
        else:
            self.outage.answered(lane)

    @abstractmethod
    def _transact(
        self, run: Callable[[Session], T], viewer: Viewer, cause: AuditContext, *, is_short: bool
    ) -> Coroutine[Any, Any, tuple[T, list[Event]]]: ...

    def session_options(self, viewer: Viewer, cause: AuditContext) -> dict[str, Any]:
        return {
            "viewer": viewer,
            "cause": cause,
            "job_limits": self.job_limits,
            "storage_quota": self.storage_quota,
        }

    @abstractmethod
    async def define(self, statement: str) -> None:
        """Create or drop an index outside of any unit. Raises LockTimeout when others hold the table for long."""

    @abstractmethod
    async def index_names(self, prefix: str) -> dict[str, bool]:
        """Return the indexes whose names start with `prefix`, each with True if it is valid."""

    @abstractmethod
    async def _fetch(self, plan: Plan, values: list[Any]) -> list[Any]: ...

    @abstractmethod
    def _stream(self, plan: Plan, values: list[Any], batch: int) -> AsyncGenerator[list[Any], None]: ...


def _unit_name(unit: Callable[..., Any]) -> str:
    """Return the name of a unit, or of the function that a partial one calls, for the metrics."""
    function: Any = getattr(unit, "func", unit)
    return f"{function.__module__}.{function.__qualname__}"


def _probe(session: Session) -> None:
    """Run one small query in a transaction."""
    _ = session.roles


def _retrieve(task: asyncio.Task[None]) -> None:
    """Retrieve the exception of a probe that nobody waits for any more."""
    if not task.cancelled():
        task.exception()


def _log_failure(task: asyncio.Task[Any]) -> None:
    """Log the failure of a write whose caller was cancelled; a product error was meant for the caller only."""
    error = None if task.cancelled() else task.exception()
    if error is not None and not isinstance(error, RollbackOnly | ProductError):
        log.error("A write failed after its caller was cancelled", exc_info=error)


async def _batches(
    plan: Plan,
    fetched: AsyncGenerator[list[Any], None],
    slot: AbstractAsyncContextManager[None],
    watching: AbstractContextManager[None],
) -> AsyncGenerator[list[Any], None]:
    """Yield batches and release the connection at once when the consumer stops early."""
    async with slot, aclosing(fetched):
        # Errors of the consumer are not thrown in here, so what is raised is the database's.
        with Timed("stream", plan.sql), watching:
            async for rows in fetched:
                yield plan.records(rows)
