"""Every change of a table, in order: history, undo, provenance and change feed in one log."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, exists, or_, select
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import ColumnElement

from db.base import Base, Child, Json, Unlogged, key_to
from db.listing import Listing
from db.prepared import OneOf, Prepared, bind
from db.session import Session
from db.tables import Table
from errors import NotFound
from tables.changes import ChangeKind


class ChangeSource(StrEnum):
    """What a revision came from."""

    USER = "USER"
    ASSISTANT = "ASSISTANT"
    IMPORT = "IMPORT"
    UNDO = "UNDO"
    SYSTEM = "SYSTEM"


class Revision(Unlogged, Child, Base):
    """The actor and the moment are the row's own creation; numbers of a table have no gaps."""

    __tablename__ = "revisions"
    __table_args__ = (UniqueConstraint("table_id", "number"),)
    parent = Table
    parent_key = "table_id"

    table_id: Mapped[UUID] = mapped_column(key_to("tables.id"))
    number: Mapped[int]
    source: Mapped[ChangeSource]
    summary: Mapped[str]


class CellChange(Unlogged, Child, Base):
    """One change of a revision, as `tables.changes.Change` says, with what it takes to turn it round.

    `place` is its place among them, from 0. CELL_CHANGED keeps in `old_origin` and `new_origin` where the
    values came from; ROW_DELETED in `old_origin` the row's {"version", "origins", "created_at",
    "created_by"}.
    """

    __tablename__ = "cell_changes"
    __table_args__ = (Index(None, "revision_id", "place"), Index(None, "table_id", "row_id"))
    parent = Table
    parent_key = "table_id"

    table_id: Mapped[UUID] = mapped_column(key_to("tables.id"))
    revision_id: Mapped[UUID] = mapped_column(key_to("revisions.id"))
    place: Mapped[int]
    kind: Mapped[ChangeKind]
    row_id: Mapped[UUID | None]
    column: Mapped[str | None]
    old: Mapped[Json] = mapped_column(nullable=True)
    new: Mapped[Json] = mapped_column(nullable=True)
    old_origin: Mapped[Json] = mapped_column(nullable=True)
    new_origin: Mapped[Json] = mapped_column(nullable=True)


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

changes_of: Prepared[CellChange] = Prepared(
    select(CellChange)
    .where(OneOf(CellChange.revision_id), CellChange.place < bind("limit", CellChange.place))
    .order_by(CellChange.revision_id, CellChange.place)
)


def numbered(session: Session, table_id: UUID, number: int) -> Revision:
    """A revision by its number; NotFound when the table has none of it."""
    query = select(Revision).where(Revision.table_id == table_id, Revision.number == number)
    revision = session.scalars(query).one_or_none()
    if revision is None:
        raise NotFound(f"The table has no revision {number}: see its history.")
    return revision


def changes_in(session: Session, revision: Revision) -> list[CellChange]:
    """All changes of a revision, in their order."""
    query = select(CellChange).where(CellChange.revision_id == revision.id).order_by(CellChange.place)
    return list(session.scalars(query))
