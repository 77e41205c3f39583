"""Readings of modules."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Float, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import AuditCounted, Base, Child, key_to
from db.models.modules import Module


class Reading(AuditCounted, Child, Base):
    """Number that a module measured at a moment."""

    __tablename__ = "readings"
    __table_args__ = (Index(None, "module_id", "metric", "at", "id"), Index("ix_readings_at", "module_id", "at", "id"))
    parent = Module
    parent_key = "module_id"
    counted_as = "readings"

    module_id: Mapped[UUID] = mapped_column(key_to("modules.id"))
    metric: Mapped[str]
    value: Mapped[float] = mapped_column(Float(53))
    at: Mapped[datetime]
