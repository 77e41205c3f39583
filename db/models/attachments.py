"""Files attached to messages, and the text that was read from them."""

from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import Base, Child, NotAudited, key_to
from db.models.messages import Message


class Attachment(NotAudited, Child, Base):
    """File of a message, visible with it. Its content is stored under `blob_id`, which copies of the message share."""

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
    """Text of an attachment, read when it was uploaded; an image has none. A table of its own, as it may be long."""

    __tablename__ = "attachment_texts"
    __table_args__ = (Index(None, "attachment_id", unique=True),)
    parent = Attachment
    parent_key = "attachment_id"

    attachment_id: Mapped[UUID] = mapped_column(key_to("attachments.id"))
    text: Mapped[str]
