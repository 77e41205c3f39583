"""Mapped classes of attachments."""

from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import Base, Child, NotAudited, key_to
from db.models.messages import Message


class Attachment(NotAudited, Child, Base):
    """Seen with its message. What is in it is kept under `blob_id`, which copies of the message share."""

    __tablename__ = "attachments"
    __table_args__ = (Index(None, "message_id", "id"), Index(None, "blob_id"))
    parent = Message
    parent_key = "message_id"

    message_id: Mapped[UUID] = mapped_column(key_to("messages.id"))
    blob_id: Mapped[UUID]
    name: Mapped[str]
    content_type: Mapped[str]
    size: Mapped[int]


class AttachmentText(NotAudited, Child, Base):
    """What a file says, as it was read when it came; an image has none. Apart, for it may be long."""

    __tablename__ = "attachment_texts"
    __table_args__ = (Index(None, "attachment_id", unique=True),)
    parent = Attachment
    parent_key = "attachment_id"

    attachment_id: Mapped[UUID] = mapped_column(key_to("attachments.id"))
    text: Mapped[str]
