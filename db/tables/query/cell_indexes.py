"""Indexes of the columns that are marked for filtering: one for each, over the rows of its table alone."""

import re
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Dialect, select

from auth.viewer import Viewer
from db.core.engine import Database
from db.core.prepared import OneOf, Prepared
from db.models.tables import Row, Table
from db.tables.query import cell_sql
from db.tables.tables import column_of, columns_of
from tables.types.types import ColumnType

KIND = "index"  # of the jobs that make them
PREFIX = "ix_cells_"
NAME = re.compile(rf"{PREFIX}([0-9a-f]{{32}})_(c[0-9]+)_(by_)?([a-z]+)")
MAX_INDEXES = 100  # in the database: each is weighed whenever any row is written or asked for (decision 18)
SYSTEM = Viewer.system()

known: Prepared[Table] = Prepared(select(Table).where(OneOf(Table.id)), deleted=Table)


class TooManyIndexes(RuntimeError):
    """The database has as many of them as it bears."""


def name_of(table_id: UUID, key: str, type: ColumnType) -> str:
    """Of ids alone, never of what people write; with another type it is another index."""
    return f"{PREFIX}{table_id.hex}_{key}_by_{cell_sql.rank_of(type)}"


def definition(dialect: Dialect, table_id: UUID, key: str, type: ColumnType) -> str:
    """The statement that makes the index; PostgreSQL lets others write meanwhile."""
    is_sqlite = dialect.name == "sqlite"
    # SQLite allows no table's name before a column in an index, and PostgreSQL takes a bare `values` for a keyword.
    options = {"include_table": not is_sqlite}
    parts = [
        f"({each.compile(dialect=dialect, compile_kwargs=options)})"
        for each in (*cell_sql.ranks(type, cell_sql.cell(key, type)), Row.position, Row.id, Row.table_id)
    ]
    where = cell_sql.in_index(table_id, key).compile(dialect=dialect, compile_kwargs=options)
    begin = "CREATE INDEX IF NOT EXISTS" if is_sqlite else "CREATE INDEX CONCURRENTLY IF NOT EXISTS"
    return f"{begin} {name_of(table_id, key, type)} ON rows ({', '.join(parts)}) WHERE {where} AND deleted_at IS NULL"


async def bring_about(database: Database, table_id: UUID) -> None:
    """Make the indexes of a table those that its columns ask for. Raises TooManyIndexes."""
    table = await database.find(Table, SYSTEM, table_id)
    found = [column_of(row) for row in await database.read(columns_of, SYSTEM, ids=[table_id])] if table else []
    wanted = {name_of(table_id, column.key, column.type): column for column in found if column.is_indexed}
    there = await database.index_names(PREFIX)
    mine = {name for name in there if name.startswith(f"{PREFIX}{table_id.hex}_")}
    await _drop(database, (name for name in mine if name not in wanted or not there[name]))
    missing = [column for name, column in wanted.items() if not there.get(name)]
    for count, column in enumerate(missing, len(there)):
        if count >= MAX_INDEXES:
            raise TooManyIndexes(f"The database has {MAX_INDEXES} indexes of columns already.")
        await database.define(definition(database.dialect, table_id, column.key, column.type))


async def tidy(database: Database) -> None:
    """Drop the indexes of tables that have been erased, and make those anew that an earlier version made otherwise."""
    there = await database.index_names(PREFIX)
    named = {name: UUID(found[1]) for name in there if (found := NAME.fullmatch(name))}
    tables = {table.id for table in await database.read(known, SYSTEM, ids=list({*named.values()}))} if named else set()
    await _drop(database, (name for name, table_id in named.items() if table_id not in tables))
    for table_id in {named[name] for name in named if not _is_current(name)} & tables:
        await bring_about(database, table_id)


def _is_current(name: str) -> bool:
    found = NAME.fullmatch(name)
    return found is not None and found[3] is not None


async def _drop(database: Database, names: Iterable[str]) -> None:
    how = "" if database.dialect.name == "sqlite" else "CONCURRENTLY "
    for name in sorted(names):
        await database.define(f"DROP INDEX {how}IF EXISTS {name}")
