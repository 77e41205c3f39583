"""A table as it was at an earlier revision: today's rows, and what has changed in them since, taken back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import func, or_, select, tuple_

from db.base import Base
from db.edits import Origin
from db.prepared import OneOf, Prepared, bind
from db.revisions import CellChange, Revision
from db.tables import Row, Table
from tables.changes import ChangeKind, definition
from tables.changes import column_of as defined
from tables.types import Column, Value

LAST = 2**31 - 1  # no place and no position is behind it
OF_ROWS = ("id", "table_id", "position", "version", "values", "origins", "created_at", "created_by_id", "updated_at")
Place = tuple[int, UUID]

_revision = select(Table.revision).where(Table.id == bind("table_id", Table.id)).scalar_subquery()

head: Prepared[Any] = Prepared(select(Table.revision, Table.row_count).where(Table.id == bind("table_id", Table.id)))

# The changes behind a place in the log, up to a revision, in their order.
log: Prepared[Any] = Prepared(
    select(
        Revision.number,
        *(getattr(CellChange, name) for name in ("place", "kind", "row_id", "column", "old", "new", "old_origin")),
    )
    .join(CellChange, CellChange.revision_id == Revision.id)
    .where(
        Revision.table_id == bind("table_id", Revision.table_id),
        Revision.number >= bind("number", Revision.number),
        Revision.number <= bind("until", Revision.number),
        or_(Revision.number > bind("number", Revision.number), CellChange.place > bind("place", CellChange.place)),
    )
    .order_by(Revision.number, CellChange.place),
    children=CellChange,
)

# When rows were last changed before what came later.
moments: Prepared[Any] = Prepared(
    select(CellChange.row_id, func.max(Revision.created_at).label("moment"))
    .join(Revision, Revision.id == CellChange.revision_id)
    .where(
        CellChange.table_id == bind("table_id", CellChange.table_id),
        OneOf(CellChange.row_id),
        Revision.number <= bind("number", Revision.number),
    )
    .group_by(CellChange.row_id),
    children=CellChange,
)


def _rows(*, placed: bool, backwards: bool) -> Prepared[Any]:
    """At most `limit` rows before the position `ceiling`; each says which revision of the table it is of."""
    here, there = tuple_(Row.position, Row.id), tuple_(bind("position", Row.position), bind("row_id", Row.id))
    query = select(Row, _revision.label("revision")).where(Row.position < bind("ceiling", Row.position))
    if placed:
        query = query.where(here < there if backwards else here > there)
    order = (Row.position.desc(), Row.id.desc()) if backwards else (Row.position, Row.id)
    return Prepared(query.order_by(*order).limit(bind("limit", Row.position)), children=Row)


rows = {
    (placed, backwards): _rows(placed=placed, backwards=backwards)
    for placed in (False, True)
    for backwards in (False, True)
}

# All rows before a position, in order; each says which revision of the table it is of.
rows_below: Prepared[Any] = Prepared(
    select(*(getattr(Row, name) for name in OF_ROWS), _revision.label("revision"))
    .where(Row.position < bind("ceiling", Row.position))
    .order_by(Row.position, Row.id),
    children=Row,
)


@dataclass(frozen=True)
class EarlierRow:
    """A row as it was, with the columns that the table had."""

    row_of: ClassVar[type[Base]] = Row

    id: UUID
    table_id: UUID
    position: int
    version: int
    values: Mapping[str, Value]
    origins: Mapping[str, Origin]
    created_at: datetime
    created_by_id: UUID | None
    updated_at: datetime
    columns: Mapping[str, Column] = field(repr=False)

    @property
    def hex_id(self) -> str:
        return self.id.hex


@dataclass
class _Deleted:
    """What the log keeps of a row that was deleted; `is_back` when it is there again."""

    kept: Mapping[str, Any]
    past: Mapping[str, Any]
    is_back: bool = False


@dataclass
class _Changed:
    """What cells of a row had, with where it came from; in how many revisions the row was changed since."""

    cells: dict[str, tuple[Value, Origin | None]] = field(default_factory=dict)
    edits: int = 0
    last_edit: int = 0
    deleted: _Deleted | None = None


class Earlier:
    """What has changed in a table since revision `number`; it is told the changes in order, by `take`.

    Only the first change of a thing says what it was. Nothing is kept of what has come and gone since, so this
    holds at most the rows of then and those of today, however long the log is.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.taken = (number, LAST)
        self.ceiling = LAST
        self._absent: set[UUID] = set()
        self._changed: dict[UUID, _Changed] = {}
        self._columns: dict[str, dict[str, Any] | None] = {}

    def __len__(self) -> int:
        return len(self._absent) + len(self._changed)

    def take(self, change: Any) -> None:
        self.taken = (change.number, change.place)
        kind = ChangeKind(change.kind)
        if kind in {ChangeKind.ROW_ADDED, ChangeKind.ROW_RESTORED}:
            self._added(kind, change)
        elif kind is ChangeKind.ROW_DELETED:
            self._deleted(change)
        elif kind is ChangeKind.CELL_CHANGED:
            self._cell(change)
        elif kind is not ChangeKind.TABLE_CHANGED and change.column not in self._columns:
            was = change.old
            self._columns[change.column] = was["definition"] if kind is ChangeKind.COLUMN_DELETED else was

    def _added(self, kind: ChangeKind, change: Any) -> None:
        changed = self._changed.get(change.row_id)
        if changed is not None and changed.deleted is not None:
            changed.deleted.is_back = True
            return
        self._absent.add(change.row_id)
        if kind is ChangeKind.ROW_ADDED and self.ceiling == LAST:
            self.ceiling = change.new["position"]  # rows are added behind all that there ever were

    def _deleted(self, change: Any) -> None:
        if change.row_id in self._absent:
            self._absent.remove(change.row_id)
            return
        changed = self._changed.setdefault(change.row_id, _Changed())
        if changed.deleted is None:
            changed.deleted = _Deleted(change.old, change.old_origin)
        changed.deleted.is_back = False

    def _cell(self, change: Any) -> None:
        if change.row_id in self._absent:
            return
        changed = self._changed.setdefault(change.row_id, _Changed())
        if changed.deleted is None:
            changed.cells.setdefault(change.column, (change.old, change.old_origin))
            changed.edits += changed.last_edit != change.number
            changed.last_edit = change.number

    def row_count(self, today: int) -> int:
        gone = sum(1 for changed in self._changed.values() if changed.deleted and not changed.deleted.is_back)
        return today - len(self._absent) + gone

    def columns(self, today: Mapping[str, Column]) -> dict[str, Column]:
        """Those that there were, in their order."""
        plain = {**{key: definition(column) for key, column in today.items()}, **self._columns}
        found = [defined(was) for was in plain.values() if was is not None]
        return {column.key: column for column in sorted(found, key=lambda column: (column.position, column.key))}

    def is_changed(self, id_: UUID) -> bool:
        return id_ in self._changed

    def deleted_rows(self) -> list[tuple[Place, UUID]]:
        """Places and ids of the rows that were deleted since, in order, those among them that are back too."""
        deleted = [(id_, changed.deleted) for id_, changed in self._changed.items() if changed.deleted]
        return sorted(((row.kept["position"], id_), id_) for id_, row in deleted)

    def was_there(self, id_: UUID) -> bool:
        """Whether a row of today is one of then, the same without a break."""
        changed = self._changed.get(id_)
        return id_ not in self._absent and (changed is None or changed.deleted is None)

    def row(self, today: Any, columns: Mapping[str, Column]) -> EarlierRow:
        """A row of today as it was."""
        changed = self._changed.get(today.id) or _Changed()
        return self._row(today.id, vars_of(today), changed, columns)

    def deleted_row(self, id_: UUID, table_id: UUID, columns: Mapping[str, Column]) -> EarlierRow:
        """A row as it was that was deleted since."""
        changed = self._changed[id_]
        assert changed.deleted
        kept, past = changed.deleted.kept, changed.deleted.past
        created = datetime.fromisoformat(past["created_at"])
        by = past.get("created_by")
        last = {
            "table_id": table_id,
            "position": kept["position"],
            "version": past["version"],
            "values": kept["values"],
            "origins": past["origins"],
            "created_at": created,
            "created_by_id": by and UUID(by),
            "updated_at": created,
        }
        return self._row(id_, last, changed, columns)

    def _row(self, id_: UUID, last: Mapping[str, Any], changed: _Changed, columns: Mapping[str, Column]) -> EarlierRow:
        values, origins = dict(last["values"]), dict(last["origins"])
        for key, (value, origin) in changed.cells.items():
            _set(values, key, value)
            _set(origins, key, origin)
        fields = {**last, "values": values, "origins": origins, "version": last["version"] - changed.edits}
        return EarlierRow(id=id_, columns=columns, **fields)


def _set(mapping: dict[str, Any], key: str, value: Any) -> None:
    if value is None:
        mapping.pop(key, None)
    else:
        mapping[key] = value


def vars_of(row: Any) -> dict[str, Any]:
    """What a row of today has of an earlier one, besides its id."""
    return {name: getattr(row, name) for name in OF_ROWS[1:]}
