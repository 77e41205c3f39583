"""Background jobs, and the mutations that cancel and retry them."""

from datetime import datetime

import strawberry

from db import models
from resolvers.jobs import jobs
from schema.base import Node, Shows, enum, field, node_id, optional, output_type, required
from schema.connections import page
from schema.exports import Progress
from schema.failures import MessageError
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
        "Cancel an unfinished job. CONFLICT for a finished one, and for the build of an index.",
    )
    retry_job = mutation(
        RetryJobPayload,
        jobs.retry_job,
        "Queue a failed or canceled job again. CONFLICT for another state, and for replies, extractions and mails "
        "with a link, which are asked for anew.",
    )
