"""Conversations and their settings."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, true
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import Announced, AuditedRow, Base, Owned, key_to


class ExtractionMode(StrEnum):
    """Handling of tables found in replies."""

    OFF = "OFF"
    REVIEW = "REVIEW"
    AUTO = "AUTO"


class Conversation(Announced, AuditedRow, Owned, Base):
    """Conversation; its newest message, its time, the number of messages and a preview are stored here."""

    __tablename__ = "conversations"
    __table_args__ = (Index(None, "organization_id", "id"), Index(None, "site_id", "id"))
    unaudited = frozenset({"is_named", "message_count", "last_message_at", "preview", "leaf_id"})

    title: Mapped[str]
    is_named: Mapped[bool] = mapped_column(default=False, server_default=true())
    site_id: Mapped[UUID | None] = mapped_column(key_to("sites.id"))
    system_prompt: Mapped[str]
    model: Mapped[str]
    temperature: Mapped[float | None]
    max_tokens: Mapped[int | None]
    extraction: Mapped[ExtractionMode] = mapped_column(default=ExtractionMode.AUTO)
    message_count: Mapped[int] = mapped_column(default=0)
    leaf_id: Mapped[UUID | None]
    last_message_at: Mapped[datetime | None]
    preview: Mapped[str | None]
