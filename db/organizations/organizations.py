"""Organizations and who is a member of them; everybody has a personal one."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy.orm
from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import ColumnElement, or_

from auth.viewer import Role, Viewer
from db.core.base import Base, Recorded, key_to
from db.core.idempotency import once
from db.core.pagination import Listing
from db.core.policy_rules import Administered
from db.core.policy_scopes import VIEWER, administered, dissolved, joined, mine
from db.core.prepared import OneOf, Prepared, bind
from db.core.session import Session
from db.core.validation import checked_line

MAX_NAME = 100


class MembershipStatus(StrEnum):
    """Whether a member has accepted the invitation."""

    INVITED = "INVITED"
    ACTIVE = "ACTIVE"


class Organization(Recorded, Base):
    """Seen by its members and by who is invited, changed by its admins."""

    __tablename__ = "organizations"
    organization_key = "id"

    name: Mapped[str]
    is_personal: Mapped[bool] = mapped_column(default=False)

    @classmethod
    def visible(cls, row: Any) -> ColumnElement[bool]:
        own: ColumnElement[bool] = row.id.in_(joined())
        return own

    @classmethod
    def changeable(cls, row: Any) -> ColumnElement[bool]:
        return or_(row.id.in_(administered()), row.id.in_(dissolved()))

    def writable(self, viewer: Viewer, roles: dict[UUID, Role]) -> bool:  # noqa: ARG002  one rule's shape
        return roles.get(self.id) is Role.ADMIN


class Membership(Recorded, Administered, Base):
    """Seen by the member and by the other members, changed by the organization's admins.

    `narrowed_at` is when the member was last let do less: made a plain member, or taken out.
    """

    __tablename__ = "memberships"
    unrecorded = frozenset({"narrowed_at"})
    __table_args__ = (
        Index(None, "user_id", "organization_id", unique=True),
        Index(None, "organization_id", "id"),
    )

    user_id: Mapped[UUID] = mapped_column(key_to("users.id"))
    organization_id: Mapped[UUID] = mapped_column(key_to("organizations.id"))
    role: Mapped[Role]
    status: Mapped[MembershipStatus]
    narrowed_at: Mapped[datetime | None] = mapped_column(index=True)

    @classmethod
    def visible(cls, row: Any) -> ColumnElement[bool]:
        return or_(row.user_id == VIEWER, row.organization_id.in_(mine()))

    @classmethod
    def changeable(cls, row: Any) -> ColumnElement[bool]:
        return or_(row.organization_id.in_(administered()), row.organization_id.in_(dissolved()))


every = Listing(
    Organization,
    optional={
        "member_id": Organization.id.in_(
            select(Membership.organization_id).where(
                Membership.user_id == bind("member_id", Membership.user_id),
                Membership.status == MembershipStatus.ACTIVE,
            )
        )
    },
)
members = Listing(Membership, Membership.organization_id == bind("organization_id", Membership.organization_id))
of_user = Listing(Membership, Membership.user_id == bind("user_id", Membership.user_id))
of_viewer: Prepared[Membership] = Prepared(
    select(Membership).where(
        Membership.user_id == bind("user_id", Membership.user_id),
        Membership.status == MembershipStatus.ACTIVE,
        OneOf(Membership.organization_id),
    )
)


def roles_of(session: sqlalchemy.orm.Session, user_id: UUID | None) -> dict[UUID, Role]:
    """The roles of a user by organization, where they are an active member."""
    query = select(Membership.organization_id, Membership.role).where(
        Membership.user_id == user_id, Membership.status == MembershipStatus.ACTIVE
    )
    return {row.organization_id: row.role for row in session.execute(query)}


def personal(session: Session) -> UUID:
    """The id of the viewer's personal organization."""
    return session.scalars(
        select(Organization.id)
        .join(Membership, Membership.organization_id == Organization.id)
        .where(Organization.is_personal, Membership.user_id == session.user_id)
    ).one()


def create(session: Session, name: str, idempotency_key: str | None = None) -> Organization:
    """An organization whose admin is the viewer."""
    return once(
        session,
        "createOrganization",
        idempotency_key,
        make=lambda: _create(session, name),
        ids=lambda made: [made.id],
        again=lambda ids: session.obtain(Organization, ids[0]),
    )


def _create(session: Session, name: str) -> Organization:
    organization = Organization(name=checked_line(name, "name", MAX_NAME))
    founder = Membership(
        user_id=session.user_id,
        organization_id=organization.id,
        role=Role.ADMIN,
        status=MembershipStatus.ACTIVE,
    )
    for row in (organization, founder):
        session.allow(row)  # nobody else is in what did not exist before
        session.add(row)
    session.flush()
    return organization


def rename(session: Session, id_: UUID, name: str | None) -> Organization:
    """Give it another name; None leaves it as it is."""
    organization = session.obtain_to_change(Organization, id_)
    if name is not None:
        organization.name = checked_line(name, "name", MAX_NAME)
    return organization


def add_personal(session: Session, user_id: UUID, name: str) -> Organization:
    """Give a new user an organization of their own."""
    organization = Organization(name=name, is_personal=True)
    member = Membership(
        user_id=user_id,
        organization_id=organization.id,
        role=Role.ADMIN,
        status=MembershipStatus.ACTIVE,
    )
    session.add_all([organization, member])
    return organization
