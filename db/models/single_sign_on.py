"""Identities with which users sign in at other providers, and the sign-ins that are under way."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import AuditCounted, Base, NotAudited, Subject, key_to, unique_while_active
from db.core.policy_rules import SystemOnly
from db.models.users import User

LIFETIME = timedelta(minutes=10)  # of a sign-in at the provider


class Identity(AuditCounted, SystemOnly, Base):
    """Identity of a user at an OpenID Connect provider: the issuer and its name for the person."""

    __tablename__ = "identities"
    __table_args__ = (unique_while_active("issuer", "subject"), Index(None, "user_id", "issuer"))
    counted_as = "identities"

    user_id: Mapped[UUID] = mapped_column(key_to("users.id"))
    issuer: Mapped[str]
    subject: Mapped[str]

    def counted_in(self) -> Subject:
        return User, self.user_id


class SignInCode(NotAudited, SystemOnly, Base):
    """Sign-in that came back from a provider; its state works once, and so does its code, stored as a digest.

    `challenge` is the digest of a verifier that only the page that began has, if it sent one.
    """

    __tablename__ = "sign_in_codes"

    state_digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    expires_at: Mapped[datetime]
    digest: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    challenge: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    user_id: Mapped[UUID | None] = mapped_column(key_to("users.id"), index=True)
    used_at: Mapped[datetime | None]
