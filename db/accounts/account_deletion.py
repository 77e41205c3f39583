"""Accounts deleted by their owners: closed at once, then erased bit by bit."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.sql import ColumnElement

from auth.viewer import Role
from db.accounts import accounts
from db.accounts.cancel_jobs import cancel_user_jobs
from db.accounts.sessions import end_sessions
from db.core.base import Base, Owned, Visibility, now
from db.core.events import AccountDeleted
from db.core.idempotency import IdempotencyKey
from db.core.session import Session
from db.models.audit import AuditEntry
from db.models.invitations import Invitation
from db.models.memberships import Membership, MembershipStatus
from db.models.organizations import Organization
from db.models.sessions import SessionEnd, SignIn
from db.models.users import User
from db.retention.erasure import erase
from errors import Conflict

ACTION = "deleteAccount"


@dataclass(frozen=True)
class AffectedMembership:
    """A membership of somebody who goes; `is_empty` when the organization has nobody else."""

    membership: Membership
    organization: Organization
    is_last_member: bool


def delete_account(session: Session) -> None:
    """Close the viewer's account for good: nobody is signed in to it, nothing runs for it, its name is gone.

    What stays is a nameless row that the history of shared organizations refers to. The rest is erased by `erase_some`.
    Raises Conflict while others would be left without an admin, or the server without a superuser.
    """
    user = session.get_for_update(User, session.user_id)
    accounts.ensure_superuser_remains(session, user)
    moment, places = now(), _affected_memberships(session, user.id)
    cancel_user_jobs(session, user.id)
    _leave_organizations(session, user, places, moment)
    end_sessions(session, user.id, SessionEnd.DELETED)
    session.bypass_rule_for(user)  # that it was they who asked is what the password showed
    user.email, user.first_name, user.last_name, user.password_hash = _placeholder_email(user), "Deleted", "user", ""
    user.is_superuser = user.is_email_verified = False
    user.account_deleted_at = user.deactivated_at = moment
    session.emit(AccountDeleted(user.id))


def _placeholder_email(user: User) -> str:
    """What stands for an address; it is none, so nobody signs up or logs in with it."""
    return f"deleted-{user.id.hex}"


def _affected_memberships(session: Session, user_id: UUID) -> list[AffectedMembership]:
    """Where they are, once every other change of who is there is over."""
    query = (
        select(Membership, Organization)
        .join(Organization, Organization.id == Membership.organization_id)
        .where(Membership.user_id == user_id)
        .order_by(Organization.id)
    )
    found = session.execute(query.with_for_update()).all()
    return [
        AffectedMembership(membership, organization, _is_last_member(session, membership, organization))
        for membership, organization in found
    ]


def _is_last_member(session: Session, membership: Membership, organization: Organization) -> bool:
    """Whether nobody else is active there. Raises Conflict when others would be left without an admin."""
    if membership.status is not MembershipStatus.ACTIVE:
        return False
    others = session.scalars(
        select(Membership.role)
        .where(
            Membership.organization_id == organization.id,
            Membership.status == MembershipStatus.ACTIVE,
            Membership.id != membership.id,
        )
        .distinct()
    ).all()
    if others and membership.role is Role.ADMIN and Role.ADMIN not in others:
        raise Conflict(
            f"You are the last admin of {organization.name}: make somebody else an admin first, or delete it."
        )
    return not others


def _leave_organizations(session: Session, user: User, places: list[AffectedMembership], moment: datetime) -> None:
    """Leave every organization, and take along those that nobody else is in."""
    for place in places:
        session.bypass_rule_for(place.membership)  # everybody may leave
        place.membership.deleted_at = moment
        if place.is_last_member:
            session.bypass_rule_for(place.organization)
            place.organization.deleted_at = moment
    for invitation in session.scalars(select(Invitation).where(Invitation.email == user.email)):
        session.bypass_rule_for(invitation)
        invitation.email = _placeholder_email(user)
        invitation.deleted_at = None if invitation.used_at else moment


def erase_batch(session: Session, limit: int) -> bool:
    """Erase a part of what people who are gone have left; whether there may be more."""
    gone = select(User).where(User.account_deleted_at.is_not(None), User.erased_at.is_(None)).order_by(User.id).limit(1)
    user = session.scalars(gone.with_for_update(skip_locked=True)).one_or_none()
    if user is None:
        return False
    left = limit
    for model, condition in _erasure_steps(user):
        left -= erase(session, model, condition, most=left)
        if left <= 0:
            return True
    user.erased_at = now()
    return True


def _erasure_steps(user: User) -> Iterator[tuple[type[Base], ColumnElement[bool]]]:
    """What is erased of somebody, in this order: what was written down about a thing goes before the thing."""
    own = (Organization.updated_by_id == user.id) & (Organization.deleted_at == user.account_deleted_at)
    yield AuditEntry, AuditEntry.organization_id.in_(select(Organization.id).where(own))
    yield AuditEntry, (AuditEntry.subject_id == user.id) & (AuditEntry.action != ACTION)
    yield Organization, own
    models: list[Any] = [mapper.class_ for mapper in Base.registry.mappers]
    for model in models:
        if issubclass(model, Owned):
            private = (model.owner_id == user.id) & (model.visibility == Visibility.PRIVATE)
            yield AuditEntry, AuditEntry.subject_id.in_(select(model.id).where(private))
            yield model, private
    yield IdempotencyKey, IdempotencyKey.user_id == user.id
    for model in models:
        for column in _user_columns(model):
            yield model, column == user.id


def _user_columns(model: type[Base]) -> Iterator[Any]:
    """The columns that name a user, of a model whose rows are of no organization.

    A sign-in is left until it is purged: that it has ended is what closes the sockets on it.
    """
    columns = model.__mapper__.columns
    if "organization_id" in columns or model is SignIn:
        return
    for column in columns:
        if any(key.column.table.name == User.__tablename__ for key in column.foreign_keys):
            yield getattr(model, column.key)
