"""An edit of a table: everything that one transaction changes in it, which becomes one revision."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from db.core.base import now
from db.core.events import TableChanged
from db.core.session import Session
from db.jobs import jobs
from db.models.revisions import ChangeSource, Revision
from db.models.tables import Row, Table, TableColumn
from db.tables.editing.column_rules import check_together
from db.tables.editing.row_buffer import BATCH, BufferedRow, RowBuffer
from db.tables.query import cell_sql
from db.tables.tables import MAX_COLUMNS, MAX_ROWS, column_of
from errors import BadUserInput
from tables.changes import ChangeKind, counted, definition
from tables.types.types import Column, ColumnType, Value

Origin = dict[str, Any]


def origin_of(row: BufferedRow, key: str) -> Origin | None:
    """Where a cell's value came from; None for what came with the row."""
    origin = {name: value for name, value in (row.origins.get(key) or {}).items() if name != "version"}
    return origin or None


def changed_in(row: BufferedRow, key: str) -> int:
    """The version of the row in which the cell got its value."""
    return int((row.origins.get(key) or {}).get("version", 1))


def check_size(rows: int, columns: int, field: str) -> None:
    """Raise BadUserInput when no table can have so many."""
    if rows > MAX_ROWS:
        raise BadUserInput.of(field, f"A table has at most {MAX_ROWS:,} rows, not {rows:,}: begin another.")
    if columns > MAX_COLUMNS:
        raise BadUserInput.of(field, f"A table has at most {MAX_COLUMNS} columns, not {columns}: begin another.")


class Edit:
    """The table, locked until the end of the transaction, and what has changed in it so far.

    `touched` are the rows that were added, brought back or changed, and are there.
    """

    def __init__(self, session: Session, table: Table, columns: Sequence[TableColumn] = ()) -> None:
        self.session, self.table = session, table
        self.touched: set[UUID] = set()
        self._kept = {column.key: column for column in columns}
        self.columns: dict[str, Column] = {key: column_of(row) for key, row in self._kept.items()}
        self._raised: set[UUID] = set()
        self._indexes = self._indexed()
        self._rows = RowBuffer(session, table.id)

    @classmethod
    def of(cls, session: Session, table_id: UUID) -> "Edit":
        """Lock a table that the viewer may change."""
        table = session.get_for_update(Table, table_id)
        query = select(TableColumn).where(TableColumn.table_id == table_id)
        return cls(session, table, list(session.scalars(query.order_by(TableColumn.position, TableColumn.key))))

    def rows(self, ids: Iterable[UUID]) -> dict[UUID, BufferedRow]:
        """Those of the rows that the table has."""
        return self._rows.rows(ids)

    def each_row(self, ids: Iterable[UUID]) -> Iterator[BufferedRow]:
        """The rows in the order of their ids, without holding them all."""
        wanted = list(ids)
        for start in range(0, len(wanted), BATCH):
            found = self.rows(wanted[start : start + BATCH])
            yield from (found[id_] for id_ in wanted[start : start + BATCH] if id_ in found)

    def row_ids(self) -> list[UUID]:
        """All rows in their order."""
        self._rows.write()
        query = select(Row.id).where(Row.table_id == self.table.id)
        return list(self.session.scalars(query.order_by(Row.position, Row.id)))

    def values(self, key: str) -> dict[UUID, Value]:
        """The values of a column by row, without the empty ones."""
        self._rows.write()
        query = select(Row.id, cell_sql.json_value(key).label("value")).where(Row.table_id == self.table.id)
        return {id_: value for id_, value in self.session.execute(query) if value is not None}

    def check_room(self, *, rows: int = 0, columns: int = 0, field: str = "rows") -> None:
        """Raise BadUserInput unless the table can take so many more."""
        check_size(self.table.row_count + rows, len(self.columns) + columns, field)

    def add_row(self, values: Mapping[str, Value], origins: Mapping[str, Origin] | None = None) -> BufferedRow:
        filled = {key: value for key, value in values.items() if value is not None}
        row = self._rows.add(self.table.next_position, filled, origins)
        self.table.next_position += 1
        self.table.row_count += 1
        self.touched.add(row.id)
        self._record(ChangeKind.ROW_ADDED, row_id=row.id, new=_kept(row))
        return row

    def delete_row(self, row: BufferedRow) -> None:
        """Hide a row for good: it gives up its id, under which the log keeps what brings it back."""
        self._rows.delete(row)
        self.table.row_count -= 1
        self.touched.discard(row.id)
        self._record(ChangeKind.ROW_DELETED, row_id=row.id, old=_kept(row), old_origin=_past(row))

    def restore_row(self, id_: UUID, was: Mapping[str, Any], past: Mapping[str, Any]) -> BufferedRow:
        """Bring a deleted row back as it was; its version goes on."""
        self.check_room(rows=1, field="revision")
        created_at = datetime.fromisoformat(past["created_at"])
        before = {"id": id_, "version": past["version"] + 1, "created_at": created_at}
        row = self._rows.add(was["position"], was["values"], past["origins"], **before)
        self.table.row_count += 1
        self.touched.add(id_)
        # What the row has in columns that are deleted comes back with them.
        seen = {key: value for key, value in row.values.items() if key in self.columns}
        self._record(ChangeKind.ROW_RESTORED, row_id=id_, new=_kept(row) | {"values": seen})
        return row

    def set_cell(self, row: BufferedRow, key: str, value: Value, origin: Origin | None) -> None:
        """Put a value into a cell; the value that is there already is no change, wherever it came from."""
        old, old_origin = row.values.get(key), origin_of(row, key)
        if old == value:
            return
        if old is not None:  # who brings a row back is who adds it from then on
            old_origin = old_origin or _adder(row)
        if row.id not in self._raised:
            row.version += 1
            self._raised.add(row.id)
        others = {name: kept for name, kept in row.values.items() if name != key}
        row.values = others if value is None else {**others, key: value}
        row.origins = {**row.origins, key: {**(origin or {}), "version": row.version}}
        self._rows.change(row)
        self.touched.add(row.id)
        origins = {"old_origin": old_origin, "new_origin": origin}
        self._record(ChangeKind.CELL_CHANGED, row_id=row.id, column=key, old=old, new=value, **origins)

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
        check_together(self.columns.values(), "revision", "revision")
        self.columns = dict(sorted(self.columns.items(), key=lambda item: (item[1].position, item[0])))
        values = {id_.hex: value for id_, value in self.values(row.key).items()}
        self._record(ChangeKind.COLUMN_ADDED, column=row.key, new={"definition": was["definition"], "values": values})

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
        self._rows.write()
        if not self._rows.counts:
            return None
        self.table.revision += 1
        revision = Revision(
            id=self._rows.revision_id,
            table_id=self.table.id,
            number=self.table.revision,
            source=source,
            summary=counted(self._rows.counts),
        )
        self.session.add(revision)
        self.session.emit(TableChanged(self.table.id))
        if self._indexed() != self._indexes:
            jobs.enqueue(self.session, "index", self.table.organization_id, table_id=self.table.id.hex)
        return revision

    def _indexed(self) -> set[tuple[str, ColumnType]]:
        """What there are indexes of: a column of another type needs another."""
        return {(key, column.type) for key, column in self.columns.items() if column.is_indexed}

    def _record(self, kind: ChangeKind, **what: Any) -> None:
        self._rows.record(kind, **what)

    def _keep(self, row: TableColumn) -> None:
        self._kept[row.key] = row
        self.columns[row.key] = column_of(row)

    def _next_place(self) -> int:
        return max((column.position for column in self.columns.values()), default=-1) + 1


def _kept(row: BufferedRow) -> dict[str, Any]:
    return {"position": row.position, "values": row.values}


def _adder(row: BufferedRow) -> Origin | None:
    return None if row.created_by_id is None else {"by": row.created_by_id.hex}


def _past(row: BufferedRow) -> dict[str, Any]:
    """What a row is besides its values; a cell that came with the row is said to be from who added it."""
    by = _adder(row) or {}
    origins = row.origins | {key: by for key in row.values if key not in row.origins}
    for key in row.origins.keys() & row.values.keys():
        origins[key] = {**({} if origin_of(row, key) else by), **row.origins[key]}
    made = {"created_at": row.created_at.isoformat()} | ({"created_by": by["by"]} if by else {})
    return {"version": row.version, "origins": origins, **made}
