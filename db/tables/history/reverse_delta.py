"""Reverse delta of a table: what to undo in its current rows to get an earlier revision.

The delta reads the log forwards, from the revision to now, and keeps the first change of each cell, row and column:
its old value is the value at the revision. Reading a row as of the revision means taking the current row and setting
these cells back. Rows added since are left out, rows deleted since are restored from the log.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from db.core.base import dump_json, parse_json
from db.tables.editing.edits import Origin
from db.tables.history.as_of_queries import MAX_POSITION, AsOfRow, RowPosition, row_fields
from tables.changes import ChangeKind, column_to_json
from tables.changes import column_from_json as defined
from tables.types.types import Column, Value


class ReverseDelta:
    """Changes of a table since `revision`, recorded in the order of the log.

    Rows that were added and deleted since leave nothing behind, so the size is bounded by the rows of then and now,
    however long the log is. `log_position` is the last recorded change (revision, place); `end_position` is above the
    positions of all rows of the revision.
    """

    def __init__(self, number: int) -> None:
        self.revision = number
        self.log_position = (number, MAX_POSITION)
        self.end_position = MAX_POSITION
        self._columns: dict[str, dict[str, Any] | None] = {}
        # Rows are keyed by the integer of their id, and deleted ones kept as JSON texts: the garbage collector does
        # not traverse integers and texts, and its pauses over 100,000 rows would stop the event loop.
        self._added: set[int] = set()
        # Old value and origin of changed cells, by column key and row; number of revisions that changed a row.
        self._values: dict[str, dict[int, Value]] = {}
        self._origins: dict[str, dict[int, Origin]] = {}
        self._edits: dict[int, int] = {}
        self._last_edit: dict[int, int] = {}
        # Position, values and other fields of deleted rows, as the log has them; deleted rows that were restored.
        self._deleted: dict[int, tuple[int, str, str]] = {}
        self._restored: set[int] = set()
        self._sorted_deleted: list[RowPosition] | None = []

    def __len__(self) -> int:
        return len(self._added) + len(self._edits) + len(self._deleted)

    def record(self, change: Any) -> None:
        """Record the next change of the log, a record of `as_of_queries.change_log`."""
        self.log_position = (change.number, change.place)
        kind = ChangeKind(change.kind)
        if kind in {ChangeKind.ROW_ADDED, ChangeKind.ROW_RESTORED}:
            self._record_added(kind, change)
        elif kind is ChangeKind.ROW_DELETED:
            self._record_deleted(change)
        elif kind is ChangeKind.CELL_CHANGED:
            self._record_cell(change)
        elif kind is not ChangeKind.TABLE_CHANGED and change.column not in self._columns:
            was = change.old
            self._columns[change.column] = was["definition"] if kind is ChangeKind.COLUMN_DELETED else was

    def _record_added(self, kind: ChangeKind, change: Any) -> None:
        row = change.row_id.int
        if row in self._deleted:
            self._restored.add(row)
            return
        self._added.add(row)
        if kind is ChangeKind.ROW_ADDED and self.end_position == MAX_POSITION:
            # Rows are added behind all earlier ones, so the first added row ends those of the revision.
            self.end_position = change.new["position"]

    def _record_deleted(self, change: Any) -> None:
        row = change.row_id.int
        if row in self._added:
            self._added.remove(row)
            return
        if row not in self._deleted:
            old = change.old
            self._deleted[row] = old["position"], dump_json(old["values"]), dump_json(change.old_origin)
            self._sorted_deleted = None
        self._restored.discard(row)

    def _record_cell(self, change: Any) -> None:
        row = change.row_id.int
        if row in self._added or row in self._deleted:
            return
        values = self._values.setdefault(change.column, {})
        if row not in values:
            values[row] = change.old
            if (origin := change.old_origin) is not None:
                self._origins.setdefault(change.column, {})[row] = origin
        if self._last_edit.get(row) != change.number:
            self._edits[row] = self._edits.get(row, 0) + 1
            self._last_edit[row] = change.number

    def row_count(self, current: int) -> int:
        """Return the number of rows at the revision, from the current number."""
        return current - len(self._added) + len(self._deleted) - len(self._restored)

    def columns(self, table_id: UUID, current: Mapping[str, Column]) -> dict[str, Column]:
        """Return the columns at the revision in their order, from the current columns."""
        plain = {**{key: column_to_json(column) for key, column in current.items()}, **self._columns}
        scope = f"{table_id.hex}@{self.revision}"  # an old definition must not take the current one's id
        earlier = [replace(defined(was), scope=scope) for was in plain.values() if was is not None]
        return {column.key: column for column in sorted(earlier, key=lambda column: (column.position, column.key))}

    def is_changed(self, id_: UUID) -> bool:
        """Return True if the row was edited or deleted since the revision."""
        return id_.int in self._edits or id_.int in self._deleted

    def is_sorted(self) -> bool:
        """Return True if `deleted_rows` answers at once; otherwise it sorts first, which blocks for many rows."""
        return self._sorted_deleted is not None

    def deleted_rows(self) -> list[RowPosition]:
        """Return (position, id) of the rows deleted since, in order, including those that were restored."""
        if self._sorted_deleted is None:
            self._sorted_deleted = sorted((fields[0], UUID(int=row)) for row, fields in self._deleted.items())
        return self._sorted_deleted

    def existed(self, id_: UUID) -> bool:
        """Return True if a current row existed at the revision and was never deleted since."""
        return id_.int not in self._added and id_.int not in self._deleted

    def revert_row(self, row: Any, columns: Mapping[str, Column]) -> AsOfRow:
        """Return a current row as of the revision."""
        fields = row_fields(row)
        return AsOfRow(id=row.id, columns=columns, **{**fields, **self.reverted_fields(row.id, fields)})

    def deleted_row(self, id_: UUID, table_id: UUID, columns: Mapping[str, Column]) -> AsOfRow:
        """Return a row that was deleted since, as of the revision."""
        position, values, rest = self._deleted[id_.int]
        past = parse_json(rest)
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
        return AsOfRow(id=id_, columns=columns, **{**last, **self.reverted_fields(id_, last)})

    def reverted_fields(self, id_: UUID, last: Mapping[str, Any]) -> dict[str, Any]:
        """Return values, origins and version of a row at the revision, from its `last` ones."""
        values, origins = dict(last["values"]), dict(last["origins"])
        for key, old_values in self._values.items():
            if id_.int in old_values:
                _set(values, key, old_values[id_.int])
                _set(origins, key, self._origins.get(key, {}).get(id_.int))
        return {"values": values, "origins": origins, "version": last["version"] - self._edits.get(id_.int, 0)}


def _set(mapping: dict[str, Any], key: str, value: Any) -> None:
    if value is None:
        mapping.pop(key, None)
    else:
        mapping[key] = value
