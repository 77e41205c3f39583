"""A read that takes minutes, and the number of them that run in a database."""

import asyncio
import time
from typing import Any

import pytest

from auth.viewer import Viewer
from db.core import sqlite
from db.core.engine import Database
from db.core.postgresql import PostgreSQL
from db.core.sqlite_functions import Connection

SECONDS = 0.2  # until a statement without a reader must have ended
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1000000000) SELECT count(*) FROM n"


class EndlessQuery:
    """Prepared query, and its own plan, of a statement that counts for minutes before its first row."""

    sql = ENDLESS

    def plan(self, *_: Any) -> "EndlessQuery":
        return self

    def values(self, *_: Any) -> list[Any]:
        return []

    def records(self, rows: list[Any]) -> list[Any]:
        return rows


async def running(database: Database) -> int:
    """Return the number of endless statements that run in the database."""
    if isinstance(database, PostgreSQL):
        result: int = await database._checks.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' "
            "AND query LIKE '%RECURSIVE n(x)%' AND pid <> pg_backend_pid()"
        )
        return result
    return Counted.running


class Counted(Connection):
    """SQLite connection that counts the statements in it."""

    running = 0

    def execute(self, sql: str, *arguments: Any) -> Any:
        is_endless = "RECURSIVE n(x)" in sql
        type(self).running += is_endless
        try:
            return super().execute(sql, *arguments)
        finally:
            type(self).running -= is_endless


async def wait_until(database: Database, count: int, seconds: float = 5) -> float:
    """Wait until exactly so many endless statements run; return how long that took."""
    started = time.perf_counter()
    while await running(database) != count:
        assert time.perf_counter() - started < seconds, await running(database)
        await asyncio.sleep(0.005)
    return time.perf_counter() - started


async def drain(database: Database, viewer: Viewer) -> list[Any]:
    """Read all rows of an endless query as a stream."""
    query: Any = EndlessQuery()
    return [row async for batch in database.stream(query, viewer) for row in batch]


@pytest.fixture
def counted_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count the endless statements that run in SQLite connections."""
    monkeypatch.setattr(sqlite, "Connection", Counted)
    Counted.running = 0
