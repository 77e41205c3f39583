"""Share links of conversations."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import AuditedRow, Base, Child, Json, Subject, key_to
from db.models.conversations import Conversation


class Share(AuditedRow, Child, Base):
    """Shared content. The token of the link is stored as a digest and derived again from the id.

    `content` is {"title", "messages": [{"by", "text"}], "omitted", "tables": [{"name", "columns", "rows",
    "row_count"}]}: texts only, without identities.
    """

    __tablename__ = "shares"
    __table_args__ = (Index(None, "conversation_id", "id"),)
    parent = Conversation
    parent_key = "conversation_id"
    unaudited = frozenset({"content", "digest"})

    conversation_id: Mapped[UUID] = mapped_column(key_to("conversations.id"))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    expires_at: Mapped[datetime]
    content: Mapped[Json] = mapped_column()

    def subject(self) -> Subject:
        return Conversation, self.conversation_id
