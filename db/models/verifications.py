"""Mailed tokens that verify an address, change it, or reset a password."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import AuditCounted, Base, Subject, key_to
from db.core.policy_rules import SystemOnly
from db.models.users import User


class Purpose(StrEnum):
    """Purpose of a token."""

    VERIFY_EMAIL = "VERIFY_EMAIL"
    RESET_PASSWORD = "RESET_PASSWORD"  # noqa: S105  no password
    CHANGE_EMAIL = "CHANGE_EMAIL"


class Verification(AuditCounted, SystemOnly, Base):
    """Mailed token, stored as a digest; it works once, and only for the address it was sent to.

    `email` is the address of the account, or, for a token of CHANGE_EMAIL, the one that it is to have.
    """

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
