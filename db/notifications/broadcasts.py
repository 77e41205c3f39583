"""Broadcasts: one line to all users, sent by a job in batches."""

from uuid import UUID

from sqlalchemy import select

from db.core.idempotency import idempotent
from db.core.session import Session
from db.core.validation import checked_line
from db.jobs import jobs
from db.models.jobs import Job
from db.models.users import User
from db.notifications.notifications import BROADCAST, MAX_TITLE, notify
from errors import Forbidden

KIND = "broadcast"
BATCH = 200  # users notified in one transaction


def start(session: Session, title: str, idempotency_key: str | None = None) -> Job:
    """Start a broadcast to all active users. Raises Forbidden unless the viewer is a superuser."""
    if not session.viewer.is_superuser:
        raise Forbidden("Only a superuser can send a broadcast.")
    line = checked_line(title, "title", MAX_TITLE)

    def create() -> Job:
        session.annotate_audit(session.get(User, session.user_id), {}, {"broadcast": line})
        return jobs.enqueue(session, KIND, session.personal_organization_id, title=line)

    return idempotent(
        session,
        "broadcast",
        idempotency_key,
        create=create,
        result_ids=lambda job: [job.id],
        load=lambda ids: session.get(Job, ids[0]),
    )


def notify_next_batch(session: Session, job_id: UUID, attempt: int) -> bool:
    """Notify the next batch of users in the order of their ids; return True if there are more."""
    job = jobs.renew_lease(session, job_id, attempt)
    query = select(User.id).where(User.deactivated_at.is_(None)).order_by(User.id).limit(BATCH)
    if last := job.arguments.get("after"):
        query = query.where(User.id > UUID(last))
    ids = session.scalars(query).all()
    for id_ in ids:
        notify(session, id_, BROADCAST, job.arguments["title"])
    if ids:
        job.arguments, job.done = job.arguments | {"after": ids[-1].hex}, job.done + len(ids)
    return len(ids) == BATCH
