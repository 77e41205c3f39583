"""Reference implementation of the change log on plain values: apply, invert and summarize changes."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tables.changes import ChangeKind, column_from_json, summarize_counts
from tables.types.columns import Column, Value


@dataclass(frozen=True)
class Change:
    """Change of the log; `old` and `new` are JSON values, and None where there is nothing before or after.

    ROW_ADDED, ROW_RESTORED (new) and ROW_DELETED (old): {"position": int, "values": {column key: value}}
    CELL_CHANGED: the value itself
    COLUMN_ADDED (new), COLUMN_DELETED (old): {"definition": {…}, "values": {row id: value}}
    COLUMN_CHANGED: the whole definition, as `definition` writes it; cells that it converts are CELL_CHANGED
    TABLE_CHANGED: the properties that change, {"name": "Expenses"}; None is a property that is not set
    """

    kind: ChangeKind
    row_id: str | None
    column: str | None
    old: Any
    new: Any


@dataclass(frozen=True)
class Row:
    """Row of a table: `values` holds the filled cells, `version` counts the changes to the row and never goes back."""

    position: int
    version: int = 1
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class TableState:
    """A table at one revision: columns by key and rows by id, both in order of position, then key or id."""

    columns: Mapping[str, Column] = field(default_factory=dict)
    rows: Mapping[str, Row] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)


class ChangeError(ValueError):
    """A change that does not fit the table: it names a row or column that is not there, or already is."""


def apply(state: TableState, changes: Iterable[Change]) -> TableState:
    """Return the table after the changes, in their order, and leave `state` unchanged. Raises ChangeError.

    A restored row starts at version 1 here, whereas the product continues from its last version.
    """
    draft = _Draft(dict(state.columns), dict(state.rows), dict(state.properties))
    for change in changes:
        _STEPS[change.kind](draft, change)
    columns = sorted(draft.columns.items(), key=lambda item: (item[1].position, item[0]))
    rows = sorted(draft.rows.items(), key=lambda item: (item[1].position, item[0]))
    return TableState(dict(columns), dict(rows), draft.properties)


def invert(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Return the changes that reverse these, last first."""
    return tuple(
        Change(_INVERSES.get(change.kind, change.kind), change.row_id, change.column, change.new, change.old)
        for change in reversed(changes)
    )


_INVERSES = {
    ChangeKind.ROW_ADDED: ChangeKind.ROW_DELETED,
    ChangeKind.ROW_RESTORED: ChangeKind.ROW_DELETED,
    ChangeKind.ROW_DELETED: ChangeKind.ROW_ADDED,
    ChangeKind.COLUMN_ADDED: ChangeKind.COLUMN_DELETED,
    ChangeKind.COLUMN_DELETED: ChangeKind.COLUMN_ADDED,
}


def summary(changes: Iterable[Change]) -> str:
    """Return the numbers of changes in words: "3 cells changed, 1 row added"."""
    return summarize_counts(Counter(change.kind for change in changes))


@dataclass
class _Draft:
    columns: dict[str, Column]
    rows: dict[str, Row]
    properties: dict[str, Any]

    def column(self, key: str | None) -> Column:
        if key not in self.columns:
            raise ChangeError(f"The table has no column {key}: read it again.")
        return self.columns[key]

    def row(self, row_id: str | None) -> Row:
        if row_id not in self.rows:
            raise ChangeError(f"The table has no row {row_id}: read it again.")
        return self.rows[row_id]

    def set_value(self, row_id: str | None, key: str, value: Value) -> None:
        row = self.row(row_id)
        values = {name: stored for name, stored in row.values.items() if name != key}
        if value is not None:
            values[key] = value
        self.rows[str(row_id)] = replace(row, version=row.version + 1, values=values)


def _add_row(draft: _Draft, change: Change) -> None:
    if change.row_id is None or change.row_id in draft.rows:
        raise ChangeError(f"The table already has the row {change.row_id}: read it again.")
    values = {key: value for key, value in change.new["values"].items() if value is not None}
    for key in values:
        draft.column(key)
    draft.rows[change.row_id] = Row(change.new["position"], values=values)


def _delete_row(draft: _Draft, change: Change) -> None:
    draft.row(change.row_id)
    del draft.rows[str(change.row_id)]


def _change_cell(draft: _Draft, change: Change) -> None:
    draft.set_value(change.row_id, draft.column(change.column).key, change.new)


def _add_column(draft: _Draft, change: Change) -> None:
    column = column_from_json(change.new["definition"])
    if column.key in draft.columns:
        raise ChangeError(f"The table already has the column {column.key}: read it again.")
    draft.columns[column.key] = column
    for row_id, value in change.new["values"].items():
        draft.set_value(row_id, column.key, value)


def _change_column(draft: _Draft, change: Change) -> None:
    column = column_from_json(change.new)
    draft.column(column.key)
    draft.columns[column.key] = column


def _delete_column(draft: _Draft, change: Change) -> None:
    key = draft.column(change.column).key
    del draft.columns[key]
    for row_id, row in draft.rows.items():
        if key in row.values:
            draft.set_value(row_id, key, None)


def _change_table(draft: _Draft, change: Change) -> None:
    for name, value in change.new.items():
        draft.properties.pop(name, None)
        if value is not None:
            draft.properties[name] = value


_STEPS = {
    ChangeKind.ROW_ADDED: _add_row,
    ChangeKind.ROW_RESTORED: _add_row,
    ChangeKind.ROW_DELETED: _delete_row,
    ChangeKind.CELL_CHANGED: _change_cell,
    ChangeKind.COLUMN_ADDED: _add_column,
    ChangeKind.COLUMN_CHANGED: _change_column,
    ChangeKind.COLUMN_DELETED: _delete_column,
    ChangeKind.TABLE_CHANGED: _change_table,
}
