"""Jobs as their owners see them: list, cancel and retry. Each feature registers what its kind of job allows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import or_

from db.core.pagination import Listing
from db.core.policy_scopes import VIEWER
from db.core.prepared import bind
from db.core.session import Session
from db.jobs import jobs
from db.models.jobs import Job, JobKind, JobStatus
from errors import Conflict

# Kinds of stored jobs by the kind that their owners see; the first name of two is the usual one.
STORED_KINDS: dict[JobKind, tuple[str, ...]] = {
    JobKind.REPLY: ("reply", "title"),
    JobKind.EXPORT: ("export", "sheetLink"),
    JobKind.EXTRACTION: ("extraction",),
    JobKind.REPORT: ("report",),
    JobKind.MAIL: ("mail", "broadcast"),
    JobKind.INDEX: ("index",),
    JobKind.WEBHOOK: ("webhook",),
}
KINDS = {stored: kind for kind, names in STORED_KINDS.items() for stored in names}

_FILTERS = {
    "kind": or_(Job.kind == bind("kind", Job.kind), Job.kind == bind("other_kind", Job.kind)),
    "status": Job.status == bind("status", Job.status),
}
own_jobs = Listing(Job, Job.owner_id == VIEWER, newest_first=True, optional=_FILTERS)
all_jobs = Listing(Job, newest_first=True, optional=_FILTERS)  # of everybody, for superusers

Action: TypeAlias = Callable[[Session, Job], object]


@dataclass(frozen=True)
class JobControl:
    """Actions that a kind of job allows, or the sentence that refuses them."""

    cancel: Action | str
    retry: Action | str


_controls: dict[str, JobControl] = {}


def register(kind: str, cancel: Action | str, retry: Action | str) -> None:
    """Register the actions of a stored kind of job; they run with the job locked, in a state that allows them."""
    _controls[kind] = JobControl(cancel, retry)


def cancel(session: Session, id_: UUID) -> Job:
    """Cancel an unfinished job; a canceled one stays so. Raises Conflict if it has ended, or its kind refuses."""
    job = session.get_for_update(Job, id_)
    if job.status is JobStatus.CANCELED:
        return job
    if job.finished_at is not None:
        raise Conflict(f"Only an unfinished job can be canceled; this one is {job.status}.")
    _run(session, job, _control(job).cancel)
    return job


def retry(session: Session, id_: UUID) -> Job:
    """Queue a failed or canceled job again. Raises Conflict for another state and where its kind refuses."""
    job = session.get_for_update(Job, id_)
    action = _control(job).retry
    if job.status not in (JobStatus.FAILED, JobStatus.CANCELED):
        raise Conflict(f"Only a failed or canceled job can be retried; this one is {job.status}.")
    _run(session, job, action)
    return job


def end_canceled(session: Session, job: Job) -> None:
    """Cancel a job that no other row depends on."""
    jobs.end(session, job, JobStatus.CANCELED)


def _control(job: Job) -> JobControl:
    return _controls[job.kind]


def _run(session: Session, job: Job, action: Action | str) -> None:
    if isinstance(action, str):
        raise Conflict(action)
    action(session, job)


register("broadcast", cancel=end_canceled, retry=jobs.retry)
# What an interrupted build leaves, the next one of the table drops and builds again.
register("index", cancel=end_canceled, retry=jobs.retry)
