"""Reports of organizations, sites and tables."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import Announced, AuditedRow, Base, Child, Json, NotAudited, Owned, key_to


class ReportKind(StrEnum):
    """Subject of a report."""

    USAGE = "USAGE"
    SITE_ACTIVITY = "SITE_ACTIVITY"
    TABLE_SUMMARY = "TABLE_SUMMARY"


class ReportSchedule(StrEnum):
    """Interval after which the next report of a schedule is made."""

    NONE = "NONE"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"


class Report(Announced, AuditedRow, Owned, Base):
    """Report of a period, from `starts_at` until before `ends_at`. Its state is that of its job.

    The first report of a schedule has `due_at`, the end of the next period, which starts at `next_starts_at`; later
    ones have the id of the first as `series_id`. Without `due_at` the schedule has ended.
    """

    __tablename__ = "reports"
    __table_args__ = (Index(None, "organization_id", "id"), Index(None, "series_id"), Index(None, "due_at"))
    unaudited = frozenset({"job_id", "series_id", "next_starts_at", "due_at"})

    kind: Mapped[ReportKind]
    table_id: Mapped[UUID | None] = mapped_column(key_to("tables.id"), index=True)
    job_id: Mapped[UUID] = mapped_column(key_to("jobs.id"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    schedule: Mapped[ReportSchedule] = mapped_column(default=ReportSchedule.NONE)
    series_id: Mapped[UUID | None]
    next_starts_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]


class ReportContent(NotAudited, Child, Base):
    """Figures, charts and tables of a completed report, from which its files are made when they are downloaded."""

    __tablename__ = "report_contents"
    __table_args__ = (Index(None, "report_id", unique=True),)
    parent = Report
    parent_key = "report_id"

    report_id: Mapped[UUID] = mapped_column(key_to("reports.id"))
    content: Mapped[Json] = mapped_column()
