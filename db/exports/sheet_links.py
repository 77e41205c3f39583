"""Links that keep sheets up to date: made by exports, due after revisions, paused after repeated failures."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import exists, or_, select

from db.core.base import now
from db.core.dialect_sql import OneOf
from db.core.events import JobQueued
from db.core.prepared import Prepared, bind
from db.core.session import Session
from db.exports.sheet_options import SheetOutcome
from db.jobs import control, jobs
from db.models.exports import Export, ExportMode
from db.models.jobs import Job, JobStatus
from db.models.sheet_links import SheetLink
from db.models.tables import Table
from db.notifications.notifications import SHEET_LINK_PAUSED, notify
from errors import Conflict

JOB_KIND = "sheetLink"
MAX_FAILURES = 5
MAX_DELAY = timedelta(hours=1)
BATCH = 100

_is_table_visible = exists(select(Table.id).where(Table.id == SheetLink.table_id))

links_of_tables: Prepared[SheetLink] = Prepared(
    select(SheetLink).where(OneOf(SheetLink.table_id), _is_table_visible).order_by(SheetLink.table_id, SheetLink.id)
)

# State of the last or present job of links.
link_states: Prepared[Any] = Prepared(
    select(
        SheetLink.id,
        SheetLink.paused_at,
        *(getattr(Job, name) for name in ("status", "error_code", "error_message", "error_retryable")),
    )
    .join(Job, Job.id == SheetLink.job_id)
    .where(OneOf(SheetLink.id))
)

# Links whose table has a newer revision, and that no job writes.
outdated_links: Prepared[SheetLink] = Prepared(
    select(SheetLink)
    .join(Table, Table.id == SheetLink.table_id)
    .join(Job, Job.id == SheetLink.job_id)
    .where(
        Table.revision > SheetLink.last_revision,
        SheetLink.paused_at.is_(None),
        or_(SheetLink.due_at.is_(None), SheetLink.due_at <= bind("moment", SheetLink.due_at)),
        Job.finished_at.is_not(None),
    )
    .order_by(SheetLink.due_at, SheetLink.id)
    .limit(BATCH)
)

# The last time that a link wrote a table into a sheet.
last_synced: Prepared[SheetLink] = Prepared(
    select(SheetLink)
    .where(
        SheetLink.table_id == bind("table_id", SheetLink.table_id),
        SheetLink.spreadsheet_id == bind("spreadsheet_id", SheetLink.spreadsheet_id),
        SheetLink.sheet_name == bind("sheet_name", SheetLink.sheet_name),
    )
    .order_by(SheetLink.last_synced_at.desc())
    .limit(1)
)


def create(session: Session, export: Export, outcome: SheetOutcome) -> SheetLink:
    """Link the table to the sheet that an export of the viewer wrote; an earlier link of it goes on with this one."""
    link = session.scalars(
        select(SheetLink).where(
            SheetLink.table_id == export.table_id,
            SheetLink.owner_id == export.owner_id,
            SheetLink.spreadsheet_id == outcome.spreadsheet_id,
            SheetLink.sheet_name == outcome.sheet_name,
        )
    ).one_or_none()
    if link is None:
        link = SheetLink(
            table_id=export.table_id,
            organization_id=export.organization_id,
            owner_id=export.owner_id,
            spreadsheet_id=outcome.spreadsheet_id,
            sheet_name=outcome.sheet_name,
        )
        session.add(link)
    # The spreadsheet that CREATE made is now one that exists, and belongs to the table.
    link.mode = ExportMode.UPSERT if export.mode is ExportMode.UPSERT else ExportMode.REPLACE
    link.export_id, link.job_id, link.template_id = export.id, export.job_id, export.template_id
    link.key_columns, link.on_conflict = export.key_columns, export.on_conflict
    link.paused_at = link.due_at = None
    _record(link, outcome)
    return link


def _record(link: SheetLink, outcome: SheetOutcome) -> None:
    link.spreadsheet_url, link.sheet_layout = outcome.spreadsheet_url, outcome.sheet_layout
    link.last_revision, link.last_synced_at, link.failures = outcome.revision, now(), 0


def end(session: Session, export: Export) -> bool:
    """Delete the link that an export made and stop its job; return True if there was one."""
    links = session.scalars(select(SheetLink).where(SheetLink.export_id == export.id)).all()
    for link in links:
        link.deleted_at = now()
        job = session.get_for_update(Job, link.job_id)
        if job.finished_at is None:
            jobs.end(session, job, JobStatus.CANCELED)
    return bool(links)


def start_due(session: Session, id_: UUID, gather: timedelta) -> None:
    """Begin to gather the changes of the table of a link, or start its job when the time has come."""
    link = session.scalars(select(SheetLink).where(SheetLink.id == id_).with_for_update()).one_or_none()
    # Another process may have done it since the link was read.
    if link is None or link.paused_at is not None or session.get(Job, link.job_id).finished_at is None:
        return
    if link.due_at is None:
        link.due_at = now() + gather
    elif link.due_at <= now():
        link.due_at = None
        arguments = {"link_id": link.id.hex}
        job = Job(kind=JOB_KIND, arguments=arguments, organization_id=link.organization_id, owner_id=link.owner_id)
        session.add(job)
        link.job_id = job.id
        session.emit(JobQueued(job.id))


def complete(session: Session, id_: UUID, job_id: UUID, attempt: int, outcome: SheetOutcome) -> None:
    """Store that the sheet was brought up to date, and complete the job. Raises LeaseLost."""
    job = jobs.finish(session, job_id, attempt, JobStatus.COMPLETED)
    job.done = job.total = outcome.row_count
    _record(session.get(SheetLink, id_), outcome)


def record_failure(session: Session, job: Job) -> None:
    """Delay the next job of a link whose job failed, and pause the link after MAX_FAILURES jobs."""
    link = session.scalars(
        select(SheetLink).where(SheetLink.id == UUID(job.arguments["link_id"])).with_for_update()
    ).one_or_none()
    if link is None:
        return
    link.failures += 1
    link.due_at = now() + min(timedelta(minutes=2 ** (link.failures - 1)), MAX_DELAY)
    if link.failures >= MAX_FAILURES and link.paused_at is None:
        link.paused_at = now()
        name = session.scalars(select(Table.name).where(Table.id == link.table_id)).one_or_none() or "A table"
        title = f"{name} no longer updates the sheet {link.sheet_name}: {job.error_message}"
        notify(session, link.owner_id, SHEET_LINK_PAUSED, title, link)


def _resume(session: Session, job: Job) -> None:
    """Retry the last job of a link, which also ends a pause. Raises Conflict for an earlier job."""
    link = session.scalars(select(SheetLink).where(SheetLink.job_id == job.id).with_for_update()).one_or_none()
    if link is None:
        raise Conflict("Only the last job of a link can be retried, and this one is older, or the link was ended.")
    link.paused_at = link.due_at = None
    link.failures = 0
    jobs.retry(session, job)


jobs.on_final_failure(JOB_KIND, record_failure)
control.register(JOB_KIND, cancel=control.end_canceled, retry=_resume)
