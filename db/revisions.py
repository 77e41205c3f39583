"""Every change of a table, in order: history, undo, provenance and change feed in one log."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Child, Json, key_to
from db.tables import Table
from tables.changes import ChangeKind


class ChangeSource(StrEnum):
    """What a revision came from."""

    USER = "USER"
    ASSISTANT = "ASSISTANT"
    IMPORT = "IMPORT"
    UNDO = "UNDO"
    SYSTEM = "SYSTEM"


class Revision(Child, Base):
    """The actor and the moment are the row's own creation; numbers of a table have no gaps."""

    __tablename__ = "revisions"
    __table_args__ = (UniqueConstraint("table_id", "number"),)
    parent = Table
    parent_key = "table_id"

    table_id: Mapped[UUID] = mapped_column(key_to("tables.id"))
    number: Mapped[int]
    source: Mapped[ChangeSource]
    summary: Mapped[str]


class CellChange(Child, Base):
    """One change of a revision; `old_origin` and `new_origin` are where the values came from."""

    __tablename__ = "cell_changes"
    __table_args__ = (Index(None, "revision_id", "id"), Index(None, "table_id", "row_id"))
    parent = Table
    parent_key = "table_id"

    table_id: Mapped[UUID] = mapped_column(key_to("tables.id"))
    revision_id: Mapped[UUID] = mapped_column(key_to("revisions.id"))
    kind: Mapped[ChangeKind]
    row_id: Mapped[UUID | None]
    column: Mapped[str | None]
    old: Mapped[Json | None] = mapped_column()
    new: Mapped[Json | None] = mapped_column()
    old_origin: Mapped[Json | None] = mapped_column()
    new_origin: Mapped[Json | None] = mapped_column()
