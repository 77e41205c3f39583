"""Deletion of accounts by their owners: closed at once, then erased in batches."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.sql import ColumnElement

from auth.viewer import Role
from db.accounts import accounts, api_keys, single_sign_on
from db.accounts.cancel_jobs import cancel_user_jobs
from db.accounts.sessions import end_sessions
from db.core.base import Base, Owned, Visibility, now
from db.core.events import AccountDeleted
from db.core.idempotency import IdempotencyKey
from db.core.session import Session
from db.google import accounts as google_accounts
from db.models.audit import AuditEntry
from db.models.google import GoogleRevocation
from db.models.invitations import Invitation
from db.models.memberships import Membership, MembershipStatus
from db.models.organizations import Organization
from db.models.sessions import SessionEnd, SignIn
from db.models.users import User
from db.organizations.invitations import delete_pending
from db.retention.erasure import erase
from errors import Conflict

ACTION = "deleteAccount"


@dataclass(frozen=True)
class AffectedMembership:
    """A membership that ends with the account; `is_last_member` when no other active member remains."""

    membership: Membership
    organization: Organization
    is_last_member: bool


def delete_account(session: Session) -> GoogleRevocation | None:
    """Close the viewer's account for good: end its sessions, cancel its jobs and anonymize its row.

    Return the encrypted token of its Google account, which is forgotten here, for its revocation at Google.

    The anonymous row stays, because the history of shared organizations refers to it; `erase_batch` erases the rest.
    Raises Conflict if an organization would lose its last admin, or the server its last superuser.
    """
    user = session.get_for_update(User, session.user_id)
    accounts.ensure_superuser_remains(session, user)
    moment, memberships = now(), _affected_memberships(session, user.id)
    cancel_user_jobs(session, user.id)
    _leave_organizations(session, user, memberships, moment)
    end_sessions(session, user.id, SessionEnd.DELETED)
    api_keys.end_all(session, user.id)
    single_sign_on.forget(session, user.id)
    session.bypass_rule_for(user)  # the resolver has verified the password, which proves that the owner asks
    user.email, user.first_name, user.last_name, user.password_hash = _placeholder_email(user), "Deleted", "user", ""
    user.is_superuser = user.is_email_verified = False
    user.account_deleted_at = user.deactivated_at = moment
    session.emit(AccountDeleted(user.id))
    return google_accounts.disconnect(session)


def _placeholder_email(user: User) -> str:
    # Without an @ it is no valid address, so that no one can sign up, log in or be mailed with it.
    return f"deleted-{user.id.hex}"


def _affected_memberships(session: Session, user_id: UUID) -> list[AffectedMembership]:
    """Return the user's memberships, locked in the order of their organizations to avoid deadlocks."""
    query = (
        select(Membership, Organization)
        .join(Organization, Organization.id == Membership.organization_id)
        .where(Membership.user_id == user_id)
        .order_by(Organization.id)
    )
    rows = session.execute(query.with_for_update()).all()
    return [
        AffectedMembership(membership, organization, _is_last_member(session, membership, organization))
        for membership, organization in rows
    ]


def _is_last_member(session: Session, membership: Membership, organization: Organization) -> bool:
    """Check for other active members. Raises Conflict if they would be left without an admin."""
    if membership.status is not MembershipStatus.ACTIVE:
        return False
    other_roles = session.scalars(
        select(Membership.role)
        .where(
            Membership.organization_id == organization.id,
            Membership.status == MembershipStatus.ACTIVE,
            Membership.id != membership.id,
        )
        .distinct()
    ).all()
    if other_roles and membership.role is Role.ADMIN and Role.ADMIN not in other_roles:
        raise Conflict(
            f"You are the last admin of {organization.name}. Make another member an admin first, or delete the "
            "organization."
        )
    return not other_roles


def _leave_organizations(session: Session, user: User, affected: list[AffectedMembership], moment: datetime) -> None:
    """End the memberships and invitations, and delete the organizations without another active member."""
    for entry in affected:
        session.bypass_rule_for(entry.membership)  # every member may leave
        entry.membership.deleted_at = moment
        if entry.is_last_member:
            session.bypass_rule_for(entry.organization)
            entry.organization.deleted_at = moment
    for invitation in session.scalars(select(Invitation).where(Invitation.email == user.email)).all():
        delete_pending(session, [invitation])
        session.bypass_rule_for(invitation)
        invitation.email = _placeholder_email(user)
        invitation.deleted_at = None if invitation.used_at else moment


def erase_batch(session: Session, limit: int) -> int | None:
    """Erase up to `limit` rows of one deleted account; return their number, or None when no account is left."""
    # SKIP LOCKED lets several processes erase different accounts at the same time.
    deleted = (
        select(User).where(User.account_deleted_at.is_not(None), User.erased_at.is_(None)).order_by(User.id).limit(1)
    )
    user = session.scalars(deleted.with_for_update(skip_locked=True)).one_or_none()
    if user is None:
        return None
    remaining = limit
    for model, condition in _erasure_steps(user):
        remaining -= erase(session, model, condition, limit=remaining)
        if remaining <= 0:
            return limit - remaining
    user.erased_at = now()
    return limit - remaining


def _erasure_steps(user: User) -> Iterator[tuple[type[Base], ColumnElement[bool]]]:
    """Yield the models and conditions to erase, in this order: the audit entries of a row before the row itself."""
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
    """Yield the foreign keys to users of a model without an organization."""
    columns = model.__mapper__.columns
    # Ended sign-ins stay until they are purged: other processes read them to close the sockets that use them.
    if "organization_id" in columns or model is SignIn:
        return
    for column in columns:
        if any(key.column.table.name == User.__tablename__ for key in column.foreign_keys):
            yield getattr(model, column.key)
