"""Revisions of tables, and the changes of each."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import Base, Child, Json, NotAudited, key_to
from db.models.tables import Table
from tables.changes import ChangeKind


class ChangeSource(StrEnum):
    """Origin of a revision."""

    USER = "USER"
    ASSISTANT = "ASSISTANT"
    IMPORT = "IMPORT"
    UNDO = "UNDO"
    SYSTEM = "SYSTEM"


class Revision(NotAudited, Child, Base):
    """Revision of a table. Actor and time are those of the row; the numbers of a table have no gaps."""

    __tablename__ = "revisions"
    __table_args__ = (UniqueConstraint("table_id", "number"),)
    parent = Table
    parent_key = "table_id"

    table_id: Mapped[UUID] = mapped_column(key_to("tables.id"))
    number: Mapped[int]
    source: Mapped[ChangeSource]
    summary: Mapped[str]


class CellChange(NotAudited, Child, Base):
    """Change of a revision, as `tables.changes` describes it, with all that undo needs.

    `place` is its index in the revision, from 0; `row_version` is the version of the row after the change.
    CELL_CHANGED stores the origins of the values in `old_origin` and `new_origin`; ROW_ADDED stores {"origins"} of the
    new row in `new_origin`; ROW_DELETED stores {"version",
    "origins", "created_at", "created_by"} of the row in `old_origin`.
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
    row_version: Mapped[int | None]
    column: Mapped[str | None]
    old: Mapped[Json] = mapped_column(nullable=True)
    new: Mapped[Json] = mapped_column(nullable=True)
    old_origin: Mapped[Json] = mapped_column(nullable=True)
    new_origin: Mapped[Json] = mapped_column(nullable=True)
