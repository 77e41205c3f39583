"""Items: things to do."""

from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import AuditedRow, Base, Owned, key_to


class Item(AuditedRow, Owned, Base):
    """Thing to do, with an owner; it may concern a site or a conversation of its organization."""

    __tablename__ = "items"
    __table_args__ = (Index(None, "organization_id", "id"), Index(None, "owner_id", "id"))

    title: Mapped[str]
    description: Mapped[str | None]
    is_completed: Mapped[bool] = mapped_column(default=False)
    site_id: Mapped[UUID | None] = mapped_column(key_to("sites.id"), index=True)
    conversation_id: Mapped[UUID | None] = mapped_column(key_to("conversations.id"), index=True)
