"""Queries on the rows that a table had at an earlier revision, run on a snapshot."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from db.core.prepared import Prepared
from db.tables.history.as_of_queries import ROW_FIELDS, AsOfRow
from db.tables.history.snapshot import Snapshot
from db.tables.query.row_query import QueryShape, RowQuery
from db.tables.tables import column_of, columns_of
from errors import BadUserInput
from resolvers.core.context import Context
from resolvers.tables.as_of_rows import head_of, moments_of
from tables.types.types import Column


class AsOfRows:
    """Rows of a table at a revision; the table has this revision and the viewer may see it."""

    def __init__(self, context: Context, table_id: UUID, number: int, snapshot: Snapshot) -> None:
        self._context, self._table_id, self._number, self._snapshot = context, table_id, number, snapshot

    @classmethod
    async def of(cls, context: Context, table_id: UUID, number: int) -> "AsOfRows":
        backend = context.backend
        return cls(context, table_id, number, await backend.snapshots.get(backend.database, table_id, number))

    @property
    def row_count(self) -> int:
        return self._snapshot.row_count

    async def plan(self, selection: RowQuery, *, total: bool = False) -> QueryShape:
        """Return the shape, with an index for the order where no filter applies."""
        # With a filter, sorting the few hits is faster than walking the index in order.
        shape = selection.shape
        if total:
            return replace(shape, sorts=())
        is_filtered = shape.where is not None or shape.search_columns is not None
        if is_filtered or not await self._snapshot.ensure_index(shape.sorts[0].key, shape.sorts[0].type):
            return shape
        return replace(shape, index=(self._table_id, shape.sorts[0].key))

    async def read(
        self,
        query: Prepared[Any],
        attributes: frozenset[str] | None,  # noqa: ARG002  a snapshot stores only what its rows need
        **arguments: Any,
    ) -> list[Any]:
        rows = await self._read_visible(query, arguments)
        unknown = [row.id for row in rows if row.updated_at is None]
        moments = await moments_of(self._context, self._table_id, unknown, self._number)
        return [self._as_of_row(row, moments.get(row.id, row.updated_at)) for row in rows]

    async def count(self, query: Prepared[Any], **arguments: Any) -> int:
        (row,) = await self._read_visible(query, arguments)
        return int(row.total)

    async def _read_visible(self, query: Prepared[Any], arguments: dict[str, Any]) -> list[Any]:
        """Read the snapshot after checking that the viewer may see the table now."""
        await head_of(self._context, self._table_id, self._number)
        return await self._snapshot.read(query, **arguments)

    def _as_of_row(self, row: Any, updated_at: Any) -> AsOfRow:
        fields = {name: getattr(row, name) for name in ROW_FIELDS}
        return AsOfRow(**{**fields, "updated_at": updated_at or row.created_at}, columns=self._snapshot.columns)


async def selection_of(
    context: Context, table_id: UUID, number: int, select: Callable[[Mapping[str, Column]], RowQuery]
) -> RowQuery:
    """Return the row query, read with the columns of the revision. Raises NotFound, BadUserInput."""
    columns = await _columns(context, table_id, number)
    try:
        # A snapshot has other indexes than the table.
        return select({key: replace(column, is_indexed=False) for key, column in columns.items()})
    except BadUserInput as error:
        raise BadUserInput(f"At revision {number:,}: {error.message}", fields=error.fields) from None


async def _columns(context: Context, table_id: UUID, number: int) -> Mapping[str, Column]:
    backend = context.backend
    await head_of(context, table_id, number)
    snapshot = backend.snapshots.find(table_id, number)
    if snapshot is not None:
        return snapshot.columns
    # The current columns are read before the change log: a change between the two reads is then in the log.
    today = {row.key: column_of(row) for row in await context.read(columns_of, ids=[table_id])}
    head = await head_of(context, table_id, number)
    state = await backend.snapshots.deltas.get(backend.database, context.viewer, table_id, number, head.revision)
    return state.columns(table_id, today)
