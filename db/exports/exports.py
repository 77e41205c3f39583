"""Exports of tables to files and spreadsheets; a background job does the work."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID

from sqlalchemy import exists, select

from db.core.dialect_sql import OneOf
from db.core.idempotency import idempotent
from db.core.pagination import Listing
from db.core.prepared import Prepared, bind
from db.core.session import Session
from db.exports import export_templates, sheet_links
from db.exports.sheet_options import SheetOptions, SheetOutcome, checked_options
from db.jobs import control, jobs, mail
from db.jobs.concurrency import check_room
from db.models.exports import Export, ExportDestination, ExportMode, JsonLayout
from db.models.jobs import Job, JobStatus
from db.models.tables import Row, Table
from db.models.users import User
from db.models.webhooks import WebhookEvent
from db.notifications.notifications import EXPORT_FAILED, EXPORT_FINISHED, notify
from db.webhooks.events import record_event
from errors import BadUserInput, Conflict
from tables.writers.file_names import file_name

JOB_KIND = "export"
MAX_SHEET_NAME_LENGTH = 100
NO_SHEET = SheetOptions()


EXTENSIONS = {
    ExportDestination.CSV: "csv",
    ExportDestination.XLSX: "xlsx",
    ExportDestination.JSON: "json",
    ExportDestination.PARQUET: "parquet",
    ExportDestination.MARKDOWN: "md",
}
JSON_LINES_EXTENSION = "jsonl"


all_exports = Listing(
    Export,
    exists(select(Table.id).where(Table.id == Export.table_id)),  # exports of deleted tables are not listed
    newest_first=True,
    optional={
        "table_id": Export.table_id == bind("table_id", Export.table_id),
        "organization_id": Export.organization_id == bind("organization_id", Export.organization_id),
        "status": exists(select(Job.id).where(Job.id == Export.job_id, Job.status == bind("status", Job.status))),
    },
)

# Result and progress in one query, so of one moment: an export is never COMPLETED without its result.
export_states: Prepared[Any] = Prepared(
    select(
        Export.id,
        *(
            getattr(Export, name)
            for name in ("row_count", "revision", "file", "size", "spreadsheet_id", "spreadsheet_url")
        ),
        *(getattr(Export, name) for name in ("sheet_name", "changed_cells", "conflict")),
        *(getattr(Job, name) for name in ("status", "attempt", "done", "total", "started_at", "finished_at")),
        *(getattr(Job, name) for name in ("error_code", "error_message", "error_retryable")),
    )
    .join(Job, Job.id == Export.job_id)
    .where(OneOf(Export.id))
)

# Every row has the table's revision, so that the reader notices when the table changes between two batches.
table_rows: Prepared[Any] = Prepared(
    select(
        Row.id,
        Row.position,
        Row.values,
        select(Table.revision).where(Table.id == bind("table_id", Table.id)).scalar_subquery().label("revision"),
    ).order_by(Row.position, Row.id),
    children=Row,
)


@dataclass(frozen=True)
class FileOutcome:
    """Outcome of an export to a file: its name in the files directory and its size in bytes."""

    row_count: int
    revision: int
    file: str
    size: int


def start(
    session: Session,
    table_id: UUID,
    destination: ExportDestination,
    mode: ExportMode = ExportMode.CREATE,
    sheet_name: str | None = None,
    json_layout: JsonLayout = JsonLayout.ARRAY,
    template_id: UUID | None = None,
    sheet: SheetOptions = NO_SHEET,
    idempotency_key: str | None = None,
) -> Export:
    """Queue an export of a table that the viewer may see, laid out by a template if one is given.

    Raises RateLimited, StorageExceeded, or BadUserInput for a template that does not fit the table.
    """

    def create() -> Export:
        table = session.get(Table, table_id)
        template = None if template_id is None else export_templates.get_for_table(session, template_id, table)
        options = {
            "sheet_name": _checked_name(sheet_name) or (template and template.sheet_name),
            "json_layout": _checked_layout(destination, json_layout),
            "template_id": template_id,
            **checked_options(session, table, destination, mode, sheet, template),
        }
        return _add(session, table, destination, mode, **options)

    return idempotent(
        session,
        "startExport",
        idempotency_key,
        create,
        lambda export: [export.id],
        lambda ids: session.get(Export, ids[0]),
    )


def extension_of(destination: ExportDestination, json_layout: JsonLayout | None) -> str:
    """Return the extension of the files of a destination."""
    return JSON_LINES_EXTENSION if json_layout is JsonLayout.LINES else EXTENSIONS[destination]


def _add(session: Session, table: Table, destination: ExportDestination, mode: ExportMode, **options: Any) -> Export:
    export = Export(
        table_id=table.id,
        organization_id=table.organization_id,
        owner_id=session.user_id,
        destination=destination,
        mode=mode,
        **options,
    )
    if destination is not ExportDestination.GOOGLE_SHEETS:
        session.check_storage(table.organization_id)
    export.job_id = jobs.enqueue(session, JOB_KIND, table.organization_id, export_id=export.id.hex).id
    session.add(export)
    return export


def _checked_name(sheet_name: str | None) -> str | None:
    name = (sheet_name or "").strip()
    if len(name) > MAX_SHEET_NAME_LENGTH or "\x00" in name:
        raise BadUserInput.of("sheetName", f"The name of a sheet has at most {MAX_SHEET_NAME_LENGTH} characters.")
    return name or None


def _checked_layout(destination: ExportDestination, layout: JsonLayout) -> JsonLayout | None:
    if destination is ExportDestination.JSON:
        return layout
    if layout is not JsonLayout.ARRAY:
        raise BadUserInput.of("jsonLayout", f"{layout} is a layout of JSON files: leave it out, or export as JSON.")
    return None


def cancel(session: Session, id_: UUID) -> Export:
    """Cancel an unfinished export, or the link that a finished one made; canceling it again changes nothing.

    Raises Conflict for any other finished export.
    """
    export = session.get_for_update(Export, id_)
    job = session.get_for_update(Job, export.job_id)
    if job.status in (JobStatus.QUEUED, JobStatus.RUNNING):
        session.annotate_audit(export, {"status": job.status}, {"status": JobStatus.CANCELED})
        jobs.end(session, job, JobStatus.CANCELED)
    elif job.status is not JobStatus.CANCELED and not sheet_links.end(session, export):
        raise Conflict(f"Only an unfinished export can be canceled; this one is {job.status}.")
    return export


def retry(session: Session, id_: UUID) -> Export:
    """Queue a failed or canceled export again; it exports the table as it is when the job runs."""
    export = session.get_for_update(Export, id_)
    job = session.get_for_update(Job, export.job_id)
    if job.status not in (JobStatus.FAILED, JobStatus.CANCELED):
        raise Conflict(f"Only a failed or canceled export can be retried; this one is {job.status}.")
    check_room(session, JOB_KIND)
    session.get(Table, export.table_id)
    session.annotate_audit(export, {"status": job.status}, {"status": JobStatus.QUEUED})
    jobs.retry(session, job)
    return export


def complete(session: Session, id_: UUID, attempt: int, outcome: FileOutcome | SheetOutcome) -> Export:
    """Store the outcome of an export and complete its job.

    Raises LeaseLost if the attempt has lost the job, and StorageExceeded.
    """
    export = session.get(Export, id_)
    job = jobs.finish(session, export.job_id, attempt, JobStatus.COMPLETED)
    job.done = job.total = outcome.row_count
    for name, value in vars(outcome).items():
        setattr(export, name, value)
    if isinstance(outcome, FileOutcome):
        session.storage.added[export.organization_id] += outcome.size
    elif export.keep_updated:
        sheet_links.create(session, export, outcome)
    table = _notify(session, export, EXPORT_FINISHED, "is finished")
    owner = session.get(User, export.owner_id)
    path, link, rows = _path(export, owner, table), export.spreadsheet_url, f"{outcome.row_count:,}"
    mail.enqueue(session, owner, "export_finished", path=path, link=link, table=table, rows=rows)
    return export


def fail(
    session: Session,
    id_: UUID,
    attempt: int,
    code: str,
    message: str,
    retryable: bool,
    conflict: str | None = None,
) -> None:
    """Fail the job of an export; `conflict` names cells that people changed. Raises LeaseLost."""
    export = session.get(Export, id_)
    export.conflict = conflict
    jobs.fail(session, export.job_id, attempt, code, message, retryable)
    table = _notify(session, export, EXPORT_FAILED, f"failed: {message}")
    mail.enqueue(session, session.get(User, export.owner_id), "export_failed", table=table, problem=message)


def _path(export: Export, owner: User, table: str) -> str | None:
    """Return the path of the file of an export, which its link signs."""
    if export.file is None:
        return None
    name = f"{file_name(table)}.{extension_of(export.destination, export.json_layout)}"
    return f"/exports/{export.id.hex}/{owner.id.hex}/{quote(name, safe='')}"


def _announce(session: Session, job: Job) -> None:
    """Announce the export of a job whose status was set: the status is the export's too, but in another row."""
    export = session.scalars(select(Export).where(Export.job_id == job.id)).one_or_none()
    if export is not None:
        session.activity_recorder.touch(export)


jobs.on_status(JOB_KIND, _announce)


def _notify(session: Session, export: Export, kind: str, sentence: str) -> str:
    """Notify webhooks and the owner of the end of an export, and return the name of its table."""
    name = session.scalars(select(Table.name).where(Table.id == export.table_id)).one_or_none() or "a table"
    job = session.get(Job, export.job_id)
    record_event(session, WebhookEvent.EXPORT_FINISHED, export, export, export.table_id, status=job.status.value)
    notify(session, export.owner_id, kind, f"The export of {name} {sentence}", export)
    return name


def _of(job: Job) -> UUID:
    return UUID(job.arguments["export_id"])


control.register(
    JOB_KIND,
    cancel=lambda session, job: cancel(session, _of(job)),
    retry=lambda session, job: retry(session, _of(job)),
)
