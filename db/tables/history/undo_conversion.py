"""Conversion of restored values to the columns as they are after an undo.

A column may have changed its type between the undone revision and now, in either direction. Restored values are of the
type before the revision; the other values are of the type before the undo. Both are converted to the type that the
column has after it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from uuid import UUID

from db.tables.editing.edits import Edit, origin_of
from db.tables.editing.values import UniqueValues, check_value
from db.tables.revisions import column_definitions_before
from errors import BadUserInput
from tables.types.conversion import convert
from tables.types.types import CellError, Column, Value


class UndoConverter:
    """Converter of one undo: create it before the first reversed change, call `run` after the last."""

    def __init__(self, edit: Edit, number: int) -> None:
        self._edit, self._columns_before = edit, dict(edit.columns)
        self._columns_then = column_definitions_before(edit.session, edit.table.id, number)
        self._rows: set[UUID] = set()
        self._cells: dict[str, set[UUID]] = defaultdict(set)

    def add_restored(self, row_id: UUID, key: str | None = None) -> None:
        """Note that a whole row, or one cell of it, has its values of before the revision."""
        self._rows.add(row_id) if key is None else self._cells[key].add(row_id)

    def run(self) -> None:
        """Convert the values. Raises BadUserInput for one that does not fit, or that is no longer unique."""
        for column in self._edit.columns.values():
            self._convert(column)
            self._check_unique(column)

    def _convert(self, column: Column) -> None:
        restored = self._rows | self._cells[column.key]
        then, before = self._columns_then.get(column.key, column), self._columns_before.get(column.key)
        is_new = before is None or not _accept_same_values(before, column)
        if not is_new and (not restored or _accept_same_values(then, column)):
            return
        values = self._edit.values(column.key)
        ids: Iterable[UUID] = self._edit.row_ids() if is_new else restored
        changed: dict[UUID, Value] = {}
        for is_restored, source in ((True, then), (False, before or column)):
            if not _accept_same_values(source, column):
                selected = (id_ for id_ in ids if (id_ in restored) is is_restored)
                changed |= _converted(source, column, {id_: values.get(id_) for id_ in selected})
        for row in self._edit.iterate_rows(changed):
            self._edit.set_cell(row, column.key, changed[row.id], origin_of(row, column.key))

    def _check_unique(self, column: Column) -> None:
        """Raise BadUserInput if a restored value of a unique column is in another row by now."""
        if not column.is_unique:
            return
        before = self._columns_before.get(column.key)
        touched = self._edit.touched_ids if before and before.is_unique else set(self._edit.values(column.key))
        if not touched:
            return
        unique_values = UniqueValues(self._edit, without=touched)
        for row_id, value in self._edit.values(column.key).items():
            if row_id in touched:
                try:
                    unique_values.check(column, value, row_id)
                except CellError as error:
                    raise BadUserInput.of("revision", str(error)) from error
                unique_values.reserve(column, value, row_id)


def _converted(source: Column, column: Column, values: Mapping[UUID, Value]) -> dict[UUID, Value]:
    """Return the values that are written differently in `column`, converted."""
    changed: dict[UUID, Value] = {}
    for id_, value in values.items():
        try:
            converted = convert(source, column, value)
            check_value(column, converted)
        except CellError as error:
            problem = f"The column {column.name} or its cells have changed since, so nothing was undone"
            raise BadUserInput.of("revision", f"{problem}: {error} Change the column or the cell first.") from error
        if converted != value:
            changed[id_] = converted
    return changed


def _accept_same_values(one: Column, other: Column) -> bool:
    """Return True if both columns accept the same values."""
    ignored = {"key": "", "name": "", "position": 0, "default": None, "is_unique": False, "is_indexed": False}
    return replace(one, **ignored) == replace(other, **ignored)  # type: ignore[arg-type]  # mypy reads ** as one type
