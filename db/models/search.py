"""Search index of messages."""

from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import Base, NotAudited
from db.core.policy_rules import SystemOnly


class MessageWords(NotAudited, SystemOnly, Base):
    """Folded words of the message with the same id, and its organization as one more word; both are indexed.

    Triggers on SQLite, and an expression index on PostgreSQL, keep the index up to date.
    """

    __tablename__ = "message_words"

    id: Mapped[UUID] = mapped_column(
        ForeignKey("messages.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED"),
        primary_key=True,
        sort_order=-10,
    )
    words: Mapped[str]
    scope: Mapped[str]
