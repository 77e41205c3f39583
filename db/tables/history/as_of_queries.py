"""Queries for a table as of an earlier revision.

Only the current rows are stored. An earlier state is computed backwards: the current rows, minus the changes that the
log has since the revision (`reverse_delta`). Every query of rows also returns the current revision of the table, so
that the reader can tell whether rows and changes belong to the same moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import func, or_, select, tuple_

from db.core.base import Base
from db.core.dialect_sql import OneOf
from db.core.prepared import Prepared, bind
from db.models.revisions import CellChange, Revision
from db.models.tables import Row, Table
from db.tables.editing.edits import Origin
from tables.types.types import Column, Value

MAX_POSITION = 2**31 - 1  # the highest position of a row, and of a change in its revision
ROW_FIELDS = ("id", "table_id", "position", "version", "values", "origins", "created_at", "created_by_id", "updated_at")
RowPosition = tuple[int, UUID]

_revision = select(Table.revision).where(Table.id == bind("table_id", Table.id)).scalar_subquery()

table_head: Prepared[Any] = Prepared(
    select(Table.revision, Table.row_count).where(Table.id == bind("table_id", Table.id))
)

# The changes after the change `place` of revision `number`, up to the revision `until`, in the order of the log.
change_log: Prepared[Any] = Prepared(
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

# The time of the last change of each row up to the revision `number`.
last_change_times: Prepared[Any] = Prepared(
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


def _rows(*, has_cursor: bool, backwards: bool) -> Prepared[Any]:
    """Return the query for at most `limit` rows below `end_position`, each with the table's revision."""
    row_key = tuple_(Row.position, Row.id)
    cursor_key = tuple_(bind("position", Row.position), bind("row_id", Row.id))
    query = select(Row, _revision.label("revision")).where(Row.position < bind("end_position", Row.position))
    if has_cursor:
        query = query.where(row_key < cursor_key if backwards else row_key > cursor_key)
    order = (Row.position.desc(), Row.id.desc()) if backwards else (Row.position, Row.id)
    return Prepared(query.order_by(*order).limit(bind("limit", Row.position)), children=Row)


row_queries = {
    (has_cursor, backwards): _rows(has_cursor=has_cursor, backwards=backwards)
    for has_cursor in (False, True)
    for backwards in (False, True)
}

# All rows with a position below `end_position`, in order, each with the table's revision.
rows_below: Prepared[Any] = Prepared(
    select(*(getattr(Row, name) for name in ROW_FIELDS), _revision.label("revision"))
    .where(Row.position < bind("end_position", Row.position))
    .order_by(Row.position, Row.id),
    children=Row,
)


@dataclass(frozen=True)
class AsOfRow:
    """Row as of an earlier revision, with the columns that the table had then."""

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


def row_fields(row: Any) -> dict[str, Any]:
    """Return the fields of a current row that an AsOfRow has too, without the id."""
    return {name: getattr(row, name) for name in ROW_FIELDS[1:]}
