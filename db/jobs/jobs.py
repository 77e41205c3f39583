"""Background jobs: the row holds the state, the queue only delivers its id."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import select

from auth.viewer import Viewer
from db.core.base import now
from db.core.dialect_sql import DatabaseClock
from db.core.events import JobChanged, JobQueued
from db.core.prepared import Prepared, bind
from db.core.session import RollbackOnly, Session
from db.core.sqlite_writer import short
from db.jobs.concurrency import check_room
from db.models.jobs import Job, JobStatus
from db.models.users import User
from errors import NotFound

CLOCK = DatabaseClock()  # leases are set and compared by it: workers an hour apart took each other's jobs
LEASE = timedelta(seconds=7)  # another worker takes over within 10 s: the lease and the pause between two sweeps
MAX_CRASHES = 5
CRASHED = "INTERNAL_SERVER_ERROR"  # error code after MAX_CRASHES
SECRETS = frozenset({"token"})  # names of arguments that are removed when the job ends
FIRST_ATTEMPT = "first_attempt"  # argument of a job whose earlier attempts have shown nothing
LOST_SECRETS = "lost_secrets"  # argument of a job whose secrets were removed, so that it cannot run again


claimable_jobs: Prepared[Job] = Prepared(
    select(Job)
    .where(
        Job.kind == bind("kind", Job.kind),
        Job.status.in_([JobStatus.QUEUED, JobStatus.RUNNING]),
        (Job.leased_until < CLOCK) | Job.leased_until.is_(None),
    )
    .order_by(Job.id)
    .limit(100)
)


JobHandler: TypeAlias = Callable[[Session, Job], None]
_final_failure_handlers: dict[str, JobHandler] = {}
_status_handlers: dict[str, JobHandler] = {}


class LeaseLost(RollbackOnly):
    """Raised when another worker has the job or it was canceled: this worker must stop and write nothing more."""


def on_status(kind: str, unit: JobHandler) -> None:
    """Register a function that runs in each transaction that sets the status of a job of this kind."""
    _status_handlers[kind] = unit


def on_final_failure(kind: str, unit: JobHandler) -> None:
    """Register a function that runs in the transaction in which a job of this kind fails for good."""
    _final_failure_handlers[kind] = unit


def enqueue(session: Session, kind: str, organization_id: UUID, **arguments: Any) -> Job:
    """Add a job of the viewer; it is delivered after the commit. Raises RateLimited for a person with too many."""
    check_room(session, kind)
    job = Job(kind=kind, arguments=arguments, organization_id=organization_id, owner_id=session.user_id)
    session.add(job)
    session.emit(JobQueued(job.id))
    return job


@short
def claim(session: Session, job_id: UUID) -> tuple[Job, Viewer] | None:
    """Claim a job that no worker holds and return it with its viewer; None when it is held or finished."""
    row = session.execute(select(Job, CLOCK).where(Job.id == job_id).with_for_update()).one_or_none()
    if row is None:
        return None
    job, moment = row
    if job.finished_at is not None or (job.leased_until is not None and job.leased_until > moment):
        return None
    job.crashes += job.status is JobStatus.RUNNING
    viewer = job_viewer(session, job)
    if viewer is None:
        _end_in_error(session, job, "NOT_FOUND", "The account that started this job was deleted or deactivated.", False)
        return None
    if job.crashes >= MAX_CRASHES:
        message = f"The server stopped {MAX_CRASHES} times during this job. Report it to the operator."
        _end_in_error(session, job, CRASHED, message, True)
        return None
    job.attempt += 1
    job.status = JobStatus.RUNNING
    job.started_at = job.started_at or now()
    job.leased_until = moment + LEASE
    _status_set(session, job)
    return job, viewer


def job_viewer(session: Session, job: Job) -> Viewer | None:
    """Return the owner of a job with the present rights; None when the account is deleted or deactivated."""
    active = select(User).where(User.id == job.owner_id, User.deactivated_at.is_(None))
    owner = session.scalars(active).one_or_none()
    return None if owner is None else Viewer(owner.id, is_superuser=owner.is_superuser)


@short
def renew_lease(session: Session, job_id: UUID, attempt: int) -> Job:
    """Return the locked job with a renewed lease. Raises LeaseLost when this attempt no longer holds it."""
    return _renewed(session, job_id, attempt, LEASE)


def _renewed(session: Session, job_id: UUID, attempt: int, lease: timedelta) -> Job:
    row = session.execute(select(Job, CLOCK).where(Job.id == job_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound("There is no such job, or you may not see it.")
    job, moment = row
    if job.attempt != attempt or job.status is not JobStatus.RUNNING:
        raise LeaseLost
    job.leased_until = moment + lease
    return job


@short
def progress(session: Session, job_id: UUID, attempt: int, done: int, total: int | None) -> None:
    """Hold the job and publish its progress if it has changed."""
    job = renew_lease(session, job_id, attempt)
    if (job.done, job.total) != (done, total):
        job.done, job.total = done, total
        session.emit(JobChanged(job_id))


def finish(session: Session, job_id: UUID, attempt: int, status: JobStatus) -> Job:
    """Finish the job in the transaction of its result."""
    job = renew_lease(session, job_id, attempt)
    return end(session, job, status)


def end(session: Session, job: Job, status: JobStatus) -> Job:
    """End a job and remove the secrets among its arguments."""
    job.status, job.finished_at, job.leased_until = status, now(), None
    public = _without_secrets(job.arguments)
    job.arguments = public if public == job.arguments else public | {LOST_SECRETS: True}
    _status_set(session, job)
    return job


def _without_secrets(arguments: dict[str, Any]) -> dict[str, Any]:
    public = {key: value for key, value in arguments.items() if key not in SECRETS}
    return {key: _without_secrets(value) if isinstance(value, dict) else value for key, value in public.items()}


def fail(session: Session, job_id: UUID, attempt: int, code: str, message: str, retryable: bool) -> None:
    _end_in_error(session, renew_lease(session, job_id, attempt), code, message, retryable)


def _end_in_error(session: Session, job: Job, code: str, message: str, retryable: bool) -> None:
    end(session, job, JobStatus.FAILED)
    job.error_code, job.error_message, job.error_retryable = code, message, retryable
    if job.kind in _final_failure_handlers:
        _final_failure_handlers[job.kind](session, job)


@short
def release(session: Session, job_id: UUID, attempt: int, *, start_over: bool = False) -> None:
    """Return the job to the queue unfinished, without counting a crash; `start_over` makes the next attempt a first."""
    job = renew_lease(session, job_id, attempt)
    if start_over:
        job.arguments = job.arguments | {FIRST_ATTEMPT: attempt + 1}
    job.status, job.leased_until = JobStatus.QUEUED, None
    session.emit(JobQueued(job_id))
    _status_set(session, job)


def postpone(session: Session, job_id: UUID, attempt: int, pause: timedelta, code: str, message: str) -> None:
    """Put the next attempt off, and show the failure of this one."""
    job = _renewed(session, job_id, attempt, pause)
    job.status = JobStatus.QUEUED
    job.error_code, job.error_message, job.error_retryable = code, message, True
    _status_set(session, job)


def release_dead(session: Session) -> None:
    """Release all leases: a process that starts alone on its database knows that their holders are dead."""
    for job in session.scalars(select(Job).where(Job.status == JobStatus.RUNNING)):
        job.leased_until = None


def retry(session: Session, job: Job) -> Job:
    """Restart a finished job as if it were new."""
    job.status, job.crashes, job.done, job.total = JobStatus.QUEUED, 0, 0, None
    job.leased_until = job.started_at = job.finished_at = None
    job.error_code = job.error_message = None
    job.error_retryable = False
    session.emit(JobQueued(job.id))
    _status_set(session, job)
    return job


def _status_set(session: Session, job: Job) -> None:
    session.emit(JobChanged(job.id))
    if job.kind in _status_handlers:
        _status_handlers[job.kind](session, job)
