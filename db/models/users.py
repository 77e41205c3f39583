"""Mapped classes of users."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import inspect, or_
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import ColumnElement

from auth.viewer import Role, Viewer
from db.core.base import AuditedRow, Base
from db.core.policy_scopes import VIEWER, co_members

GRANTED = ("email", "is_superuser", "is_email_verified", "deactivated_at")


class User(AuditedRow, Base):
    """Seen by themselves and by those who share an organization with them; changed by themselves.

    Who they are and what they may do is not theirs to change: that takes a superuser, or a token that was mailed.
    Of somebody who deleted their account, at `account_deleted_at`, a row without a name stays, since others refer to it;
    at `erased_at` everything else was gone.
    """

    __tablename__ = "users"

    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    first_name: Mapped[str]
    last_name: Mapped[str]
    is_superuser: Mapped[bool] = mapped_column(default=False)
    is_email_verified: Mapped[bool] = mapped_column(default=False)
    deactivated_at: Mapped[datetime | None]
    account_deleted_at: Mapped[datetime | None] = mapped_column("departed_at")  # the name of before, kept in databases
    erased_at: Mapped[datetime | None]

    def concealed(self) -> frozenset[str]:
        """Of somebody who is gone, also who they were."""
        who = frozenset({"email", "first_name", "last_name"})
        return frozenset({"password_hash"}) | (who if self.account_deleted_at is not None else frozenset())

    @property
    def is_active(self) -> bool:
        """Whether they can sign in."""
        return self.deleted_at is None and self.deactivated_at is None

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email.partition("@")[0]

    @classmethod
    def visible(cls, row: Any) -> ColumnElement[bool]:
        return or_(row.id == VIEWER, row.id.in_(co_members()))

    def writable(self, viewer: Viewer, roles: dict[UUID, Role]) -> bool:  # noqa: ARG002  one rule's shape
        return self.id == viewer.user_id and not _is_granted(self)


def _is_granted(row: object) -> bool:
    """Whether a row changes what its owner does not decide; what it was before is asked too, and changes nothing."""
    return isinstance(row, User) and any(inspect(row).attrs[name].load_history().has_changes() for name in GRANTED)
