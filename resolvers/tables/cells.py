"""Cells: updates by clients."""

from typing import Annotated

import strawberry
from strawberry import UNSET, argument
from strawberry.scalars import JSON

from db.models.tables import Row, Table
from db.tables.editing import cell_updates
from db.tables.editing.cell_updates import CellEdit, UpdateCellsResult
from errors import BadUserInput, Conflict, Mistakes
from resolvers.core.context import IdempotencyKey, Info
from resolvers.core.ids import decode_id
from resolvers.tables.conflicts import client_conflict
from resolvers.tables.tables import TableId


@strawberry.input(description="New value of one cell.")
class CellInput:
    row_id: strawberry.ID = strawberry.field(description="Id of the row.")
    column: strawberry.ID = strawberry.field(description="Key or name of the column.")
    value: JSON | None = strawberry.field(default=UNSET, description="The new value; null empties the cell.")
    expected_version: int | None = strawberry.field(
        default=None,
        description="The row's `version` that you last saw: when the cell was changed since, the answer is CONFLICT "
        "with both values, and nothing is written.",
    )


async def update_cells(
    info: Info,
    table_id: TableId,
    cells: Annotated[list[CellInput], argument(description="1 to 5,000 cells, each at most once.")],
    idempotency_key: IdempotencyKey = None,
) -> UpdateCellsResult:
    with Mistakes() as check:
        edits = [check(_edit, cell, f"cells.{n}") for n, cell in enumerate(cells)]
    try:
        return await info.context.write(cell_updates.update, decode_id(table_id, Table), edits, idempotency_key)
    except Conflict as conflict:
        raise await client_conflict(info.context, conflict) from None


def _edit(cell: CellInput, path: str) -> CellEdit:
    if cell.value is UNSET:
        raise BadUserInput.of(f"{path}.value", "Give the new value, or null to empty the cell.")
    return CellEdit(decode_id(cell.row_id, Row, f"{path}.rowId"), cell.column, cell.value, cell.expected_version)
