"""Sites of organizations and the members assigned to them."""

from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import ColumnElement, and_, or_

from db.core.base import AuditedRow, Base, Child, Subject, key_to, unique_while_active
from db.core.policy_rules import Administered
from db.core.policy_scopes import active_organizations, administered_organizations, assigned_sites


class Site(AuditedRow, Administered, Base):
    """Place of an organization, visible to assigned members and to the admins, who change it."""

    __tablename__ = "sites"
    __table_args__ = (Index(None, "organization_id", "id"),)

    organization_id: Mapped[UUID] = mapped_column(key_to("organizations.id"))
    name: Mapped[str]
    address: Mapped[str | None]

    @classmethod
    def visible(cls, row: Any) -> ColumnElement[bool]:
        is_accessible = or_(row.organization_id.in_(administered_organizations()), row.id.in_(assigned_sites()))
        return and_(row.organization_id.in_(active_organizations()), is_accessible)

    @classmethod
    def changeable(cls, row: Any) -> ColumnElement[bool]:
        own: ColumnElement[bool] = row.organization_id.in_(administered_organizations())
        return own


class SiteAssignment(AuditedRow, Child, Base):
    """Right of a member to see a site."""

    __tablename__ = "site_assignments"
    __table_args__ = (
        unique_while_active("site_id", "user_id"),
        Index(None, "user_id", "site_id"),
    )
    parent = Site
    parent_key = "site_id"

    site_id: Mapped[UUID] = mapped_column(key_to("sites.id"))
    user_id: Mapped[UUID] = mapped_column(key_to("users.id"))

    def subject(self) -> Subject:
        return Site, self.site_id
