"""Writer of a SQLite file: one thread and one connection; units that wait share a transaction and its fsync."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from db.core.events import Event
from db.core.session import Session

F = TypeVar("F", bound=Callable[..., Any])

MAX_ITEMS = 100  # in an argument of a unit; with more it is not short
MAX_GROUP = 64  # units
MAX_GROUP_SECONDS = 0.03  # after which a group takes no other unit: the first of it waits for the last


def short(unit: F) -> F:
    """Mark a unit that takes milliseconds and has no effect outside its transaction, so that it can run again."""
    unit.__dict__["is_short"] = True
    return unit


def is_short_unit(unit: Callable[..., Any], arguments: Iterable[Any]) -> bool:
    """Return True for a marked unit, unless one of its arguments is a long collection."""
    is_marked: bool = getattr(unit, "is_short", False)
    return is_marked and not any(
        isinstance(argument, list | tuple | set | frozenset | dict) and len(argument) > MAX_ITEMS
        for argument in arguments
    )


@dataclass(frozen=True)
class QueuedUnit:
    """Unit that waits for the writer; `is_short` allows it to share a transaction with others."""

    run: Callable[[Session], Any]
    options: Mapping[str, Any]  # of its session
    is_short: bool
    answer: "asyncio.Future[tuple[Any, list[Event]]]"


@dataclass(frozen=True)
class Outcome:
    """Result of a unit with its events, or its error; it is answered once the transaction is committed."""

    unit: QueuedUnit
    result: Any = None
    events: tuple[Event, ...] = ()
    error: BaseException | None = None


class TransactionLost(Exception):
    """Raised when SQLite has ended the transaction of a group by itself, as for a full disk."""


class SQLiteWriter:
    """Runs units in the order in which they were submitted.

    Each unit of a group has a savepoint, so one that fails takes no other with it. If the commit is refused, nobody
    was answered: each unit of the group runs once more alone. That is right because units have no effect outside their
    transaction.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, "sqlite-writer")
        self._waiting: deque[QueuedUnit] = deque()

    async def write(
        self, run: Callable[[Session], Any], options: Mapping[str, Any], *, is_short: bool
    ) -> tuple[Any, list[Event]]:
        """Return the result and the events of a unit after its commit."""
        loop = asyncio.get_running_loop()
        unit = QueuedUnit(run, options, is_short, loop.create_future())
        self._waiting.append(unit)
        # One call for each unit: those that find no unit, because a group took it, do nothing.
        self._thread.submit(self._next, loop)
        return await unit.answer

    async def run(self, work: Callable[[], Any]) -> Any:
        """Run something else in the thread of the writer, such as the definition of an index."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def stop(self) -> None:
        await self.run(self._engine.dispose)
        self._thread.shutdown()

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._waiting:
            first = self._waiting.popleft()
            outcomes = self._group(first) if first.is_short and self._has_short() else [self._alone(first)]
            loop.call_soon_threadsafe(_answer, outcomes)

    def _has_short(self) -> bool:
        return bool(self._waiting) and self._waiting[0].is_short

    def _alone(self, unit: QueuedUnit) -> Outcome:
        try:
            return _run(unit, self._engine)
        except BaseException as error:
            return Outcome(unit, error=error)

    def _group(self, first: QueuedUnit) -> list[Outcome]:
        units, started = [first], time.monotonic()
        try:
            with self._engine.begin() as connection:
                outcomes = [_in_savepoint(first, connection)]
                while self._has_short() and len(units) < MAX_GROUP and time.monotonic() - started < MAX_GROUP_SECONDS:
                    units.append(self._waiting.popleft())
                    outcomes.append(_in_savepoint(units[-1], connection))
        except BaseException:
            return [self._alone(unit) for unit in units]
        return outcomes


def _run(unit: QueuedUnit, bind: Engine | Connection) -> Outcome:
    # The mode matters for a connection only: the session begins with a savepoint in the transaction of the group.
    session = Session(bind, join_transaction_mode="create_savepoint", **unit.options)
    with session, session.begin():
        result = unit.run(session)
        return Outcome(unit, result, tuple(session.write_audit_log()))


def _in_savepoint(unit: QueuedUnit, connection: Connection) -> Outcome:
    try:
        return _run(unit, connection)
    except Exception as error:
        driver: Any = connection.connection.driver_connection
        if not driver.in_transaction:
            raise TransactionLost from error
        return Outcome(unit, error=error)


def _answer(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        answer = outcome.unit.answer
        if answer.done():  # its caller was cancelled when the process stopped
            continue
        if outcome.error is None:
            answer.set_result((outcome.result, list(outcome.events)))
        elif isinstance(outcome.error, StopIteration):
            answer.set_exception(RuntimeError("A unit raised StopIteration."))
        else:
            answer.set_exception(outcome.error)
