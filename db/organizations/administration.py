"""Organization commands for operators; arguments and results are plain JSON."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from auth.viewer import Role
from db.core.policy import Deleted
from db.core.session import Session
from db.core.validation import normalized_email
from db.models.memberships import Membership, MembershipStatus
from db.models.organizations import Organization
from db.models.users import User
from errors import BadUserInput, NotFound

MAX_LISTED = 1_000
SHOWN = (Organization.id, Organization.name, Organization.is_personal, Organization.created_at)


def list_organizations(session: Session, search: str | None = None, personal: str | None = None) -> list[Any]:
    """Return the oldest 1,000 shared organizations with their numbers of active members; `personal` adds those."""
    active = Membership.status == MembershipStatus.ACTIVE
    members = func.count(Membership.id).filter(active)
    admins = func.count(Membership.id).filter(active & (Membership.role == Role.ADMIN))
    query = (
        select(*SHOWN, members.label("members"), admins.label("admins"))
        .outerjoin(Membership, Membership.organization_id == Organization.id)
        .group_by(*SHOWN)
        .order_by(Organization.id)
        .limit(MAX_LISTED)
    )
    if not personal:
        query = query.where(Organization.is_personal.is_(False))
    if search:
        query = query.where(func.lower(Organization.name).contains(search.lower(), autoescape=True))
    return [{**_as_organization(row), "members": row.members, "admins": row.admins} for row in session.execute(query)]


def list_members(session: Session, organization: str) -> list[Any]:
    """Return the active members of an organization, its admins first."""
    query = (
        select(User, Membership)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.organization_id == _find(session, organization).id)
        .where(Membership.status == MembershipStatus.ACTIVE)
        .order_by(Membership.role, Membership.id)
        .limit(MAX_LISTED)
    )
    return [
        {"email": user.email, "name": user.name, "role": membership.role.value, "is_active": user.is_active}
        for user, membership in session.execute(query)
    ]


def make_admin(session: Session, organization: str, email: str) -> dict[str, Any]:
    """Make an account an admin of an organization, also one that is no member: its admins may all be gone."""
    target = _find(session, organization)
    if target.is_personal:
        raise BadUserInput(f"{target.name} is a personal organization, which has no other admin than its owner.")
    user = session.scalars(select(User).where(User.email == normalized_email(email))).one_or_none()
    if user is None:
        raise NotFound(f"There is no account with the address {email.strip()}. List the accounts with `users list`.")
    own = (Membership.organization_id == target.id) & (Membership.user_id == user.id)
    options = {"deleted": (Membership, Deleted.INCLUDED)}  # a former member gets the old row back
    membership = session.scalars(select(Membership).where(own), execution_options=options).one_or_none()
    if membership is None:
        membership = Membership(user_id=user.id, organization_id=target.id, role=Role.MEMBER)
        session.add(membership)
    is_admin = membership.role is Role.ADMIN and membership.is_active
    membership.role, membership.status, membership.deleted_at = Role.ADMIN, MembershipStatus.ACTIVE, None
    session.flush()
    return {**_as_organization(target), "email": user.email, "changed": not is_admin}


def _find(session: Session, text: str) -> Organization:
    """Return the organization with an id, or with a name that only one has."""
    condition = func.lower(Organization.name) == text.strip().lower()
    with suppress(ValueError):
        condition = Organization.id == UUID(text.strip())
    rows = session.scalars(select(Organization).where(condition).limit(2)).all()
    if len(rows) != 1:
        problem = "Several organizations have" if rows else "There is no organization with"
        raise NotFound(f"{problem} the name or id {text.strip()}. Name one by an id of `organizations list`.")
    return rows[0]


def _as_organization(organization: Any) -> dict[str, Any]:
    return {
        "id": str(organization.id),
        "name": organization.name,
        "is_personal": organization.is_personal,
        "created_at": organization.created_at.isoformat(),
    }
