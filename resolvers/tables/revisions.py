"""Revisions: the history of a table and of a row, undoing, following."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, cast
from uuid import UUID

import strawberry
from strawberry import argument

from db.core.events import TableChanged
from db.core.pagination import Listing
from db.core.prepared import Prepared
from db.models.revisions import CellChange, Revision
from db.models.tables import Row, Table
from db.models.users import User
from db.tables import revisions
from db.tables.column_finder import ColumnFinder
from db.tables.editing.structure import TableChange
from db.tables.history import undo
from errors import BadUserInput, Conflict, NotFound
from resolvers.core.context import Context, Info
from resolvers.core.ids import decode_id, global_id
from resolvers.core.pages import KeysetPage
from resolvers.tables.cell_values import Source, source_in
from resolvers.tables.conflicts import client_conflict
from resolvers.tables.tables import TableId, columns_of, forget_columns
from tables.changes import ChangeKind

MAX_CHANGES, IDLE_SECONDS = 5_000, 15.0
COLUMNS = frozenset({ChangeKind.COLUMN_ADDED, ChangeKind.COLUMN_DELETED})


async def list_history(
    root: strawberry.Parent[Any],
    info: Info,
    row_id: Annotated[strawberry.ID | None, argument(description="Only revisions that changed this row.")] = None,
    column: Annotated[
        strawberry.ID | None, argument(description="Key or name of a column: only revisions that changed its cells.")
    ] = None,
) -> KeysetPage[Revision]:
    arguments: dict[str, Any] = {"table_id": root.id}
    if row_id is not None:
        arguments["row_id"] = decode_id(row_id, Row)
    if column is not None:
        arguments["column"] = await _column_key(info.context, root.id, column)
    return info.context.page(_listing(row_id is not None, column is not None), **arguments)


async def _column_key(context: Context, table_id: UUID, key_or_name: str) -> str:
    """Return the key of a column; an unknown key is returned unchanged, as deleted columns keep their history."""
    column = ColumnFinder(await columns_of(context, table_id)).find(key_or_name)
    return key_or_name if column is None else column.key


def _listing(of_row: bool, of_column: bool) -> Listing[Revision]:
    if of_row:
        return revisions.of_cell if of_column else revisions.of_row
    return revisions.of_column if of_column else revisions.of_table


def list_history_of_row(root: strawberry.Parent[Any], info: Info) -> KeysetPage[Revision]:
    return info.context.page(revisions.of_row, table_id=root.table_id, row_id=root.id)


def moment_of(root: strawberry.Parent[Any]) -> datetime:
    moment: datetime = root.created_at
    return moment


async def actor_of(root: strawberry.Parent[Any], info: Info) -> User | None:
    return await info.context.by_id(User, root.created_by_id)


async def list_changes(
    root: strawberry.Parent[Any],
    info: Info,
    first: Annotated[int, argument(description="Maximum number of changes: 0 to 5,000, 100 by default.")] = 100,
    row_id: Annotated[strawberry.ID | None, argument(description="Only changes of this row.")] = None,
    column: Annotated[
        strawberry.ID | None,
        argument(
            description="Key or name of a column, with `rowId`: only changes of this cell and of its row as a whole."
        ),
    ] = None,
) -> list[CellChange]:
    if not 0 <= first <= MAX_CHANGES:
        raise BadUserInput.of("first", f"Request 0 to {MAX_CHANGES:,} changes, not {first:,}.")
    column_key = None if column is None else await _column_key(info.context, root.table_id, column)
    query, arguments = _change_query(root, first, row_id, column_key)
    changes = (await info.context.children(query, root.id, "revision_id", **arguments))[:first]
    return changes if column_key is None else [_of_cell(change, column_key) for change in changes]


@dataclass(frozen=True)
class InitialCell:
    """Change that added or restored a row, seen from one of its cells: the cell's own value and its source."""

    kind: ChangeKind
    row_id: UUID
    column: str
    new: Any
    new_origin: Any
    row_version: int | None
    old: None = None
    old_origin: None = None


def _of_cell(change: CellChange, column: str) -> CellChange:
    if change.kind not in (ChangeKind.ROW_ADDED, ChangeKind.ROW_RESTORED) or change.row_id is None:
        return change
    origins = (change.new_origin or {}).get("origins", {})
    value, origin = change.new["values"].get(column), origins.get(column)
    cell = InitialCell(change.kind, change.row_id, column, value, origin, change.row_version)
    return cast(CellChange, cell)


def _change_query(
    revision: Any, first: int, row_id: str | None, column: str | None
) -> tuple[Prepared[CellChange], dict[str, Any]]:
    """Return the query for the changes of a revision, and its arguments except the revision's id."""
    if row_id is not None:
        of_row = {"table_id": revision.table_id, "row_id": decode_id(row_id, Row, "rowId")}
        if column is None:
            return revisions.changes_of_row, of_row
        return revisions.changes_of_cell, of_row | {"column": column}
    if column is not None:
        raise BadUserInput.of("column", "Send `rowId` too: a row and a column together name a cell.")
    return revisions.changes_of, {"limit": first}


def row_id_of(root: strawberry.Parent[Any]) -> strawberry.ID | None:
    return global_id(Row, root.row_id) if root.row_id else None


def old_of(root: strawberry.Parent[Any]) -> Any:
    return _displayed(root.kind, root.old)


def new_of(root: strawberry.Parent[Any]) -> Any:
    return _displayed(root.kind, root.new)


def _displayed(kind: str, value: Any) -> Any:
    """Return the value of a change; of a column, its definition without the values of its cells."""
    return value["definition"] if value is not None and kind in COLUMNS else value


def source_of(root: strawberry.Parent[Any]) -> Source | None:
    return source_in(root.new_origin)


async def undo_revision(
    info: Info,
    table_id: TableId,
    revision: Annotated[int, argument(description="Number of the revision to undo.")],
    force: Annotated[
        bool,
        argument(description="Also undo cells that were changed again since; without it they are refused as CONFLICT."),
    ] = False,
) -> TableChange:
    id_ = decode_id(table_id, Table)
    try:
        return await info.context.write(undo.undo, id_, revision, force=force)
    except Conflict as conflict:
        raise await client_conflict(info.context, conflict) from None
    finally:
        forget_columns(info.context)


def position_of(revision: Revision) -> str:
    return str(revision.number)


async def table_changes(
    info: Info,
    table_id: TableId,
    after: Annotated[
        int | None,
        argument(
            description="Number of the last revision that you have; the stream starts with the next change when "
            "omitted.",
        ),
    ] = None,
) -> AsyncGenerator[Revision, None]:
    """Yield every revision after one, in order and without gaps; NOT_FOUND ends it when the viewer loses the table."""
    context, id_ = info.context, decode_id(table_id, Table)
    after = context.resumed_after_number(after)
    with context.backend.hub.subscribe(TableChanged(id_)) as changed:
        last = _start_revision((await _table(context, id_)).revision, after)
        while True:
            # Cleared before the read, so that a change during it is not missed.
            changed.clear()
            current = (await _table(context, id_)).revision
            batch = await context.read(revisions.revisions_after, table_id=id_, after=last)
            # Numbers have no gaps, so a missing one was removed from the database, and its changes would be skipped.
            if (batch[0].number > last + 1) if batch else (current > last):
                raise _too_old(last)
            for revision in batch:
                last = revision.number
                yield revision
            if not batch:
                with suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_SECONDS):
                        await changed.wait()


def _start_revision(current: int, after: int | None) -> int:
    if after is None:
        return current
    if not 0 <= after <= current:
        raise BadUserInput.of(
            "after", f"The table has no revision {after:,}. Send the last one that you have, from 0 to {current:,}."
        )
    return after


def _too_old(number: int) -> BadUserInput:
    return BadUserInput.of(
        "after",
        f"The revisions after {number:,} are no longer stored. Read the table again and follow its `revision`.",
    )


async def _table(context: Context, id_: UUID) -> Table:
    """Return the table as it is now. Raises NotFound when the viewer may no longer see it."""
    table = await context.fresh().by_id(Table, id_)
    if table is None:
        raise NotFound("There is no such table, or you may not see it any more.")
    return table
