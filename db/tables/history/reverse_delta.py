"""What has changed in a table since a revision, so that it can be taken back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from db.core.base import dump_json, parse_json
from db.tables.editing.edits import Origin
from db.tables.history.as_of_queries import LAST, EarlierRow, Place, vars_of
from tables.changes import ChangeKind, definition
from tables.changes import column_of as defined
from tables.types.types import Column, Value


class ReverseDelta:
    """What has changed in a table since revision `number`; it is told the changes in order, by `take`.

    Only the first change of a thing says what it was. Nothing is kept of what has come and gone since, so this
    holds at most the rows of then and those of today, however long the log is. Rows are known by the number that
    their id is and deleted ones kept as texts: the garbage collector, which stops everything, passes over those.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.taken = (number, LAST)
        self.ceiling = LAST
        self._columns: dict[str, dict[str, Any] | None] = {}
        self._absent: set[int] = set()
        # What cells had and where it came from, by column and row; in how many revisions rows were changed since.
        self._values: dict[str, dict[int, Value]] = {}
        self._origins: dict[str, dict[int, Origin]] = {}
        self._edits: dict[int, int] = {}
        self._last_edit: dict[int, int] = {}
        # Position of rows that were deleted since, and what the log keeps of them; which of them are there again.
        self._deleted: dict[int, tuple[int, str, str]] = {}
        self._back: set[int] = set()
        self._places: list[Place] | None = []

    def __len__(self) -> int:
        return len(self._absent) + len(self._edits) + len(self._deleted)

    def take(self, change: Any) -> None:
        self.taken = (change.number, change.place)
        kind = ChangeKind(change.kind)
        if kind in {ChangeKind.ROW_ADDED, ChangeKind.ROW_RESTORED}:
            self._take_added(kind, change)
        elif kind is ChangeKind.ROW_DELETED:
            self._take_deleted(change)
        elif kind is ChangeKind.CELL_CHANGED:
            self._take_cell(change)
        elif kind is not ChangeKind.TABLE_CHANGED and change.column not in self._columns:
            was = change.old
            self._columns[change.column] = was["definition"] if kind is ChangeKind.COLUMN_DELETED else was

    def _take_added(self, kind: ChangeKind, change: Any) -> None:
        row = change.row_id.int
        if row in self._deleted:
            self._back.add(row)
            return
        self._absent.add(row)
        if kind is ChangeKind.ROW_ADDED and self.ceiling == LAST:
            self.ceiling = change.new["position"]  # rows are added behind all that there ever were

    def _take_deleted(self, change: Any) -> None:
        row = change.row_id.int
        if row in self._absent:
            self._absent.remove(row)
            return
        if row not in self._deleted:
            kept = change.old
            self._deleted[row] = kept["position"], dump_json(kept["values"]), dump_json(change.old_origin)
            self._places = None
        self._back.discard(row)

    def _take_cell(self, change: Any) -> None:
        row = change.row_id.int
        if row in self._absent or row in self._deleted:
            return
        values = self._values.setdefault(change.column, {})
        if row not in values:
            values[row] = change.old
            if (origin := change.old_origin) is not None:
                self._origins.setdefault(change.column, {})[row] = origin
        if self._last_edit.get(row) != change.number:
            self._edits[row] = self._edits.get(row, 0) + 1
            self._last_edit[row] = change.number

    def row_count(self, today: int) -> int:
        return today - len(self._absent) + len(self._deleted) - len(self._back)

    def columns(self, today: Mapping[str, Column]) -> dict[str, Column]:
        """Those that there were, in their order."""
        plain = {**{key: definition(column) for key, column in today.items()}, **self._columns}
        found = [defined(was) for was in plain.values() if was is not None]
        return {column.key: column for column in sorted(found, key=lambda column: (column.position, column.key))}

    def is_changed(self, id_: UUID) -> bool:
        return id_.int in self._edits or id_.int in self._deleted

    def is_sorted(self) -> bool:
        """Whether `deleted_rows` knows its answer; with many rows it thinks for long."""
        return self._places is not None

    def deleted_rows(self) -> list[Place]:
        """The rows that were deleted since, in order, those among them that are back too."""
        if self._places is None:
            self._places = sorted((kept[0], UUID(int=row)) for row, kept in self._deleted.items())
        return self._places

    def was_there(self, id_: UUID) -> bool:
        """Whether a row of today is one of then, the same without a break."""
        return id_.int not in self._absent and id_.int not in self._deleted

    def row(self, today: Any, columns: Mapping[str, Column]) -> EarlierRow:
        """A row of today as it was."""
        fields = vars_of(today)
        return EarlierRow(id=today.id, columns=columns, **{**fields, **self.taken_back(today.id, fields)})

    def deleted_row(self, id_: UUID, table_id: UUID, columns: Mapping[str, Column]) -> EarlierRow:
        """A row as it was that was deleted since."""
        position, values, kept = self._deleted[id_.int]
        past = parse_json(kept)
        created = datetime.fromisoformat(past["created_at"])
        by = past.get("created_by")
        last = {
            "table_id": table_id,
            "position": position,
            "version": past["version"],
            "values": parse_json(values),
            "origins": past["origins"],
            "created_at": created,
            "created_by_id": by and UUID(by),
            "updated_at": created,
        }
        return EarlierRow(id=id_, columns=columns, **{**last, **self.taken_back(id_, last)})

    def taken_back(self, id_: UUID, last: Mapping[str, Any]) -> dict[str, Any]:
        """Values, origins and version of a row that had the `last` ones, as they were."""
        values, origins = dict(last["values"]), dict(last["origins"])
        for key, had in self._values.items():
            if id_.int in had:
                _set(values, key, had[id_.int])
                _set(origins, key, self._origins.get(key, {}).get(id_.int))
        return {"values": values, "origins": origins, "version": last["version"] - self._edits.get(id_.int, 0)}


def _set(mapping: dict[str, Any], key: str, value: Any) -> None:
    if value is None:
        mapping.pop(key, None)
    else:
        mapping[key] = value
