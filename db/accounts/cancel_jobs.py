"""Cancellation of the jobs of a closed account."""

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
    """Cancel a user's running and queued jobs; unfinished replies keep the text so far and are charged for it."""
    query = select(Job).where(Job.owner_id == user_id, Job.finished_at.is_(None)).order_by(Job.id).with_for_update()
    canceled = []
    for job in session.scalars(query):
        session.bypass_rule_for(job)
        if job.kind == "title":
            titles.settle(session, UUID(job.arguments["conversation_id"]), Tokens(), 0)
        canceled.append(jobs.end(session, job, JobStatus.CANCELED).id)
    unfinished = select(Message).where(Message.job_id.in_(canceled), Message.status == MessageStatus.IN_PROGRESS)
    for message in session.scalars(unfinished):
        session.bypass_rule_for(message)
        message.status = MessageStatus.STOPPED
        replies.settle(session, message)
    for job_id in canceled:
        session.emit(ReplyStopped(job_id))
