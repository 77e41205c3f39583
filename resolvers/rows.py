"""Rows: filter, sort, page through them; add, correct, delete them."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeVar

import strawberry
from strawberry import UNSET
from strawberry.scalars import JSON

from db import corrections, rows, selections
from db.base import Base
from db.corrections import CellConflict, CellEdit, Updated
from db.filters import FilterOp
from db.prepared import Prepared
from db.revisions import Revision
from db.rows import Added, OnError
from db.selections import Selection, Shape
from db.tables import Row, Table
from errors import BadUserInput, Conflict
from resolvers.context import Context, IdempotencyKey, Info
from resolvers.earlier_rows import EarlierPage
from resolvers.ids import global_id, key
from resolvers.pages import Asked, Slice, slice_of
from resolvers.row_cursors import bad_cursor, decode_place, encode_place
from resolvers.tables import TableId, columns_of

says = strawberry.argument
MAX_INLINE = 2_000
R = TypeVar("R", bound=Base)


@strawberry.input(description="Which rows: everything that is given must hold. At most 5 levels and 50 conditions.")
class RowFilter:
    and_: list["RowFilter"] | None = strawberry.field(name="and", default=None, description="All of these hold.")
    or_: list["RowFilter"] | None = strawberry.field(name="or", default=None, description="One of these holds.")
    not_: "RowFilter | None" = strawberry.field(name="not", default=None, description="This does not hold.")
    column: strawberry.ID | None = strawberry.field(default=None, description="Key of the column to look at.")
    # Lazy, because the schema describes the enum only after this class is made.
    op: Annotated["FilterOp", strawberry.lazy("db.filters")] | None = strawberry.field(
        default=None, description="How its cell is compared with `value`."
    )
    value: JSON | None = strawberry.field(
        default=None, description="A value of the column's type; a list of at most 100 for IN; null is an empty cell."
    )


@strawberry.input(description="A column to sort by; empty cells come last.")
class RowSort:
    column: strawberry.ID = strawberry.field(description="Key of the column.")
    descending: bool | None = strawberry.field(default=False, description="Whether the largest comes first.")


@strawberry.input(description="A value for one cell.")
class CellInput:
    row_id: strawberry.ID = strawberry.field(description="The row.")
    column: strawberry.ID = strawberry.field(description="Key of the column.")
    value: JSON | None = strawberry.field(default=UNSET, description="The new value; null empties the cell.")
    expected_version: int | None = strawberry.field(
        default=None,
        description="The row's `version` that you last saw: when the cell was changed since, the answer is CONFLICT "
        "with both values, and nothing is written.",
    )


@dataclass(frozen=True)
class Deleted:
    table: Table
    deleted_ids: list[strawberry.ID]
    revision: Revision | None


class RowPage:
    """A page of the rows of a table; the cursor says where in the order a row stands."""

    def __init__(self, context: Context, table: Table, selection: Selection) -> None:
        self._context, self._table, self._selection = context, table, selection

    async def load(self, asked: Asked) -> Slice[Row]:
        selection = self._selection
        place = None if asked.cursor is None else decode_place(asked.cursor)
        given = {**selection.values, **self._bound(place)}
        found: list[Row] = []
        for part in selections.parts(selection.shape, place, backwards=asked.backwards):
            query = selections.rows(selection.shape, place, part, backwards=asked.backwards)
            found += await self._read(query, limit=asked.size + 1 - len(found), **given)
            if len(found) > asked.size:
                break
            place = None
        return slice_of(found, lambda row: encode_place(selection.place(row)), asked)

    async def total(self) -> int:
        shape = self._selection.shape
        if shape.where is None and shape.searched is None:
            return self._table.row_count
        query = selections.total(replace(shape, orders=()))
        (row,) = await self._read(query, **self._selection.values)
        return int(row.total)

    async def _read(self, query: Prepared[R], **given: Any) -> list[R]:
        if self._selection.shape == Shape():
            return await self._context.read(query, table_id=self._table.id, **given)
        return await read_rows(self._context, self._table, query, **given)

    def _bound(self, place: list[Any] | None) -> dict[str, Any]:
        try:
            return {} if place is None else self._selection.bound(place)
        except ValueError:
            raise bad_cursor() from None


async def read_rows(context: Context, table: Table, query: Prepared[R], **given: Any) -> list[R]:
    """A question that looks at every row of a table; of a large one it is answered beside the event loop."""
    given = {**given, "table_id": table.id}
    if table.row_count <= MAX_INLINE:
        return await context.read(query, **given)
    return await context.backend.database.read_aside(query, context.viewer, **given)


async def list_rows(
    root: strawberry.Parent[Any],
    info: Info,
    filter: Annotated[RowFilter | None, says(description="Which rows; all when empty.")] = None,
    sort: Annotated[
        list[RowSort] | None,
        says(description="Columns to sort by, the most important first; the table's own order when empty."),
    ] = None,
    search: Annotated[str | None, says(description="Only rows with this in one of their texts.")] = None,
    as_of_revision: Annotated[
        int | None,
        says(
            description="The rows as they were at this revision, with the columns of then, in the table's own order; "
            "as they are now when empty."
        ),
    ] = None,
) -> RowPage | EarlierPage:
    if as_of_revision is not None:
        _check_plain(filter=filter, sort=sort, search=search)
        return EarlierPage(info.context, root, as_of_revision)
    is_plain = filter is None and not sort and not search
    columns = {} if is_plain else await columns_of(info.context, root.id)
    selection = selections.select_rows(root.id, columns, filter, sort, search)
    return RowPage(info.context, root, selection)


def _check_plain(**asked: object) -> None:
    for name, value in asked.items():
        if value:
            raise BadUserInput.of(name, f"Earlier rows come whole and in the table's own order: leave {name} out.")


async def add_rows(
    info: Info,
    table_id: TableId,
    rows_: Annotated[
        list[JSON],
        says(name="rows", description="At most 5,000 objects, keyed by column key or column name."),
    ],
    on_error: Annotated[OnError, says(description="What becomes of the good rows when others are not valid.")] = (
        OnError.REJECT_ALL
    ),
    idempotency_key: IdempotencyKey = None,
) -> Added:
    return await info.context.write(rows.add, key(table_id, Table), rows_, on_error, idempotency_key)


async def update_cells(
    info: Info,
    table_id: TableId,
    cells: Annotated[list[CellInput], says(description="At most 5,000 cells, each once.")],
    idempotency_key: IdempotencyKey = None,
) -> Updated:
    edits = [_edit(cell, f"cells.{n}") for n, cell in enumerate(cells)]
    try:
        return await info.context.write(corrections.update, key(table_id, Table), edits, idempotency_key)
    except Conflict as conflict:
        raise shown(conflict) from None


def _edit(cell: CellInput, path: str) -> CellEdit:
    if cell.value is UNSET:
        raise BadUserInput.of(f"{path}.value", "Give the new value, or null to empty the cell.")
    return CellEdit(key(cell.row_id, Row), cell.column, cell.value, cell.expected_version)


async def delete_rows(
    info: Info,
    table_id: TableId,
    row_ids: Annotated[list[strawberry.ID], says(description="At most 5,000 rows of the table.")],
) -> Deleted:
    ids = [key(id_, Row) for id_ in row_ids]
    deleted = await info.context.write(rows.delete, key(table_id, Table), ids)
    return Deleted(deleted.table, [global_id(Row, id_) for id_ in deleted.deleted_ids], deleted.revision)


def shown(conflict: Conflict) -> Conflict:
    """A conflict whose cells are named as clients name them."""
    return Conflict(conflict.message, conflicts=[_shown(cell) for cell in conflict.details.get("conflicts", ())])


def _shown(cell: CellConflict) -> dict[str, object]:
    return {
        "rowId": cell.row_id and global_id(Row, cell.row_id),
        "column": cell.column,
        "expectedVersion": cell.expected_version,
        "currentVersion": cell.current_version,
        "currentValue": cell.current_value,
        "yourValue": cell.your_value,
    }
