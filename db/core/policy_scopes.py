"""Subqueries of the policy: ids of the viewer's organizations, sites and co-members.

They use plain tables and not mapped classes, so that the policy is not applied to its own parts.
"""

from typing import Any

from sqlalchemy import Uuid, bindparam, select, union_all
from sqlalchemy.sql import column, table

from auth.viewer import Role

VIEWER = bindparam("viewer_id", type_=Uuid(), required=False)

_memberships = table(
    "memberships",
    column("user_id", Uuid()),
    column("organization_id", Uuid()),
    column("role"),
    column("status"),
    column("deleted_at"),
)
_assignments = table("site_assignments", column("user_id", Uuid()), column("site_id", Uuid()), column("deleted_at"))
_invitations = table(
    "invitations",
    column("organization_id", Uuid()),
    column("membership_id", Uuid()),
    column("email"),
    column("used_at"),
    column("deleted_at"),
)
_users = table("users", column("id", Uuid()), column("email"), column("departed_at"))
_all_organizations = table("organizations", column("id", Uuid()), column("is_personal"), column("deleted_at"))


def _organizations(*roles: Role) -> Any:
    own = _memberships.alias()
    return select(own.c.organization_id).where(
        own.c.user_id == VIEWER,
        own.c.status == "ACTIVE",
        own.c.deleted_at.is_(None),
        *([own.c.role.in_([role.value for role in roles])] if roles else []),
    )


def member_or_invited_organizations() -> Any:
    """Return ids of the organizations that the viewer is a member of or is invited to."""
    return union_all(active_organizations(), _open_invitations("organization_id"))


def offered_memberships() -> Any:
    """Return ids of the memberships that the viewer would get by accepting an invitation."""
    return _open_invitations("membership_id")


def _open_invitations(name: str) -> Any:
    own = _invitations.alias()
    return select(own.c[name]).where(
        own.c.email == own_email(),
        own.c.membership_id.is_not(None),
        own.c.used_at.is_(None),
        own.c.deleted_at.is_(None),
    )


def active_organizations() -> Any:
    """Return ids of the organizations that the viewer is an active member of."""
    return _organizations()


def administered_organizations() -> Any:
    """Return ids of the organizations that the viewer is an admin of."""
    return _organizations(Role.ADMIN)


def deleted_administered_organizations() -> Any:
    """Return ids of deleted organizations that the viewer was an admin of.

    Their memberships were deleted in the same moment, which is how they are recognized.
    """
    own, organization = _memberships.alias(), _all_organizations.alias()
    return select(own.c.organization_id).where(
        own.c.user_id == VIEWER,
        own.c.status == "ACTIVE",
        own.c.role == Role.ADMIN.value,
        organization.c.id == own.c.organization_id,
        organization.c.deleted_at == own.c.deleted_at,
    )


def assigned_sites() -> Any:
    """Return ids of the sites that the viewer is assigned to."""
    own = _assignments.alias()
    return select(own.c.site_id).where(own.c.user_id == VIEWER, own.c.deleted_at.is_(None))


def own_email() -> Any:
    """Return the viewer's e-mail address."""
    own = _users.alias()
    return select(own.c.email).where(own.c.id == VIEWER).scalar_subquery()


def co_members() -> Any:
    """Return ids of the other active members of the viewer's organizations, invited and former ones excluded."""
    fellow = _memberships.alias()
    return select(fellow.c.user_id).where(
        fellow.c.organization_id.in_(active_organizations()),
        fellow.c.status == "ACTIVE",
        fellow.c.deleted_at.is_(None),
    )


def deleted_co_members() -> Any:
    """Return ids of deleted accounts that were members of an organization of the viewer; their rows hold no name."""
    former, user = _memberships.alias(), _users.alias()
    return select(former.c.user_id).where(
        former.c.organization_id.in_(active_organizations()),
        former.c.status == "ACTIVE",
        user.c.id == former.c.user_id,
        user.c.departed_at.is_not(None),
    )


# The session reads these two by itself, before any mapped class is known to it.
ROLES = select(_memberships.c.organization_id, _memberships.c.role).where(
    _memberships.c.user_id == VIEWER, _memberships.c.status == "ACTIVE", _memberships.c.deleted_at.is_(None)
)
PERSONAL_ORGANIZATION = (
    select(_all_organizations.c.id)
    .join(_memberships, _memberships.c.organization_id == _all_organizations.c.id)
    .where(
        _all_organizations.c.is_personal,
        _all_organizations.c.deleted_at.is_(None),
        _memberships.c.user_id == VIEWER,
        _memberships.c.deleted_at.is_(None),
    )
)
