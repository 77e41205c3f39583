"""Change log of tables: one log serves history, undo, the origin of values, earlier states and the change feed."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import exists, func, or_, select
from sqlalchemy.sql import ColumnElement

from db.core.dialect_sql import OneOf
from db.core.pagination import Listing
from db.core.prepared import Prepared, bind
from db.core.session import Session
from db.models.revisions import CellChange, Revision
from errors import NotFound
from tables.changes import ChangeKind, column_from_json
from tables.types.types import Column

BATCH_SIZE = 1_000  # changes of one revision read at once


def _history(*conditions: ColumnElement[bool]) -> Listing[Revision]:
    touches = exists(select(CellChange.id).where(CellChange.revision_id == Revision.id, *conditions))
    return Listing(Revision, *([touches] if conditions else []), newest_first=True, of_parent=True)


_row: Any = CellChange.row_id == bind("row_id", CellChange.row_id)
_column: Any = CellChange.column == bind("column", CellChange.column)
of_table = _history()
of_row = _history(_row)
of_column = _history(_column)
of_cell = _history(_row, or_(_column, CellChange.column.is_(None)))

revisions_after: Prepared[Revision] = Prepared(
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


def get_revision(session: Session, table_id: UUID, number: int) -> Revision:
    """Return the revision with this number. Raises NotFound."""
    query = select(Revision).where(Revision.table_id == table_id, Revision.number == number)
    revision = session.scalars(query).one_or_none()
    if revision is None:
        raise NotFound.of("revision", f"The table has no revision {number}: list its `revisions` for those it has.")
    return revision


class LoggedChange(NamedTuple):
    """Fields of a `CellChange` that an undo reads."""

    kind: ChangeKind
    row_id: UUID | None
    column: str | None
    old: Any
    new: Any
    old_origin: Any
    new_origin: Any


_LOGGED = [getattr(CellChange, name) for name in LoggedChange._fields]


def changes_last_first(session: Session, revision: Revision) -> Iterator[list[LoggedChange]]:
    """Yield all changes of a revision, last first, in batches."""
    mine = select(*_LOGGED).where(CellChange.revision_id == revision.id).order_by(CellChange.place.desc())
    last = session.scalar(select(func.max(CellChange.place)).where(CellChange.revision_id == revision.id))
    for end in range(-1 if last is None else last, -1, -BATCH_SIZE):
        changes = session.execute(mine.where(CellChange.place <= end, CellChange.place > end - BATCH_SIZE))
        yield [LoggedChange._make(row) for row in changes]


def changed_row_ids(session: Session, revision: Revision, *kinds: ChangeKind) -> list[UUID]:
    """Return the ids of the rows that have a change of these kinds in the revision, each once."""
    query = select(CellChange.row_id).where(CellChange.revision_id == revision.id, CellChange.kind.in_(kinds))
    return [id_ for id_ in session.scalars(query.distinct()) if id_]


def column_definitions_before(session: Session, table_id: UUID, number: int) -> dict[str, Column]:
    """Return the definitions before a revision of the columns changed in it or later, by key."""
    query = select(CellChange.column, CellChange.old).join(Revision, CellChange.revision_id == Revision.id)
    changed = (CellChange.row_id.is_(None), CellChange.kind == ChangeKind.COLUMN_CHANGED)
    query = query.where(CellChange.table_id == table_id, *changed, Revision.number >= number)
    definitions: dict[str, Column] = {}
    for key, old in session.execute(query.order_by(Revision.number, CellChange.place)):
        definitions.setdefault(str(key), column_from_json(old))
    return definitions
