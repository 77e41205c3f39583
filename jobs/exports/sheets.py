"""Writing of a table into Google Sheets, with the state in which the last export left the sheet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from operator import itemgetter
from typing import Any
from uuid import UUID

from auth.viewer import Viewer
from db.core.engine import Database
from db.exports.sheet_links import last_synced
from db.exports.sheet_options import SheetOutcome, last_written
from db.google import accounts
from db.models.export_templates import ExportTemplate
from db.models.exports import ExportMode
from db.models.users import User
from db.tables.history.delta_cache import catch_up
from db.tables.history.reverse_delta import ReverseDelta
from errors import NotFound
from integrations.google.access import Google
from integrations.google.oauth import RECONNECT
from integrations.google.sheet_table import sheet_title
from integrations.google.sheets import SheetMode, Sheets, SheetsFailure, SheetTable, SheetTarget, Spreadsheet
from jobs.exports.snapshots import Snapshot
from jobs.exports.source import Source
from jobs.runner.threads import in_thread
from tables.changes import column_from_json, column_to_json
from tables.types.columns import Value
from tables.writers.sheet_cells import CHARACTER, PADDING, SheetColumn

SYSTEM = Viewer.system()


@dataclass(frozen=True)
class SheetRequest:
    """Request to write a table into a sheet; `id` is that of the export, under which a repetition has one effect."""

    id: str
    table_id: UUID
    mode: ExportMode
    spreadsheet_id: str | None
    sheet_name: str
    key_columns: Sequence[str]
    overwrites: bool


class SheetWriter:
    """Writer of tables into Google Sheets, as their owners may."""

    def __init__(self, database: Database, google: Google) -> None:
        self._database, self._google = database, google

    async def write(self, owner: User, source: Source, request: SheetRequest) -> SheetOutcome:
        """Write the rows of the source into a sheet and close its snapshot. Raises SheetsFailure."""
        snapshot, viewer = source.snapshot, source.context.viewer
        with snapshot:
            account = await self._database.read_one(accounts.of_viewer, viewer)
            access = self._google.access_for(self._google.person(owner, account), request.spreadsheet_id)
            try:
                return await self._write(Sheets(access, self._google.base_url), source, request)
            except SheetsFailure as failure:
                if account is not None and failure.code == RECONNECT:
                    await self._database.write(accounts.withdraw, viewer, account.connected_at)
                raise

    async def _write(self, sheets: Sheets, source: Source, request: SheetRequest) -> SheetOutcome:
        snapshot = source.snapshot
        table, base = _table(snapshot, request, source), await _base(self._database, source, request)
        target = SheetTarget(
            SheetMode(request.mode), request.spreadsheet_id, request.key_columns, base, overwrites=request.overwrites
        )

        def write() -> Spreadsheet:
            return source.close_on_stop(sheets).write(request.id, table, target, progress=source.report)

        written = await in_thread(write, source.stop)
        return SheetOutcome(
            snapshot.row_count,
            snapshot.revision,
            written.id,
            written.url,
            written.sheet_name,
            written.changed_cells,
            written.conflict,
            _layout(table),
        )


async def apply_template(database: Database, viewer: Viewer, snapshot: Snapshot, template_id: UUID | None) -> None:
    """Lay a snapshot out by a template; close the snapshot if it cannot be."""
    if template_id is None:
        return
    try:
        template = await database.find(ExportTemplate, viewer, template_id)
        if template is None:
            message = "The template of this export was deleted, or you may no longer see it. Choose another one."
            raise NotFound(message)
        snapshot.apply(template)
    except BaseException:
        snapshot.close()
        raise


def _table(snapshot: Snapshot, request: SheetRequest, source: Source) -> SheetTable:
    style = snapshot.style
    columns = [
        SheetColumn(column, column.name, style.formats.get(column.key), _pixels(style.widths.get(column.key)))
        for column in snapshot.columns
    ]
    return SheetTable(
        snapshot.name,
        request.sheet_name,
        columns,
        snapshot.row_count,
        source.rows,
        includes_header=style.include_header,
        freezes_header=style.freeze_header,
    )


def _pixels(characters: int | None) -> int | None:
    return None if characters is None else characters * CHARACTER + PADDING


def _layout(table: SheetTable) -> dict[str, Any]:
    """Return the columns of a table as they were written, as JSON."""
    columns = [
        {"column": column_to_json(one.column), "header": one.header, "pattern": one.pattern} for one in table.columns
    ]
    return {"columns": columns, "header": table.includes_header}


async def _base(database: Database, source: Source, request: SheetRequest) -> SheetTable | None:
    """Return the table as the last export wrote it into this sheet; None if there was none, or it appended rows."""
    if request.mode not in (ExportMode.REPLACE, ExportMode.UPSERT):
        return None
    target = {"spreadsheet_id": request.spreadsheet_id, "sheet_name": sheet_title(request.sheet_name)}
    # Of all users: it does not matter to the sheet who wrote it.
    last: Any = await database.read_one(last_written, SYSTEM, table_id=request.table_id, **target)
    synced = await database.read_one(last_synced, SYSTEM, table_id=request.table_id, **target)
    if synced is not None and (last is None or synced.last_synced_at >= last.finished_at):
        revision, mode, layout = synced.last_revision, synced.mode, synced.sheet_layout
    elif last is not None:
        revision, mode, layout = last.revision, last.mode, last.sheet_layout
    else:
        return None
    snapshot = source.snapshot
    if mode == ExportMode.APPEND or revision > snapshot.revision:
        return None
    delta = ReverseDelta(revision)
    await catch_up(delta, database, SYSTEM, request.table_id, snapshot.revision)
    columns = [SheetColumn(column_from_json(one["column"]), one["header"], one["pattern"]) for one in layout["columns"]]
    return SheetTable(
        snapshot.name,
        request.sheet_name,
        columns,
        delta.row_count(snapshot.row_count),
        lambda: _rows_at(source, delta, request.table_id),
        includes_header=layout["header"],
    )


def _rows_at(source: Source, delta: ReverseDelta, table_id: UUID) -> Iterator[Mapping[str, Value]]:
    """Yield the rows as of the delta's revision, in their order."""
    current = (
        (position, id_.int, delta.reverted_fields(id_, {"values": values, "origins": {}, "version": 0})["values"])
        for position, id_, values in source.identified_rows()
        if delta.existed(id_)
    )
    deleted = (
        (position, id_.int, delta.deleted_row(id_, table_id, {}).values) for position, id_ in delta.deleted_rows()
    )
    for _, _, values in merge(current, deleted, key=itemgetter(0, 1)):
        yield values
