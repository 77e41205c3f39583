"""Rows added and deleted: each call one revision."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID, uuid4

from db.core.idempotency import idempotent
from db.core.session import Session
from db.models.revisions import ChangeSource, Revision
from db.models.tables import Table
from db.tables.editing.edits import Edit
from db.tables.editing.row_buffer import BufferedRow
from db.tables.editing.values import MAX_ERRORS, RowReader, Taken, check_number, no_such_row
from db.tables.revisions import row_ids_of
from errors import BadUserInput, FieldError
from tables.changes import ChangeKind
from tables.types.types import CellError, Value


class OnError(StrEnum):
    """What becomes of the good rows when others are not valid."""

    REJECT_ALL = "REJECT_ALL"
    SKIP_INVALID = "SKIP_INVALID"


@dataclass(frozen=True)
class RejectedRow:
    """A row that was left out, by its place in the input."""

    index: int
    field_errors: list[FieldError]


@dataclass(frozen=True)
class Added:
    table: Table
    rows: list[BufferedRow]
    rejected: list[RejectedRow]
    revision: Revision | None


@dataclass(frozen=True)
class Deleted:
    table: Table
    deleted_ids: list[UUID]
    revision: Revision | None


def add(
    session: Session, table_id: UUID, rows: Sequence[object], on_error: OnError, idempotency_key: str | None = None
) -> Added:
    """Append rows; with SKIP_INVALID without those that are not valid, else BadUserInput for any of them."""
    check_number(len(rows), "rows")
    edit = Edit.of(session, table_id)

    def make() -> Added:
        accepted, rejected = _read(edit, rows)
        if rejected and on_error is OnError.REJECT_ALL:
            raise rejection(rejected)
        edit.check_room(rows=len(accepted))
        added = [edit.add_row(values) for values in accepted]
        return Added(edit.table, added, rejected, edit.finish(ChangeSource.USER))

    def again(ids: list[UUID]) -> Added:
        """What is still there of the rows; the others are judged as if those were not there."""
        if not ids:
            return Added(edit.table, [], _read(edit, rows)[1], None)
        revision = session.get(Revision, ids[0])
        before = _added_in(edit, revision)
        _, rejected = _read(edit, rows, without=[row.id for row in before])
        return Added(edit.table, before, rejected, revision)

    return idempotent(session, "addRows", idempotency_key, make, _revision_id, again)


def _revision_id(made: Added) -> list[UUID]:
    return [made.revision.id] if made.revision else []


def _read(
    edit: Edit, rows: Sequence[object], without: Sequence[UUID] = ()
) -> tuple[list[dict[str, Value]], list[RejectedRow]]:
    """The values of the valid rows, and the others."""
    reader, taken = RowReader(edit.columns), Taken(edit, without)
    accepted, rejected = [], []
    for index, raw in enumerate(rows):
        values, errors = reader.read(raw, f"rows.{index}")
        errors = errors or _repeated(edit, taken, values, f"rows.{index}")
        if errors:
            rejected.append(RejectedRow(index, errors))
        else:
            accepted.append(values)
    return accepted, rejected


def _repeated(edit: Edit, taken: Taken, values: dict[str, Value], path: str) -> list[FieldError]:
    """What is in a unique column already; a row without mistakes takes its values."""
    errors, row_id = [], uuid4()
    unique = [(edit.columns[key], value) for key, value in values.items() if edit.columns[key].is_unique]
    for column, value in unique:
        try:
            taken.check(column, value)
        except CellError as error:
            errors.append(FieldError(f"{path}.{column.name}", str(error)))
    if not errors:
        for column, value in unique:
            taken.take(column, value, row_id)
    return errors


def rejection(rejected: list[RejectedRow]) -> BadUserInput:
    """What is wrong with rows of which one alone is enough to refuse them all."""
    fields = [error for row in rejected for error in row.field_errors]
    rows = "1 row is" if len(rejected) == 1 else f"{len(rejected):,} rows are"
    message = f"{rows} not valid, so nothing was changed: correct them, or send onError: SKIP_INVALID."
    return BadUserInput(message, fields=fields[:MAX_ERRORS])


def _added_in(edit: Edit, revision: Revision) -> list[BufferedRow]:
    found = edit.rows(row_ids_of(edit.session, revision, ChangeKind.ROW_ADDED))
    return sorted(found.values(), key=lambda row: (row.position, row.id))


def delete(session: Session, table_id: UUID, row_ids: Sequence[UUID]) -> Deleted:
    """Delete rows; when one is not there, NotFound, and none is deleted."""
    check_number(len(row_ids), "rowIds")
    edit = Edit.of(session, table_id)
    rows = edit.rows(row_ids)
    for index, id_ in enumerate(row_ids):
        if id_ not in rows:
            raise no_such_row(f"rowIds.{index}")
    for row in rows.values():
        edit.delete_row(row)
    return Deleted(edit.table, list(rows), edit.finish(ChangeSource.USER))
