"""Memberships of users in organizations."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import ColumnElement, or_

from auth.viewer import Role
from db.core.base import AuditedRow, Base, key_to
from db.core.policy_rules import Administered
from db.core.policy_scopes import (
    VIEWER,
    active_organizations,
    administered_organizations,
    deleted_administered_organizations,
    offered_memberships,
)


class MembershipStatus(StrEnum):
    """State of a membership."""

    INVITED = "INVITED"
    ACTIVE = "ACTIVE"


class Membership(AuditedRow, Administered, Base):
    """Membership, visible to the user and the other members, changed by the organization's admins.

    An INVITED one has no `user_id`, whoever has the address: it must not tell whether the address has an account.
    `narrowed_at` is the last time that the member lost rights: demoted to MEMBER, or removed.
    """

    __tablename__ = "memberships"
    unaudited = frozenset({"narrowed_at"})
    __table_args__ = (
        # Counts deleted rows too: a member who returns gets the old row back. (A partial index would do, but the
        # planner of PostgreSQL prefers walking all of it to the index of an organization's members.)
        Index(None, "user_id", "organization_id", unique=True),
        Index(None, "organization_id", "id"),
    )

    user_id: Mapped[UUID | None] = mapped_column(key_to("users.id"))
    organization_id: Mapped[UUID] = mapped_column(key_to("organizations.id"))
    role: Mapped[Role]
    status: Mapped[MembershipStatus]
    narrowed_at: Mapped[datetime | None] = mapped_column(index=True)

    @classmethod
    def visible(cls, row: Any) -> ColumnElement[bool]:
        return or_(
            row.user_id == VIEWER,
            row.organization_id.in_(active_organizations()),
            row.id.in_(offered_memberships()),
        )

    @classmethod
    def changeable(cls, row: Any) -> ColumnElement[bool]:
        return or_(
            row.user_id == VIEWER,  # a former member who returns takes up the old row
            row.organization_id.in_(administered_organizations()),
            row.organization_id.in_(deleted_administered_organizations()),
        )
