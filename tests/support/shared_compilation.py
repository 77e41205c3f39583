"""Results shared by all tests because they are always the same: statements, documents, certificates and types."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from graphql import GraphQLSchema
from httpx._transports import default as httpx_transport
from httpx2._transports import default as httpx2_transport
from sqlalchemy import Connection, Dialect, Engine
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

from db.core import postgresql
from db.core.engine import Database, Migrate
from execution import executor
from execution.access import PublicFields
from execution.documents import Documents
from execution.limits import Limits
from execution.weights import NO_WEIGHTS, Weights

STATEMENTS = 5_000
MIGRATED: set[str] = set()
"""URLs of databases that stay migrated: what starts on one does not look again."""


@contextmanager
def shared_compilation() -> Iterator[None]:
    """Engines of one dialect share compiled statements, and executors of one schema and limits documents."""
    with pytest.MonkeyPatch.context() as patch:
        _share_statements(patch)
        _share_postgresql_version(patch)
        _skip_migrations(patch)
        _share_certificates(patch)
        patch.setattr(executor, "Documents", _documents)
        patch.setattr(executor, "PublicFields", cache(PublicFields))
        yield


def _share_statements(patch: pytest.MonkeyPatch) -> None:
    compiled: defaultdict[str, LRUCache[Any, Any]] = defaultdict(lambda: LRUCache(STATEMENTS))
    make = Engine.__init__

    def share(engine: Engine, pool: Any, dialect: Dialect, *arguments: Any, **options: Any) -> None:
        make(engine, pool, dialect, *arguments, **options)
        engine._compiled_cache = compiled[dialect.name]

    patch.setattr(Engine, "__init__", share)
    # What is compiled is kept by statement and dialect: one of the same class is as good.
    for kind in (SQLiteDialect_pysqlite, PGDialect_asyncpg):
        patch.setattr(kind, "__eq__", lambda one, other: type(one) is type(other))
        patch.setattr(kind, "__hash__", lambda dialect: hash(type(dialect)))


def _share_postgresql_version(patch: pytest.MonkeyPatch) -> None:
    """Let the first engine ask the server for its version and settings, and reuse the answers in the others."""
    ask: Callable[[PGDialect_asyncpg, Connection], None] = PGDialect_asyncpg.initialize
    heard: dict[str, object] = {}

    def initialize(dialect: PGDialect_asyncpg, connection: Connection) -> None:
        if not heard:
            before = dict(vars(dialect))
            ask(dialect, connection)
            heard.update((name, value) for name, value in vars(dialect).items() if before.get(name, heard) != value)
        vars(dialect).update(heard)

    patch.setattr(PGDialect_asyncpg, "initialize", initialize)


def _skip_migrations(patch: pytest.MonkeyPatch) -> None:
    """Let databases at a URL in MIGRATED start without the engine and the connections that look for the revision."""
    initialize, check = Database.__init__, postgresql._check_reachable

    def initialize_migrated(database: Database, migrate: Migrate) -> None:
        initialize(database, lambda url: None if url in MIGRATED else migrate(url))

    async def check_reachable(url: str) -> None:
        if url not in MIGRATED:
            await check(url)

    # Not `migrations.migrate`: other modules have imported that already.
    patch.setattr(Database, "__init__", initialize_migrated)
    patch.setattr(postgresql, "_check_reachable", check_reachable)


def _share_certificates(patch: pytest.MonkeyPatch) -> None:
    """Let the HTTP clients share the certificates of the authorities: reading them takes 20 ms for each client."""
    for transport in (httpx_transport, httpx2_transport):
        read = transport.create_ssl_context

        @cache
        def contexts(file: str | None, directory: str | None, read: Any = read, **options: Any) -> Any:
            return read(**options)

        def create(contexts: Any = contexts, **options: Any) -> Any:
            return contexts(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"), **options)

        patch.setattr(transport, "create_ssl_context", create)


@cache
def _documents(schema: GraphQLSchema, limits: Limits, weights: Weights = NO_WEIGHTS, **options: bool) -> Documents:
    return Documents(schema, limits, weights, **options)
