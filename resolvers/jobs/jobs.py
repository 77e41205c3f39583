"""Background jobs of the viewer: list, cancel and retry them."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import argument

from db.core.base import Base
from db.jobs import control
from db.models.conversations import Conversation
from db.models.exports import Export
from db.models.jobs import Job, JobKind, JobStatus
from db.models.messages import Message
from db.models.proposals import Proposal
from db.models.reports import Report
from db.models.tables import Table
from db.models.webhooks import Delivery
from errors import NotFound
from resolvers.conversations.replies import await_stop
from resolvers.core.context import Context, Info
from resolvers.core.ids import decode_id, global_id
from resolvers.core.pages import KeysetPage
from resolvers.exports.exports import Failure, check_export

# The argument of each stored kind of job that names its subject, and the model of the subject.
SUBJECTS: dict[str, tuple[str, type[Base]]] = {
    "reply": ("reply_id", Message),
    "title": ("conversation_id", Conversation),
    "export": ("export_id", Export),
    "extraction": ("proposal_id", Proposal),
    "index": ("table_id", Table),
    "report": ("report_id", Report),
    "webhook": ("delivery_id", Delivery),
}


@dataclass(frozen=True)
class JobResult:
    job: Job


def list_jobs(
    info: Info,
    kind: Annotated[JobKind | None, argument(description="Only jobs of this kind.")] = None,
    status: Annotated[JobStatus | None, argument(description="Only jobs with this status.")] = None,
) -> KeysetPage[Job]:
    arguments: dict[str, Any] = {"status": status}
    if kind is not None:
        names = control.STORED_KINDS.get(kind) or (kind.value.lower(),)
        arguments |= {"kind": names[0], "other_kind": names[-1]}
    listing = control.all_jobs if info.context.viewer.is_superuser else control.own_jobs
    return info.context.page(listing, **arguments)


def kind_of(root: strawberry.Parent[Any]) -> JobKind:
    return control.KINDS[root.kind]


def attempts_of(root: strawberry.Parent[Any]) -> int:
    return int(root.attempt)


def progress_of(root: strawberry.Parent[Any]) -> Any:
    """Return the job itself, which has the numbers."""
    return root


def error_of(root: strawberry.Parent[Any]) -> Failure | None:
    if root.error_code is None:
        return None
    return Failure(root.error_code, root.error_message, root.error_retryable)


def subject_of(root: strawberry.Parent[Any]) -> strawberry.ID | None:
    name, model = SUBJECTS.get(root.kind, ("", None))
    id_ = root.arguments.get(name)
    return None if model is None or id_ is None else global_id(model, UUID(id_))


async def cancel_job(
    info: Info, id: Annotated[strawberry.ID, argument(description="Id of an unfinished job.")]
) -> JobResult:
    job = await info.context.write(control.cancel, decode_id(id, Job))
    if job.kind == "reply":
        await await_stop(info.context, UUID(job.arguments["reply_id"]))
    return JobResult(await _job(info.context, job.id))


async def retry_job(
    info: Info, id: Annotated[strawberry.ID, argument(description="Id of a job that failed or was canceled.")]
) -> JobResult:
    context, id_ = info.context, decode_id(id, Job)
    job = await _job(context, id_)
    if job.kind == "export":
        await check_export(context, UUID(job.arguments["export_id"]))
    return JobResult(await context.write(control.retry, id_))


async def _job(context: Context, id_: UUID) -> Job:
    """Return the job as it is now. Raises NotFound."""
    job = await context.fresh().by_id(Job, id_)
    if job is None:
        raise NotFound("There is no such job, or you may not see it.")
    return job
