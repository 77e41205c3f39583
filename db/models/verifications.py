"""Mapped classes of verifications."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import AuditCounted, Base, Subject, key_to
from db.core.policy_rules import SystemOnly
from db.models.users import User


class Purpose(StrEnum):
    """What a token is good for."""

    VERIFY_EMAIL = "VERIFY_EMAIL"
    RESET_PASSWORD = "RESET_PASSWORD"  # noqa: S105  no password


class Verification(AuditCounted, SystemOnly, Base):
    """A token that was mailed; only its digest is kept, it is good once, and only for the address it went to."""

    __tablename__ = "verifications"
    __table_args__ = (Index(None, "user_id", "purpose"),)
    counted_as = "verifications"

    user_id: Mapped[UUID] = mapped_column(key_to("users.id"))
    purpose: Mapped[Purpose]
    email: Mapped[str]
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    def counted_in(self) -> Subject:
        return User, self.user_id
