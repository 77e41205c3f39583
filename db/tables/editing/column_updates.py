"""Additions, updates, moves and deletions of columns; an update converts all cells or changes nothing."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any
from uuid import UUID

from db.core.session import Session
from db.models.revisions import ChangeSource
from db.tables.column_finder import ColumnFinder
from db.tables.editing.column_rules import check_column_limits, validate_columns
from db.tables.editing.edits import Edit, origin_of
from db.tables.editing.structure import ColumnChange
from db.tables.editing.values import Misfit, UniqueValues, check_value
from errors import BadUserInput, Mistakes
from tables.changes import column_to_json
from tables.types.conversion import convert, rules_kept
from tables.types.types import CellError, Column, ColumnType, Value

MAX_REPORTED_MISFITS = 1_000
_UNRELATED_TO_VALUES = frozenset({"name", "is_indexed", "description"})


def update(session: Session, table_id: UUID, key_or_name: str, changes: Mapping[str, Any]) -> ColumnChange:
    """Set properties of a column; another type drops the rules that it does not have.

    Raises BadUserInput if cells do not fit: with the first 1,000 (`misfits`) and their number (`cellCount`).
    """
    edit = Edit.of(session, table_id)
    old = _column(edit, key_or_name)
    key = old.key
    new = _new_definition(edit, old, changes)
    values, misfits = _converted(edit, old, new)
    if misfits:
        raise _misfit_error(new, misfits)
    edit.change_column(key, column_to_json(new))
    for row in edit.iterate_rows(values):
        edit.set_cell(row, key, values[row.id], origin_of(row, key))
    return ColumnChange(edit.table, edit.finish(ChangeSource.USER), edit.columns[key])


def move(session: Session, table_id: UUID, key_or_name: str, position: int) -> ColumnChange:
    """Move a column to `position`, counted from 0."""
    edit = Edit.of(session, table_id)
    key = _column(edit, key_or_name).key
    if not 0 <= position < len(edit.columns):
        raise BadUserInput.of("position", f"Choose a position from 0 to {len(edit.columns) - 1}.")
    edit.move_column(key, position)
    return ColumnChange(edit.table, edit.finish(ChangeSource.USER), edit.columns[key])


def delete(session: Session, table_id: UUID, key_or_name: str) -> ColumnChange:
    """Delete a column with its cells, and return what it was; undoRevision brings both back."""
    edit = Edit.of(session, table_id)
    column = _column(edit, key_or_name)
    if len(edit.columns) == 1:
        raise BadUserInput.of("key", "A table has at least one column: add another first, or use deleteTable.")
    edit.delete_column(column.key)
    return ColumnChange(edit.table, edit.finish(ChangeSource.USER), column)


def _column(edit: Edit, key_or_name: str) -> Column:
    return ColumnFinder(edit.columns).get(key_or_name, "key")


def _new_definition(edit: Edit, old: Column, changes: Mapping[str, Any]) -> Column:
    column = replace(old, **changes)
    if column.type is not old.type:
        column = replace(column, **{**_rules_kept(edit, old, column.type, changes), **changes})
        if "default" not in changes:
            column = replace(column, default=_default(old, column))
    others = [other for key, other in edit.columns.items() if key != old.key]
    (column,) = validate_columns([column], [other.name for other in others], [""])
    check_column_limits([*others, column], "isIndexed", "pattern")
    return column


def _rules_kept(edit: Edit, old: Column, type: ColumnType, changes: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return rules_kept(old, type, lambda: () if "format" in changes else edit.values(old.key).values())
    except CellError as error:
        raise BadUserInput.of("format", str(error)) from error


def _default(old: Column, new: Column) -> Value:
    try:
        return convert(old, new, old.default)
    except CellError as error:
        raise BadUserInput.of("default", f"The default does not fit the new type: {error}") from error


def _converted(edit: Edit, old: Column, new: Column) -> tuple[dict[UUID, Value], list[Misfit]]:
    """Return the converted values that differ, by row id, and the cells that do not fit."""
    if all(
        getattr(old, each.name) == getattr(new, each.name)
        for each in fields(Column)
        if each.name not in _UNRELATED_TO_VALUES
    ):
        return {}, []
    unique_values = UniqueValues(edit, column=new.key)
    changed: dict[UUID, Value] = {}
    misfits: list[Misfit] = []
    for row_id, value in _cells(edit, old, new).items():
        try:
            converted = convert(old, new, value)
            check_value(new, converted)
            unique_values.check(new, converted, row_id)
        except CellError as error:
            misfits.append(Misfit(row_id, value, str(error)))
        else:
            unique_values.reserve(new, converted, row_id)
            if converted != value:
                changed[row_id] = converted
    return changed, misfits


def _cells(edit: Edit, old: Column, new: Column) -> dict[UUID, Value]:
    """Return the values to check by row id: filled cells, and empty ones if the column becomes required."""
    filled = edit.values(old.key)
    if not new.is_required or old.is_required:
        return filled
    return {id_: filled.get(id_) for id_ in edit.row_ids()}


def _misfit_error(column: Column, misfits: list[Misfit]) -> BadUserInput:
    cells = "1 cell does" if len(misfits) == 1 else f"{len(misfits):,} cells do"
    return BadUserInput(
        f"{cells} not fit the new definition of {column.name}, so nothing was changed: correct them first. "
        f"The first: {misfits[0].message}",
        misfits=misfits[:MAX_REPORTED_MISFITS],
        cellCount=len(misfits),
    )


def add(session: Session, table_id: UUID, column: Column, position: int | None) -> ColumnChange:
    """Add a column at `position` or at the end. Its default applies to later rows; existing ones are empty in it."""
    edit = Edit.of(session, table_id)
    edit.check_capacity(columns=1, field="column")
    with Mistakes() as check:
        if column.is_required and edit.table.row_count:
            check.add("column.isRequired", "Existing rows would have no value in it: add it without isRequired.")
        if position is not None and not 0 <= position <= len(edit.columns):
            check.add("position", f"Choose a position from 0 to {len(edit.columns)}.")
        (column,) = validate_columns([column], [other.name for other in edit.columns.values()], ["column"])
    check_column_limits([*edit.columns.values(), column], "column.isIndexed", "column.pattern")
    key = edit.add_column(column).key
    if position is not None:
        edit.move_column(key, position)
    return ColumnChange(edit.table, edit.finish(ChangeSource.USER), edit.columns[key])
