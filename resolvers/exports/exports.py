"""Exports: start, cancel, retry and follow them; the link to their file."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import argument

from auth.api_keys import ApiScope
from db.core.base import now
from db.core.events import JobChanged
from db.exports import exports
from db.exports.exports import extension_of
from db.exports.sheet_options import SheetOptions
from db.models.export_templates import ExportTemplate
from db.models.exports import Export, ExportDestination, ExportMode, JsonLayout, OnSheetConflict
from db.models.jobs import JobStatus
from db.models.tables import Table
from errors import NotConfigured, NotFound
from integrations.google.access import spreadsheet_id_of
from resolvers.core.context import Context, IdempotencyKey, Info
from resolvers.core.ids import decode_id, decode_optional_id, decode_part
from resolvers.core.links import signed_url
from resolvers.core.pages import KeysetPage
from resolvers.google.accounts import checked_access
from tables.writers import parquet
from tables.writers.file_names import file_name

IDLE_SECONDS = 15.0


@dataclass(frozen=True)
class ExportResult:
    export: Export


@dataclass(frozen=True)
class Failure:
    code: str
    message: str
    retryable: bool


async def export(info: Info, id: Annotated[strawberry.ID, argument(description="Id of the export.")]) -> Export | None:
    return await info.context.find(Export, id)


def list_exports(
    info: Info,
    table_id: Annotated[strawberry.ID | None, argument(description="Only those of this table.")] = None,
    status: Annotated[JobStatus | None, argument(description="Only exports with this status.")] = None,
) -> KeysetPage[Export]:
    return info.context.page(exports.all_exports, table_id=decode_optional_id(table_id, Table), status=status)


def list_exports_of_table(root: strawberry.Parent[Any], info: Info) -> KeysetPage[Export]:
    return info.context.page(exports.all_exports, table_id=root.id)


def list_exports_of_organization(root: strawberry.Parent[Any], info: Info) -> KeysetPage[Export]:
    return info.context.page(exports.all_exports, organization_id=root.id)


async def table_of(root: strawberry.Parent[Any], info: Info) -> Table:
    table = await info.context.by_id(Table, root.table_id)
    if table is None:
        raise NotFound("The table of this export was deleted, or you may not see it any more.")
    return table


async def state_of(root: strawberry.Parent[Any], info: Info) -> Any:
    """Return the state of the export's job."""
    return await _state(info.context, root.id)


async def status_of(root: strawberry.Parent[Any], info: Info) -> JobStatus:
    status: JobStatus = (await state_of(root, info)).status
    return status


async def attempts_of(root: strawberry.Parent[Any], info: Info) -> int:
    return int((await state_of(root, info)).attempt)


async def error_of(root: strawberry.Parent[Any], info: Info) -> Failure | None:
    state = await state_of(root, info)
    if state.error_code is None:
        return None
    return Failure(state.error_code, state.error_message, state.error_retryable)


async def url_of(root: strawberry.Parent[Any], info: Info) -> str | None:
    state = await state_of(root, info)
    if state.status is not JobStatus.COMPLETED:
        return None
    info.context.require_scope(ApiScope.EXPORT, "Export.url")
    if state.spreadsheet_url is not None:
        return str(state.spreadsheet_url)
    # The retention sweep deletes the file at this age.
    if state.finished_at < now() - timedelta(days=info.context.backend.settings.export_retention_days):
        return None
    table = await info.context.by_id(Table, root.table_id)
    name = file_name(table.name if table else "table")
    extension = extension_of(root.destination, root.json_layout)
    return signed_url(info.context, "exports", root.id.hex, f"{name}.{extension}")


def from_state(name: str) -> Callable[..., Any]:
    """Return a resolver that reads one attribute of the state of the export's job."""

    async def resolve(root: strawberry.Parent[Any], info: Info) -> Any:
        return getattr(await state_of(root, info), name)

    return resolve


async def start_export(
    info: Info,
    table_id: Annotated[strawberry.ID, argument(description="Id of a table that you can see.")],
    destination: Annotated[ExportDestination, argument(description="Destination of the export.")],
    mode: Annotated[
        ExportMode,
        argument(
            description="Handling of what stands in the spreadsheet: CREATE makes a new one; REPLACE, APPEND and "
            "UPSERT write into that of `spreadsheetId`. Files are always new."
        ),
    ] = ExportMode.CREATE,
    spreadsheet_id: Annotated[
        str | None,
        argument(
            description="Spreadsheet to write into, by its id or its address "
            "`https://docs.google.com/spreadsheets/d/…`; not with mode CREATE."
        ),
    ] = None,
    sheet_name: Annotated[
        str | None,
        argument(description="Name of the sheet in a workbook or spreadsheet; the name of the table when omitted."),
    ] = None,
    json_layout: Annotated[
        JsonLayout, argument(description="Arrangement of a JSON file: one array, or one object a line.")
    ] = JsonLayout.ARRAY,
    template_id: Annotated[
        strawberry.ID | None,
        argument(
            description="Id of a template that chooses the columns, headers and formats. BAD_USER_INPUT names its "
            "columns that the table has not.",
        ),
    ] = None,
    key_columns: Annotated[
        list[strawberry.ID] | None,
        argument(
            description="Columns whose values identify a row in mode UPSERT, by id, key or name: 1 to 10. The only "
            "unique column when omitted."
        ),
    ] = None,
    on_conflict: Annotated[
        OnSheetConflict,
        argument(
            description="Handling of cells that people changed in the sheet since the last export of this table into "
            "it; `Export.conflict` names them."
        ),
    ] = OnSheetConflict.FAIL,
    keep_updated: Annotated[
        bool,
        argument(
            description="Bring the sheet up to date after each later revision of the table; see `Table.sheetLinks`."
        ),
    ] = False,
    idempotency_key: IdempotencyKey = None,
) -> ExportResult:
    spreadsheet = None if spreadsheet_id is None else spreadsheet_id_of(spreadsheet_id, "spreadsheetId")
    await _check_destination(info.context, destination, spreadsheet_id=spreadsheet)
    id_ = decode_id(table_id, Table)
    template = decode_optional_id(template_id, ExportTemplate, "templateId")
    sheet = SheetOptions(spreadsheet, _column_keys(key_columns), on_conflict, keep_updated)
    options = (mode, sheet_name, json_layout, template, sheet, idempotency_key)
    return ExportResult(await info.context.write(exports.start, id_, destination, *options))


async def cancel_export(
    info: Info, id: Annotated[strawberry.ID, argument(description="Id of the export to cancel.")]
) -> ExportResult:
    return ExportResult(await info.context.write(exports.cancel, decode_id(id, Export)))


async def retry_export(
    info: Info, id: Annotated[strawberry.ID, argument(description="Id of an export that failed or was canceled.")]
) -> ExportResult:
    id_ = decode_id(id, Export)
    await check_export(info.context, id_)
    return ExportResult(await info.context.write(exports.retry, id_))


async def check_export(context: Context, id_: UUID) -> None:
    """Raise an error if an export cannot reach its destination: settings may have changed since it was started."""
    row = await _export(context, id_)
    await _check_destination(context, row.destination, row.owner_id, row.spreadsheet_id)


async def export_progress(
    info: Info, export_id: Annotated[strawberry.ID, argument(description="Id of the export to follow.")]
) -> AsyncGenerator[Export, None]:
    """Yield the export now and whenever its job changes, until it ends."""
    context, last_state = info.context, None
    row = await _export(context, decode_id(export_id, Export))
    with context.backend.hub.subscribe(JobChanged(row.job_id)) as changed:
        while True:
            changed.clear()
            state = await _state(context.fresh(), row.id)
            if state != last_state:
                last_state = state
                yield await _export(context, row.id)
            if state.finished_at is not None:
                return
            # Read again after a while even without an event: one from another process may be lost.
            with suppress(TimeoutError):
                async with asyncio.timeout(IDLE_SECONDS):
                    await changed.wait()


def _column_keys(columns: Sequence[str] | None) -> list[str] | None:
    """Return columns given by id, key or name as keys and names."""
    return None if columns is None else [_column_key(column) for column in columns]


def _column_key(column: str) -> str:
    parts = decode_part(column, "Column")
    return parts[-1] if parts else column


async def _check_destination(
    context: Context,
    destination: ExportDestination,
    owner_id: UUID | None = None,
    spreadsheet_id: str | None = None,
) -> None:
    """Raise an error with the ways out if the owner of an export, or else the viewer, cannot reach its destination."""
    if destination is ExportDestination.PARQUET and not parquet.is_installed():
        raise NotConfigured(
            "This server cannot write Parquet: its operator has to install pyarrow (`pip install pyarrow`). Until "
            "then, export as CSV, XLSX, JSON or MARKDOWN."
        )
    if destination is not ExportDestination.GOOGLE_SHEETS:
        return
    await checked_access(context.backend, owner_id or context.viewer.user_id, spreadsheet_id)


async def _export(context: Context, id_: UUID) -> Export:
    """Return the export as it is now. Raises NotFound."""
    row = await context.fresh().by_id(Export, id_)
    if row is None:
        raise NotFound("There is no such export, or you may not see it.")
    return row


async def _state(context: Context, id_: UUID) -> Any:
    """Return the state of the export's job, read in one batch with those of the operation's other exports."""

    async def load(ids: list[UUID]) -> list[Any]:
        states = {state.id: state for state in await context.read(exports.export_states, ids=ids)}
        return [states.get(id_) for id_ in ids]

    state = await context.loader(_state, load).load(id_)
    if state is None:
        raise NotFound("There is no such export, or you may not see it any more.")
    return state
