"""Sessions of users and their refresh tokens."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import AuditCounted, Base, NotAudited, Subject, key_to, now
from db.core.policy_rules import SystemOnly, UserOwned
from db.models.users import User


class SessionEnd(StrEnum):
    """Reason why a session ended early."""

    LOGGED_OUT = "LOGGED_OUT"
    TOKEN_REUSED = "TOKEN_REUSED"  # noqa: S105  no password
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105  no password
    RIGHTS_CHANGED = "RIGHTS_CHANGED"
    DEACTIVATED = "DEACTIVATED"
    DELETED = "DELETED"


class SignIn(AuditCounted, UserOwned, Base):
    """Family of refresh tokens, of which the newest is valid; ends at `revoked_at` or by time."""

    __tablename__ = "sign_ins"
    __table_args__ = (Index(None, "user_id", "id"),)
    counted_as = "sessions"
    uncounted = frozenset({"last_used_at", "expires_at"})

    user_id: Mapped[UUID] = mapped_column(key_to("users.id"))
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None] = mapped_column(index=True)
    ending: Mapped[SessionEnd | None]
    last_used_at: Mapped[datetime] = mapped_column(default=now)
    user_agent: Mapped[str | None]
    ip_address: Mapped[str | None]

    def counted_in(self) -> Subject:
        return User, self.user_id


class RefreshToken(NotAudited, SystemOnly, Base):
    """Issued refresh token, stored as a digest. A used token that returns was stolen.

    `used_by` is a digest of the user agent and address of its first use, since one client may repeat a request.
    """

    __tablename__ = "refresh_tokens"

    sign_in_id: Mapped[UUID] = mapped_column(key_to("sign_ins.id"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    used_at: Mapped[datetime | None]
    used_by: Mapped[bytes | None] = mapped_column(LargeBinary(32))
