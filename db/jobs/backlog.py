"""Backlog of jobs: how many have not ended, and since when the oldest waits."""

from sqlalchemy import func, select

from db.core.prepared import Prepared
from db.models.jobs import Job, JobStatus

backlog: Prepared[Job] = Prepared(
    select(
        Job.kind.label("kind"),
        Job.status.label("status"),
        func.count(Job.id).label("jobs"),
        func.min(Job.created_at).label("oldest"),
    )
    .where(Job.status.in_([JobStatus.QUEUED, JobStatus.RUNNING]))
    .group_by(Job.kind, Job.status)
)
