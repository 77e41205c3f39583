"""Columns: add, update, move and delete them."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

import strawberry
from strawberry import UNSET, argument
from strawberry.scalars import JSON

from db.models.revisions import Revision
from db.models.tables import Row, Table
from db.tables.editing import column_updates, structure
from db.tables.editing.values import Misfit
from errors import BadUserInput
from resolvers.core.context import Info
from resolvers.core.ids import decode_id, global_id, part_id
from resolvers.tables.tables import ColumnInput, TableId, forget_columns
from tables.types.types import ColumnType

# null leaves these unchanged: a column always has them.
_NOT_NULL = frozenset({"name", "type", "is_required", "is_unique", "is_indexed"})


def column_id(root: strawberry.Parent[Any]) -> strawberry.ID:
    return part_id("Column", root.scope, root.key)


@dataclass(frozen=True)
class DeleteColumnResult:
    table: Table
    deleted_key: strawberry.ID
    revision: Revision | None


async def add_column(
    info: Info,
    table_id: TableId,
    column: Annotated[ColumnInput, argument(description="Definition of the new column.")],
    position: Annotated[
        int | None, argument(description="Position among the columns, from 0; last when omitted.")
    ] = None,
) -> structure.ColumnChange:
    id_ = decode_id(table_id, Table)
    widened = await info.context.write(column_updates.add, id_, column.column(), position)
    forget_columns(info.context)
    return widened


async def update_column(
    info: Info,
    table_id: TableId,
    key_: Annotated[strawberry.ID, argument(name="key", description="Key or name of the column.")],
    name: Annotated[
        str | None, argument(description="New name: 1 to 100 characters. The history of the column stays.")
    ] = UNSET,
    # Lazy, because the schema describes the enum only after this function is defined.
    type: Annotated[
        Annotated["ColumnType", strawberry.lazy("tables.types.types")] | None,
        argument(description="New type of its values; existing values are converted."),
    ] = UNSET,
    is_required: Annotated[bool | None, argument(description="Refuse empty cells.")] = UNSET,
    is_unique: Annotated[bool | None, argument(description="Refuse equal values in two rows.")] = UNSET,
    is_indexed: Annotated[
        bool | None, argument(description="Keep an index for filtering and sorting; at most 5 columns of a table.")
    ] = UNSET,
    options: Annotated[
        list[str] | None,
        argument(
            description="Options of SELECT and MULTI_SELECT: at most 200 of 1 to 200 characters; null allows any value."
        ),
    ] = UNSET,
    minimum: Annotated[
        Decimal | None, argument(description="Smallest number allowed; null removes the limit.")
    ] = UNSET,
    maximum: Annotated[Decimal | None, argument(description="Largest number allowed; null removes the limit.")] = UNSET,
    max_length: Annotated[
        int | None, argument(description="Maximum length of a text in characters; null removes the limit.")
    ] = UNSET,
    pattern: Annotated[
        str | None, argument(description="Regular expression that the whole text must match; null removes it.")
    ] = UNSET,
    format: Annotated[
        str | None,
        argument(description="Format of ambiguous texts, as in ColumnInput; null detects it from each text."),
    ] = UNSET,
    default: Annotated[JSON | None, argument(description="Value of the column in new rows that give none.")] = UNSET,
    description: Annotated[
        str | None, argument(description="Meaning of the column: at most 1,000 characters; null: none.")
    ] = UNSET,
) -> structure.ColumnChange:
    arguments: dict[str, Any] = {
        "name": name,
        "type": type,
        "is_required": is_required,
        "is_unique": is_unique,
        "is_indexed": is_indexed,
        "options": tuple(options) if options else options,
        "minimum": minimum,
        "maximum": maximum,
        "max_length": max_length,
        "pattern": pattern,
        "format": format,
        "default": default,
        "description": description,
    }
    changes = {
        name: value
        for name, value in arguments.items()
        if value is not UNSET and not (value is None and name in _NOT_NULL)
    }
    try:
        changed = await info.context.write(column_updates.update, decode_id(table_id, Table), key_, changes)
    except BadUserInput as error:
        raise _with_cells(error) from None
    forget_columns(info.context)
    return changed


def _with_cells(error: BadUserInput) -> BadUserInput:
    """Return the error with the cells that cannot be converted, their rows named by global ids."""
    misfits: list[Misfit] = list(error.details.get("misfits", ()))
    if not misfits:
        return error
    cells = [{"rowId": global_id(Row, cell.row_id), "value": cell.value, "message": cell.message} for cell in misfits]
    return BadUserInput(error.message, fields=error.fields, cells=cells, cellCount=error.details["cellCount"])


async def move_column(
    info: Info,
    table_id: TableId,
    key_: Annotated[strawberry.ID, argument(name="key", description="Key or name of the column.")],
    position: Annotated[int, argument(description="New position among the columns, from 0.")],
) -> structure.ColumnChange:
    moved = await info.context.write(column_updates.move, decode_id(table_id, Table), key_, position)
    forget_columns(info.context)
    return moved


async def delete_column(
    info: Info,
    table_id: TableId,
    key_: Annotated[strawberry.ID, argument(name="key", description="Key or name of the column.")],
) -> DeleteColumnResult:
    deleted = await info.context.write(column_updates.delete, decode_id(table_id, Table), key_)
    forget_columns(info.context)
    assert deleted.column is not None
    return DeleteColumnResult(deleted.table, strawberry.ID(deleted.column.key), deleted.revision)
