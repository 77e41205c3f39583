"""API keys of users."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from auth.api_keys import ApiScope
from db.core.base import AuditedRow, Base, Json, key_to
from db.core.policy_rules import UserOwned


class ApiKey(AuditedRow, UserOwned, Base):
    """Key with which a script acts as its user, within `scope_names`; ends at `revoked_at` or `expires_at`."""

    __tablename__ = "api_keys"
    __table_args__ = (Index(None, "user_id", "id"),)
    unaudited = frozenset({"last_used_at"})

    user_id: Mapped[UUID] = mapped_column(key_to("users.id"))
    name: Mapped[str]
    prefix: Mapped[str] = mapped_column(unique=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    scope_names: Mapped[Json] = mapped_column()
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None] = mapped_column(index=True)

    def concealed(self) -> frozenset[str]:
        return frozenset({"digest"})

    @property
    def scopes(self) -> list[ApiScope]:
        """Return the scopes in the order of their declaration."""
        return [scope for scope in ApiScope if scope in self.scope_names]
