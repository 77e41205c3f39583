"""Edit of a table: all changes that one transaction makes to it, which become one revision."""

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
from db.models.webhooks import WebhookEvent
from db.tables.editing.column_rules import check_column_limits
from db.tables.editing.row_buffer import BATCH_SIZE, BufferedRow, RowBuffer
from db.tables.query import cell_sql
from db.tables.tables import MAX_COLUMNS, MAX_ROWS, column_of, columns_of_table
from db.webhooks.events import record_event
from errors import BadUserInput
from tables.changes import ChangeKind, column_to_json, summarize_counts
from tables.types.types import Column, ColumnType, Value

Origin = dict[str, Any]


def origin_of(row: BufferedRow, key: str) -> Origin | None:
    """Return the origin of a cell's value; None if it was added with the row."""
    origin = {name: value for name, value in (row.origins.get(key) or {}).items() if name != "version"}
    return origin or None


def value_version(row: BufferedRow, key: str) -> int:
    """Return the version of the row in which the cell got its value."""
    return int((row.origins.get(key) or {}).get("version", 1))


def check_size(rows: int, columns: int, field: str) -> None:
    """Raise BadUserInput if this is more than a table can have."""
    if rows > MAX_ROWS:
        raise BadUserInput.of(
            field, f"A table has at most {MAX_ROWS:,} rows, not {rows:,}: add the others to another table."
        )
    if columns > MAX_COLUMNS:
        raise BadUserInput.of(
            field, f"A table has at most {MAX_COLUMNS} columns, not {columns}: add the others to another table."
        )


class Edit:
    """Table, locked until the end of the transaction, with the changes made so far; `finish` writes the revision.

    `touched_ids` are the rows that were added, restored or changed, and not deleted afterwards.
    """

    def __init__(self, session: Session, table: Table, columns: Sequence[TableColumn] = ()) -> None:
        self.session, self.table = session, table
        self.touched_ids: set[UUID] = set()
        self._column_rows: dict[str, TableColumn] = {}  # mapped objects, which most edits do not need
        self.columns: dict[str, Column] = {column.key: column_of(column) for column in columns}
        self._incremented: set[UUID] = set()
        self._indexes = self._indexed()
        self._rows = RowBuffer(session, table.id)

    @classmethod
    def of(cls, session: Session, table_id: UUID) -> "Edit":
        """Lock a table that the viewer may change. Raises NotFound or Forbidden."""
        table = session.get_for_update(Table, table_id)
        return cls(session, table, session.read(columns_of_table, table_id=table_id))

    def rows(self, ids: Iterable[UUID]) -> dict[UUID, BufferedRow]:
        """Return the rows that exist, by id."""
        return self._rows.rows(ids)

    def iterate_rows(self, ids: Iterable[UUID]) -> Iterator[BufferedRow]:
        """Yield the rows in the order of `ids`, reading a batch at a time."""
        row_ids = list(ids)
        for start in range(0, len(row_ids), BATCH_SIZE):
            rows = self.rows(row_ids[start : start + BATCH_SIZE])
            yield from (rows[id_] for id_ in row_ids[start : start + BATCH_SIZE] if id_ in rows)

    def row_ids(self) -> list[UUID]:
        """Return the ids of all rows in the table's order."""
        self._rows.flush()
        query = select(Row.id).where(Row.table_id == self.table.id)
        return list(self.session.scalars(query.order_by(Row.position, Row.id)))

    def values(self, key: str) -> dict[UUID, Value]:
        """Return the values of a column by row id, without empty cells, in the table's order."""
        self._rows.flush()
        query = select(Row.id, cell_sql.json_value(key).label("value")).where(Row.table_id == self.table.id)
        rows = self.session.execute(query.order_by(Row.position, Row.id))
        return {id_: value for id_, value in rows if value is not None}

    def check_capacity(self, *, rows: int = 0, columns: int = 0, field: str = "rows") -> None:
        """Raise BadUserInput unless so many rows and columns can be added."""
        check_size(self.table.row_count + rows, len(self.columns) + columns, field)

    def add_row(self, values: Mapping[str, Value], origins: Mapping[str, Origin] | None = None) -> BufferedRow:
        filled = {key: value for key, value in values.items() if value is not None}
        row = self._rows.add(self.table.next_position, filled, origins)
        self.table.next_position += 1
        self.table.row_count += 1
        self.touched_ids.add(row.id)
        origins = {"new_origin": {"origins": row.origins}} if row.origins else {}
        self._record_row(ChangeKind.ROW_ADDED, row, new=_content(row), **origins)
        return row

    def delete_row(self, row: BufferedRow) -> None:
        """Delete a row; the log keeps all that `restore_row` needs."""
        self._rows.delete(row)
        self.table.row_count -= 1
        self.touched_ids.discard(row.id)
        self._record_row(ChangeKind.ROW_DELETED, row, old=_content(row), old_origin=_metadata(row))

    def restore_row(self, id_: UUID, was: Mapping[str, Any], past: Mapping[str, Any]) -> BufferedRow:
        """Restore a deleted row; its version continues to count."""
        self.check_capacity(rows=1, field="revision")
        created_at = datetime.fromisoformat(past["created_at"])
        before = {"id": id_, "version": past["version"] + 1, "created_at": created_at}
        row = self._rows.add(was["position"], was["values"], past["origins"], **before)
        self.table.row_count += 1
        self.touched_ids.add(id_)
        # Values of deleted columns stay in the row, unseen, and are logged when their column is restored.
        seen = {key: value for key, value in row.values.items() if key in self.columns}
        self._record_row(ChangeKind.ROW_RESTORED, row, new=_content(row) | {"values": seen})
        return row

    def set_cell(self, row: BufferedRow, key: str, value: Value, origin: Origin | None) -> None:
        """Set a cell. An equal value is no change, even with another origin."""
        old, old_origin = row.values.get(key), origin_of(row, key)
        if old == value:
            return
        if old is not None:  # an undo may restore the row later, which would change who counts as adding it
            old_origin = old_origin or _creator_origin(row)
        if row.id not in self._incremented:
            row.version += 1
            self._incremented.add(row.id)
        others = {name: other for name, other in row.values.items() if name != key}
        row.values = others if value is None else {**others, key: value}
        row.origins = {**row.origins, key: {**(origin or {}), "version": row.version}}
        self._rows.update(row)
        self.touched_ids.add(row.id)
        origins = {"old_origin": old_origin, "new_origin": origin}
        self._record_row(ChangeKind.CELL_CHANGED, row, column=key, old=old, new=value, **origins)

    def add_column(self, column: Column) -> Column:
        """Append a column under the table's next key; the key and position of `column` are ignored."""
        key = f"c{self.table.next_column}"
        self.table.next_column += 1
        plain = column_to_json(column) | {"key": key, "position": self._next_column_position()}
        row = TableColumn(table_id=self.table.id, **plain)
        self.session.add(row)
        self._add_column_row(row)
        self._record(ChangeKind.COLUMN_ADDED, column=key, new={"definition": plain, "values": {}})
        return self.columns[key]

    def move_column(self, key: str, position: int) -> None:
        """Move a column to a position and renumber the others."""
        keys = [other for other in self.columns if other != key]
        keys.insert(position, key)
        for index, key_ in enumerate(keys):
            self.change_column(key_, column_to_json(self.columns[key_]) | {"position": index})
        self.columns = {key_: self.columns[key_] for key_ in keys}

    def change_column(self, key: str, new: Mapping[str, Any]) -> None:
        """Set the definition of a column; its cells are not converted."""
        old = column_to_json(self.columns[key])
        if old == new:
            return
        row = self._column_row(key)
        for name, value in new.items():
            setattr(row, name, value)
        self.columns[key] = column_of(row)
        self._record(ChangeKind.COLUMN_CHANGED, column=key, old=old, new=dict(new))

    def delete_column(self, key: str) -> None:
        """Delete a column; the log keeps its definition and the rows keep its values, for `restore_column`."""
        row = self._column_row(key)
        del self._column_rows[key]
        values = {id_.hex: value for id_, value in self.values(key).items()}
        old = {"definition": column_to_json(self.columns.pop(key)), "values": values}
        # (table, key) is unique also among deleted columns, and a restored column takes its key again.
        row.key = f"{key} until {self.table.revision}"
        row.deleted_at = now()
        self._record(ChangeKind.COLUMN_DELETED, column=key, old=old)

    def restore_column(self, was: Mapping[str, Any]) -> None:
        """Restore a deleted column, with the values that the rows kept."""
        self.check_capacity(columns=1, field="revision")
        row = TableColumn(table_id=self.table.id, **was["definition"])
        self.session.add(row)
        self._add_column_row(row)
        check_column_limits(self.columns.values(), "revision", "revision")
        self.columns = dict(sorted(self.columns.items(), key=lambda item: (item[1].position, item[0])))
        values = {id_.hex: value for id_, value in self.values(row.key).items()}
        self._record(ChangeKind.COLUMN_ADDED, column=row.key, new={"definition": was["definition"], "values": values})

    def change_table(self, new: Mapping[str, Any]) -> None:
        """Set the name or the visibility of the table."""
        changed = {name: value for name, value in new.items() if getattr(self.table, name) != value}
        if not changed:
            return
        old = {name: getattr(self.table, name) for name in changed}
        for name, value in changed.items():
            setattr(self.table, name, value)
        self._record(ChangeKind.TABLE_CHANGED, old=old, new=changed)

    def finish(self, source: ChangeSource) -> Revision | None:
        """Write the changes as one revision and return it, or None if nothing changed."""
        self._rows.flush()
        if not self._rows.change_counts:
            return None
        self.table.revision += 1
        self.table.size += self._rows.written_bytes
        self.session.storage.added[self.table.organization_id] += self._rows.written_bytes
        summary = summarize_counts(self._rows.change_counts)
        revision = self._rows.add_revision(self.table.revision, source, summary)
        self.session.emit(TableChanged(self.table.id))
        record_event(
            self.session, WebhookEvent.TABLE_CHANGED, self.table, self.table, self.table.id, revision=revision.number
        )
        if self._indexed() != self._indexes:
            jobs.enqueue(self.session, "index", self.table.organization_id, table_id=self.table.id.hex)
        return revision

    def _indexed(self) -> set[tuple[str, ColumnType]]:
        """Return keys and types of the indexed columns: another type needs another index."""
        return {(key, column.type) for key, column in self.columns.items() if column.is_indexed}

    def _record_row(self, kind: ChangeKind, row: BufferedRow, **fields: Any) -> None:
        self._rows.record(kind, row_id=row.id, row_version=row.version, **fields)

    def _record(self, kind: ChangeKind, **fields: Any) -> None:
        self._rows.record(kind, **fields)

    def _column_row(self, key: str) -> TableColumn:
        if key not in self._column_rows:
            query = select(TableColumn).where(TableColumn.table_id == self.table.id)
            self._column_rows = {row.key: row for row in self.session.scalars(query)}
        return self._column_rows[key]

    def _add_column_row(self, row: TableColumn) -> None:
        self._column_rows[row.key] = row
        self.columns[row.key] = column_of(row)

    def _next_column_position(self) -> int:
        return max((column.position for column in self.columns.values()), default=-1) + 1


def _content(row: BufferedRow) -> dict[str, Any]:
    return {"position": row.position, "values": row.values}


def _creator_origin(row: BufferedRow) -> Origin | None:
    return None if row.created_by_id is None else {"by": row.created_by_id.hex}


def _metadata(row: BufferedRow) -> dict[str, Any]:
    """Return version, origins and creation of a row for the log; cells added with the row get its creator as origin."""
    by = _creator_origin(row) or {}
    origins = row.origins | {key: by for key in row.values if key not in row.origins}
    for key in row.origins.keys() & row.values.keys():
        origins[key] = {**({} if origin_of(row, key) else by), **row.origins[key]}
    creation = {"created_at": row.created_at.isoformat()} | ({"created_by": by["by"]} if by else {})
    return {"version": row.version, "origins": origins, **creation}
