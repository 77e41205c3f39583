"""Options of exports to Google Sheets, checked against the table, and the last export into a sheet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from db.core.prepared import Prepared, bind
from db.core.session import Session
from db.exports.export_templates import key_columns
from db.models.export_templates import ExportTemplate
from db.models.exports import Export, ExportDestination, ExportMode, OnSheetConflict
from db.models.jobs import Job, JobStatus
from db.models.tables import Table, TableColumn
from db.tables.column_finder import ColumnFinder
from db.tables.tables import column_of
from errors import BadUserInput
from tables.types.columns import Column

MAX_KEY_COLUMNS = 10

# Exports of a table into a sheet that wrote all of it, or those of its rows that differed; the newest first.
last_written: Prepared[Any] = Prepared(
    select(Export.revision, Export.sheet_layout, Export.mode, Job.finished_at)
    .join(Job, Job.id == Export.job_id)
    .where(
        Export.table_id == bind("table_id", Export.table_id),
        Export.spreadsheet_id == bind("spreadsheet_id", Export.spreadsheet_id),
        Export.sheet_name == bind("sheet_name", Export.sheet_name),
        Job.status == JobStatus.COMPLETED,
    )
    .order_by(Job.finished_at.desc())
    .limit(1)
)


@dataclass(frozen=True)
class SheetOptions:
    """Requested handling of a spreadsheet; `key_columns` are keys or names of columns, None for those of the table."""

    spreadsheet_id: str | None = None
    key_columns: Sequence[str] | None = None
    on_conflict: OnSheetConflict = OnSheetConflict.FAIL
    keep_updated: bool = False


@dataclass(frozen=True)
class SheetOutcome:
    """Outcome of an export to Google Sheets; see the fields of Export."""

    row_count: int
    revision: int
    spreadsheet_id: str
    spreadsheet_url: str
    sheet_name: str
    changed_cells: int
    conflict: str | None
    sheet_layout: dict[str, Any]


def checked_options(
    session: Session,
    table: Table,
    destination: ExportDestination,
    mode: ExportMode,
    options: SheetOptions,
    template: ExportTemplate | None = None,
) -> dict[str, Any]:
    """Return the fields of an export. Raises BadUserInput for options that contradict each other."""
    if destination is not ExportDestination.GOOGLE_SHEETS:
        _refuse_for_files(destination, mode, options)
        return {}
    if (options.spreadsheet_id is None) != (mode is ExportMode.CREATE):
        raise BadUserInput.of("spreadsheetId", _spreadsheet_advice(mode))
    if mode is ExportMode.APPEND and options.keep_updated:
        raise BadUserInput.of("keepUpdated", "A sheet that rows are appended to cannot be kept updated. Use UPSERT.")
    if template is not None and mode is ExportMode.UPSERT and not template.include_header:
        raise BadUserInput.of("templateId", "UPSERT finds columns by their header. Use a template that includes it.")
    keys = _checked_keys(session, table, mode, options.key_columns, template)
    return {
        "spreadsheet_id": options.spreadsheet_id,
        "key_columns": keys,
        "on_conflict": options.on_conflict,
        "keep_updated": options.keep_updated,
    }


def _spreadsheet_advice(mode: ExportMode) -> str:
    if mode is ExportMode.CREATE:
        return "Mode CREATE makes a new spreadsheet. Leave spreadsheetId out, or choose REPLACE, APPEND or UPSERT."
    return f"Mode {mode} writes into a spreadsheet that exists. Pass its id or its address."


def _refuse_for_files(destination: ExportDestination, mode: ExportMode, options: SheetOptions) -> None:
    sheet_only = {
        "mode": mode is not ExportMode.CREATE,
        "spreadsheetId": options.spreadsheet_id is not None,
        "keyColumns": bool(options.key_columns),
        "keepUpdated": options.keep_updated,
    }
    for field in (field for field, is_given in sheet_only.items() if is_given):
        raise BadUserInput.of(field, f"{destination} is a new file each time. Leave {field} out, or use GOOGLE_SHEETS.")


def _checked_keys(
    session: Session,
    table: Table,
    mode: ExportMode,
    requested: Sequence[str] | None,
    template: ExportTemplate | None,
) -> Sequence[str] | None:
    """Return the keys of the key columns in mode UPSERT; by default the template's, or the only unique column."""
    if mode is not ExportMode.UPSERT:
        if requested:
            raise BadUserInput.of("keyColumns", f"Mode {mode} has no keys. Leave keyColumns out, or choose UPSERT.")
        return None
    query = select(TableColumn).where(TableColumn.table_id == table.id).order_by(TableColumn.position)
    table_columns = session.scalars(query)
    columns = {row.key: column_of(row) for row in table_columns}
    if not requested and template is not None:
        requested = key_columns(template, list(columns.values()))
    if not requested:
        return [_only_unique(columns)]
    if len(requested) > MAX_KEY_COLUMNS:
        raise BadUserInput.of("keyColumns", f"Pass at most {MAX_KEY_COLUMNS} columns.")
    finder = ColumnFinder(columns)
    return list(dict.fromkeys(finder.get(key, "keyColumns").key for key in requested))


def _only_unique(columns: Mapping[str, Column]) -> str:
    unique = [key for key, column in columns.items() if column.is_unique]
    if len(unique) != 1:
        raise BadUserInput.of(
            "keyColumns",
            f"Mode UPSERT needs the columns whose values identify a row; {len(unique)} columns of this table are "
            "unique. Pass keyColumns.",
        )
    return unique[0]
