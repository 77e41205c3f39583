"""Notifications of users."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import Base, NotAudited, key_to
from db.core.policy_rules import UserOwned


class Notification(NotAudited, UserOwned, Base):
    """Notification, visible to its user only; `subject_table` and `subject_id` name the row it is about."""

    __tablename__ = "notifications"
    __table_args__ = (Index(None, "user_id", "id"),)

    user_id: Mapped[UUID] = mapped_column(key_to("users.id"))
    kind: Mapped[str]
    title: Mapped[str]
    subject_table: Mapped[str | None]
    subject_id: Mapped[UUID | None]
    read_at: Mapped[datetime | None]
