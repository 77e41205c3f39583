"""Invitations to organizations, accepted with a mailed token."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import select

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

DELETED_MEMBERSHIPS = {"deleted": (Membership, Deleted.ONLY)}
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
    """Created invitation; `membership` is None while the address has no account."""

    invitation: Invitation
    membership: Membership | None


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
        result_ids=_result_ids,
        load=lambda ids: _load(session, *ids),
    )


def _result_ids(result: InvitationResult) -> list[UUID]:
    return [result.invitation.id] if result.membership is None else [result.invitation.id, result.membership.id]


def _load(session: Session, id_: UUID, membership_id: UUID | None = None) -> InvitationResult:
    membership = None if membership_id is None else session.get(Membership, membership_id)
    return InvitationResult(session.get(Invitation, id_), membership)


def _invite(session: Session, organization_id: UUID, invitee: Invitee, token: InvitationToken) -> InvitationResult:
    organization = session.get_for_update(Organization, organization_id)
    if organization.is_personal:
        raise Conflict(
            "A personal organization cannot have other members. Create another one with createOrganization and "
            "invite to that."
        )
    membership = _add_membership(session, organization_id, invitee)
    _withdraw(session, organization_id, invitee.email)
    invitation = Invitation(
        organization_id=organization_id,
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


def _add_membership(session: Session, organization_id: UUID, invitee: Invitee) -> Membership | None:
    if invitee.user_id is None:
        return None
    membership = _find_membership(session, organization_id, invitee.user_id)
    if membership is None:
        membership = _find_membership(session, organization_id, invitee.user_id, DELETED_MEMBERSHIPS)
        if membership is not None:
            membership.deleted_at, membership.status = None, MembershipStatus.INVITED
    if membership is None:
        membership = Membership(
            user_id=invitee.user_id,
            organization_id=organization_id,
            role=invitee.role,
            status=MembershipStatus.INVITED,
        )
        session.add(membership)
    elif membership.status is MembershipStatus.ACTIVE:
        raise Conflict("This user is already a member. Change their role with changeMemberRole.")
    membership.role = invitee.role
    return membership


def _find_membership(
    session: Session, organization_id: UUID, user_id: UUID, options: Mapping[str, Any] = MappingProxyType({})
) -> Membership | None:
    query = select(Membership).where(Membership.organization_id == organization_id, Membership.user_id == user_id)
    return session.scalars(query, execution_options=options).one_or_none()


def cancel(session: Session, organization_id: UUID, email: str) -> None:
    """Withdraw the invitation of an address, with its pending membership. Raises NotFound if there is none."""
    session.get_for_update(Organization, organization_id)
    if not _withdraw(session, organization_id, email):
        raise NotFound(
            "There is no open invitation for this address. If it was accepted, remove the member with removeMember."
        )
    pending = (
        select(Membership)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.organization_id == organization_id,
            Membership.status == MembershipStatus.INVITED,
            User.email == email,
        )
    )
    for membership in session.scalars(pending.with_for_update(of=Membership)):
        membership.deleted_at = now()


def withdraw(session: Session, membership: Membership) -> None:
    """Withdraw the open invitations of a member's address."""
    _withdraw(session, membership.organization_id, session.get(User, membership.user_id).email)


def _withdraw(session: Session, organization_id: UUID, email: str) -> bool:
    """Withdraw open invitations; return False if there was none."""
    query = select(Invitation).where(
        Invitation.organization_id == organization_id, Invitation.email == email, Invitation.used_at.is_(None)
    )
    invitations = session.scalars(query).all()
    for invitation in invitations:
        session.bypass_rule_for(invitation)  # an invitee who leaves withdraws it too, without being an admin
        invitation.deleted_at = now()
    return bool(invitations)


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
    session.bypass_rule_for(invitation)  # the token is the permission to use it
    invitation.used_at = now()
    membership = _find_membership(session, invitation.organization_id, session.user_id) or Membership(
        user_id=session.user_id, organization_id=invitation.organization_id, status=MembershipStatus.INVITED
    )
    if membership.status is MembershipStatus.INVITED:
        session.bypass_rule_for(membership)  # an admin granted it with the invitation
        session.add(membership)
        membership.status, membership.role = MembershipStatus.ACTIVE, invitation.role
    session.flush()
    return membership
