"""Sites of organizations and the assignment of members to them."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from db.core.base import now
from db.core.idempotency import idempotent
from db.core.pagination import Listing
from db.core.prepared import bind
from db.core.session import Session
from db.core.validation import checked_line, checked_text
from db.models.memberships import Membership, MembershipStatus
from db.models.organizations import Organization
from db.models.sites import Site, SiteAssignment
from db.models.users import User
from errors import BadUserInput, Mistakes

MAX_NAME, MAX_ADDRESS = 100, 500


of_organization = Listing(Site, Site.organization_id == bind("organization_id", Site.organization_id))
assignees = Listing(
    User,
    User.id.in_(
        select(SiteAssignment.user_id).where(SiteAssignment.site_id == bind("site_id", SiteAssignment.site_id))
    ),
)


def create(
    session: Session, organization_id: UUID, name: str, address: str | None, idempotency_key: str | None = None
) -> Site:
    """Create a site. Raises Forbidden unless the viewer is an admin of the organization."""
    return idempotent(
        session,
        "createSite",
        idempotency_key,
        create=lambda: _create(session, organization_id, name, address),
        result_ids=lambda created: [created.id],
        load=lambda ids: session.get(Site, ids[0]),
    )


def _create(session: Session, organization_id: UUID, name: str, address: str | None) -> Site:
    organization = session.get_for_update(Organization, organization_id)
    with Mistakes() as check:
        name = check(checked_line, name, "name", MAX_NAME)
        address = check(_address, address)
    site = Site(organization_id=organization.id, name=name, address=address)
    session.add(site)
    session.flush()
    return site


def update(session: Session, id_: UUID, changes: dict[str, Any]) -> Site:
    """Set the given fields of a site; None or an empty text clears the address."""
    site = session.get_for_update(Site, id_)
    with Mistakes() as check:
        if changes.get("name") is not None:
            site.name = check(checked_line, changes["name"], "name", MAX_NAME)
        if "address" in changes:
            site.address = check(_address, changes["address"])
    return site


def _address(address: str | None) -> str | None:
    return checked_text(address.strip(), "address", MAX_ADDRESS) or None if address else None


def delete(session: Session, id_: UUID) -> UUID:
    """Soft-delete a site; its modules become invisible with it."""
    session.get_for_update(Site, id_).deleted_at = now()
    return id_


def assign(session: Session, id_: UUID, user_id: UUID) -> Site:
    """Assign a member to a site, so that they see it; does nothing if they are assigned.

    Raises BadUserInput if the user is no active member of the site's organization.
    """
    site = session.get_for_update(Site, id_)
    membership = select(Membership.id).where(
        Membership.organization_id == site.organization_id,
        Membership.user_id == user_id,
        Membership.status == MembershipStatus.ACTIVE,
    )
    if session.scalars(membership).one_or_none() is None:
        raise BadUserInput.of(
            "userId",
            "This user is not an active member of the site's organization. Invite them with inviteMember first.",
        )
    if session.scalars(_assignment(id_, user_id)).one_or_none() is None:
        session.add(SiteAssignment(site_id=id_, user_id=user_id))
    return site


def unassign(session: Session, id_: UUID, user_id: UUID) -> Site:
    """Remove a member's assignment to a site; does nothing if there is none."""
    site = session.get_for_update(Site, id_)
    assignment = session.scalars(_assignment(id_, user_id)).one_or_none()
    if assignment is not None:
        assignment.deleted_at = now()
    return site


def _assignment(site_id: UUID, user_id: UUID) -> Select[SiteAssignment]:
    return select(SiteAssignment).where(SiteAssignment.site_id == site_id, SiteAssignment.user_id == user_id)
