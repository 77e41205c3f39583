"""Cells changed by people, each against the version of the row that they saw."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from db.core.idempotency import idempotent
from db.core.session import Session
from db.models.revisions import ChangeSource, Revision
from db.models.tables import Table
from db.tables.editing.edits import Edit, changed_in
from db.tables.editing.row_buffer import BufferedRow
from db.tables.editing.values import MAX_ERRORS, Taken, check_number, no_such_row, read
from errors import BadUserInput, Conflict, FieldError
from tables.types.types import CellError, Value


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
    rows: list[BufferedRow]
    revision: Revision | None


@dataclass(frozen=True)
class CellConflict:
    """A cell that somebody else changed: what is there now, and what would have replaced it."""

    row_id: UUID | None
    column: str | None
    current_value: object
    your_value: object
    expected_version: int | None = None
    current_version: int | None = None


def update(session: Session, table_id: UUID, cells: Sequence[CellEdit], idempotency_key: str | None = None) -> Updated:
    """Change cells. When one was changed since the version that its edit names, Conflict, and nothing is."""
    check_number(len(cells), "cells")
    edit = Edit.of(session, table_id)
    rows = edit.rows(cell.row_id for cell in cells)

    def named() -> list[BufferedRow]:
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
        return Updated(edit.table, named(), session.get(Revision, ids[0]) if ids else None)

    return idempotent(
        session, "updateCells", idempotency_key, make, lambda u: [u.revision.id] if u.revision else [], again
    )


def _checked_values(edit: Edit, rows: dict[UUID, BufferedRow], cells: Sequence[CellEdit]) -> list[Value]:
    values: list[Value] = []
    errors: list[FieldError] = []
    seen: set[tuple[UUID, str]] = set()
    for index, cell in enumerate(cells):
        path = f"cells.{index}"
        if cell.row_id not in rows:
            raise no_such_row(f"{path}.rowId")
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


def _problem(edit: Edit, row: BufferedRow, cell: CellEdit, seen: set[tuple[UUID, str]], path: str) -> FieldError | None:
    if cell.column not in edit.columns:
        keys = ", ".join([*edit.columns][:10])
        return FieldError(f"{path}.column", f"The table has no column with this key: its keys are {keys}.")
    if (cell.row_id, cell.column) in seen:
        return FieldError(path, "The same cell is there twice: send it once.")
    seen.add((cell.row_id, cell.column))
    if cell.expected_version is not None and cell.expected_version > row.version:
        return FieldError(f"{path}.expectedVersion", f"The row is at version {row.version}: send the one you read.")
    return None


def _conflicts(rows: dict[UUID, BufferedRow], cells: Sequence[CellEdit], values: list[Value]) -> list[CellConflict]:
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


def _check_unique(edit: Edit, rows: dict[UUID, BufferedRow], cells: Sequence[CellEdit], values: list[Value]) -> None:
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
