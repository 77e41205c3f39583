"""Partial expression indexes of table columns: one for each column marked `isIndexed`, over the rows of its table.

The columns are the required state. A job calls `sync_indexes`, which compares them with the indexes of the database and
drops and creates the difference, so it can run at any time and again after a crash.
"""

import re
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Dialect, select

from auth.viewer import Viewer
from db.core.dialect_sql import OneOf
from db.core.engine import Database
from db.core.prepared import Prepared
from db.models.tables import Row, Table
from db.tables.query import cell_sql
from db.tables.tables import column_of, columns_of
from tables.types.types import ColumnType

JOB_KIND = "index"
PREFIX = "ix_cells_"
NAME = re.compile(rf"{PREFIX}([0-9a-f]{{32}})_(c[0-9]+)_(by_)?([a-z]+)")
# All column indexes of the database. Whenever a row of any table is written or queried, each partial index is checked
# against it (decision 18).
MAX_INDEXES = 100
SYSTEM = Viewer.system()

existing_tables: Prepared[Table] = Prepared(select(Table).where(OneOf(Table.id)), deleted=Table)


class TooManyIndexes(RuntimeError):
    """Refusal to create more than MAX_INDEXES column indexes."""


def index_name(table_id: UUID, key: str, type: ColumnType) -> str:
    """Return the name of a column's index: made of ids and the kind of its type, without user input."""
    return f"{PREFIX}{table_id.hex}_{key}_by_{cell_sql.index_kind(type)}"


def create_statement(dialect: Dialect, table_id: UUID, key: str, type: ColumnType) -> str:
    """Return the statement that creates the index; in PostgreSQL writes go on meanwhile (CONCURRENTLY)."""
    is_sqlite = dialect.name == "sqlite"
    # SQLite rejects a table name before a column in an index, and PostgreSQL reads a bare `values` as a keyword.
    options = {"include_table": not is_sqlite}
    parts = [
        f"({each.compile(dialect=dialect, compile_kwargs=options)})"
        for each in (*cell_sql.index_keys(type, cell_sql.cell(key, type)), Row.position, Row.id, Row.table_id)
    ]
    where = cell_sql.index_predicate(table_id, key).compile(dialect=dialect, compile_kwargs=options)
    begin = "CREATE INDEX IF NOT EXISTS" if is_sqlite else "CREATE INDEX CONCURRENTLY IF NOT EXISTS"
    return (
        f"{begin} {index_name(table_id, key, type)} ON rows ({', '.join(parts)}) WHERE {where} AND deleted_at IS NULL"
    )


async def sync_indexes(database: Database, table_id: UUID) -> None:
    """Create the missing indexes of a table and drop those it no longer needs. Raises TooManyIndexes."""
    table = await database.find(Table, SYSTEM, table_id)
    columns = [column_of(row) for row in await database.read(columns_of, SYSTEM, ids=[table_id])] if table else []
    required = {index_name(table_id, column.key, column.type): column for column in columns if column.is_indexed}
    existing = await database.index_names(PREFIX)
    of_table = {name for name in existing if name.startswith(f"{PREFIX}{table_id.hex}_")}
    # An index is invalid when its CREATE INDEX CONCURRENTLY was interrupted: it is dropped and created again.
    await _drop(database, (name for name in of_table if name not in required or not existing[name]))
    missing = [column for name, column in required.items() if not existing.get(name)]
    for count, column in enumerate(missing, len(existing)):
        if count >= MAX_INDEXES:
            raise TooManyIndexes(f"The database already has {MAX_INDEXES} column indexes, the maximum.")
        await database.define(create_statement(database.dialect, table_id, column.key, column.type))


async def drop_stale_indexes(database: Database) -> None:
    """Drop the indexes of purged tables, and recreate those that an earlier version of this code named differently."""
    existing = await database.index_names(PREFIX)
    named = {name: UUID(match[1]) for name in existing if (match := NAME.fullmatch(name))}
    tables = (
        {table.id for table in await database.read(existing_tables, SYSTEM, ids=list({*named.values()}))}
        if named
        else set()
    )
    await _drop(database, (name for name, table_id in named.items() if table_id not in tables))
    for table_id in {named[name] for name in named if not _is_current(name)} & tables:
        await sync_indexes(database, table_id)


def _is_current(name: str) -> bool:
    """Return True if the name has the `by_` of today's naming scheme."""
    match = NAME.fullmatch(name)
    return match is not None and match[3] is not None


async def _drop(database: Database, names: Iterable[str]) -> None:
    concurrently = "" if database.dialect.name == "sqlite" else "CONCURRENTLY "
    for name in sorted(names):
        await database.define(f"DROP INDEX {concurrently}IF EXISTS {name}")
