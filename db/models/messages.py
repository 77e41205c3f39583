"""Messages of conversations, which form a tree."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import Announced, AuditCounted, Base, Child, key_to
from db.models.conversations import Conversation


class MessageRole(StrEnum):
    """Author of a message."""

    SYSTEM = "SYSTEM"
    USER = "USER"
    ASSISTANT = "ASSISTANT"


class MessageStatus(StrEnum):
    """Progress of a message; every state except IN_PROGRESS is final."""

    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    STOPPED = "STOPPED"
    INTERRUPTED = "INTERRUPTED"
    FAILED = "FAILED"


def _own_id(context: Any) -> UUID:
    """Return the id of the new message, which starts a line of its own."""
    id_: UUID = context.get_current_parameters()["id"]
    return id_


class Message(Announced, AuditCounted, Child, Base):
    """Node in the tree of a conversation. A failed reply keeps its text, and `error_*` say why it failed.

    `depth` counts the messages from the first of the branch to this one. `line_id` is the first message of its line
    (see `db.conversations.segments`). `table_id` is the table that the person named for the message.
    """

    __tablename__ = "messages"
    __table_args__ = (
        Index(None, "conversation_id", "id"),
        Index(None, "parent_id", "id"),
        Index(None, "line_id", "depth", unique=True),
    )
    parent = Conversation
    parent_key = "conversation_id"
    counted_as = "messages"
    uncounted = unannounced = frozenset({"text"})  # grows every second while a reply is written

    conversation_id: Mapped[UUID] = mapped_column(key_to("conversations.id"))
    parent_id: Mapped[UUID | None] = mapped_column(key_to("messages.id"))
    role: Mapped[MessageRole]
    text: Mapped[str]
    status: Mapped[MessageStatus]
    model: Mapped[str | None]
    finish_reason: Mapped[str | None]
    input_tokens: Mapped[int | None]
    cached_tokens: Mapped[int | None]
    output_tokens: Mapped[int | None]
    reasoning_tokens: Mapped[int | None]
    cost_nanos: Mapped[int | None] = mapped_column(BigInteger)
    usage_estimated: Mapped[bool] = mapped_column(default=False, server_default=false())
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    error_retryable: Mapped[bool] = mapped_column(default=False)
    error_retry_at: Mapped[datetime | None]
    job_id: Mapped[UUID | None] = mapped_column(key_to("jobs.id"), index=True)
    depth: Mapped[int] = mapped_column(default=1, server_default="1")
    line_id: Mapped[UUID] = mapped_column(
        default=_own_id, nullable=True
    )  # SQLite adds no column that must have a value
    table_id: Mapped[UUID | None]
