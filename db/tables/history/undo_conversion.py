"""What comes back fits the columns as they are: converted, or refused, for a type may have changed in between."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from uuid import UUID

from db.tables.editing.edits import Edit, origin_of
from db.tables.editing.values import Taken, check
from db.tables.revisions import columns_before
from errors import BadUserInput
from tables.types.conversion import convert
from tables.types.types import CellError, Column, Value


class UndoConverter:
    """Made before a revision is undone; `run` when all of it is."""

    def __init__(self, edit: Edit, number: int) -> None:
        self._edit, self._before = edit, dict(edit.columns)
        self._then = columns_before(edit.session, edit.table.id, number)
        self._rows: set[UUID] = set()
        self._cells: dict[str, set[UUID]] = defaultdict(set)

    def came_back(self, row_id: UUID, key: str | None = None) -> None:
        """Values of the row, or one of them, are as they were before the revision."""
        self._rows.add(row_id) if key is None else self._cells[key].add(row_id)

    def run(self) -> None:
        """Raise BadUserInput when a value does not fit, or is in a unique column of two rows."""
        for column in self._edit.columns.values():
            self._fit(column)
            self._check_unique(column)

    def _fit(self, column: Column) -> None:
        back = self._rows | self._cells[column.key]
        then, before = self._then.get(column.key, column), self._before.get(column.key)
        is_new = before is None or not _alike(before, column)
        if not is_new and (not back or _alike(then, column)):
            return
        values = self._edit.values(column.key)
        ids: Iterable[UUID] = self._edit.row_ids() if is_new else back
        changed: dict[UUID, Value] = {}
        for is_back, source in ((True, then), (False, before or column)):
            if not _alike(source, column):
                mine = (id_ for id_ in ids if (id_ in back) is is_back)
                changed |= _fitted(source, column, {id_: values.get(id_) for id_ in mine})
        for row in self._edit.each_row(changed):
            self._edit.set_cell(row, column.key, changed[row.id], origin_of(row, column.key))

    def _check_unique(self, column: Column) -> None:
        """A value that comes back may have been given to another row since."""
        if not column.is_unique:
            return
        before = self._before.get(column.key)
        touched = self._edit.touched if before and before.is_unique else set(self._edit.values(column.key))
        if not touched:
            return
        taken = Taken(self._edit, without=touched)
        for row_id, value in self._edit.values(column.key).items():
            if row_id in touched:
                try:
                    taken.check(column, value, row_id)
                except CellError as error:
                    raise BadUserInput.of("revision", str(error)) from error
                taken.take(column, value, row_id)


def _fitted(source: Column, column: Column, values: Mapping[UUID, Value]) -> dict[UUID, Value]:
    """The values that mean the same in `column` and are written otherwise."""
    changed: dict[UUID, Value] = {}
    for id_, value in values.items():
        try:
            fitting = convert(source, column, value)
            check(column, fitting)
        except CellError as error:
            problem = f"The column {column.name} is another one by now or has other cells, so nothing was undone"
            raise BadUserInput.of("revision", f"{problem}: {error} Change the column or the cell first.") from error
        if fitting != value:
            changed[id_] = fitting
    return changed


def _alike(one: Column, other: Column) -> bool:
    """Whether what fits one fits the other."""
    shown = {"key": "", "name": "", "position": 0, "default": None, "is_unique": False, "is_indexed": False}
    return replace(one, **shown) == replace(other, **shown)  # type: ignore[arg-type]  # mypy reads ** as one type
