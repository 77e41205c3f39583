"""The floor of tables: hand-written SQL on the driver of either database, and orjson."""

import sqlite3
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from uuid_utils.compat import uuid7

from db.core.base import now

# `{number}` is the number in a column, `{text}` its text, in the words of either database.
SPELLINGS = {
    "sqlite": {
        "number": """CAST(json_extract("values", '$.{}') AS REAL)""",
        "text": """json_extract("values", '$.{}')""",
    },
    "postgresql": {"number": "CAST(values ->> '{}' AS NUMERIC)", "text": "(values ->> '{}')"},
}
ROWS = 'SELECT id, version, "values" FROM rows WHERE table_id = {table} AND deleted_at IS NULL '


class PlainTable:
    """Runs statements in which `c2:number` and `c1:text` are cells and `:table` is the table."""

    def __init__(self, connection: Any, table: UUID) -> None:
        self._connection, self._table = connection, table
        self._kind = "sqlite" if isinstance(connection, sqlite3.Connection) else "postgresql"

    async def run(self, sql: str, *values: Any) -> list[Any]:
        if isinstance(self._connection, sqlite3.Connection):
            return self._connection.execute(sql, values).fetchall()
        return list(await self._connection.fetch(sql, *values))

    def asking(self, sql: str) -> "Asking":
        return Asking(self, self.spelled(sql))

    def spelled(self, sql: str) -> str:
        for key, kind in (("c1", "text"), ("c2", "number"), ("c3", "number"), ("c4", "text"), ("c6", "number")):
            sql = sql.replace(f"{key}:{kind}", SPELLINGS[self._kind][kind].format(key))
        named = self._table.hex if self._kind == "sqlite" else str(self._table)
        return sql.replace(":table", f"'{named}'")

    async def put(self, rows: list[dict[str, Any]]) -> None:
        """Rows by the text in their first column: those that are there are changed, the others added."""
        result = await self.run(self.spelled("SELECT c1:text, id FROM rows WHERE table_id = :table"))
        ids = {str(key): id_ for key, id_ in result}
        changed = [(orjson.dumps(row).decode(), ids[row["c1"]]) for row in rows if row["c1"] in ids]
        if isinstance(self._connection, sqlite3.Connection):
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany('UPDATE rows SET "values" = ?, version = version + 1 WHERE id = ?', changed)
            self._connection.execute("COMMIT")
        else:
            await self._connection.executemany(
                "UPDATE rows SET values = $1, version = version + 1 WHERE id = $2", changed
            )


class Asking:
    """One statement, as what is measured."""

    def __init__(self, plain: PlainTable, sql: str) -> None:
        self._plain, self._sql = plain, sql

    async def call(self, _: bytes) -> bytes:
        rows = await self._plain.run(self._sql)
        return orjson.dumps([tuple(row) for row in rows], default=str)


async def fill(connection: Any, table: UUID, rows: list[dict[str, Any]]) -> None:
    """Put rows into a table, without history."""
    is_sqlite = isinstance(connection, sqlite3.Connection)
    moment = now()
    result: list[tuple[Any, ...]] = []
    for position, values in enumerate(rows, 1):
        id_ = uuid7()
        written = orjson.dumps(values).decode()
        if is_sqlite:
            result.append((id_.hex, table.hex, position, 1, written, "{}", str(moment)[:26], str(moment)[:26]))
        else:
            result.append((id_, table, position, 1, written, "{}", moment, moment))
    columns = ("id", "table_id", "position", "version", "values", "origins", "created_at", "updated_at")
    if is_sqlite:
        connection.execute("BEGIN IMMEDIATE")
        names = ", ".join(f'"{name}"' for name in columns)
        connection.executemany(f"INSERT INTO rows ({names}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", result)
        connection.execute(
            "UPDATE tables SET row_count = ?, next_position = ? WHERE id = ?", (len(result), len(result) + 1, table.hex)
        )
        connection.execute("COMMIT")
        return
    names, places = ", ".join(columns), ", ".join(f"${n}" for n in range(1, len(columns) + 1))
    await connection.executemany(f"INSERT INTO rows ({names}) VALUES ({places})", result)
    await connection.execute(
        "UPDATE tables SET row_count = $1, next_position = $1 + 1 WHERE id = $2", len(result), table
    )
    await connection.execute("ANALYZE rows")


def connected(url: str) -> Any:
    return sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=30)


async def connection_to(url: str) -> Any:
    if url.startswith("sqlite"):
        return connected(url)
    connection = await asyncpg.connect(url)
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=str, decoder=str)
    return connection
