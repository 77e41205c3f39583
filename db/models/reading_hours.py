"""Readings summed up by hour."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Float, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import Base, Child, NotAudited, key_to
from db.models.modules import Module


class ReadingHour(NotAudited, Child, Base):
    """Sums of one module's readings of a metric in one hour, from `hour` until before `hour_end`.

    A reading makes its hour stale in the same transaction; the sums of a stale hour are not valid until the
    background has summed it up again.
    """

    __tablename__ = "reading_hours"
    __table_args__ = (Index(None, "module_id", "metric", "hour", unique=True),)
    parent = Module
    parent_key = "module_id"

    module_id: Mapped[UUID] = mapped_column(key_to("modules.id"))
    metric: Mapped[str]
    hour: Mapped[datetime]
    hour_end: Mapped[datetime]
    is_stale: Mapped[bool]
    count: Mapped[int] = mapped_column(default=0)
    total: Mapped[float] = mapped_column(Float(53), default=0.0)
    low: Mapped[float | None] = mapped_column(Float(53))
    high: Mapped[float | None] = mapped_column(Float(53))


Index(
    "ix_reading_hours_stale", ReadingHour.id, sqlite_where=ReadingHour.is_stale, postgresql_where=ReadingHour.is_stale
)
