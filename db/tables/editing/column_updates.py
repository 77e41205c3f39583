"""Columns given another definition, moved, deleted: cells are converted, or nothing is changed."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any
from uuid import UUID

from db.core.session import Session
from db.models.revisions import ChangeSource
from db.tables.editing.column_rules import check_together, checked
from db.tables.editing.edits import Edit, origin_of
from db.tables.editing.structure import Changed, Redefined
from db.tables.editing.values import Misfit, Taken, check
from errors import BadUserInput
from tables.changes import definition
from tables.types.conversion import convert, rules_kept
from tables.types.types import CellError, Column, ColumnType, Value

MAX_SHOWN = 1_000
_MARKS = frozenset({"name", "is_indexed"})  # say nothing of values


def update(session: Session, table_id: UUID, key: str, changes: Mapping[str, Any]) -> Redefined:
    """Set parts of a column's definition; with another type, rules that it does not know are dropped.

    When cells do not fit, nothing is changed: BadUserInput has the first 1,000 (`misfits`), and how many (`cellCount`).
    """
    edit = Edit.of(session, table_id)
    old = _column(edit, key)
    new = _redefined(edit, old, changes)
    values, misfits = _converted(edit, old, new)
    if misfits:
        raise _misfitting(new, misfits)
    edit.change_column(key, definition(new))
    for row in edit.each_row(values):
        edit.set_cell(row, key, values[row.id], origin_of(row, key))
    return Redefined(edit.table, edit.finish(ChangeSource.USER), edit.columns[key])


def move(session: Session, table_id: UUID, key: str, position: int) -> Redefined:
    """Put a column before the one that is at `position` without it, from 0."""
    edit = Edit.of(session, table_id)
    _column(edit, key)
    if not 0 <= position < len(edit.columns):
        raise BadUserInput.of("position", f"Choose a position from 0 to {len(edit.columns) - 1}.")
    edit.move_column(key, position)
    return Redefined(edit.table, edit.finish(ChangeSource.USER), edit.columns[key])


def delete(session: Session, table_id: UUID, key: str) -> Changed:
    """Delete a column with its cells; undoRevision brings both back."""
    edit = Edit.of(session, table_id)
    _column(edit, key)
    if len(edit.columns) == 1:
        raise BadUserInput.of("key", "A table has at least one column: add another first, or use deleteTable.")
    edit.delete_column(key)
    return Changed(edit.table, edit.finish(ChangeSource.USER))


def _column(edit: Edit, key: str) -> Column:
    if key not in edit.columns:
        keys = ", ".join([*edit.columns][:10])
        raise BadUserInput.of("key", f"The table has no column with this key: its keys are {keys}.")
    return edit.columns[key]


def _redefined(edit: Edit, old: Column, changes: Mapping[str, Any]) -> Column:
    column = replace(old, **changes)
    if column.type is not old.type:
        column = replace(column, **{**_rules_kept(edit, old, column.type, changes), **changes})
        if "default" not in changes:
            column = replace(column, default=_default(old, column))
    others = [other for key, other in edit.columns.items() if key != old.key]
    (column,) = checked([column], [other.name for other in others], [""])
    check_together([*others, column], "isIndexed", "pattern")
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
    """The values that change, and the cells that do not fit."""
    if all(getattr(old, each.name) == getattr(new, each.name) for each in fields(Column) if each.name not in _MARKS):
        return {}, []
    taken = Taken(edit, column=new.key)
    changed: dict[UUID, Value] = {}
    misfits: list[Misfit] = []
    for row_id, value in _cells(edit, old, new).items():
        try:
            fitting = convert(old, new, value)
            check(new, fitting)
            taken.check(new, fitting, row_id)
        except CellError as error:
            misfits.append(Misfit(row_id, value, str(error)))
        else:
            taken.take(new, fitting, row_id)
            if fitting != value:
                changed[row_id] = fitting
    return changed, misfits


def _cells(edit: Edit, old: Column, new: Column) -> dict[UUID, Value]:
    """The filled cells, and the empty ones too where none may be empty."""
    filled = edit.values(old.key)
    if not new.is_required or old.is_required:
        return filled
    return {id_: filled.get(id_) for id_ in edit.row_ids()}


def _misfitting(column: Column, misfits: list[Misfit]) -> BadUserInput:
    cells = "1 cell does" if len(misfits) == 1 else f"{len(misfits):,} cells do"
    return BadUserInput(
        f"{cells} not fit {column.name} as you want it, so nothing was changed: correct them first. "
        f"The first: {misfits[0].message}",
        misfits=misfits[:MAX_SHOWN],
        cellCount=len(misfits),
    )


def add(session: Session, table_id: UUID, column: Column, position: int | None) -> Redefined:
    """Add a column, at the end or before the one at `position`; its default is for rows that come later."""
    edit = Edit.of(session, table_id)
    edit.check_room(columns=1, field="column")
    (column,) = checked([column], [other.name for other in edit.columns.values()], ["column"])
    if column.is_required and edit.table.row_count:
        raise BadUserInput.of(
            "column.isRequired", "The rows of the table would have nothing in it: add it without isRequired."
        )
    if position is not None and not 0 <= position <= len(edit.columns):
        raise BadUserInput.of("position", f"Choose a position from 0 to {len(edit.columns)}.")
    check_together([*edit.columns.values(), column], "column.isIndexed", "column.pattern")
    key = edit.add_column(column).key
    if position is not None:
        edit.move_column(key, position)
    return Redefined(edit.table, edit.finish(ChangeSource.USER), edit.columns[key])
