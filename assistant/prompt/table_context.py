"""Tables for the prompt: the one that the message named, or else the newest of the conversation."""

from typing import Any
from uuid import UUID

from assistant.prompt.prompt import Sheet
from auth.viewer import Viewer
from db.core.engine import Database
from db.core.pagination import Window
from db.models.tables import Row, Table
from db.tables import tables
from db.tables.tables import column_of
from tables.types.types import Column, format_value

MAX_SHEETS, MAX_ROWS = 3, 20


async def sheets_of(database: Database, viewer: Viewer, conversation_id: UUID, table_id: UUID | None) -> list[Sheet]:
    """Return at most three tables that the viewer may see, each with its first twenty rows."""
    if table_id is not None:
        named = await database.find(Table, viewer, table_id)
        return [] if named is None else [await _sheet(database, viewer, named)]
    window = Window(MAX_SHEETS)
    query = tables.all_tables.rows(window, frozenset({"conversation_id"}))
    sheets = await database.read(query, viewer, conversation_id=conversation_id, limit=window.limit)
    return [await _sheet(database, viewer, table) for table in sheets]


async def _sheet(database: Database, viewer: Viewer, table: Table) -> Sheet:
    columns = [column_of(row) for row in await database.read(tables.columns_of, viewer, ids=[table.id])]
    rows = await database.read(tables.first_rows, viewer, table_id=table.id, limit=MAX_ROWS)
    cells = [[_text(column, row) for column in columns] for row in rows]
    return Sheet(table.name, [column.name for column in columns], cells, table.row_count)


def _text(column: Column, row: Row) -> str:
    value: Any = row.values.get(column.key)
    return format_value(column, value)
