"""Updates of cells by people, with optimistic locking.

An edit may name the version of the row that the client saw. It conflicts if the cell, not just the row, was changed
after that version, so two people can edit different cells of one row.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from db.core.idempotency import idempotent
from db.core.session import Session
from db.core.sqlite_writer import short
from db.models.revisions import ChangeSource, Revision
from db.models.tables import Table
from db.tables.column_finder import ColumnFinder
from db.tables.editing.edits import Edit, value_version
from db.tables.editing.row_buffer import BufferedRow
from db.tables.editing.values import MAX_ERRORS, UniqueValues, check_batch_size, parse_value, row_not_found
from errors import BadUserInput, Conflict, FieldError, Mistakes
from tables.types.types import CellError, Value


@dataclass(frozen=True)
class CellEdit:
    """New value of a cell; `expected_version` is the version of the row that the client saw."""

    row_id: UUID
    column: str
    value: object
    expected_version: int | None = None


@dataclass(frozen=True)
class UpdateCellsResult:
    table: Table
    rows: list[BufferedRow]
    revision: Revision | None


@dataclass(frozen=True)
class CellConflict:
    """Cell that was changed by someone else: its current value and the rejected one."""

    row_id: UUID | None
    column: str | None
    current_value: object
    your_value: object
    expected_version: int | None = None
    current_version: int | None = None


@short
def update(
    session: Session, table_id: UUID, cells: Sequence[CellEdit], idempotency_key: str | None = None
) -> UpdateCellsResult:
    """Change all the cells or none. Raises Conflict if one was changed after the version that its edit names."""
    check_batch_size(len(cells), "cells")
    edit = Edit.of(session, table_id)
    cells = _with_column_keys(edit, cells)
    rows = edit.rows(cell.row_id for cell in cells)

    def updated_rows() -> list[BufferedRow]:
        return list(dict.fromkeys(rows[cell.row_id] for cell in cells if cell.row_id in rows))

    def create() -> UpdateCellsResult:
        values = _parse_values(edit, rows, cells)
        if conflicts := _conflicts(rows, cells, values):
            raise Conflict(_conflict_message(conflicts), conflicts=conflicts)
        _check_unique(edit, rows, cells, values)
        for cell, value in zip(cells, values, strict=True):
            edit.set_cell(rows[cell.row_id], cell.column, value, {"by": session.user_id.hex})
        return UpdateCellsResult(edit.table, updated_rows(), edit.finish(ChangeSource.USER))

    def load(ids: list[UUID]) -> UpdateCellsResult:
        return UpdateCellsResult(edit.table, updated_rows(), session.get(Revision, ids[0]) if ids else None)

    return idempotent(
        session, "updateCells", idempotency_key, create, lambda u: [u.revision.id] if u.revision else [], load
    )


def _with_column_keys(edit: Edit, cells: Sequence[CellEdit]) -> list[CellEdit]:
    """Return the edits with the key of each column that was given by name; unknown columns are left as they are."""
    finder = ColumnFinder(edit.columns)
    columns = {name: finder.find(name) for name in {cell.column for cell in cells}}
    return [cell if (column := columns[cell.column]) is None else replace(cell, column=column.key) for cell in cells]


def _parse_values(edit: Edit, rows: dict[UUID, BufferedRow], cells: Sequence[CellEdit]) -> list[Value]:
    finder = ColumnFinder(edit.columns)
    values: list[Value] = []
    errors: list[FieldError] = []
    seen: set[tuple[UUID, str]] = set()
    for index, cell in enumerate(cells):
        path = f"cells.{index}"
        if cell.row_id not in rows:
            raise row_not_found(f"{path}.rowId")
        problem, value = _problem(finder, rows[cell.row_id], cell, seen, path), None
        if problem is None:
            try:
                value = parse_value(edit.columns[cell.column], cell.value)
            except CellError as error:
                problem = FieldError(f"{path}.value", str(error))
        values.append(value)
        errors += [problem] if problem else []
    if errors:
        raise BadUserInput(errors[0].message, fields=errors[:MAX_ERRORS])
    return values


def _problem(
    finder: ColumnFinder, row: BufferedRow, cell: CellEdit, seen: set[tuple[UUID, str]], path: str
) -> FieldError | None:
    if finder.find(cell.column) is None:
        return FieldError(f"{path}.column", finder.problem(cell.column))
    if (cell.row_id, cell.column) in seen:
        return FieldError(path, "This cell is in the list twice: send it once.")
    seen.add((cell.row_id, cell.column))
    if cell.expected_version is not None and cell.expected_version > row.version:
        return FieldError(f"{path}.expectedVersion", f"The row is at version {row.version}: send the one you read.")
    return None


def _conflicts(rows: dict[UUID, BufferedRow], cells: Sequence[CellEdit], values: list[Value]) -> list[CellConflict]:
    """Return the cells changed since the client read them, except those that already have the new value."""
    conflicts = []
    for cell, value in zip(cells, values, strict=True):
        row = rows[cell.row_id]
        current = row.values.get(cell.column)
        stale = cell.expected_version is not None and value_version(row, cell.column) > cell.expected_version
        if stale and current != value:
            conflicts.append(CellConflict(row.id, cell.column, current, value, cell.expected_version, row.version))
    return conflicts


def _conflict_message(conflicts: list[CellConflict]) -> str:
    cells = "1 cell was" if len(conflicts) == 1 else f"{len(conflicts):,} cells were"
    return f"{cells} changed since you read the row, so nothing was changed: compare the values and send again."


def _check_unique(edit: Edit, rows: dict[UUID, BufferedRow], cells: Sequence[CellEdit], values: list[Value]) -> None:
    """Raise BadUserInput for a value that another row of a unique column has."""
    # All old values are released first: two rows may exchange their values.
    unique_values, mistakes = UniqueValues(edit), Mistakes()
    for cell in cells:
        unique_values.release(edit.columns[cell.column], rows[cell.row_id].values.get(cell.column))
    with mistakes:
        for index, (cell, value) in enumerate(zip(cells, values, strict=True)):
            column = edit.columns[cell.column]
            try:
                unique_values.check(column, value, cell.row_id)
            except CellError as error:
                mistakes.add(f"cells.{index}.value", str(error))
            unique_values.reserve(column, value, cell.row_id)
