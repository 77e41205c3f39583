"""Runner of the matrix's cases: operations of people, the rows they write, and a digest of the database."""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import Any

from sqlalchemy import event

from assembly.product import Product
from db.core.base import Base
from db.core.engine import Database
from db.core.postgresql import PostgreSQL
from db.core.session import Session
from db.core.sqlite import SQLite
from db.models.audit import AuditEntry
from errors import Unauthenticated
from execution.executor import Executor
from execution.operations import Request, Result
from resolvers.core.authentication import authenticate, require_viewer
from resolvers.core.context import Context, Origin
from resolvers.core.ids import global_id
from schema import schema
from schema.core.scopes import require_scope
from tests.matrix.children import SEEN
from tests.matrix.rows import ANONYMOUS, DEACTIVATED, Arguments, Caller, Key, Person
from tests.matrix.world import Scene
from transport.core.errors import format_error

UNAUTHENTICATED, NOT_FOUND, FORBIDDEN = "UNAUTHENTICATED", "NOT_FOUND", "FORBIDDEN"


class Stage:
    """A scene and the application that serves it."""

    def __init__(self, product: Product, scene: Scene, digest: str) -> None:
        self.backend, self.scene, self._digest = product.backend, scene, digest
        self._snapshot, self._is_unchanged = "", True
        self._executor = Executor(
            schema,
            format_error=format_error,
            event_context=Context.fresh,
            require_viewer=require_viewer,
            require_scope=require_scope,
        )

    async def ask(self, person: Caller, document: str, **variables: Any) -> tuple[Any, str | None]:
        """Return the data of an operation and the code of its error."""
        try:
            context = await self._context(person)
        except Unauthenticated as error:
            return None, error.code
        request = Request(document, variables=variables)
        operation = self._executor.prepare(request, context)
        if isinstance(operation, Result):
            assert person is ANONYMOUS or isinstance(person, Key), (document, operation.errors)
            return _outcome(operation)
        return _outcome(await self._executor.execute(operation, context))

    async def follow(self, person: Caller, document: str, seconds: float, **variables: Any) -> tuple[Any, str | None]:
        """Return the first event of a subscription, None after `seconds` without one, and the code of its error."""
        try:
            context = await self._context(person)
        except Unauthenticated as error:
            return None, error.code
        operation = self._executor.prepare(Request(document, variables=variables), context)
        if isinstance(operation, Result):
            assert person is ANONYMOUS or isinstance(person, Key), (document, operation.errors)
            return _outcome(operation)
        events = await self._executor.subscribe(operation, context)
        if isinstance(events, Result):
            return _outcome(events)
        try:
            async with aclosing(events), asyncio.timeout(seconds):
                return _outcome(await anext(events))
        except TimeoutError:
            return None, None

    async def is_unchanged(self) -> bool:
        """Return True if the whole database is as it was at the start; reads it again only in a new snapshot."""
        snapshot = await current_snapshot(self.backend.database)
        if snapshot != self._snapshot:
            self._is_unchanged = await digest(self.backend.database) == self._digest
            self._snapshot = snapshot
        return self._is_unchanged

    async def _context(self, person: Caller) -> Context:
        token = self.scene.tokens.get(person)
        return await authenticate(self.backend, token and f"Bearer {token}", Origin())

    def named(self, arguments: Any) -> Any:
        """Return a value with the ids of the names in it."""
        if isinstance(arguments, dict):
            return {key: self.named(value) for key, value in arguments.items()}
        if isinstance(arguments, list):
            return [self.named(value) for value in arguments]
        return self.scene.ids[arguments[1:]] if isinstance(arguments, str) and arguments.startswith("@") else arguments

    def disguised(self, arguments: Arguments, position: Sequence[str]) -> str:
        """Return the id at a path of an input as the id of an audit entry, which no input accepts."""
        value: Any = arguments
        for step in position:
            value = value[0] if isinstance(value, list) else value
            value = value.get(step) if value else None
        name = value[0] if isinstance(value, list) else value
        return global_id(AuditEntry, self.scene.keys[name[1:] if name else "audit_entry"])


def _outcome(result: Result) -> tuple[Any, str | None]:
    code = result.errors[0]["extensions"]["code"] if result.errors else None
    return result.data, code


def refusal(person: Person, arguments: Arguments) -> str:
    """Return the error code for a person who may not do something with these things."""
    if person in {ANONYMOUS, DEACTIVATED}:
        return UNAUTHENTICATED
    seen = {name: people for of_type in SEEN.values() for name, people in of_type.items()}
    first = next(_names(arguments), None)
    return FORBIDDEN if first is None or person in seen.get(first, ()) else NOT_FOUND


def _names(arguments: Any) -> Iterator[str]:
    for value in (
        arguments.values() if isinstance(arguments, dict) else arguments if isinstance(arguments, list) else ()
    ):
        if isinstance(value, str) and value.startswith("@"):
            yield value[1:]
        else:
            yield from _names(value)


def found(value: Any, name: str) -> Any:
    """Return the nodes of all lists and connections of this name."""
    if isinstance(value, list):
        return [each for part in value for each in found(part, name)]
    if not isinstance(value, dict):
        return []
    here = value.get(name)
    if here is not None:
        return here["nodes"] if isinstance(here, dict) else here
    return [each for part in value.values() for each in found(part, name)]


class Undone(Exception):
    """Signal to roll back a transaction that succeeded."""

    def __init__(self, result: Any) -> None:
        self.result = result


@contextmanager
def rehearsing(database: Database) -> Iterator[list[str]]:
    """Roll back every unit at its end; yield the names of the models it wrote."""
    transact: Any = database._transact
    written: list[str] = []

    async def rehearse(run: Any, *arguments: Any, **options: Any) -> Any:
        def undone(session: Session) -> None:
            @event.listens_for(session, "after_flush")
            def _note(flushed: Session, _: Any) -> None:
                written.extend(type(row).__name__ for row in [*flushed.new, *flushed.dirty, *flushed.deleted])

            result = run(session)
            session.write_audit_log()
            session.expunge_all()  # rows keep what they have, which a rollback takes from those it knows
            raise Undone(result)

        try:
            await transact(undone, *arguments, **options)
        except Undone as end:
            return end.result, []

    database._transact = rehearse  # type: ignore[method-assign]  # the real one runs, and is then undone
    try:
        yield written
    finally:
        database._transact = transact  # type: ignore[method-assign]


async def current_snapshot(database: Database) -> str:
    """Return a name of the state that a read sees now: two reads with one name see the same rows."""
    if isinstance(database, SQLite):
        # Changes with each commit of another connection, and the reader itself cannot write.
        return str(database.reader.execute("PRAGMA data_version").fetchone())
    assert isinstance(database, PostgreSQL)
    return str(await database.pool.fetchval("SELECT pg_current_snapshot()::text"))


async def digest(database: Database) -> str:
    """Return a value that differs after any change of the database."""
    names = sorted(Base.metadata.tables)
    if isinstance(database, SQLite):
        rows = [database.reader.execute(f"SELECT * FROM {name} ORDER BY id").fetchall() for name in names]
        return hashlib.sha256(repr(rows).encode()).hexdigest()
    assert isinstance(database, PostgreSQL)
    content = "md5(coalesce(string_agg(t::text, ',' ORDER BY t.id), ''))"
    each = (f"SELECT '{name}' AS name, {content} AS content FROM {name} t" for name in names)
    # PostgreSQL appends the parts in any order when it runs them in parallel.
    return repr(sorted(map(tuple, await database.pool.fetch(" UNION ALL ".join(each)))))
