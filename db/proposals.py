"""What the assistant would put into a table, each cell with its source, until somebody decides."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Child, Json, key_to
from db.conversations import Conversation


class ProposalStatus(StrEnum):
    """What became of a proposal."""

    PENDING = "PENDING"
    APPLIED = "APPLIED"
    REJECTED = "REJECTED"


class Proposal(Child, Base):
    """`columns` are column definitions, `changes` the proposed changes with their sources, as JSON."""

    __tablename__ = "proposals"
    __table_args__ = (Index(None, "message_id", "id"), Index(None, "table_id", "id"))
    parent = Conversation
    parent_key = "conversation_id"

    conversation_id: Mapped[UUID] = mapped_column(key_to("conversations.id"))
    message_id: Mapped[UUID] = mapped_column(key_to("messages.id"))
    table_id: Mapped[UUID | None] = mapped_column(key_to("tables.id"))
    status: Mapped[ProposalStatus] = mapped_column(default=ProposalStatus.PENDING)
    table_name: Mapped[str]
    columns: Mapped[Json] = mapped_column()
    changes: Mapped[Json] = mapped_column()
