"""Segments of the branches of a conversation."""

from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import Base, Child, NotAudited, key_to
from db.models.conversations import Conversation


class BranchSegment(NotAudited, Child, Base):
    """Branches that end on line `line_id` pass along `along_id` from `first_depth` to `last_depth`, inclusive.

    The last segment of a line runs along the line itself, ends at its last message, and has its id.
    """

    __tablename__ = "stretches"
    __table_args__ = (
        Index(None, "line_id", "first_depth"),
        Index(None, "along_id", "first_depth"),
        Index(None, "conversation_id", "first_depth"),
    )
    parent = Conversation
    parent_key = "conversation_id"

    conversation_id: Mapped[UUID] = mapped_column(key_to("conversations.id"))
    line_id: Mapped[UUID]
    along_id: Mapped[UUID]
    first_depth: Mapped[int]
    last_depth: Mapped[int]
