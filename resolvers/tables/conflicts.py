"""Conflicts of cells as clients see them: with the current row, the text and the editor of each cell."""

from asyncio import gather
from collections.abc import Mapping, Sequence
from uuid import UUID

from db.models.tables import Row
from db.models.users import User
from db.tables.editing.cell_updates import CellConflict
from errors import Conflict
from resolvers.core.context import Context
from resolvers.core.ids import global_id, global_id_of
from resolvers.tables.cell_values import Cell, cells_of

MAX_CONFLICTS = 100  # each carries its row


async def client_conflict(context: Context, conflict: Conflict) -> Conflict:
    """Return the conflict with its first 100 cells as clients name them, read with the rights of the viewer."""
    conflicts: Sequence[CellConflict] = conflict.details.get("conflicts", ())
    if not conflicts:
        return conflict
    reported = conflicts[:MAX_CONFLICTS]
    current_rows = await gather(*(context.by_id(Row, conflict.row_id) for conflict in reported))
    rows = {row.id: row for row in current_rows if row is not None}
    cells = dict(zip(rows, await cells_of(list(rows.values()), context), strict=True))
    states = [_state(conflict, rows, cells) for conflict in reported]
    editors = await gather(*(context.by_id(User, cell.editor_id if cell else None) for _, cell in states))
    return Conflict(
        conflict.message,
        conflicts=[
            _details(conflict, cell) | {"editedBy": editor and _editor(editor), "row": row}
            for conflict, (row, cell), editor in zip(reported, states, editors, strict=True)
        ],
    )


def _state(
    conflict: CellConflict, rows: Mapping[UUID, Row], cells: Mapping[UUID, Sequence[Cell]]
) -> tuple[dict[str, object] | None, Cell | None]:
    """Return the current row of a conflict, as JSON, and its cell; None for a deleted one."""
    row = rows.get(conflict.row_id) if conflict.row_id else None
    if row is None:
        return None, None
    cell = next((cell for cell in cells[row.id] if cell.column.key == conflict.column), None)
    values = {cell.column.key: cell.value for cell in cells[row.id] if cell.value is not None}
    return {"id": global_id_of(row), "version": row.version, "position": row.position, "values": values}, cell


def _details(conflict: CellConflict, cell: Cell | None) -> dict[str, object]:
    return {
        "rowId": conflict.row_id and global_id(Row, conflict.row_id),
        "column": conflict.column,
        "expectedVersion": conflict.expected_version,
        "currentVersion": conflict.current_version if cell is None else cell.row.version,
        "currentValue": conflict.current_value if cell is None else cell.value,
        "currentText": None if cell is None else cell.text,
        "yourValue": conflict.your_value,
    }


def _editor(user: User) -> dict[str, object]:
    return {"id": global_id_of(user), "name": user.name, "email": user.email}
