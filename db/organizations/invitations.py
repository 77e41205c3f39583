"""Invitations to organizations, accepted with a mailed token."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.sql import ColumnElement

from auth.viewer import Role
from db.core.base import now
from db.core.idempotency import idempotent
from db.core.policy import Deleted
from db.core.session import Session
from db.jobs import jobs
from db.models.invitations import Invitation
from db.models.memberships import Membership, MembershipStatus
from db.models.organizations import Organization
from db.models.users import User
from db.notifications.notifications import INVITED, notify
from errors import Conflict, NotFound

LIFETIME = timedelta(days=7)
REFUSAL_MESSAGE = (
    "This invitation is invalid, used, expired or for another e-mail address. Sign in with the address that it was "
    "sent to, or ask for a new one."
)


@dataclass(frozen=True)
class Invitee:
    """Person to invite, with `user_id` if they have an account; `email` must be in lower case."""

    email: str
    role: Role
    user_id: UUID | None


@dataclass(frozen=True)
class InvitationToken:
    """New token to mail, and its digest to store."""

    token: str
    digest: bytes


@dataclass(frozen=True)
class InvitationResult:
    """Created invitation, and the membership that waits for its acceptance."""

    invitation: Invitation
    membership: Membership


def invite(
    session: Session,
    organization_id: UUID,
    invitee: Invitee,
    token: InvitationToken,
    idempotency_key: str | None = None,
) -> InvitationResult:
    """Invite a person, mail them the token and withdraw their earlier invitations.

    Raises Conflict for a personal organization or an active member.
    """
    return idempotent(
        session,
        "inviteMember",
        idempotency_key,
        create=lambda: _invite(session, organization_id, invitee, token),
        result_ids=lambda result: [result.invitation.id, result.membership.id],
        load=lambda ids: InvitationResult(session.get(Invitation, ids[0]), session.get(Membership, ids[1])),
    )


def _invite(session: Session, organization_id: UUID, invitee: Invitee, token: InvitationToken) -> InvitationResult:
    organization = session.get_for_update(Organization, organization_id)
    if organization.is_personal:
        raise Conflict(
            "A personal organization cannot have other members. Create another one with createOrganization and "
            "invite to that."
        )
    if _is_member(session, organization_id, invitee.email):
        raise Conflict("This user is already a member. Change their role with changeMemberRole.")
    _withdraw(session, organization_id, invitee.email)
    membership = Membership(organization_id=organization_id, role=invitee.role, status=MembershipStatus.INVITED)
    session.add(membership)
    session.flush()
    invitation = Invitation(
        organization_id=organization_id,
        membership_id=membership.id,
        email=invitee.email,
        role=invitee.role,
        digest=token.digest,
        expires_at=now() + LIFETIME,
    )
    session.add(invitation)
    session.flush()
    _mail(session, organization, invitation, token.token)
    if invitee.user_id is not None:
        notify(session, invitee.user_id, INVITED, f"You are invited to {organization.name}", organization)
    return InvitationResult(invitation, membership)


def _is_member(session: Session, organization_id: UUID, email: str) -> bool:
    # Only fellow members are visible, so this tells nothing about other accounts.
    query = (
        select(Membership.id)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.organization_id == organization_id,
            Membership.status == MembershipStatus.ACTIVE,
            User.email == email,
        )
    )
    return session.scalars(query).one_or_none() is not None


def cancel(session: Session, organization_id: UUID, email: str) -> None:
    """Withdraw the invitation of an address, with its pending membership. Raises NotFound if there is none."""
    session.get_for_update(Organization, organization_id)
    if not _withdraw(session, organization_id, email):
        raise NotFound(
            "There is no open invitation for this address. If it was accepted, remove the member with removeMember."
        )


def withdraw(session: Session, membership: Membership) -> None:
    """Withdraw the open invitation that an INVITED membership waits for."""
    _delete(session, Invitation.membership_id == membership.id)


def _withdraw(session: Session, organization_id: UUID, email: str) -> bool:
    """Withdraw open invitations with their memberships; return False if there was none."""
    return _delete(session, Invitation.organization_id == organization_id, Invitation.email == email)


def _delete(session: Session, *conditions: ColumnElement[bool]) -> bool:
    invitations = session.scalars(select(Invitation).where(*conditions, Invitation.used_at.is_(None))).all()
    delete_pending(session, invitations)
    for invitation in invitations:
        session.bypass_rule_for(invitation)  # an invitee who declines deletes it too, without being an admin
        invitation.deleted_at = now()
    return bool(invitations)


def delete_pending(session: Session, invitations: Sequence[Invitation]) -> None:
    """Delete the memberships that wait for invitations, which must still be open: an invitee sees them by these."""
    pending = select(Membership).where(
        Membership.id.in_([invitation.membership_id for invitation in invitations]),
        Membership.status == MembershipStatus.INVITED,
    )
    for membership in session.scalars(pending).all():
        session.bypass_rule_for(membership)
        membership.deleted_at = now()


def is_invitee(session: Session, membership: Membership) -> bool:
    """Return whether a membership waits for the viewer's acceptance."""
    email = session.get(User, session.user_id).email
    query = select(Invitation.id).where(
        Invitation.membership_id == membership.id, Invitation.email == email, Invitation.used_at.is_(None)
    )
    return membership.status is MembershipStatus.INVITED and session.scalars(query).first() is not None


def _mail(session: Session, organization: Organization, invitation: Invitation, token: str) -> None:
    inviter = session.get(User, session.user_id)
    jobs.enqueue(
        session,
        "mail",
        organization.id,
        template="invitation",
        to=invitation.email,
        arguments={"organization": organization.name, "inviter": inviter.name, "token": token},
    )


def accept(session: Session, digest: bytes) -> Membership:
    """Make the viewer a member with the single-use token mailed to their address. Raises NotFound if it is invalid."""
    query = select(Invitation).where(Invitation.digest == digest).with_for_update()
    invitation = session.scalars(query).one_or_none()
    email = session.get(User, session.user_id).email
    if invitation is None or invitation.email != email or invitation.used_at or invitation.expires_at <= now():
        raise NotFound(REFUSAL_MESSAGE)
    membership, offered = _own_membership(session, invitation), _offered(session, invitation)
    role = invitation.role if offered is None else offered.role
    delete_pending(session, [] if membership is None else [invitation])
    membership = membership or offered or Membership(organization_id=invitation.organization_id)
    session.bypass_rule_for(invitation)  # the token is the permission to use it
    invitation.used_at = now()
    if not _is_active(membership):
        session.bypass_rule_for(membership)  # an admin granted it with the invitation
        session.add(membership)
        membership.status, membership.user_id, membership.role = MembershipStatus.ACTIVE, session.user_id, role
        membership.deleted_at = None
    session.flush()
    return membership


def _is_active(membership: Membership) -> bool:
    return membership.status is MembershipStatus.ACTIVE and membership.deleted_at is None


def _own_membership(session: Session, invitation: Invitation) -> Membership | None:
    """Return the viewer's membership in the organization, also one that has ended."""
    query = select(Membership).where(
        Membership.organization_id == invitation.organization_id, Membership.user_id == session.user_id
    )
    options = {"deleted": (Membership, Deleted.INCLUDED)}
    return session.scalars(query, execution_options=options).one_or_none()


def _offered(session: Session, invitation: Invitation) -> Membership | None:
    """Return the membership that waits for this invitation; an old invitation has none."""
    query = select(Membership).where(Membership.id == invitation.membership_id)
    return session.scalars(query.with_for_update()).one_or_none()
