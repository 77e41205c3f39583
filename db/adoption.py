"""What the assistant read, on its way into a table: each value with its source, what does not fit left out."""

from collections.abc import Mapping, Sequence
from typing import Any

from db.edits import Edit, Origin
from db.tables import Row
from db.values import Taken, check
from tables.conversion import convert
from tables.types import CellError, Column, Value


def origin(source: Mapping[str, Any], cell: Sequence[Any]) -> Origin:
    """Where the cell [value, start, end, quote] was read: in the "message" of the source, or its "attachment"."""
    _, start, end, quote = cell
    named = {name: source[name] for name in ("message", "attachment") if name in source}
    return {**named, "start": start, "end": end, "quote": quote, "grounding": "EXACT"}


class Adding:
    """Adds rows, each a cell [value, start, end, quote] or None for each of `columns`; matches columns by name.

    `row_ids` and `problems` say what became of them, as a proposal keeps it.
    """

    def __init__(
        self, edit: Edit, columns: Sequence[Column], rows: Sequence[Sequence[Any]], source: Mapping[str, Any]
    ) -> None:
        self.edit, self.columns, self.rows, self.source = edit, columns, rows, source
        self.row_ids: list[str | None] = []
        self.problems: dict[str, str] = {}
        self._taken = Taken(edit)

    def run(self) -> None:
        here = {column.name.casefold(): column for column in self.edit.columns.values()}
        targets = [here.get(column.name.casefold()) or self.edit.add_column(column) for column in self.columns]
        for number, cells in enumerate(self.rows):
            row = self._add(number, cells, targets)
            self.row_ids.append(row.id.hex if row else None)

    def _add(self, number: int, cells: Sequence[Any], targets: Sequence[Column]) -> Row | None:
        """The new row; None when nothing of it fits or something that is required is missing."""
        values = {key: column.default for key, column in self.edit.columns.items()}
        origins: dict[str, Origin] = {}
        for column, target, cell in zip(self.columns, targets, cells, strict=True):
            if not cell:
                continue
            try:
                values[target.key] = self._converted(column, target, cell[0])
                origins[target.key] = origin(self.source, cell)
            except CellError as error:
                self.problems[f"{number}.{column.key}"] = str(error)
        if not origins:
            self.problems[str(number)] = "Nothing of this row fits the table."
            return None
        return self._row(number, values, origins)

    def _converted(self, column: Column, target: Column, value: Value) -> Value:
        converted = convert(column, target, value)
        check(target, converted)
        self._taken.check(target, converted)
        return converted

    def _row(self, number: int, values: Mapping[str, Value], origins: Mapping[str, Origin]) -> Row | None:
        try:
            for key, column in self.edit.columns.items():
                check(column, values[key])
        except CellError as error:
            self.problems[str(number)] = str(error)
            return None
        row = self.edit.add_row(values, origins)
        for key, value in values.items():
            self._taken.take(self.edit.columns[key], value, row.id)
        return row
