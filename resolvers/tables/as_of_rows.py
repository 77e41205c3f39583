"""Pages of the rows that a table had at an earlier revision, in the order of the table."""

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from db.models.tables import Table
from db.tables.history import as_of_queries
from db.tables.history.as_of_queries import MAX_POSITION, AsOfRow, RowPosition
from db.tables.history.reverse_delta import ReverseDelta
from db.tables.query.row_query import QueryShape, RowQuery
from db.tables.tables import column_of, columns_of
from errors import BadUserInput, Conflict, NotFound
from resolvers.core.context import Context
from resolvers.core.pages import PageArguments, Slice, invalid_cursor, slice_of
from resolvers.tables.row_cursors import decode_position, encode_position
from tables.types.types import Column

TRIES, BATCH = 20, 1_000
OWN_ORDER = RowQuery({}, QueryShape(), {})


class _TableChanged(Exception):
    """The table changed while it was read."""


async def head_of(context: Context, table_id: UUID, number: int) -> Any:
    """Return the current state of the table.

    Raises NotFound if the table is no longer visible, BadUserInput for an unknown revision.
    """
    head = await context.read_one(as_of_queries.table_head, table_id=table_id)
    if head is None:
        raise NotFound("There is no such table, or you may not see it any more.")
    if not 1 <= number <= head.revision:
        revisions = "revision 1, its only one" if head.revision == 1 else f"one from 1 to {head.revision:,}"
        raise BadUserInput.of("asOfRevision", f"The table has no revision {number:,}. Choose {revisions}.")
    return head


async def moments_of(context: Context, table_id: UUID, ids: list[UUID], number: int) -> dict[UUID, datetime]:
    """Return the time of each row's last change up to the revision, read from the change log."""
    if not ids:
        return {}
    rows = await context.read(as_of_queries.last_change_times, table_id=table_id, ids=ids, number=number)
    return {row.row_id: row.moment for row in rows}


class AsOfPage:
    """A page of the rows that a table had at a revision; its cursors are those of the table's own order."""

    def __init__(self, context: Context, table: Table, number: int) -> None:
        self._context, self._table_id, self._number = context, table.id, number

    async def load(self, page: PageArguments) -> Slice[Any]:  # of AsOfRow, which the schema serves as a Row
        cursor = None if page.cursor is None else _position_in(page.cursor, page.cursor_name)
        rows = await self._consistent_rows(page.size + 1, cursor, page.backwards)
        return slice_of(rows, lambda row: encode_position(OWN_ORDER.cursor_values(row)), page)

    async def total(self) -> int:
        for _ in range(TRIES):
            head = await self._head()
            state = await self._state(head.revision)
            if state.log_position == (head.revision, MAX_POSITION):
                return state.row_count(head.row_count)
        raise _too_busy()

    async def _head(self) -> Any:
        return await head_of(self._context, self._table_id, self._number)

    async def _state(self, today: int) -> ReverseDelta:
        backend, viewer = self._context.backend, self._context.viewer
        return await backend.snapshots.deltas.get(backend.database, viewer, self._table_id, self._number, today)

    async def _consistent_rows(self, limit: int, cursor: RowPosition | None, backwards: bool) -> list[AsOfRow]:
        """Return rows of one consistent state; a concurrent change of the table restarts the read."""
        for _ in range(TRIES):
            head = await self._head()
            columns = {row.key: column_of(row) for row in await self._context.read(columns_of, ids=[self._table_id])}
            state = await self._state(head.revision)
            columns_then = state.columns(self._table_id, columns)
            reading = _Reading(self._context, self._table_id, state, head.revision, columns_then)
            try:
                rows = await reading.rows(limit, cursor, backwards)
            except _TableChanged:
                continue
            if state.log_position == (
                head.revision,
                MAX_POSITION,
            ):  # another request may have advanced the shared delta
                return await self._with_times(rows, state)
        raise _too_busy()

    async def _with_times(self, rows: list[AsOfRow], state: ReverseDelta) -> list[AsOfRow]:
        changed = [row.id for row in rows if state.is_changed(row.id)]
        moments = await moments_of(self._context, self._table_id, changed, self._number)
        return [replace(row, updated_at=moments[row.id]) if row.id in moments else row for row in rows]


class _Reading:
    """Merge of current and deleted rows in the order that they had at the revision."""

    def __init__(
        self, context: Context, table_id: UUID, state: ReverseDelta, revision: int, columns: Mapping[str, Column]
    ) -> None:
        self._context, self._table_id, self._state = context, table_id, state
        self._revision, self._columns = revision, columns

    async def rows(self, limit: int, cursor: RowPosition | None, backwards: bool) -> list[AsOfRow]:
        """Return at most `limit` rows after a cursor or, backwards, before it. Raises _TableChanged."""
        deleted = self._deleted_beyond(cursor, backwards)
        rows: list[AsOfRow] = []
        size = limit
        while len(rows) < limit:
            batch = await self._read(size, cursor, backwards)
            for row in batch:
                cursor = row.position, row.id
                while deleted and len(rows) < limit and (deleted[-1] < cursor) is not backwards:
                    rows.append(self._deleted_row(deleted.pop()))
                if len(rows) == limit:
                    break
                if self._state.existed(row.id):
                    rows.append(self._state.revert_row(row, self._columns))
            if len(batch) < size:
                rows += [self._deleted_row(position) for position in deleted[::-1][: limit - len(rows)]]
                break
            # Many rows are newer than the revision: read on in larger batches.
            size = BATCH
            await asyncio.sleep(0)  # skipping many newer rows must not block other requests
        return rows

    def _deleted_beyond(self, cursor: RowPosition | None, backwards: bool) -> list[RowPosition]:
        """Return the positions of deleted rows beyond the cursor, in reverse, so that the next one is popped first."""
        deleted = self._state.deleted_rows()
        if cursor is not None and backwards:
            deleted = deleted[: bisect_left(deleted, cursor)]
        elif cursor is not None:
            deleted = deleted[bisect_right(deleted, cursor) :]
        return deleted[:] if backwards else deleted[::-1]

    def _deleted_row(self, position: RowPosition) -> AsOfRow:
        return self._state.deleted_row(position[1], self._table_id, self._columns)

    async def _read(self, limit: int, cursor: RowPosition | None, backwards: bool) -> list[Any]:
        query = as_of_queries.row_queries[cursor is not None, backwards]
        arguments = {} if cursor is None else {"position": cursor[0], "row_id": cursor[1]}
        batch = await self._context.read(
            query, table_id=self._table_id, limit=limit, end_position=self._state.end_position, **arguments
        )
        # An empty batch carries no revision, so the revision is read separately.
        head = batch[0] if batch else await self._context.read_one(as_of_queries.table_head, table_id=self._table_id)
        if head is None or head.revision != self._revision:
            raise _TableChanged
        return batch


def _too_busy() -> Conflict:
    return Conflict("The table is being changed too quickly to be read at this revision. Try again in a moment.")


def _position_in(cursor: str, field: str) -> RowPosition:
    try:
        binds = OWN_ORDER.cursor_binds(decode_position(cursor, field))
    except ValueError:
        raise invalid_cursor(field) from None
    return binds["position"], binds["row_id"]
