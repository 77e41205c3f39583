"""Mail to send: a job that is added in the transaction of its cause."""

from uuid import UUID

from sqlalchemy import select

from db.core.events import JobQueued
from db.core.session import Session
from db.jobs import control, jobs
from db.models.jobs import Job
from db.models.memberships import Membership
from db.models.organizations import Organization
from db.models.users import User
from errors import Conflict

KIND = "mail"


def enqueue(session: Session, user: User, template: str, *, to: str | None = None, **arguments: str) -> Job:
    """Queue a mail to a user, at the address `to` if given; a `token` among the arguments is deleted with the job."""
    job = Job(
        kind=KIND,
        arguments={"template": template, "to": to or user.email, "arguments": {"name": user.name, **arguments}},
        organization_id=_personal(session, user.id),
        owner_id=user.id,
    )
    session.add(job)
    session.emit(JobQueued(job.id))
    return job


def _personal(session: Session, user_id: UUID) -> UUID:
    return session.scalars(
        select(Organization.id)
        .join(Membership, Membership.organization_id == Organization.id)
        .where(Organization.is_personal, Membership.user_id == user_id)
    ).one()


def _retry(session: Session, job: Job) -> None:
    if jobs.LOST_SECRETS in job.arguments:
        raise Conflict("The link in this mail was deleted with its job. Request a new mail.")
    jobs.retry(session, job)


control.register(KIND, cancel=control.end_canceled, retry=_retry)
