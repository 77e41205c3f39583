"""Invitations to organizations."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, LargeBinary, or_
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import ColumnElement

from auth.viewer import Role
from db.core.base import AuditedRow, Base, Subject, key_to
from db.core.policy_rules import Administered
from db.core.policy_scopes import administered_organizations, deleted_administered_organizations, own_email
from db.models.organizations import Organization


class Invitation(AuditedRow, Administered, Base):
    """Invitation by e-mail, of which only the token's digest is stored; visible to admins and the invited."""

    __tablename__ = "invitations"
    __table_args__ = (Index(None, "organization_id", "email"),)

    organization_id: Mapped[UUID] = mapped_column(key_to("organizations.id"))
    # The membership that accepting makes active; none in invitations older than this column.
    membership_id: Mapped[UUID | None] = mapped_column(key_to("memberships.id"), index=True)
    email: Mapped[str] = mapped_column(index=True)
    role: Mapped[Role]
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    def concealed(self) -> frozenset[str]:
        """Conceal the address, which may belong to a person without an account."""
        return frozenset({"digest", "email"})

    def subject(self) -> Subject:
        return Organization, self.organization_id

    @classmethod
    def visible(cls, row: Any) -> ColumnElement[bool]:
        return or_(row.organization_id.in_(administered_organizations()), row.email == own_email())

    @classmethod
    def changeable(cls, row: Any) -> ColumnElement[bool]:
        return or_(
            row.organization_id.in_(administered_organizations()),
            row.organization_id.in_(deleted_administered_organizations()),
        )
