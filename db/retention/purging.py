"""Purge of expired tokens and keys, and of rows deleted long ago."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.sql import ColumnElement

from db.core.base import Base, now
from db.core.dialect_sql import OneOf
from db.core.idempotency import RETENTION, IdempotencyKey
from db.core.prepared import Prepared
from db.core.session import Session
from db.jobs.mail import KIND as MAIL
from db.models.activity import Activity
from db.models.exports import Export
from db.models.google import GoogleAccount, GoogleConsent, GoogleRevocation
from db.models.invitations import Invitation
from db.models.jobs import Job
from db.models.memberships import Membership
from db.models.notifications import Notification
from db.models.organizations import Organization
from db.models.reports import Report
from db.models.sessions import SignIn
from db.models.single_sign_on import LIFETIME, SignInCode
from db.models.sites import SiteAssignment
from db.models.tables import Row, TableColumn
from db.models.verifications import Verification
from db.notifications import activity, notifications
from db.retention.erasure import erase
from db.retention.restoring import RESTORABLE
from db.webhooks.events import JOB_KIND as WEBHOOK

GRACE = timedelta(days=1)  # ended sign-ins are still read, to close the sockets and streams open on them

DELETED: tuple[type[Base], ...] = (
    *RESTORABLE,
    Export,
    Invitation,
    Membership,
    Report,
    Row,
    SiteAssignment,
    TableColumn,
)

exports: Prepared[Export] = Prepared(select(Export).where(OneOf(Export.id)), deleted=Export)


def purge_batch(session: Session, limit: int, deleted_before: datetime) -> int:
    """Erase up to `limit` expired rows and return their number, which is less when no more are left."""
    left = limit
    for model, condition in _expired_rows(deleted_before):
        left -= erase(session, model, condition, limit=left)
        if left <= 0:
            break
    return limit - left


def _expired_rows(deleted_before: datetime) -> Iterator[tuple[type[Base], ColumnElement[bool]]]:
    moment = now()
    yield IdempotencyKey, IdempotencyKey.created_at < moment - RETENTION
    yield Notification, Notification.created_at < moment - notifications.RETENTION
    yield Activity, Activity.id < activity.oldest_kept()
    # No foreign key takes them along when the organization is erased, as a personal one is with its account.
    yield Activity, Activity.organization_id.not_in(select(Organization.id))
    yield Verification, Verification.expires_at < moment
    yield GoogleConsent, GoogleConsent.expires_at < moment
    yield SignInCode, SignInCode.created_at < moment - LIFETIME
    yield GoogleAccount, GoogleAccount.deleted_at < deleted_before
    yield GoogleRevocation, GoogleRevocation.deleted_at < moment
    yield SignIn, or_(SignIn.expires_at < moment - GRACE, SignIn.revoked_at < moment - GRACE)
    yield Invitation, Invitation.expires_at < deleted_before
    yield Job, Job.kind.in_([MAIL, WEBHOOK]) & (Job.finished_at < deleted_before)
    for model in DELETED:
        yield model, model.deleted_at < deleted_before
