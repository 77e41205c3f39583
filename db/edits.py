"""An edit of a table: everything that one transaction changes in it, which becomes one revision."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from uuid_utils.compat import uuid7

from db import jobs
from db.base import now
from db.columns import check_indexed
from db.events import TableChanged
from db.revisions import CellChange, ChangeSource, Revision
from db.session import Session
from db.tables import MAX_COLUMNS, MAX_ROWS, Row, Table, TableColumn, column_of
from errors import BadUserInput
from tables.changes import ChangeKind, counted, definition
from tables.types import Column, ColumnType, Value

Origin = dict[str, Any]
BATCH = 1_000


def origin_of(row: Row, key: str) -> Origin | None:
    """Where a cell's value came from; None for what came with the row."""
    origin = {name: value for name, value in (row.origins.get(key) or {}).items() if name != "version"}
    return origin or None


def changed_in(row: Row, key: str) -> int:
    """The version of the row in which the cell got its value."""
    return int((row.origins.get(key) or {}).get("version", 1))


def check_size(rows: int, columns: int, field: str) -> None:
    """Raise BadUserInput when no table can have so many."""
    if rows > MAX_ROWS:
        raise BadUserInput.of(field, f"A table has at most {MAX_ROWS:,} rows, not {rows:,}: begin another.")
    if columns > MAX_COLUMNS:
        raise BadUserInput.of(field, f"A table has at most {MAX_COLUMNS} columns, not {columns}: begin another.")


class Edit:
    """The table, locked until the end of the transaction, and what has changed in it so far."""

    def __init__(self, session: Session, table: Table, columns: Sequence[TableColumn] = ()) -> None:
        self.session, self.table = session, table
        self.changes: list[CellChange] = []
        self._kept = {column.key: column for column in columns}
        self.columns: dict[str, Column] = {key: column_of(row) for key, row in self._kept.items()}
        self._versions: dict[UUID, int] = {}
        self._indexes = self._indexed()
        self._revision_id = uuid7()
        self._written: Counter[ChangeKind] = Counter()

    @classmethod
    def of(cls, session: Session, table_id: UUID) -> "Edit":
        """Lock a table that the viewer may change."""
        table = session.obtain_to_change(Table, table_id)
        query = select(TableColumn).where(TableColumn.table_id == table_id)
        return cls(session, table, list(session.scalars(query.order_by(TableColumn.position, TableColumn.id))))

    def rows(self, ids: Iterable[UUID]) -> dict[UUID, Row]:
        """Those of the rows that the table has."""
        wanted = list(dict.fromkeys(ids))
        found: dict[UUID, Row] = {}
        for start in range(0, len(wanted), BATCH):
            query = select(Row).where(Row.table_id == self.table.id, Row.id.in_(wanted[start : start + BATCH]))
            found |= {row.id: row for row in self.session.scalars(query)}
        return found

    def values(self, key: str) -> dict[UUID, Value]:
        """The values of a column by row, without the empty ones."""
        query = select(Row.id, Row.values[key].label("value")).where(Row.table_id == self.table.id)
        return {id_: value for id_, value in self.session.execute(query) if value is not None}

    def check_room(self, *, rows: int = 0, columns: int = 0, field: str = "rows") -> None:
        """Raise BadUserInput unless the table can take so many more."""
        check_size(self.table.row_count + rows, len(self.columns) + columns, field)

    def add_row(self, values: Mapping[str, Value], origins: Mapping[str, Origin] | None = None) -> Row:
        filled = {key: value for key, value in values.items() if value is not None}
        row = Row(
            table_id=self.table.id,
            position=self.table.next_position,
            version=1,
            values=filled,
            origins=dict(origins or {}),
        )
        self.session.add(row)
        self.table.next_position += 1
        self.table.row_count += 1
        self._record(ChangeKind.ROW_ADDED, row_id=row.id, new=_kept(row))
        return row

    def add_rows(self, batch: Sequence[Mapping[str, Value]]) -> None:
        """Add rows at once and keep none of them, for more than fit into memory; other changes come before them."""
        self._write()
        rows = [
            {
                "id": uuid7(),
                "position": self.table.next_position + number,
                "version": 1,
                "values": {key: value for key, value in values.items() if value is not None},
                "origins": {},
            }
            for number, values in enumerate(batch)
        ]
        self.table.next_position += len(rows)
        self.table.row_count += len(rows)
        self.session.insert_children(Row, self.table.id, rows)
        self.session.insert_children(CellChange, self.table.id, [self._added(row) for row in rows])

    def _added(self, row: Mapping[str, Any]) -> dict[str, Any]:
        place = self._place(ChangeKind.ROW_ADDED)
        kept = {"position": row["position"], "values": row["values"]}
        change = {"id": uuid7(), "revision_id": self._revision_id, "place": place, "kind": ChangeKind.ROW_ADDED}
        return change | {"row_id": row["id"], "new": kept}

    def delete_row(self, row: Row) -> None:
        """Hide a row for good: it gives up its id, under which the log keeps what brings it back."""
        self._record(ChangeKind.ROW_DELETED, row_id=row.id, old=_kept(row), old_origin=_past(row))
        row.id = uuid7()
        row.deleted_at = now()
        self.table.row_count -= 1

    def restore_row(self, id_: UUID, was: Mapping[str, Any], past: Mapping[str, Any]) -> None:
        """Bring a deleted row back as it was; its version goes on."""
        self.check_room(rows=1, field="revision")
        row = Row(
            id=id_,
            table_id=self.table.id,
            position=was["position"],
            version=past["version"] + 1,
            values=was["values"],
            origins=past["origins"],
            created_at=datetime.fromisoformat(past["created_at"]),
        )
        self.session.add(row)
        self.table.row_count += 1
        self._record(ChangeKind.ROW_RESTORED, row_id=id_, new=_kept(row))

    def set_cell(self, row: Row, key: str, value: Value, origin: Origin | None) -> None:
        """Put a value into a cell; the value that is there already is no change, wherever it came from."""
        old, old_origin = row.values.get(key), origin_of(row, key)
        if old == value:
            return
        if row.id not in self._versions:
            row.version += 1
            self._versions[row.id] = row.version
        others = {name: kept for name, kept in row.values.items() if name != key}
        row.values = others if value is None else {**others, key: value}
        row.origins = {**row.origins, key: {**(origin or {}), "version": row.version}}
        self._record(
            ChangeKind.CELL_CHANGED,
            row_id=row.id,
            column=key,
            old=old,
            new=value,
            old_origin=old_origin,
            new_origin=origin,
        )

    def add_column(self, column: Column) -> Column:
        """Append a column; its key is the table's next one, whatever `column` says."""
        key = f"c{self.table.next_column}"
        self.table.next_column += 1
        plain = definition(column) | {"key": key, "position": self._next_place()}
        row = TableColumn(table_id=self.table.id, **plain)
        self.session.add(row)
        self._keep(row)
        self._record(ChangeKind.COLUMN_ADDED, column=key, new={"definition": plain, "values": {}})
        return self.columns[key]

    def move_column(self, key: str, position: int) -> None:
        """Put a column at a position; the others make room."""
        keys = [kept for kept in self.columns if kept != key]
        keys.insert(position, key)
        for place, kept in enumerate(keys):
            self.change_column(kept, definition(self.columns[kept]) | {"position": place})
        self.columns = {kept: self.columns[kept] for kept in keys}

    def change_column(self, key: str, new: Mapping[str, Any]) -> None:
        """Give a column another definition; its cells stay as they are."""
        old = definition(self.columns[key])
        if old == new:
            return
        row = self._kept[key]
        for name, value in new.items():
            setattr(row, name, value)
        self.columns[key] = column_of(row)
        self._record(ChangeKind.COLUMN_CHANGED, column=key, old=old, new=dict(new))

    def delete_column(self, key: str) -> None:
        """Hide a column for good: the log keeps its definition, and the rows their values, to bring it back."""
        row = self._kept.pop(key)
        values = {id_.hex: value for id_, value in self.values(key).items()}
        old = {"definition": definition(self.columns.pop(key)), "values": values}
        row.key = f"{key} until {self.table.revision}"
        row.deleted_at = now()
        self._record(ChangeKind.COLUMN_DELETED, column=key, old=old)

    def restore_column(self, was: Mapping[str, Any]) -> None:
        """Bring a deleted column back, with the values that the rows kept."""
        self.check_room(columns=1, field="revision")
        row = TableColumn(table_id=self.table.id, **was["definition"])
        self.session.add(row)
        self._keep(row)
        check_indexed(self.columns.values(), "revision")
        self.columns = dict(sorted(self.columns.items(), key=lambda item: (item[1].position, item[0])))
        self._record(ChangeKind.COLUMN_ADDED, column=row.key, new=dict(was))

    def change_table(self, new: Mapping[str, Any]) -> None:
        """Set properties of the table: its name, its visibility."""
        changed = {name: value for name, value in new.items() if getattr(self.table, name) != value}
        if not changed:
            return
        old = {name: getattr(self.table, name) for name in changed}
        for name, value in changed.items():
            setattr(self.table, name, value)
        self._record(ChangeKind.TABLE_CHANGED, old=old, new=changed)

    def finish(self, source: ChangeSource) -> Revision | None:
        """Make one revision of what has changed; None when nothing has."""
        self._write()
        if not self._written:
            return None
        self.table.revision += 1
        revision = Revision(
            id=self._revision_id,
            table_id=self.table.id,
            number=self.table.revision,
            source=source,
            summary=counted(self._written),
        )
        self.session.add(revision)
        self.session.emit(TableChanged(self.table.id))
        if self._indexed() != self._indexes:
            jobs.enqueue(self.session, "index", self.table.organization_id, table_id=self.table.id.hex)
        return revision

    def _indexed(self) -> set[tuple[str, ColumnType]]:
        """What there are indexes of: a column of another type needs another."""
        return {(key, column.type) for key, column in self.columns.items() if column.is_indexed}

    def _write(self) -> None:
        """Hand what has changed to the session; the key to the revision is checked at the commit."""
        for change in self.changes:
            change.place, change.revision_id = self._place(change.kind), self._revision_id
        self.session.add_all(self.changes)
        self.changes = []

    def _place(self, kind: ChangeKind) -> int:
        """The next place in the revision, for a change of this kind."""
        self._written[kind] += 1
        return self._written.total() - 1

    def _record(self, kind: ChangeKind, **what: Any) -> None:
        self.changes.append(CellChange(table_id=self.table.id, kind=kind, **what))

    def _keep(self, row: TableColumn) -> None:
        self._kept[row.key] = row
        self.columns[row.key] = column_of(row)

    def _next_place(self) -> int:
        return max((column.position for column in self.columns.values()), default=-1) + 1


def _kept(row: Row) -> dict[str, Any]:
    return {"position": row.position, "values": row.values}


def _past(row: Row) -> dict[str, Any]:
    """What a row is besides its values; a cell that came with the row is said to be from who added it."""
    by = {} if row.created_by_id is None else {"by": row.created_by_id.hex}
    origins = dict(row.origins)
    for key in row.values:
        origins[key] = {**({} if origin_of(row, key) else by), **origins.get(key, {})}
    made = {"created_at": row.created_at.isoformat()} | ({"created_by": by["by"]} if by else {})
    return {"version": row.version, "origins": origins, **made}
