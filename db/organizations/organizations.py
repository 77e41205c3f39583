"""Organizations and the lists of their members; every user has a personal organization."""

from uuid import UUID

from sqlalchemy import select, union_all
from sqlalchemy.orm import aliased

from auth.viewer import Role
from db.core.dialect_sql import OneOf
from db.core.idempotency import idempotent
from db.core.pagination import Listing
from db.core.prepared import Prepared, bind
from db.core.session import Session
from db.core.validation import checked_line
from db.models.invitations import Invitation
from db.models.memberships import Membership, MembershipStatus
from db.models.organizations import Organization
from db.models.users import User

MAX_NAME = 100


all_organizations = Listing(
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
_own, _user_id = aliased(Membership), bind("user_id", Membership.user_id)
# Joined by UNION: PostgreSQL finds no index for a column or a subquery, joined by OR.
of_user = Listing(
    Membership,
    Membership.id.in_(
        union_all(
            select(_own.id).where(_own.user_id == _user_id),
            select(Invitation.membership_id)
            .join(User, User.email == Invitation.email)
            .where(User.id == _user_id, Invitation.used_at.is_(None)),
        )
    ),
)
of_viewer: Prepared[Membership] = Prepared(
    select(Membership).where(
        Membership.user_id == bind("user_id", Membership.user_id),
        Membership.status == MembershipStatus.ACTIVE,
        OneOf(Membership.organization_id),
    )
)


def create(session: Session, name: str, idempotency_key: str | None = None) -> Organization:
    """Create an organization with the viewer as its admin."""
    return idempotent(
        session,
        "createOrganization",
        idempotency_key,
        create=lambda: _create(session, name),
        result_ids=lambda created: [created.id],
        load=lambda ids: session.get(Organization, ids[0]),
    )


def _create(session: Session, name: str) -> Organization:
    organization = Organization(name=checked_line(name, "name", MAX_NAME))
    membership = Membership(
        user_id=session.user_id,
        organization_id=organization.id,
        role=Role.ADMIN,
        status=MembershipStatus.ACTIVE,
    )
    for row in (organization, membership):
        session.bypass_rule_for(row)  # only admins may add rows, and a new organization has none yet
        session.add(row)
    session.flush()
    return organization


def rename(session: Session, id_: UUID, name: str | None) -> Organization:
    """Rename an organization; None leaves the name unchanged."""
    organization = session.get_for_update(Organization, id_)
    if name is not None:
        organization.name = checked_line(name, "name", MAX_NAME)
    return organization


def create_personal(session: Session, user_id: UUID, name: str) -> Organization:
    """Create the personal organization of a new user."""
    organization = Organization(name=name, is_personal=True)
    membership = Membership(
        user_id=user_id,
        organization_id=organization.id,
        role=Role.ADMIN,
        status=MembershipStatus.ACTIVE,
    )
    session.add_all([organization, membership])
    return organization
