"""Mail to send: a job that is added in the transaction of its cause."""

from uuid import UUID

from sqlalchemy import select

from db.core.events import JobQueued
from db.core.session import Session
from db.models.jobs import Job
from db.models.memberships import Membership
from db.models.organizations import Organization
from db.models.users import User

KIND = "mail"


def enqueue(session: Session, user: User, template: str, **arguments: str) -> Job:
    """Queue a mail to a user; a `token` among the arguments is deleted with the job."""
    job = Job(
        kind=KIND,
        arguments={"template": template, "to": user.email, "arguments": {"name": user.name, **arguments}},
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
