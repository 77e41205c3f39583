"""Rows of a table in the hands of an edit, and what it has still to write: a thousand at a time, none an object."""

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

BATCH = 1_000


@dataclass(slots=True, weakref_slot=True, eq=False)
class BufferedRow:
    """What a `Row` is, to whoever reads it; an edit changes it by giving it other `values` and `origins`."""

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
_NOTHING = {"row_id": None, "column": None, "old": None, "new": None, "old_origin": None, "new_origin": None}


class RowBuffer:
    """The rows of one table that an edit has read and not written yet, and the log of what it did to them."""

    def __init__(self, session: Session, table_id: UUID) -> None:
        self._session, self._table_id = session, table_id
        self.revision_id = uuid7()
        self.counts: Counter[ChangeKind] = Counter()
        self._place = 0
        self._read: WeakValueDictionary[UUID, BufferedRow] = WeakValueDictionary()
        self._added: dict[UUID, BufferedRow] = {}
        self._changed: dict[UUID, BufferedRow] = {}
        self._deleted: dict[UUID, BufferedRow] = {}
        self._log: list[dict[str, Any]] = []

    def rows(self, ids: Iterable[UUID]) -> dict[UUID, BufferedRow]:
        """Those of the rows that the table has; the same row is the same object while somebody holds it."""
        self.write()
        wanted = list(dict.fromkeys(ids))
        found: dict[UUID, BufferedRow] = {}
        for start in range(0, len(wanted), BATCH):
            query = select(*_COLUMNS).where(Row.table_id == self._table_id, Row.id.in_(wanted[start : start + BATCH]))
            found |= {row.id: self._held(row) for row in self._session.execute(query)}
        return found

    def _held(self, row: Any) -> BufferedRow:
        held = self._read.get(row.id)
        if held is None:
            held = self._read[row.id] = BufferedRow(self._table_id, *row)
        return held

    def add(
        self, position: int, values: Mapping[str, Value], origins: Mapping[str, Any] | None = None, **past: Any
    ) -> BufferedRow:
        """A new row; `past` has what one that comes back was before: its id, version and creation."""
        if past.get("id") in self._deleted:
            self.write()
        moment, by = now(), self._session.viewer.user_id
        given = {"id": uuid7(), "version": 1, "created_at": moment, "created_by_id": by, "updated_at": moment, **past}
        row = BufferedRow(
            table_id=self._table_id, position=position, values=dict(values), origins=dict(origins or {}), **given
        )
        self._added[row.id] = self._read[row.id] = row
        return row

    def change(self, row: BufferedRow) -> None:
        """Write what the row has by now."""
        if row.id not in self._added:
            row.updated_at = now()
            self._changed[row.id] = row

    def delete(self, row: BufferedRow) -> None:
        """Hide the row for good: it gives up its id, under which the log keeps what brings it back."""
        if row.id in self._added:
            self.write()
        self._deleted[row.id] = row
        self._read.pop(row.id, None)

    def record(self, kind: ChangeKind, **what: Any) -> None:
        """Add to the log of the revision; when that is long, write all there is."""
        place = {"id": uuid7(), "revision_id": self.revision_id, "place": self._place, "kind": kind}
        self._log.append({**_NOTHING, **place, **what})
        self.counts[kind] += 1
        self._place += 1
        if len(self._log) >= BATCH:
            self.write()

    def write(self) -> None:
        """The key of the log to the revision is checked at the commit."""
        session, table_id = self._session, self._table_id
        added, changed, deleted = self._added, self._changed, self._deleted
        self._added, self._changed, self._deleted = {}, {}, {}
        bulk.insert(session, Row, table_id, [_plain(row) for row in added.values()])
        kept = ("id", "version", "values", "origins")
        rows = [{name: getattr(row, name) for name in kept} for row in changed.values()]
        bulk.update(session, Row, table_id, rows)
        bulk.soft_delete(session, Row, table_id, list(deleted))
        bulk.insert(session, CellChange, table_id, self._log)
        self._log = []


def _plain(row: BufferedRow) -> dict[str, Any]:
    kept = ("id", "position", "version", "values", "origins", "created_at")
    return cast("dict[str, Any]", {name: getattr(row, name) for name in kept})
