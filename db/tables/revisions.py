"""Every change of a table, in order: history, undo, provenance and change feed in one log."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import exists, func, or_, select
from sqlalchemy.sql import ColumnElement

from db.core.pagination import Listing
from db.core.prepared import OneOf, Prepared, bind
from db.core.session import Session
from db.models.revisions import CellChange, Revision
from errors import NotFound
from tables.changes import ChangeKind, column_of
from tables.types.types import Column

BATCH = 1_000  # changes of one revision that are read at once


def _history(*conditions: ColumnElement[bool]) -> Listing[Revision]:
    touches = exists(select(CellChange.id).where(CellChange.revision_id == Revision.id, *conditions))
    return Listing(Revision, *([touches] if conditions else []), newest_first=True, of_parent=True)


_row: Any = CellChange.row_id == bind("row_id", CellChange.row_id)
_column: Any = CellChange.column == bind("column", CellChange.column)
of_table = _history()
of_row = _history(_row)
of_column = _history(_column)
of_cell = _history(_row, or_(_column, CellChange.column.is_(None)))

after: Prepared[Revision] = Prepared(
    select(Revision).where(Revision.number > bind("after", Revision.number)).order_by(Revision.number).limit(100),
    children=Revision,
)


def _changes(*conditions: ColumnElement[bool]) -> Prepared[CellChange]:
    query = select(CellChange).where(OneOf(CellChange.revision_id), *conditions)
    return Prepared(query.order_by(CellChange.revision_id, CellChange.place))


changes_of = _changes(CellChange.place < bind("limit", CellChange.place))
changes_of_row = _changes(CellChange.table_id == bind("table_id", CellChange.table_id), _row)
changes_of_cell = _changes(
    CellChange.table_id == bind("table_id", CellChange.table_id), _row, or_(_column, CellChange.column.is_(None))
)


def numbered(session: Session, table_id: UUID, number: int) -> Revision:
    """A revision by its number; NotFound when the table has none of it."""
    query = select(Revision).where(Revision.table_id == table_id, Revision.number == number)
    revision = session.scalars(query).one_or_none()
    if revision is None:
        raise NotFound.of("revision", f"The table has no revision {number}: see its history.")
    return revision


class Logged(NamedTuple):
    """A `CellChange` as undoing reads it."""

    kind: ChangeKind
    row_id: UUID | None
    column: str | None
    old: Any
    new: Any
    old_origin: Any
    new_origin: Any


_LOGGED = [getattr(CellChange, name) for name in Logged._fields]


def changes_back(session: Session, revision: Revision) -> Iterator[list[Logged]]:
    """All changes of a revision, last first, some at a time."""
    mine = select(*_LOGGED).where(CellChange.revision_id == revision.id).order_by(CellChange.place.desc())
    last = session.scalar(select(func.max(CellChange.place)).where(CellChange.revision_id == revision.id))
    for end in range(-1 if last is None else last, -1, -BATCH):
        found = session.execute(mine.where(CellChange.place <= end, CellChange.place > end - BATCH))
        yield [Logged._make(row) for row in found]


def row_ids_of(session: Session, revision: Revision, *kinds: ChangeKind) -> list[UUID]:
    """The rows that a revision did one of these to, each once."""
    query = select(CellChange.row_id).where(CellChange.revision_id == revision.id, CellChange.kind.in_(kinds))
    return [id_ for id_ in session.scalars(query.distinct()) if id_]


def columns_before(session: Session, table_id: UUID, number: int) -> dict[str, Column]:
    """Definitions before a revision, by key, of the columns that were changed in it or since."""
    query = select(CellChange.column, CellChange.old).join(Revision, CellChange.revision_id == Revision.id)
    changed = (CellChange.row_id.is_(None), CellChange.kind == ChangeKind.COLUMN_CHANGED)
    query = query.where(CellChange.table_id == table_id, *changed, Revision.number >= number)
    found: dict[str, Column] = {}
    for key, old in session.execute(query.order_by(Revision.number, CellChange.place)):
        found.setdefault(str(key), column_of(old))
    return found
