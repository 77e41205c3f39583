"""Invitations: a token in a mail that makes its reader a member."""

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
from db.notifications.notifications import INVITED, tell
from errors import Conflict, NotFound

DELETED_MEMBERSHIPS = {"deleted": (Membership, Deleted.ONLY)}
LIFETIME = timedelta(days=7)
REFUSAL_MESSAGE = "This invitation was used, has ended or is for another address: sign in as the one it was sent to."


@dataclass(frozen=True)
class Invitee:
    """Whom to invite; `user_id` when they have an account already. `email` is in lower case."""

    email: str
    role: Role
    user_id: UUID | None


@dataclass(frozen=True)
class InvitationToken:
    """A new token to send, and the digest to keep of it."""

    token: str
    digest: bytes


@dataclass(frozen=True)
class InvitationResult:
    """What came of it; without a membership when the address has no account yet."""

    invitation: Invitation
    membership: Membership | None


def invite(
    session: Session,
    organization_id: UUID,
    invitee: Invitee,
    secret: InvitationToken,
    idempotency_key: str | None = None,
) -> InvitationResult:
    """Invite somebody and mail them the token; an invitation that they had before is void."""
    return idempotent(
        session,
        "inviteMember",
        idempotency_key,
        create=lambda: _invite(session, organization_id, invitee, secret),
        result_ids=lambda made: [made.invitation.id, *([made.membership.id] if made.membership else [])],
        load=lambda ids: _load(session, *ids),
    )


def _load(session: Session, id_: UUID, membership_id: UUID | None = None) -> InvitationResult:
    membership = None if membership_id is None else session.get(Membership, membership_id)
    return InvitationResult(session.get(Invitation, id_), membership)


def _invite(session: Session, organization_id: UUID, invitee: Invitee, secret: InvitationToken) -> InvitationResult:
    organization = session.get_for_update(Organization, organization_id)
    if organization.is_personal:
        raise Conflict("This organization is somebody's own: make another with createOrganization and invite to that.")
    membership = _add_membership(session, organization_id, invitee)
    _withdraw(session, organization_id, invitee.email)
    invitation = Invitation(
        organization_id=organization_id,
        email=invitee.email,
        role=invitee.role,
        digest=secret.digest,
        expires_at=now() + LIFETIME,
    )
    session.add(invitation)
    session.flush()
    _mail(session, organization, invitation, secret.token)
    if invitee.user_id is not None:
        tell(session, invitee.user_id, INVITED, f"You are invited to {organization.name}", organization)
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
        raise Conflict("They are a member already: change their role with changeMemberRole.")
    membership.role = invitee.role
    return membership


def _find_membership(
    session: Session, organization_id: UUID, user_id: UUID, options: Mapping[str, Any] = MappingProxyType({})
) -> Membership | None:
    query = select(Membership).where(Membership.organization_id == organization_id, Membership.user_id == user_id)
    return session.scalars(query, execution_options=options).one_or_none()


def cancel(session: Session, organization_id: UUID, email: str) -> None:
    """Take back what an address was sent, and the place that waits for its account if it has one. Raises NotFound."""
    session.get_for_update(Organization, organization_id)
    if not _withdraw(session, organization_id, email):
        raise NotFound(
            "Nobody with this address is invited, or they have accepted: then take them out by removeMember."
        )
    waiting = (
        select(Membership)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.organization_id == organization_id,
            Membership.status == MembershipStatus.INVITED,
            User.email == email,
        )
    )
    for membership in session.scalars(waiting.with_for_update(of=Membership)):
        membership.deleted_at = now()


def withdraw(session: Session, membership: Membership) -> None:
    """Make the invitations of somebody who has not accepted yet void."""
    _withdraw(session, membership.organization_id, session.get(User, membership.user_id).email)


def _withdraw(session: Session, organization_id: UUID, email: str) -> bool:
    """Whether there was an invitation to make void."""
    query = select(Invitation).where(
        Invitation.organization_id == organization_id, Invitation.email == email, Invitation.used_at.is_(None)
    )
    found = session.scalars(query).all()
    for invitation in found:
        session.bypass_rule_for(invitation)  # whoever may invite, or is invited, may call it off
        invitation.deleted_at = now()
    return bool(found)


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
    """Make the viewer a member by the token that was mailed to their address; it is good once."""
    query = select(Invitation).where(Invitation.digest == digest).with_for_update()
    invitation = session.scalars(query).one_or_none()
    email = session.get(User, session.user_id).email
    if invitation is None or invitation.email != email or invitation.used_at or invitation.expires_at <= now():
        raise NotFound(REFUSAL_MESSAGE)
    session.bypass_rule_for(invitation)  # the token shows that the viewer may use it up
    invitation.used_at = now()
    membership = _find_membership(session, invitation.organization_id, session.user_id) or Membership(
        user_id=session.user_id, organization_id=invitation.organization_id, status=MembershipStatus.INVITED
    )
    if membership.status is MembershipStatus.INVITED:
        session.bypass_rule_for(membership)  # the invitation is an admin's word for it
        session.add(membership)
        membership.status, membership.role = MembershipStatus.ACTIVE, invitation.role
    session.flush()
    return membership
