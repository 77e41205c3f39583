"""Notifications of events that a user may have missed."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select

from db.core.base import Base, now
from db.core.events import Notified
from db.core.pagination import Listing
from db.core.prepared import Prepared, bind
from db.core.session import Session
from db.models.notifications import Notification

RETENTION = timedelta(days=30)
MAX_TITLE = 200
MAX_MARKED = 1_000  # notifications that one call marks as read
STREAM_BATCH = 100

EXPORT_FINISHED, EXPORT_FAILED = "EXPORT_FINISHED", "EXPORT_FAILED"
SHEET_LINK_PAUSED = "SHEET_LINK_PAUSED"
REPORT_READY, REPORT_FAILED = "REPORT_READY", "REPORT_FAILED"
REPLY_FINISHED, REPLY_FAILED = "REPLY_FINISHED", "REPLY_FAILED"
INVITED, BROADCAST = "INVITED", "BROADCAST"


# The policy hides nothing from a superuser, so each of these queries selects the own notifications itself.
_own = Notification.user_id == bind("user_id", Notification.user_id)
all_notifications = Listing(Notification, _own, newest_first=True, optional={"unread": Notification.read_at.is_(None)})
since: Prepared[Notification] = Prepared(
    select(Notification)
    .where(_own, Notification.id > bind("floor", Notification.id))
    .order_by(Notification.id)
    .limit(STREAM_BATCH)
)


def notify(session: Session, user_id: UUID, kind: str, title: str, subject: Base | None = None) -> Notification:
    """Notify a user in the caller's transaction; subscribers get it after the commit.

    `kind` is a word in capitals for programs, `title` a line for people, `subject` the row that it is about.
    """
    notification = Notification(
        user_id=user_id,
        kind=kind,
        title=" ".join(title.split())[:MAX_TITLE],
        subject_table=None if subject is None else subject.__tablename__,
        subject_id=None if subject is None else subject.id,
    )
    session.bypass_rule_for(notification)  # the acting user may notify other users of the action
    session.add(notification)
    session.emit(Notified(user_id))
    return notification


def mark_read(session: Session, ids: Sequence[UUID] | None) -> list[Notification]:
    """Mark these notifications of the viewer, or the newest thousand unread ones, as read."""
    query = select(Notification).where(Notification.user_id == session.user_id, Notification.read_at.is_(None))
    if ids is not None:
        query = query.where(Notification.id.in_(ids))
    marked = list(session.scalars(query.order_by(Notification.id.desc()).limit(MAX_MARKED).with_for_update()))
    for notification in marked:
        notification.read_at = now()
    return marked


def unread_count(session: Session) -> int:
    """Return the number of unread notifications of the viewer."""
    query = select(func.count(Notification.id)).where(
        Notification.user_id == session.user_id, Notification.read_at.is_(None)
    )
    return session.scalars(query).one()
