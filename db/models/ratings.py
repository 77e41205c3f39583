"""Ratings of messages."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import AuditCounted, Base, Subject, key_to
from db.core.policy_rules import UserOwned
from db.models.messages import Message


class Rating(StrEnum):
    """Rating of a message by one user."""

    UP = "UP"
    DOWN = "DOWN"


class MessageRating(AuditCounted, UserOwned, Base):
    """Rating of one message by one user; `value` is null after the user withdrew it."""

    __tablename__ = "message_ratings"
    __table_args__ = (UniqueConstraint("message_id", "user_id", name="uq_message_ratings"),)
    counted_as = "ratings"

    message_id: Mapped[UUID] = mapped_column(key_to("messages.id"))
    user_id: Mapped[UUID] = mapped_column(key_to("users.id"))
    value: Mapped[Rating | None]
    comment: Mapped[str | None]

    def counted_in(self) -> Subject:
        return Message, self.message_id
