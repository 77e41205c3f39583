"""Background jobs, and the mutations that cancel and retry them."""

from datetime import datetime
from typing import Any

import strawberry

from db import models
from resolvers.conversations import messages
from resolvers.exports import exports
from resolvers.jobs import jobs
from schema.base import Node, Shows, enum, field, node_id, optional, output_type, required
from schema.connections import page
from schema.operations import mutation

enum(
    models.jobs.JobKind,
    REPLY="Writing of a reply, or of the title of its conversation.",
    EXPORT="Export of a table.",
    EXTRACTION="Reading of a table from messages, by `extractTable`.",
    REPORT="Report.",
    MAIL="Mail, or a broadcast to all users.",
    INDEX="Build of the indexes of a table's columns.",
    AGGREGATION="Summing up of readings or usage.",
    PURGE="Erasure of deleted data.",
    WEBHOOK="Delivery of an event to a webhook.",
)
enum(
    models.jobs.JobStatus,
    QUEUED="Waiting to start.",
    RUNNING="In progress.",
    COMPLETED="Finished.",
    FAILED="Failed, see `error`.",
    CANCELED="Canceled by a user before it finished.",
)


def retry_at(root: strawberry.Parent[Any]) -> datetime | None:
    """Return the time for a retry; the failures of exports have none."""
    moment: datetime | None = getattr(root, "retry_at", None)
    return moment


@output_type
class Progress(Shows[Any]):
    """Progress of background work."""

    done: int = field("Number of finished parts.")
    total: int | None = field("Number of all parts; null while it is unknown.")


@output_type
class MessageError(Shows[messages.Failure | exports.Failure]):
    """Failure of a reply, an export or another job."""

    code: str = field("Kind of failure, for example `NOT_FOUND` or `RATE_LIMITED`.")
    message: str = field("Explanation to display, with the next step for the user.")
    retryable: bool = field("True when trying again later may succeed.")
    retry_at = optional(datetime, retry_at, "Earliest time at which a retry may succeed, if known.")


@output_type
class Job(Node, Shows[models.jobs.Job]):
    """A piece of background work, done as its owner."""

    id: strawberry.ID = strawberry.field(resolver=node_id, description="Opaque global id; it never changes.")
    kind = required(models.jobs.JobKind, jobs.kind_of, "Kind of work.")
    status: models.jobs.JobStatus = field("State of the work.")
    subject_id = optional(strawberry.ID, jobs.subject_of, "Id of the object that it is about; null for mail.")
    progress = required(Progress, jobs.progress_of, "Finished parts.")
    attempts = required(int, jobs.attempts_of, "Number of attempts; 0 before it starts.")
    error = optional(MessageError, jobs.error_of, "Failure of the work; null if there was none.")
    created_at: datetime = field("Time at which the work was asked for.")
    started_at: datetime | None = field("Start of the work; null before it.")
    finished_at: datetime | None = field("End of the work; null before it.")


@output_type
class CancelJobPayload(Shows[jobs.JobResult]):
    """Result of `cancelJob`."""

    job: Job = field("The job, CANCELED; a reply that is being written ends with its text so far.")


@output_type
class RetryJobPayload(Shows[jobs.JobResult]):
    """Result of `retryJob`."""

    job: Job = field("The job, QUEUED again.")


@strawberry.type
class Query:
    jobs = page(Job, jobs.list_jobs, "Your background jobs, newest first; for superusers those of everybody.")


@strawberry.type
class Mutation:
    cancel_job = mutation(
        CancelJobPayload,
        jobs.cancel_job,
        "Cancel an unfinished job. CONFLICT for a finished one. After a canceled build of an index its column stays "
        "`isIndexed`, and `retryJob` builds it.",
    )
    retry_job = mutation(
        RetryJobPayload,
        jobs.retry_job,
        "Queue a failed or canceled job again. CONFLICT for another state, and for replies, extractions and mails "
        "with a link, which are asked for anew.",
    )
