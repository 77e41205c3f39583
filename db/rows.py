"""Rows added, cells changed, rows deleted: each call one revision."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID, uuid4

from db.edits import Edit, changed_in
from db.idempotency import once
from db.revisions import ChangeSource, Revision, changes_in
from db.session import Session
from db.tables import Row, Table
from db.values import RowReader, Taken, read
from errors import BadUserInput, Conflict, FieldError, NotFound
from tables.changes import ChangeKind
from tables.types import CellError, Value

MAX_AT_ONCE, MAX_ERRORS = 5_000, 100


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
    rows: list[Row]
    rejected: list[RejectedRow]
    revision: Revision | None


@dataclass(frozen=True)
class CellEdit:
    """A value for a cell; `expected_version` is the row's version that the client saw."""

    row_id: UUID
    column: str
    value: object
    expected_version: int | None = None


@dataclass(frozen=True)
class Updated:
    table: Table
    rows: list[Row]
    revision: Revision | None


@dataclass(frozen=True)
class Deleted:
    table: Table
    deleted_ids: list[UUID]
    revision: Revision | None


@dataclass(frozen=True)
class CellConflict:
    """A cell that somebody else changed: what is there now, and what would have replaced it."""

    row_id: UUID
    column: str | None
    current_value: object
    your_value: object
    expected_version: int | None = None
    current_version: int | None = None


def add(
    session: Session, table_id: UUID, rows: Sequence[object], on_error: OnError, idempotency_key: str | None = None
) -> Added:
    """Append rows; with SKIP_INVALID without those that are not valid, else BadUserInput for any of them."""
    check_number(len(rows), "rows")
    edit = Edit.of(session, table_id)

    def make() -> Added:
        accepted, rejected = _read(edit, rows)
        if rejected and on_error is OnError.REJECT_ALL:
            raise _rejection(rejected)
        edit.check_room(rows=len(accepted))
        added = [edit.add_row(values) for values in accepted]
        return Added(edit.table, added, rejected, edit.finish(ChangeSource.USER))

    def again(ids: list[UUID]) -> Added:
        """What is still there of the rows; the others are judged as if those were not there."""
        if not ids:
            return Added(edit.table, [], _read(edit, rows)[1], None)
        revision = session.obtain(Revision, ids[0])
        before = _added_in(edit, revision)
        _, rejected = _read(edit, rows, without=[row.id for row in before])
        return Added(edit.table, before, rejected, revision)

    return once(session, "addRows", idempotency_key, make, _revision_id, again)


def _revision_id(made: Added | Updated) -> list[UUID]:
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


def _rejection(rejected: list[RejectedRow]) -> BadUserInput:
    fields = [error for row in rejected for error in row.field_errors]
    rows = "1 row is" if len(rejected) == 1 else f"{len(rejected):,} rows are"
    message = f"{rows} not valid, so none was added: correct them, or send onError: SKIP_INVALID."
    return BadUserInput(message, fields=fields[:MAX_ERRORS])


def _added_in(edit: Edit, revision: Revision) -> list[Row]:
    changes = [change for change in changes_in(edit.session, revision) if change.kind is ChangeKind.ROW_ADDED]
    found = edit.rows(change.row_id for change in changes if change.row_id)
    return sorted(found.values(), key=lambda row: (row.position, row.id))


def update(session: Session, table_id: UUID, cells: Sequence[CellEdit], idempotency_key: str | None = None) -> Updated:
    """Change cells. When one was changed since the version that its edit names, Conflict, and nothing is."""
    check_number(len(cells), "cells")
    edit = Edit.of(session, table_id)
    rows = edit.rows(cell.row_id for cell in cells)

    def named() -> list[Row]:
        return list(dict.fromkeys(rows[cell.row_id] for cell in cells if cell.row_id in rows))

    def make() -> Updated:
        values = _checked_values(edit, rows, cells)
        if conflicts := _conflicts(rows, cells, values):
            raise Conflict(_said(conflicts), conflicts=conflicts)
        _check_unique(edit, rows, cells, values)
        for cell, value in zip(cells, values, strict=True):
            edit.set_cell(rows[cell.row_id], cell.column, value, {"by": session.user_id.hex})
        return Updated(edit.table, named(), edit.finish(ChangeSource.USER))

    def again(ids: list[UUID]) -> Updated:
        return Updated(edit.table, named(), session.obtain(Revision, ids[0]) if ids else None)

    return once(session, "updateCells", idempotency_key, make, _revision_id, again)


def _checked_values(edit: Edit, rows: dict[UUID, Row], cells: Sequence[CellEdit]) -> list[Value]:
    values: list[Value] = []
    errors: list[FieldError] = []
    seen: set[tuple[UUID, str]] = set()
    for index, cell in enumerate(cells):
        path = f"cells.{index}"
        if cell.row_id not in rows:
            raise NotFound(f"{path}.rowId: the table has no such row, or no longer: read it again.")
        problem, value = _problem(edit, rows[cell.row_id], cell, seen, path), None
        if problem is None:
            try:
                value = read(edit.columns[cell.column], cell.value)
            except CellError as error:
                problem = FieldError(f"{path}.value", str(error))
        values.append(value)
        errors += [problem] if problem else []
    if errors:
        raise BadUserInput(errors[0].message, fields=errors[:MAX_ERRORS])
    return values


def _problem(edit: Edit, row: Row, cell: CellEdit, seen: set[tuple[UUID, str]], path: str) -> FieldError | None:
    if cell.column not in edit.columns:
        keys = ", ".join([*edit.columns][:10])
        return FieldError(f"{path}.column", f"The table has no column with this key: its keys are {keys}.")
    if (cell.row_id, cell.column) in seen:
        return FieldError(path, "The same cell is there twice: send it once.")
    seen.add((cell.row_id, cell.column))
    if cell.expected_version is not None and cell.expected_version > row.version:
        return FieldError(f"{path}.expectedVersion", f"The row is at version {row.version}: send the one you read.")
    return None


def _conflicts(rows: dict[UUID, Row], cells: Sequence[CellEdit], values: list[Value]) -> list[CellConflict]:
    """The cells that were changed since; one that already has the value is none of them."""
    found = []
    for cell, value in zip(cells, values, strict=True):
        row = rows[cell.row_id]
        current = row.values.get(cell.column)
        stale = cell.expected_version is not None and changed_in(row, cell.column) > cell.expected_version
        if stale and current != value:
            found.append(CellConflict(row.id, cell.column, current, value, cell.expected_version, row.version))
    return found


def _said(conflicts: list[CellConflict]) -> str:
    cells = "1 cell was" if len(conflicts) == 1 else f"{len(conflicts):,} cells were"
    return f"{cells} changed since you read the row, so nothing was changed: compare the values and send again."


def _check_unique(edit: Edit, rows: dict[UUID, Row], cells: Sequence[CellEdit], values: list[Value]) -> None:
    """Values may be exchanged between rows, so all old ones go before the new ones come."""
    taken = Taken(edit)
    for cell in cells:
        taken.release(edit.columns[cell.column], rows[cell.row_id].values.get(cell.column))
    for index, (cell, value) in enumerate(zip(cells, values, strict=True)):
        column = edit.columns[cell.column]
        try:
            taken.check(column, value, cell.row_id)
        except CellError as error:
            raise BadUserInput.of(f"cells.{index}.value", str(error)) from error
        taken.take(column, value, cell.row_id)


def delete(session: Session, table_id: UUID, row_ids: Sequence[UUID]) -> Deleted:
    """Delete rows; when one is not there, NotFound, and none is deleted."""
    check_number(len(row_ids), "rowIds")
    edit = Edit.of(session, table_id)
    rows = edit.rows(row_ids)
    for index, id_ in enumerate(row_ids):
        if id_ not in rows:
            raise NotFound(f"rowIds.{index}: the table has no such row, or no longer: read it again.")
    for row in rows.values():
        edit.delete_row(row)
    return Deleted(edit.table, list(rows), edit.finish(ChangeSource.USER))


def check_number(number: int, field: str) -> None:
    if number > MAX_AT_ONCE:
        raise BadUserInput.of(field, f"Send at most {MAX_AT_ONCE:,} at once; this has {number:,}: split them up.")
