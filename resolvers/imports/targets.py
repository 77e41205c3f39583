"""Targets of imported rows, and the reading of a file's cells by their columns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import strawberry

from db.core.base import Visibility
from db.imports.imports import ImportTarget
from db.models.conversations import Conversation
from db.models.organizations import Organization
from db.models.tables import Table
from db.tables import tables
from db.tables.tables import column_of
from errors import BadUserInput, NotFound
from resolvers.core.context import Context
from resolvers.core.ids import decode_optional_id
from resolvers.imports.layouts import WORKBOOKS, Cell, ImportFormat, Layout
from tables.types.columns import ColumnType
from tables.types.inference import format_of, is_code
from tables.types.money import split_currency
from tables.types.numbers import without_percent
from tables.types.types import NUMERIC_TYPES, CellError, Column, Value, currency_code, from_json, parse


async def new_target(
    context: Context,
    name: str,
    conversation_id: strawberry.ID | None,
    organization_id: strawberry.ID | None,
    visibility: Visibility | None,
) -> ImportTarget:
    """Looked at before the file is: what cannot be seen is found out by a dry run, too."""
    conversation, organization = (
        decode_optional_id(conversation_id, Conversation),
        decode_optional_id(organization_id, Organization),
    )
    for model, id_ in ((Conversation, conversation), (Organization, organization)):
        if id_ is not None and await context.by_id(model, id_) is None:
            raise NotFound(f"There is no such {model.__name__.lower()}, or you may not see it.")
    return ImportTarget(name, (), None, conversation, organization, visibility or Visibility.PRIVATE)


def refuse_place(**arguments: object) -> None:
    for name, value in arguments.items():
        if value is not None:
            field = "".join(part.title() if n else part for n, part in enumerate(name.split("_")))
            raise BadUserInput.of(field, "The table of tableId has it already: leave one of the two out.")


async def target_of(context: Context, table_id: UUID) -> ImportTarget:
    """Return an existing table as the target, with its current columns."""
    if await context.by_id(Table, table_id) is None:
        raise NotFound("There is no such table, or you may not see it.")
    rows = await context.read(tables.columns_of, ids=[table_id])
    return ImportTarget("", [column_of(row) for row in rows], table_id)


async def organization_of(context: Context, target: ImportTarget) -> UUID | None:
    """Return the organization that imported rows belong to; None for the viewer's personal one."""
    table = await context.by_id(Table, target.table_id)
    conversation = await context.by_id(Conversation, target.conversation_id)
    parent = table or conversation
    return parent.organization_id if parent else target.organization_id


def matched(layout: Layout, columns: Sequence[Column]) -> dict[int, Column]:
    by_name = {column.name.casefold(): column for column in columns}
    if not layout.has_header:
        return dict(enumerate(columns[: len(layout.names)]))
    unknown = [name for name in layout.names if name.casefold() not in by_name]
    if unknown:
        listed, known = ", ".join(unknown[:10]), ", ".join([column.name for column in columns][:10])
        raise BadUserInput.of(
            "file", f"The table has no columns {listed}: it has {known}. Rename them, or add columns."
        )
    return {n: by_name[name.casefold()] for n, name in enumerate(layout.names)}


@dataclass(frozen=True)
class ColumnInFile:
    """Reading of a column's cells in a file, whose texts are formatted as in `written`.

    To a column that `is_new`, chosen by what it holds, a code such as 007 is no number.
    """

    column: Column
    written: Column
    format: ImportFormat
    is_new: bool

    def read(self, cell: Cell) -> Value:
        """Raises CellError."""
        if isinstance(cell, dict):
            raise CellError(cell["problem"])
        if self.is_new and cell is not None and self.column.type in NUMERIC_TYPES and is_code(cell):
            raise CellError(f"{cell} is a code: keep it in a text column.")
        if self.format is ImportFormat.JSON:
            return from_json(self.written, cell)
        if self.format not in WORKBOOKS or cell is None:
            return parse(self.written, cell)
        return parse(self.written, cell[1:]) if cell.startswith('"') else parse(_marked(self.column, "."), cell)


def column_in_file(layout: Layout, n: int, column: Column, target: ImportTarget) -> ColumnInFile:
    """Return the column as the file writes it: a file with decimal points may go into a column of decimal commas."""
    mark = _mark(layout, n) if target.table_id is not None and column.type in NUMERIC_TYPES else None
    return ColumnInFile(
        column, _marked(column, mark) if mark else column, layout.format, is_new=target.table_id is None
    )


def _marked(column: Column, mark: str) -> Column:
    if column.type not in NUMERIC_TYPES:
        return column
    return replace(column, format=" ".join(filter(None, (currency_code(column), mark.replace(".", "")))) or None)


def _mark(layout: Layout, n: int) -> str | None:
    """Return the decimal mark of the texts in a column of the file; None when they do not tell it.

    Where commas separate the values, exports write points, and so do other programs, which would need
    quotes for every other number.
    """
    if layout.is_marked and n not in layout.strings:
        return None
    if layout.decimal_mark is not None:
        return layout.decimal_mark
    texts = [text for row in layout.rows() if (text := row[n])]
    amounts = (without_percent(text) or (split_currency(text) or (text,))[0] for text in texts)
    mark = format_of(ColumnType.DECIMAL, amounts) or "."
    if mark.endswith("?"):
        return "." if layout.delimiter == "," and not any("," in text for text in texts) else None
    return mark
