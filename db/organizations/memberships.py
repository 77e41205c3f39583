"""Role changes and removals of members; an organization always keeps an admin."""

from uuid import UUID

from sqlalchemy import func, select

from auth.viewer import Role
from db.core.base import now
from db.core.events import RightsNarrowed
from db.core.prepared import Prepared, bind
from db.core.session import Session, check
from db.models.memberships import Membership, MembershipStatus
from db.models.organizations import Organization
from db.models.sites import Site, SiteAssignment
from db.organizations.invitations import is_invitee, withdraw
from errors import Conflict

MAX_NARROWED = 500  # memberships in one read

narrowed: Prepared[Membership] = Prepared(
    select(Membership)
    .where(Membership.narrowed_at > bind("since", Membership.narrowed_at))
    .order_by(Membership.narrowed_at)
    .limit(MAX_NARROWED),
    deleted=Membership,
)


def change_role(session: Session, membership_id: UUID, role: Role) -> Membership:
    """Change a member's role. Raises Conflict if the last admin would become a member."""
    membership = _get_locked(session, membership_id)
    check(session, membership)
    if role is not Role.ADMIN:
        _ensure_admin_remains(session, membership)
        if membership.role is Role.ADMIN:
            narrow(session, membership)
    membership.role = role
    return membership


def remove(session: Session, membership_id: UUID) -> UUID:
    """Remove a member, or leave the organization; also withdraws an open invitation.

    Raises Conflict for a personal organization and for the last admin.
    """
    membership = _get_locked(session, membership_id)
    if membership.user_id == session.user_id or is_invitee(session, membership):
        session.bypass_rule_for(membership)  # every member may leave, and every invitee decline
    check(session, membership)
    if session.get(Organization, membership.organization_id).is_personal:
        raise Conflict("The owner cannot be removed from a personal organization.")
    _ensure_admin_remains(session, membership)
    withdraw(session, membership)
    _unassign_everywhere(session, membership)
    membership.deleted_at = now()
    narrow(session, membership)
    return membership_id


def narrow(session: Session, membership: Membership) -> None:
    """Record that an active member lost rights, so that their subscriptions close in every process."""
    if membership.status is MembershipStatus.ACTIVE:
        membership.narrowed_at = now()
        session.emit(RightsNarrowed(membership.organization_id))


def _get_locked(session: Session, membership_id: UUID) -> Membership:
    """Return a membership; locks its organization first, so that changes of its members run one after the other."""
    query = select(Membership.organization_id).where(Membership.id == membership_id)
    organization_id = session.scalars(query).one_or_none()
    if organization_id is not None:
        session.get(Organization, organization_id, lock=True)
    return session.get(Membership, membership_id, lock=True)


def _ensure_admin_remains(session: Session, membership: Membership) -> None:
    if membership.role is not Role.ADMIN or membership.status is not MembershipStatus.ACTIVE:
        return
    others = session.scalars(
        select(func.count(Membership.id)).where(
            Membership.organization_id == membership.organization_id,
            Membership.role == Role.ADMIN,
            Membership.status == MembershipStatus.ACTIVE,
            Membership.id != membership.id,
        )
    ).one()
    if not others:
        raise Conflict("This is the organization's last admin. Make another member an admin first.")


def _unassign_everywhere(session: Session, membership: Membership) -> None:
    """Delete the site assignments of a member who leaves the organization."""
    query = (
        select(SiteAssignment)
        .join(Site, Site.id == SiteAssignment.site_id)
        .where(Site.organization_id == membership.organization_id, SiteAssignment.user_id == membership.user_id)
    )
    for assignment in session.scalars(query):
        session.bypass_rule_for(assignment)  # a member who leaves may not change assignments otherwise
        assignment.deleted_at = now()
