"""Write-behind buffer of the rows that one edit reads and changes, flushed in batches of 1,000 log entries.

Rows are plain `BufferedRow`s and not ORM objects: an edit may touch 100,000 rows, and the unit of work of the ORM would
hold and compare all of them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, cast
from uuid import UUID
from weakref import WeakValueDictionary

from sqlalchemy import select
from uuid_utils.compat import uuid7

from db.core import bulk
from db.core.base import now
from db.core.session import Session
from db.models.revisions import CellChange
from db.models.tables import Row
from tables.changes import ChangeKind
from tables.types.types import Value

BATCH_SIZE = 1_000


@dataclass(slots=True, weakref_slot=True, eq=False)
class BufferedRow:
    """Row with the fields of `Row`; to change it, assign new `values` and `origins` and call `RowBuffer.update`."""

    row_of: ClassVar[type[Row]] = Row

    table_id: UUID
    id: UUID
    position: int
    version: int
    values: dict[str, Value]
    origins: dict[str, dict[str, Any]]
    created_at: datetime
    created_by_id: UUID | None
    updated_at: datetime

    @property
    def hex_id(self) -> str:
        return self.id.hex


_COLUMNS = [getattr(Row, name) for name in BufferedRow.__slots__ if name not in {"table_id", "__weakref__"}]
_EMPTY_ENTRY = {
    "row_id": None,
    "row_version": None,
    "column": None,
    "old": None,
    "new": None,
    "old_origin": None,
    "new_origin": None,
}


class RowBuffer:
    """Unwritten rows of one table, and the unwritten log of their changes."""

    def __init__(self, session: Session, table_id: UUID) -> None:
        self._session, self._table_id = session, table_id
        self.revision_id = uuid7()
        self.change_counts: Counter[ChangeKind] = Counter()
        self._entry_count = 0
        # Weak references: rows that the edit has dropped need no memory, and those it holds stay unique objects.
        self._read: WeakValueDictionary[UUID, BufferedRow] = WeakValueDictionary()
        self._added: dict[UUID, BufferedRow] = {}
        self._changed: dict[UUID, BufferedRow] = {}
        self._deleted: dict[UUID, BufferedRow] = {}
        self._log: list[dict[str, Any]] = []

    def rows(self, ids: Iterable[UUID]) -> dict[UUID, BufferedRow]:
        """Flush, and return the rows that exist, by id; a row is the same object as long as the caller holds it."""
        self.flush()
        unique_ids = list(dict.fromkeys(ids))
        buffered: dict[UUID, BufferedRow] = {}
        for start in range(0, len(unique_ids), BATCH_SIZE):
            query = select(*_COLUMNS).where(
                Row.table_id == self._table_id, Row.id.in_(unique_ids[start : start + BATCH_SIZE])
            )
            buffered |= {row.id: self._identical(row) for row in self._session.execute(query)}
        return buffered

    def _identical(self, row: Any) -> BufferedRow:
        known = self._read.get(row.id)
        if known is None:
            known = self._read[row.id] = BufferedRow(self._table_id, *row)
        return known

    def add(
        self, position: int, values: Mapping[str, Value], origins: Mapping[str, Any] | None = None, **past: Any
    ) -> BufferedRow:
        """Add a row; `past` has the id, version and creation of one that is restored."""
        if past.get("id") in self._deleted:
            self.flush()
        moment, by = now(), self._session.viewer.user_id
        fields = {"id": uuid7(), "version": 1, "created_at": moment, "created_by_id": by, "updated_at": moment, **past}
        row = BufferedRow(
            table_id=self._table_id, position=position, values=dict(values), origins=dict(origins or {}), **fields
        )
        self._added[row.id] = self._read[row.id] = row
        return row

    def update(self, row: BufferedRow) -> None:
        """Schedule the row's current values for writing."""
        if row.id not in self._added:
            row.updated_at = now()
            self._changed[row.id] = row

    def delete(self, row: BufferedRow) -> None:
        """Schedule the row for deletion. A restored row is inserted anew under its id, from the log."""
        if row.id in self._added:
            self.flush()
        self._deleted[row.id] = row
        self._read.pop(row.id, None)

    def record(self, kind: ChangeKind, **fields: Any) -> None:
        """Append a change to the log of the revision; flush when BATCH_SIZE entries wait."""
        entry = {"id": uuid7(), "revision_id": self.revision_id, "place": self._entry_count, "kind": kind}
        self._log.append({**_EMPTY_ENTRY, **entry, **fields})
        self.change_counts[kind] += 1
        self._entry_count += 1
        if len(self._log) >= BATCH_SIZE:
            self.flush()

    def flush(self) -> None:
        """Write all waiting rows and log entries."""
        # The revision row does not exist yet: its foreign key is deferred and checked at COMMIT.
        session, table_id = self._session, self._table_id
        added, changed, deleted = self._added, self._changed, self._deleted
        self._added, self._changed, self._deleted = {}, {}, {}
        bulk.insert(session, Row, table_id, [_insert_values(row) for row in added.values()])
        names = ("id", "version", "values", "origins")
        rows = [{name: getattr(row, name) for name in names} for row in changed.values()]
        bulk.update(session, Row, table_id, rows)
        bulk.soft_delete(session, Row, table_id, list(deleted))
        bulk.insert(session, CellChange, table_id, self._log)
        self._log = []


def _insert_values(row: BufferedRow) -> dict[str, Any]:
    names = ("id", "position", "version", "values", "origins", "created_at")
    return cast("dict[str, Any]", {name: getattr(row, name) for name in names})
