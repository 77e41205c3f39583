"""Modules: devices at a site."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import AuditedRow, Base, Child, key_to
from db.models.sites import Site


class ModuleStatus(StrEnum):
    """Operating state of a module."""

    ACTIVE = "ACTIVE"
    DEGRADED = "DEGRADED"
    OFFLINE = "OFFLINE"
    RETIRED = "RETIRED"


class Module(AuditedRow, Child, Base):
    """Device at a site; `last_seen_at` is the time of its newest reading."""

    __tablename__ = "modules"
    __table_args__ = (Index(None, "site_id", "id"),)
    unaudited = frozenset({"last_seen_at"})
    parent = Site
    parent_key = "site_id"

    site_id: Mapped[UUID] = mapped_column(key_to("sites.id"))
    name: Mapped[str]
    kind: Mapped[str]
    serial_number: Mapped[str | None]
    status: Mapped[ModuleStatus] = mapped_column(default=ModuleStatus.ACTIVE)
    last_seen_at: Mapped[datetime | None]
