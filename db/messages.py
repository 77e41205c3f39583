"""What was said: people's messages and the assistant's replies."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Child, key_to
from db.conversations import Conversation
from db.listing import Listing

PREVIEW_LENGTH = 140


class MessageRole(StrEnum):
    """Who speaks."""

    SYSTEM = "SYSTEM"
    USER = "USER"
    ASSISTANT = "ASSISTANT"


class MessageStatus(StrEnum):
    """How far a message is; everything but IN_PROGRESS is final."""

    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    STOPPED = "STOPPED"
    INTERRUPTED = "INTERRUPTED"
    FAILED = "FAILED"


class Message(Child, Base):
    """Seen with its conversation. A failed reply keeps its text and says why in `error_*`."""

    __tablename__ = "messages"
    __table_args__ = (Index(None, "conversation_id", "id"),)
    parent = Conversation
    parent_key = "conversation_id"

    conversation_id: Mapped[UUID] = mapped_column(key_to("conversations.id"))
    parent_id: Mapped[UUID | None] = mapped_column(key_to("messages.id"))
    role: Mapped[MessageRole]
    text: Mapped[str]
    status: Mapped[MessageStatus]
    model: Mapped[str | None]
    finish_reason: Mapped[str | None]
    input_tokens: Mapped[int | None]
    output_tokens: Mapped[int | None]
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    error_retryable: Mapped[bool] = mapped_column(default=False)
    job_id: Mapped[UUID | None] = mapped_column(key_to("jobs.id"))


of_conversation = Listing(Message, of_parent=True)


@dataclass(frozen=True)
class Exchange:
    """What a person said and the reply to it, which has only begun."""

    conversation: Conversation
    message: Message
    reply: Message
