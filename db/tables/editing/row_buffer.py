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
from db.core.dialect_sql import OneOf
from db.core.prepared import Prepared
from db.core.session import Session
from db.models.revisions import CellChange, ChangeSource, Revision
from db.models.tables import Row
from tables.changes import ChangeKind
from tables.types.types import Value

BATCH_SIZE = 1_000
DELETIONS = frozenset({ChangeKind.ROW_DELETED, ChangeKind.COLUMN_DELETED})


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


_FIELDS = [name for name in BufferedRow.__slots__ if name not in {"table_id", "__weakref__"}]

# By their ids and not by their table: the index of the table's rows would be read as a whole.
rows_by_ids: Prepared[Any] = Prepared(
    select(*(getattr(Row, name) for name in _FIELDS)).where(OneOf(Row.id)), children=Row, by_parent=False
)
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
        self.written_bytes = 0
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
            batch = unique_ids[start : start + BATCH_SIZE]
            for record in self._session.read(rows_by_ids, table_id=self._table_id, ids=batch):
                row = self._identical(record)
                buffered[row.id] = row
        return buffered

    def _identical(self, record: Any) -> BufferedRow:
        row = self._read.get(record.id)
        if row is None:
            fields = {name: getattr(record, name) for name in _FIELDS}
            row = self._read[record.id] = BufferedRow(self._table_id, **fields)
        return row

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

    def add_revision(self, number: int, source: ChangeSource, summary: str) -> Revision:
        """Write the revision that the log belongs to, and return it as an object that is not to be changed."""
        fields = {"id": self.revision_id, "number": number, "source": source, "summary": summary}
        bulk.insert(self._session, Revision, self._table_id, [fields])
        moment, by = now(), self._session.viewer.user_id
        dated = {"created_at": moment, "updated_at": moment, "created_by_id": by, "updated_by_id": by}
        return Revision(table_id=self._table_id, **fields, **dated)

    def flush(self) -> None:
        """Write all waiting rows and log entries."""
        # The revision row does not exist yet: its foreign key is deferred and checked at COMMIT.
        session, table_id = self._session, self._table_id
        added, changed, deleted = self._added, self._changed, self._deleted
        self._added, self._changed, self._deleted = {}, {}, {}
        self.written_bytes += sum(bulk.insert(session, Row, table_id, [_insert_values(row) for row in added.values()]))
        names = ("id", "version", "values", "origins")
        rows = [{name: getattr(row, name) for name in names} for row in changed.values()]
        bulk.update(session, Row, table_id, rows)
        bulk.soft_delete(session, Row, table_id, list(deleted))
        sizes = bulk.insert(session, CellChange, table_id, self._log)
        # Deletions do not count, or a person whose storage is full could not delete anything.
        logged = zip(self._log, sizes, strict=True)
        self.written_bytes += sum(size for entry, size in logged if entry["kind"] not in DELETIONS)
        self._log = []


def _insert_values(row: BufferedRow) -> dict[str, Any]:
    names = ("id", "position", "version", "values", "origins", "created_at")
    return cast("dict[str, Any]", {name: getattr(row, name) for name in names})
