"""Conversations: who talks about what, where."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Owned, Recorded
from db.listing import Listing
from db.prepared import bind

SYSTEM_PROMPT = "You are a helpful assistant chatbot."


class ExtractionMode(StrEnum):
    """What becomes of the tables that were said."""

    OFF = "OFF"
    REVIEW = "REVIEW"
    AUTO = "AUTO"


class Conversation(Recorded, Owned, Base):
    """What is said is in `messages`; the last one's time, their number and a preview are kept here."""

    __tablename__ = "conversations"
    unrecorded = frozenset({"message_count", "last_message_at", "preview"})

    title: Mapped[str]
    system_prompt: Mapped[str]
    model: Mapped[str]
    temperature: Mapped[float | None]
    max_tokens: Mapped[int | None]
    extraction: Mapped[ExtractionMode] = mapped_column(default=ExtractionMode.AUTO)
    message_count: Mapped[int] = mapped_column(default=0)
    last_message_at: Mapped[datetime | None]
    preview: Mapped[str | None]


every = Listing(
    Conversation,
    newest_first=True,
    optional={
        "organization_id": Conversation.organization_id == bind("organization_id", Conversation.organization_id),
        "owner_id": Conversation.owner_id == bind("owner_id", Conversation.owner_id),
        "search": func.lower(Conversation.title).contains(func.lower(bind("search", Conversation.title))),
    },
)
