"""Reports: create, schedule and cancel them; a background job collects their contents."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, or_, select

from db.core.base import now
from db.core.dialect_sql import OneOf
from db.core.events import JobQueued
from db.core.idempotency import idempotent
from db.core.pagination import Listing
from db.core.prepared import Prepared, bind
from db.core.session import Session
from db.jobs import control, jobs, mail
from db.models.jobs import Job, JobStatus
from db.models.memberships import Membership, MembershipStatus
from db.models.organizations import Organization
from db.models.reports import Report, ReportContent, ReportKind, ReportSchedule
from db.models.tables import Table
from db.models.users import User
from db.models.webhooks import WebhookEvent
from db.notifications.notifications import REPORT_FAILED, REPORT_READY, notify
from db.reports.periods import next_end
from db.webhooks.events import record_event
from errors import BadUserInput, Conflict, RateLimited

JOB_KIND = "report"
MAX_UNFINISHED_PER_USER, MAX_SCHEDULES_PER_USER = 20, 50
MAX_STORED_PER_USER = 500  # in one organization; older reports are deleted
MAX_PERIOD = timedelta(days=366)
MAX_DUE = 100  # schedules in one sweep
NAMES = {
    ReportKind.USAGE: "usage",
    ReportKind.SITE_ACTIVITY: "activity of the sites",
    ReportKind.TABLE_SUMMARY: "summary",
}

_is_table_visible = or_(Report.table_id.is_(None), exists(select(Table.id).where(Table.id == Report.table_id)))
all_reports = Listing(
    Report,
    _is_table_visible,
    newest_first=True,
    optional={"organization_id": Report.organization_id == bind("organization_id", Report.organization_id)},
)

report_states: Prepared[Any] = Prepared(
    select(
        Report.id,
        *(getattr(Job, name) for name in ("status", "attempt", "done", "total", "started_at", "finished_at")),
        *(getattr(Job, name) for name in ("error_code", "error_message", "error_retryable")),
    )
    .join(Job, Job.id == Report.job_id)
    .where(OneOf(Report.id))
)

contents: Prepared[ReportContent] = Prepared(
    select(ReportContent).where(ReportContent.report_id == bind("report_id", ReportContent.report_id)).limit(1)
)

first_reports: Prepared[Report] = Prepared(select(Report).where(OneOf(Report.id)))

due_schedules: Prepared[Report] = Prepared(
    select(Report).where(Report.due_at <= bind("moment", Report.due_at)).order_by(Report.due_at).limit(MAX_DUE)
)


@dataclass(frozen=True)
class NewReport:
    """Fields of a report to create."""

    kind: ReportKind
    organization_id: UUID
    starts_at: datetime
    ends_at: datetime
    table_id: UUID | None = None
    schedule: ReportSchedule = ReportSchedule.NONE


def create(session: Session, new: NewReport, idempotency_key: str | None = None) -> Report:
    """Queue a report of the viewer. Raises BadUserInput, NotFound or RateLimited."""
    return idempotent(
        session,
        "createReport",
        idempotency_key,
        create=lambda: _create(session, new),
        result_ids=lambda report: [report.id],
        load=lambda ids: session.get(Report, ids[0]),
    )


def _create(session: Session, new: NewReport) -> Report:
    session.get(Organization, new.organization_id)
    _check_period(new)
    _check_table(session, new)
    _check_room(session)
    report = Report(**vars(new), owner_id=session.user_id)
    if new.schedule is not ReportSchedule.NONE:
        _check_schedules(session)
        # A period that has not ended is reported once more when it has.
        is_over = new.ends_at <= now()
        report.next_starts_at = new.ends_at if is_over else new.starts_at
        report.due_at = next_end(new.schedule, new.ends_at, new.ends_at) if is_over else new.ends_at
    report.job_id = jobs.enqueue(session, JOB_KIND, new.organization_id, report_id=report.id.hex).id
    session.add(report)
    _delete_oldest(session, report)
    return report


def _delete_oldest(session: Session, report: Report) -> None:
    """Delete the reports of the owner in the organization beyond the newest; those that a schedule needs stay."""
    session.flush()
    query = select(Report).where(
        Report.owner_id == report.owner_id, Report.organization_id == report.organization_id, Report.due_at.is_(None)
    )
    oldest = query.order_by(Report.id.desc()).offset(MAX_STORED_PER_USER).limit(MAX_STORED_PER_USER)
    for row in session.scalars(oldest).all():
        row.deleted_at = now()


def _check_period(new: NewReport) -> None:
    if new.ends_at <= new.starts_at:
        raise BadUserInput.of("to", "The period is empty. Choose an end after its start.")
    if new.ends_at - new.starts_at > MAX_PERIOD:
        raise BadUserInput.of("from", f"The period is longer than {MAX_PERIOD.days} days. Choose a shorter one.")


def _check_table(session: Session, new: NewReport) -> None:
    if new.kind is not ReportKind.TABLE_SUMMARY:
        if new.table_id is not None:
            raise BadUserInput.of("tableId", "Only TABLE_SUMMARY is about a table. Leave `tableId` out.")
        return
    if new.table_id is None:
        raise BadUserInput.of("tableId", "TABLE_SUMMARY needs the id of a table.")
    if session.get(Table, new.table_id).organization_id != new.organization_id:
        raise BadUserInput.of("tableId", "The table belongs to another organization. Pass that one's id.")


def _check_room(session: Session) -> None:
    unfinished = session.scalars(
        select(func.count(Job.id)).where(
            Job.status.in_([JobStatus.QUEUED, JobStatus.RUNNING]), Job.kind == JOB_KIND, Job.owner_id == session.user_id
        )
    ).one()
    if unfinished >= MAX_UNFINISHED_PER_USER:
        raise RateLimited(f"You have {unfinished} unfinished reports: wait for one to finish, or cancel one.")


def _check_schedules(session: Session) -> None:
    query = select(func.count(Report.id)).where(Report.due_at.is_not(None), Report.owner_id == session.user_id)
    if (count := session.scalars(query).one()) >= MAX_SCHEDULES_PER_USER:
        raise RateLimited(f"You have {count} schedules of reports, the maximum. Cancel one first.")


def cancel(session: Session, id_: UUID) -> Report:
    """Cancel an unfinished report, and end the schedule that it belongs to; repeating it changes nothing.

    Raises Conflict for a finished report without a schedule.
    """
    report = session.get_for_update(Report, id_)
    job = session.get_for_update(Job, report.job_id)
    has_schedule = report.schedule is not ReportSchedule.NONE
    if job.finished_at is None:
        session.annotate_audit(report, {"status": job.status}, {"status": JobStatus.CANCELED})
        jobs.end(session, job, JobStatus.CANCELED)
    elif job.status is not JobStatus.CANCELED and not has_schedule:
        raise Conflict(f"Only an unfinished report or a schedule can be canceled; this report is {job.status}.")
    if has_schedule:
        _end_schedule(session, report)
    return report


def _end_schedule(session: Session, report: Report) -> None:
    first = report if report.series_id is None else session.get_for_update(Report, report.series_id)
    if first.due_at is not None:
        session.annotate_audit(report, {"schedule": report.schedule}, {"schedule": ReportSchedule.NONE})
        first.due_at = None


def start_due(session: Session, id_: UUID) -> None:
    """Start the report of a schedule that is due, once, and put the schedule forward to the next period.

    Periods that passed while no server ran are left out, except for the last.
    """
    query = select(Report).where(Report.id == id_).with_for_update()
    first = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    moment = now()
    # Another process may have done it since the report was read.
    if first is None or first.due_at is None or first.due_at > moment:
        return
    if not _is_owner_active(session, first):
        first.due_at = None
        return
    while (following := next_end(first.schedule, first.ends_at, first.due_at)) <= moment:
        first.next_starts_at, first.due_at = first.due_at, following
    assert first.next_starts_at is not None
    job = Job(kind=JOB_KIND, organization_id=first.organization_id, owner_id=first.owner_id)
    report = Report(
        kind=first.kind,
        organization_id=first.organization_id,
        owner_id=first.owner_id,
        table_id=first.table_id,
        job_id=job.id,
        starts_at=first.next_starts_at,
        ends_at=first.due_at,
        schedule=first.schedule,
        series_id=first.id,
    )
    job.arguments = {"report_id": report.id.hex}
    session.add_all([job, report])
    _delete_oldest(session, report)
    session.emit(JobQueued(job.id))
    first.next_starts_at, first.due_at = first.due_at, following


def _is_owner_active(session: Session, report: Report) -> bool:
    """Return True if the owner of a schedule still sees the organization, and the table is still there."""
    user = session.scalars(select(User).where(User.id == report.owner_id, User.deactivated_at.is_(None))).one_or_none()
    organization = session.scalars(select(Organization.id).where(Organization.id == report.organization_id)).first()
    if user is None or user.account_deleted_at is not None or organization is None:
        return False
    if report.table_id and session.scalars(select(Table.id).where(Table.id == report.table_id)).first() is None:
        return False
    membership = select(Membership.id).where(
        Membership.organization_id == report.organization_id,
        Membership.user_id == report.owner_id,
        Membership.status == MembershipStatus.ACTIVE,
    )
    return user.is_superuser or session.scalars(membership).first() is not None


def complete(session: Session, id_: UUID, attempt: int, title: str, content: Any) -> None:
    """Store the content of a report, complete its job and tell the owner. Raises LeaseLost."""
    report = session.get(Report, id_)
    job = jobs.finish(session, report.job_id, attempt, JobStatus.COMPLETED)
    job.done = job.total = 1
    stored = session.scalars(select(ReportContent).where(ReportContent.report_id == id_)).one_or_none()
    if stored is None:
        session.add(ReportContent(report_id=id_, content=content))
    else:
        stored.content = content
    record_event(session, WebhookEvent.REPORT_READY, report, report, report.table_id, kind=report.kind.value)
    notify(session, report.owner_id, REPORT_READY, f"{title} is ready", report)
    owner = session.get(User, report.owner_id)
    path = f"/reports/{id_.hex}/{owner.id.hex}/report.html"
    period = f"{report.starts_at:%Y-%m-%d} to {report.ends_at:%Y-%m-%d}"
    mail.enqueue(session, owner, "report_ready", path=path, title=title, period=period)


def _announce(session: Session, job: Job) -> None:
    """Announce the report of a job whose status was set: the status is the report's too, but in another row."""
    report = session.scalars(select(Report).where(Report.job_id == job.id)).one_or_none()
    if report is not None:
        session.activity_recorder.touch(report)


jobs.on_status(JOB_KIND, _announce)


def _fail(session: Session, job: Job) -> None:
    report = session.scalars(select(Report).where(Report.id == _report_id(job))).one_or_none()
    if report is not None:
        notify(session, report.owner_id, REPORT_FAILED, f"A report failed: {job.error_message}", report)


def _retry(session: Session, job: Job) -> None:
    report = session.get_for_update(Report, _report_id(job))
    _check_room(session)
    session.annotate_audit(report, {"status": job.status}, {"status": JobStatus.QUEUED})
    jobs.retry(session, job)


def _report_id(job: Job) -> UUID:
    return UUID(job.arguments["report_id"])


def _cancel_job(session: Session, job: Job) -> None:
    report = session.get_for_update(Report, _report_id(job))
    session.annotate_audit(report, {"status": job.status}, {"status": JobStatus.CANCELED})
    jobs.end(session, job, JobStatus.CANCELED)


jobs.on_final_failure(JOB_KIND, _fail)
control.register(JOB_KIND, cancel=_cancel_job, retry=_retry)
