"""Usage of language models summed up by day."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import ColumnElement

from db.core.base import Base, NotAudited, key_to
from db.core.policy_rules import UserOwned
from db.models.usage import Usage


class UsageDay(NotAudited, UserOwned, Base):
    """Sums of one user's calls in one conversation on one day in UTC, from `day` until before `day_end`.

    A call makes its day stale in the transaction that settles it; the sums of a stale day are not valid until the
    background has summed it up again. The conversation is part of the key because the calls are visible with it.
    """

    __tablename__ = "usage_days"
    __table_args__ = (
        Index(None, "conversation_id", "user_id", "day", unique=True),
        Index(None, "organization_id", "day"),
        Index(None, "user_id", "day"),
    )

    organization_id: Mapped[UUID] = mapped_column(key_to("organizations.id"))
    user_id: Mapped[UUID] = mapped_column(key_to("users.id"))
    conversation_id: Mapped[UUID]
    day: Mapped[datetime]
    day_end: Mapped[datetime]
    is_stale: Mapped[bool]
    input_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    cached_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    output_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    reasoning_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    cost_nanos: Mapped[int] = mapped_column(BigInteger, default=0)
    estimated: Mapped[int] = mapped_column(default=0)

    @classmethod
    def visible(cls, row: Any) -> ColumnElement[bool]:
        return Usage.visible(row)


Index("ix_usage_days_stale", UsageDay.id, sqlite_where=UsageDay.is_stale, postgresql_where=UsageDay.is_stale)
