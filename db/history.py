"""Who changed what: one row for each changed column of a recorded row, written by the session itself."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Index, inspect
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.sql import ColumnElement

from auth.viewer import Role, Viewer
from db.base import Base, Json, Recorded
from db.policy import administered

SYSTEM_COLUMNS = frozenset({"updated_at", "updated_by_id"})


class FieldChange(Base):
    """The old and new value of one column; the actor and the moment are the row's own creation."""

    __tablename__ = "field_changes"
    __table_args__ = (Index(None, "subject_id", "id"),)

    organization_id: Mapped[UUID | None]
    subject_type: Mapped[str]
    subject_id: Mapped[UUID]
    field: Mapped[str]
    old: Mapped[Json | None]
    new: Mapped[Json | None] = mapped_column()

    @classmethod
    def visible(cls, row: Any) -> ColumnElement[bool]:
        organization: ColumnElement[bool] = row.organization_id.in_(administered())
        return organization

    def writable(self, viewer: Viewer, roles: dict[UUID, Role]) -> bool:  # noqa: ARG002
        """Never by anybody: the session itself writes it beside a change that was checked."""
        return False


def plain(value: Any) -> Any:
    """A column's value as JSON."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID | Decimal) else value


def record_changes(session: Session, row: Base) -> None:
    """Add what changed in a row, if it is a recorded one, to the same transaction."""
    if not isinstance(row, Recorded):
        return
    state = inspect(row)
    for attribute in state.mapper.column_attrs:
        change = state.attrs[attribute.key].history
        if not change.has_changes() or attribute.key in SYSTEM_COLUMNS | row.unrecorded:
            continue
        session.add(
            FieldChange(
                organization_id=getattr(row, "organization_id", None),
                subject_type=type(row).__name__,
                subject_id=row.id,
                field=attribute.key,
                old=plain(next(iter(change.deleted), None)),
                new=plain(next(iter(change.added), None)),
            )
        )
