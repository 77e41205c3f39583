"""Google accounts that users have connected, and the consents that are under way."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import AuditedRow, Base, NotAudited, Subject, key_to, now, unique_while_active
from db.core.policy_rules import SystemOnly, UserOwned
from db.models.users import User


class GoogleAccount(AuditedRow, UserOwned, Base):
    """Google account of a user, with an encrypted refresh token; `withdrawn_at` is when Google refused the token."""

    __tablename__ = "google_accounts"
    __table_args__ = (unique_while_active("user_id"),)
    unaudited = frozenset({"refresh_token", "user_id"})

    user_id: Mapped[UUID] = mapped_column(key_to("users.id"))
    email: Mapped[str]
    scopes: Mapped[str]  # separated by spaces, as Google has them
    refresh_token: Mapped[bytes | None] = mapped_column(LargeBinary)
    connected_at: Mapped[datetime] = mapped_column(default=now)
    withdrawn_at: Mapped[datetime | None]

    def subject(self) -> Subject:
        return User, self.user_id


class GoogleConsent(NotAudited, SystemOnly, Base):
    """Consent that a session has begun to ask for, the latest one of each.

    The state in the URL works once. `browser_digest` is of the cookie of the browser that began; a code that comes
    back through another browser waits, encrypted, until the session confirms it with what `confirmation_digest` is of.
    """

    __tablename__ = "google_consents"

    sign_in_id: Mapped[UUID] = mapped_column(key_to("sign_ins.id"), unique=True)
    user_id: Mapped[UUID] = mapped_column(key_to("users.id"), index=True)
    state_digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    browser_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    verifier: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    code: Mapped[bytes | None] = mapped_column(LargeBinary)
    confirmation_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    attempts: Mapped[int] = mapped_column(default=0)


class GoogleRevocation(NotAudited, SystemOnly, Base):
    """Encrypted token that is forgotten here and is still to be revoked at Google, tried again at `due_at`.

    `user_id` is no foreign key: the token outlives the account, which it can be decrypted for.
    """

    __tablename__ = "google_revocations"

    user_id: Mapped[UUID]
    email: Mapped[str]
    refresh_token: Mapped[bytes] = mapped_column(LargeBinary)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(index=True)
