"""Users."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import inspect, or_
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import ColumnElement

from auth.viewer import Role, Viewer
from db.core.base import AuditedRow, Base
from db.core.policy_scopes import VIEWER, co_members, deleted_co_members

GRANTED_COLUMNS = ("email", "is_superuser", "is_email_verified", "deactivated_at")


class User(AuditedRow, Base):
    """User, visible to themselves and to co-members, changed by themselves.

    Identity and rights change only by a superuser or a mailed token. A deleted account (`account_deleted_at`) leaves a
    row without a name, because other rows refer to it; everything else is erased by `erased_at`.
    """

    __tablename__ = "users"

    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    first_name: Mapped[str]
    last_name: Mapped[str]
    is_superuser: Mapped[bool] = mapped_column(default=False)
    is_email_verified: Mapped[bool] = mapped_column(default=False)
    deactivated_at: Mapped[datetime | None]
    account_deleted_at: Mapped[datetime | None] = mapped_column("departed_at")  # the column's name in databases
    erased_at: Mapped[datetime | None]

    def concealed(self) -> frozenset[str]:
        """Conceal the identity of a deleted account too."""
        identity = frozenset({"email", "first_name", "last_name"})
        return frozenset({"password_hash"}) | (identity if self.account_deleted_at is not None else frozenset())

    @property
    def is_active(self) -> bool:
        """Return True if the user can sign in."""
        return self.deleted_at is None and self.deactivated_at is None

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email.partition("@")[0]

    @classmethod
    def visible(cls, row: Any) -> ColumnElement[bool]:
        return or_(row.id == VIEWER, row.id.in_(co_members()), row.id.in_(deleted_co_members()))

    def writable(self, viewer: Viewer, roles: dict[UUID, Role]) -> bool:  # noqa: ARG002  one rule's shape
        return self.id == viewer.user_id and not _is_granted(self)


def _is_granted(row: object) -> bool:
    """Return True if columns have changed that their owner must not change."""
    return isinstance(row, User) and any(
        inspect(row).attrs[name].load_history().has_changes() for name in GRANTED_COLUMNS
    )
