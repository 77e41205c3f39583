"""Organizations; every user has a personal one."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import ColumnElement, or_

from auth.viewer import Role, Viewer
from db.core.base import AuditedRow, Base
from db.core.policy_scopes import (
    administered_organizations,
    deleted_administered_organizations,
    member_or_invited_organizations,
)


class Organization(AuditedRow, Base):
    """Organization, visible to its members and to invited users, changed by its admins.

    `last_activity` is the number of its newest activity, and `stored_bytes` the size of its tables, attachments and
    files of exports until they are erased; only the session changes these two.
    """

    __tablename__ = "organizations"
    organization_key = "id"
    unaudited = frozenset({"last_activity", "stored_bytes"})

    name: Mapped[str]
    is_personal: Mapped[bool] = mapped_column(default=False)
    last_activity: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    stored_bytes: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")

    @classmethod
    def visible(cls, row: Any) -> ColumnElement[bool]:
        own: ColumnElement[bool] = row.id.in_(member_or_invited_organizations())
        return own

    @classmethod
    def changeable(cls, row: Any) -> ColumnElement[bool]:
        return or_(row.id.in_(administered_organizations()), row.id.in_(deleted_administered_organizations()))

    def writable(self, viewer: Viewer, roles: dict[UUID, Role]) -> bool:  # noqa: ARG002  one rule's shape
        return roles.get(self.id) is Role.ADMIN
