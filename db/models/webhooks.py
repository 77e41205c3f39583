"""Webhooks and their deliveries."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import AuditedRow, Base, Child, Json, NotAudited, Owned, key_to


class WebhookEvent(StrEnum):
    """Event that webhooks are told."""

    TABLE_CHANGED = "TABLE_CHANGED"
    PROPOSAL_READY = "PROPOSAL_READY"
    REPLY_ENDED = "REPLY_ENDED"
    EXPORT_FINISHED = "EXPORT_FINISHED"
    REPORT_READY = "REPORT_READY"


class Webhook(AuditedRow, Owned, Base):
    """Address of the owner that is told events of one table, or of everything they see in an organization."""

    __tablename__ = "webhooks"
    __table_args__ = (Index(None, "organization_id", "id"), Index(None, "table_id", "id"))

    unaudited = frozenset({"url"})  # many receivers are known by a secret in their address

    table_id: Mapped[UUID | None] = mapped_column(key_to("tables.id"))
    url: Mapped[str]
    events: Mapped[Json] = mapped_column()


class Delivery(NotAudited, Child, Base):
    """Delivery of an event to a webhook; its job has the state and the attempts."""

    __tablename__ = "deliveries"
    __table_args__ = (Index(None, "webhook_id", "id"), Index(None, "job_id"))
    parent = Webhook
    parent_key = "webhook_id"

    webhook_id: Mapped[UUID] = mapped_column(key_to("webhooks.id"))
    job_id: Mapped[UUID] = mapped_column(key_to("jobs.id"))
    event: Mapped[WebhookEvent]
    subject_id: Mapped[UUID]
    payload: Mapped[Json] = mapped_column()
    response_status: Mapped[int | None]
