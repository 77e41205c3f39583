"""Rows: filter, sort, page, add, upsert and delete them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import strawberry
from strawberry import argument
from strawberry.scalars import JSON

from db.models.revisions import Revision
from db.models.tables import Row, Table
from db.tables.editing import row_upserts, rows
from db.tables.editing.row_upserts import UpsertRowsResult
from db.tables.editing.rows import AddRowsResult, OnError
from db.tables.query import row_query
from db.tables.query.filters import FilterOp
from db.tables.query.row_query import QueryShape, RowQuery
from resolvers.core.charges import count_rows
from resolvers.core.context import Context, IdempotencyKey, Info
from resolvers.core.ids import decode_id, global_id
from resolvers.tables.as_of_rows import AsOfPage
from resolvers.tables.as_of_selection import AsOfRows, selection_of
from resolvers.tables.row_pages import CurrentRows, RowPage
from resolvers.tables.tables import TableId, columns_of
from tables.types.types import Column


@strawberry.input(
    description="Condition on rows; all parts that are given must hold. At most 5 levels and 50 conditions."
)
class RowFilter:
    and_: list["RowFilter"] | None = strawberry.field(
        name="and", default=None, description="All of these conditions must hold."
    )
    or_: list["RowFilter"] | None = strawberry.field(
        name="or", default=None, description="At least one of these conditions must hold."
    )
    not_: "RowFilter | None" = strawberry.field(name="not", default=None, description="This condition must not hold.")
    column: strawberry.ID | None = strawberry.field(default=None, description="Key or name of the column.")
    # Lazy, because the schema describes the enum only after this class is defined.
    op: Annotated["FilterOp", strawberry.lazy("db.tables.query.filters")] | None = strawberry.field(
        default=None, description="Operator that compares the cell with `value`."
    )
    value: JSON | None = strawberry.field(
        default=None, description="A value of the column's type; a list of at most 100 for IN; null is an empty cell."
    )


@strawberry.input(description="Column to sort by; empty cells come last.")
class RowSort:
    column: strawberry.ID = strawberry.field(description="Key or name of the column.")
    descending: bool | None = strawberry.field(
        default=False, description="Sort from largest to smallest; false by default."
    )


@dataclass(frozen=True)
class DeleteRowsResult:
    table: Table
    deleted_ids: list[strawberry.ID]
    revision: Revision | None


async def list_rows(
    root: strawberry.Parent[Any],
    info: Info,
    filter: Annotated[
        RowFilter | None, argument(description="Condition that the rows must meet; all rows when omitted.")
    ] = None,
    sort: Annotated[
        list[RowSort] | None,
        argument(
            description="Columns to sort by, the most important first, at most 8; the order of the table when omitted."
        ),
    ] = None,
    search: Annotated[
        str | None, argument(description="Only rows with this text in a text cell; at most 200 characters.")
    ] = None,
    as_of_revision: Annotated[
        int | None,
        argument(
            description="Revision at which to read the rows, with the columns of that revision, to which `filter` and "
            "`sort` refer too; the current rows when omitted."
        ),
    ] = None,
) -> RowPage | AsOfPage:
    is_plain = filter is None and not sort and not search
    select = partial(row_query.parse_row_query, filter=filter, sort=sort, search=search)
    if as_of_revision is not None:
        return await _page_as_of(info.context, root, as_of_revision, None if is_plain else select)
    selection = select({} if is_plain else await columns_of(info.context, root.id))
    return RowPage(CurrentRows(info.context, root, is_plain=selection.shape == QueryShape()), selection)


async def _page_as_of(
    context: Context, table: Table, number: int, select: Callable[[Mapping[str, Column]], RowQuery] | None
) -> RowPage | AsOfPage:
    selection = select and await selection_of(context, table.id, number, select)
    if selection is None or selection.shape == QueryShape():
        return AsOfPage(context, table, number)
    return RowPage(await AsOfRows.of(context, table.id, number), selection)


async def add_rows(
    info: Info,
    table_id: TableId,
    rows_: Annotated[
        list[JSON],
        argument(
            name="rows",
            description='1 to 5,000 objects whose keys are column keys or names, such as `{"Item": "Nails", '
            '"Price": "3.20"}`.',
        ),
    ],
    on_error: Annotated[
        OnError,
        argument(description="Handling of invalid rows; REJECT_ALL, the default, writes no row if any is invalid."),
    ] = (OnError.REJECT_ALL),
    idempotency_key: IdempotencyKey = None,
) -> AddRowsResult:
    await count_rows(info.context, len(rows_))
    return await info.context.write(rows.add, decode_id(table_id, Table), rows_, on_error, idempotency_key)


async def delete_rows(
    info: Info,
    table_id: TableId,
    row_ids: Annotated[list[strawberry.ID], argument(description="Ids of at most 5,000 rows of the table.")],
) -> DeleteRowsResult:
    ids = [decode_id(id_, Row, f"rowIds.{n}") for n, id_ in enumerate(row_ids)]
    deleted = await info.context.write(rows.delete, decode_id(table_id, Table), ids)
    return DeleteRowsResult(deleted.table, [global_id(Row, id_) for id_ in deleted.deleted_ids], deleted.revision)


async def upsert_rows(
    info: Info,
    table_id: TableId,
    key_columns: Annotated[
        list[strawberry.ID],
        argument(description="Keys or names of the columns whose values identify a row: at least one."),
    ],
    rows: Annotated[
        list[JSON],
        argument(
            description='1 to 5,000 objects whose keys are column keys or names, such as `{"Item": "Nails", "Price": '
            '"3.20"}`.',
        ),
    ],
    on_error: Annotated[
        OnError,
        argument(description="Handling of invalid rows; REJECT_ALL, the default, writes no row if any is invalid."),
    ] = (OnError.REJECT_ALL),
    idempotency_key: IdempotencyKey = None,
) -> UpsertRowsResult:
    id_ = decode_id(table_id, Table)
    await count_rows(info.context, len(rows))
    return await info.context.write(row_upserts.upsert, id_, key_columns, rows, on_error, idempotency_key)
