"""Work nobody waits for: the row is the truth, the queue only delivers its id."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import select

from auth.viewer import Viewer
from db.core.base import now
from db.core.events import JobChanged, JobQueued
from db.core.prepared import Prepared, bind
from db.core.session import RollbackOnly, Session
from db.models.jobs import Job, JobStatus
from db.models.users import User

LEASE = timedelta(seconds=7)  # with the sweep of a worker, a dead one is found within ten
MAX_CRASHES = 5
CRASHED = "INTERNAL_SERVER_ERROR"  # what a job fails with whose workers died so often
SECRETS = frozenset({"token"})  # names of arguments


unheld: Prepared[Job] = Prepared(
    select(Job)
    .where(
        Job.kind == bind("kind", Job.kind),
        Job.status.in_([JobStatus.QUEUED, JobStatus.RUNNING]),
        (Job.leased_until < bind("moment", Job.leased_until)) | Job.leased_until.is_(None),
    )
    .order_by(Job.id)
    .limit(100)
)


GaveUp: TypeAlias = Callable[[Session, Job], None]
_gave_up: dict[str, GaveUp] = {}


class LeaseLost(RollbackOnly):
    """Another worker has the job, or it was canceled: this one must stop and write nothing more."""


def when_given_up(kind: str, unit: GaveUp) -> None:
    """Call this in the transaction in which a job of a kind fails, to end what waits for it."""
    _gave_up[kind] = unit


def enqueue(session: Session, kind: str, organization_id: UUID, **arguments: Any) -> Job:
    """Add a job of the viewer's; it is delivered after the commit."""
    job = Job(kind=kind, arguments=arguments, organization_id=organization_id, owner_id=session.user_id)
    session.add(job)
    session.emit(JobQueued(job.id))
    return job


def claim(session: Session, job_id: UUID) -> tuple[Job, Viewer] | None:
    """Take a job that nobody holds, and whom it runs as; None when somebody does or it is over."""
    job = session.scalars(select(Job).where(Job.id == job_id).with_for_update()).one_or_none()
    if job is None or job.finished_at is not None:
        return None
    if job.leased_until is not None and job.leased_until > now():
        return None
    job.crashes += job.status is JobStatus.RUNNING
    viewer = runs_as(session, job)
    if viewer is None:
        _end_in_error(session, job, "NOT_FOUND", "The account that asked for this is gone.", False)
        return None
    if job.crashes >= MAX_CRASHES:
        message = f"The server stopped {MAX_CRASHES} times while it worked on this: report it."
        _end_in_error(session, job, CRASHED, message, True)
        return None
    job.attempt += 1
    job.status = JobStatus.RUNNING
    job.started_at = job.started_at or now()
    job.leased_until = now() + LEASE
    session.emit(JobChanged(job.id))
    return job, viewer


def runs_as(session: Session, job: Job) -> Viewer | None:
    """The person who asked: a job sees and changes what they may, and nothing else. None when they are gone."""
    active = select(User).where(User.id == job.owner_id, User.deactivated_at.is_(None))
    owner = session.scalars(active).one_or_none()
    return None if owner is None else Viewer(owner.id, is_superuser=owner.is_superuser)


def hold(session: Session, job_id: UUID, attempt: int) -> Job:
    """The job, locked, with a longer lease, if this attempt still has it; LeaseLost otherwise."""
    job = session.get(Job, job_id, lock=True)
    if job.attempt != attempt or job.status is not JobStatus.RUNNING:
        raise LeaseLost
    job.leased_until = now() + LEASE
    return job


def progress(session: Session, job_id: UUID, attempt: int, done: int, total: int | None) -> None:
    """Hold the job, and tell how far it is if that is news."""
    job = hold(session, job_id, attempt)
    if (job.done, job.total) != (done, total):
        job.done, job.total = done, total
        session.emit(JobChanged(job_id))


def finish(session: Session, job_id: UUID, attempt: int, status: JobStatus) -> Job:
    """End the job in the same transaction as what it came to."""
    job = hold(session, job_id, attempt)
    return end(session, job, status)


def end(session: Session, job: Job, status: JobStatus) -> Job:
    """End a job; secrets among its arguments are kept no longer."""
    job.status, job.finished_at, job.leased_until = status, now(), None
    job.arguments = _without_secrets(job.arguments)
    session.emit(JobChanged(job.id))
    return job


def _without_secrets(arguments: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in arguments.items() if key not in SECRETS}
    return {key: _without_secrets(value) if isinstance(value, dict) else value for key, value in kept.items()}


def fail(session: Session, job_id: UUID, attempt: int, code: str, message: str, retryable: bool) -> None:
    _end_in_error(session, hold(session, job_id, attempt), code, message, retryable)


def _end_in_error(session: Session, job: Job, code: str, message: str, retryable: bool) -> None:
    end(session, job, JobStatus.FAILED)
    job.error_code, job.error_message, job.error_retryable = code, message, retryable
    if job.kind in _gave_up:
        _gave_up[job.kind](session, job)


def release(session: Session, job_id: UUID, attempt: int) -> None:
    """Give the job back undone, for the next worker; not a crash."""
    job = hold(session, job_id, attempt)
    job.status, job.leased_until = JobStatus.QUEUED, None
    session.emit(JobChanged(job_id))


def release_dead(session: Session) -> None:
    """Take every lease away: for a process that starts alone on its database, they are of dead processes."""
    for job in session.scalars(select(Job).where(Job.status == JobStatus.RUNNING)):
        job.leased_until = None


def retry(session: Session, job: Job) -> Job:
    """Begin a job that is over once more, as if it were new."""
    job.status, job.crashes, job.done, job.total = JobStatus.QUEUED, 0, 0, None
    job.leased_until = job.started_at = job.finished_at = None
    job.error_code = job.error_message = None
    job.error_retryable = False
    session.emit(JobQueued(job.id))
    session.emit(JobChanged(job.id))
    return job
