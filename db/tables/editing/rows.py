"""Addition and deletion of rows; each call makes one revision."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID, uuid4

from db.core.idempotency import idempotent
from db.core.session import Session
from db.core.sqlite_writer import short
from db.models.revisions import ChangeSource, Revision
from db.models.tables import Table
from db.tables.editing.edits import Edit
from db.tables.editing.row_buffer import BufferedRow
from db.tables.editing.values import MAX_ERRORS, RowParser, UniqueValues, check_batch_size, row_not_found
from db.tables.revisions import changed_row_ids
from errors import BadUserInput, FieldError
from tables.changes import ChangeKind
from tables.types.types import CellError, Value


class OnError(StrEnum):
    """Handling of the valid rows when others are invalid."""

    REJECT_ALL = "REJECT_ALL"
    SKIP_INVALID = "SKIP_INVALID"


@dataclass(frozen=True)
class RejectedRow:
    """Row that was left out, by its index in the input."""

    index: int
    field_errors: list[FieldError]


@dataclass(frozen=True)
class AddRowsResult:
    table: Table
    rows: list[BufferedRow]
    rejected: list[RejectedRow]
    revision: Revision | None


@dataclass(frozen=True)
class DeletedRows:
    table: Table
    deleted_ids: list[UUID]
    revision: Revision | None


@short
def add(
    session: Session, table_id: UUID, rows: Sequence[object], on_error: OnError, idempotency_key: str | None = None
) -> AddRowsResult:
    """Append rows. With SKIP_INVALID, invalid ones are left out; otherwise a single one raises BadUserInput."""
    check_batch_size(len(rows), "rows")
    edit = Edit.of(session, table_id)

    def create() -> AddRowsResult:
        accepted, rejected = _parse_rows(edit, rows)
        if rejected and on_error is OnError.REJECT_ALL:
            raise rejection(rejected)
        edit.check_capacity(rows=len(accepted))
        added = [edit.add_row(values) for values in accepted]
        return AddRowsResult(edit.table, added, rejected, edit.finish(ChangeSource.USER))

    def load(ids: list[UUID]) -> AddRowsResult:
        """Return the result of the first call: its rows that still exist, and the rejected ones, validated again."""
        if not ids:
            return AddRowsResult(edit.table, [], _parse_rows(edit, rows)[1], None)
        revision = session.get(Revision, ids[0])
        added_before = _added_in(edit, revision)
        _, rejected = _parse_rows(edit, rows, without=[row.id for row in added_before])
        return AddRowsResult(edit.table, added_before, rejected, revision)

    return idempotent(session, "addRows", idempotency_key, create, _revision_id, load)


def _revision_id(result: AddRowsResult) -> list[UUID]:
    return [result.revision.id] if result.revision else []


def _parse_rows(
    edit: Edit, rows: Sequence[object], without: Sequence[UUID] = ()
) -> tuple[list[dict[str, Value]], list[RejectedRow]]:
    """Return the values of the valid rows, and the invalid rows."""
    reader, unique_values = RowParser(edit.columns), UniqueValues(edit, without)
    accepted, rejected = [], []
    for index, raw in enumerate(rows):
        values, errors = reader.parse(raw, f"rows.{index}")
        errors = errors or _unique_errors(edit, unique_values, values, f"rows.{index}")
        if errors:
            rejected.append(RejectedRow(index, errors))
        else:
            accepted.append(values)
    return accepted, rejected


def _unique_errors(edit: Edit, unique_values: UniqueValues, values: dict[str, Value], path: str) -> list[FieldError]:
    """Return an error for each value that a unique column already has; reserve the values of a row without errors."""
    errors, row_id = [], uuid4()
    unique = [(edit.columns[key], value) for key, value in values.items() if edit.columns[key].is_unique]
    for column, value in unique:
        try:
            unique_values.check(column, value)
        except CellError as error:
            errors.append(FieldError(f"{path}.{column.name}", str(error)))
    if not errors:
        for column, value in unique:
            unique_values.reserve(column, value, row_id)
    return errors


def rejection(rejected: list[RejectedRow]) -> BadUserInput:
    """Return the error that rejects a whole request because of these rows."""
    fields = [error for row in rejected for error in row.field_errors]
    rows = "1 row is" if len(rejected) == 1 else f"{len(rejected):,} rows are"
    message = f"{rows} not valid, so nothing was changed: correct them, or send onError: SKIP_INVALID."
    return BadUserInput(message, fields=fields[:MAX_ERRORS])


def _added_in(edit: Edit, revision: Revision) -> list[BufferedRow]:
    rows = edit.rows(changed_row_ids(edit.session, revision, ChangeKind.ROW_ADDED))
    return sorted(rows.values(), key=lambda row: (row.position, row.id))


@short
def delete(session: Session, table_id: UUID, row_ids: Sequence[UUID]) -> DeletedRows:
    """Delete all the rows or none. Raises NotFound if one does not exist."""
    check_batch_size(len(row_ids), "rowIds", minimum=0)
    edit = Edit.of(session, table_id)
    rows = edit.rows(row_ids)
    for index, id_ in enumerate(row_ids):
        if id_ not in rows:
            raise row_not_found(f"rowIds.{index}")
    for row in rows.values():
        edit.delete_row(row)
    return DeletedRows(edit.table, list(rows), edit.finish(ChangeSource.USER))
