"""Mapped classes of jobs."""

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


class Job(NotAudited, Owned, Base):
    """A piece of work for its owner, as whom it runs; a worker holds it by `attempt` until `leased_until`.

    `attempt` only grows, so that it tells a worker which lost the job from the one that has it now.
    `crashes` are the attempts whose worker was never heard of again.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        Index(None, "organization_id", "id"),
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
