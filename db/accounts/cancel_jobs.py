"""Work that goes on for somebody is ended: their account is closed, so nothing more is done in their name."""

from uuid import UUID

from sqlalchemy import select

from db.conversations import replies, titles
from db.core.events import ReplyStopped
from db.core.session import Session
from db.jobs import jobs
from db.models.jobs import Job, JobStatus
from db.models.messages import Message, MessageStatus
from db.models.usage import Tokens


def cancel_user_jobs(session: Session, user_id: UUID) -> None:
    """Cancel what runs or waits for a user; what was being said stays as far as it came, and is paid for that far."""
    query = select(Job).where(Job.owner_id == user_id, Job.finished_at.is_(None)).order_by(Job.id).with_for_update()
    ended = []
    for job in session.scalars(query):
        session.bypass_rule_for(job)
        if job.kind == "title":
            titles.settle(session, UUID(job.arguments["conversation_id"]), Tokens(), 0)
        ended.append(jobs.end(session, job, JobStatus.CANCELED).id)
    written = select(Message).where(Message.job_id.in_(ended), Message.status == MessageStatus.IN_PROGRESS)
    for message in session.scalars(written):
        session.bypass_rule_for(message)
        message.status = MessageStatus.STOPPED
        replies.settle(session, message)
    for job_id in ended:
        session.emit(ReplyStopped(job_id))
