"""Mail to send: a job that is added in the transaction of its cause."""

from uuid import UUID

from sqlalchemy import select

from db.core.events import JobQueued
from db.core.session import INSIDE, Session
from db.jobs import control, jobs
from db.models.jobs import Job
from db.models.memberships import Membership
from db.models.organizations import Organization
from db.models.users import User
from errors import Conflict

KIND = "mail"


def enqueue(
    session: Session,
    user: User,
    template: str,
    *,
    to: str | None = None,
    path: str | None = None,
    link: str | None = None,
    **values: str,
) -> Job:
    """Queue a mail to a user, whose job it is, at the address `to` if given.

    A `token` among the values is deleted when the job ends. `path` is a path of this server, which is signed when the
    mail is sent; `link` is an address elsewhere.
    """
    target = {name: value for name, value in (("path", path), ("link", link)) if value is not None}
    arguments = {"template": template, "to": to or user.email, "arguments": {"name": user.name, **values}, **target}
    job = Job(
        kind=KIND,
        arguments=arguments,
        organization_id=_personal(session, user.id),
        owner_id=user.id,
    )
    session.bypass_rule_for(job)  # one user's action may cause a mail to another
    session.add(job)
    session.emit(JobQueued(job.id))
    return job


def _personal(session: Session, user_id: UUID) -> UUID:
    """Return the personal organization of any user."""
    return session.scalars(
        select(Organization.id)
        .join(Membership, Membership.organization_id == Organization.id)
        .where(Organization.is_personal, Membership.user_id == user_id, Organization.deleted_at.is_(None)),
        execution_options=INSIDE,
    ).one()


def _retry(session: Session, job: Job) -> None:
    if jobs.LOST_SECRETS in job.arguments:
        raise Conflict("The link in this mail was deleted with its job. Request a new mail.")
    jobs.retry(session, job)


control.register(KIND, cancel=control.end_canceled, retry=_retry)
