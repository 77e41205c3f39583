"""Background jobs."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import Base, Json, NotAudited, Owned


class JobStatus(StrEnum):
    """State of a background job."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


class JobKind(StrEnum):
    """Kind of background work, as its owner sees it."""

    REPLY = "REPLY"
    EXPORT = "EXPORT"
    EXTRACTION = "EXTRACTION"
    REPORT = "REPORT"
    MAIL = "MAIL"
    INDEX = "INDEX"
    AGGREGATION = "AGGREGATION"
    PURGE = "PURGE"
    WEBHOOK = "WEBHOOK"


class Job(NotAudited, Owned, Base):
    """Piece of work that runs as its owner; a worker holds it by `attempt` until `leased_until`.

    `attempt` only grows, so it distinguishes the current worker from one that has lost the job. `crashes` counts the
    attempts whose worker disappeared.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        Index(None, "organization_id", "id"),
        Index(None, "owner_id", "id"),
        Index(None, "status", "leased_until"),
        Index(None, "kind", "finished_at"),
    )

    kind: Mapped[str]
    arguments: Mapped[Json] = mapped_column()
    status: Mapped[JobStatus] = mapped_column(default=JobStatus.QUEUED)
    attempt: Mapped[int] = mapped_column(default=0)
    crashes: Mapped[int] = mapped_column(default=0)
    leased_until: Mapped[datetime | None]
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int | None]
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    error_retryable: Mapped[bool] = mapped_column(default=False)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


_is_unfinished = Job.finished_at.is_(None)
Index("ix_jobs_owner_id_kind", Job.owner_id, Job.kind, sqlite_where=_is_unfinished, postgresql_where=_is_unfinished)
