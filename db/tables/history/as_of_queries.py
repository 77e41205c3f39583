"""A table as it was at an earlier revision: what is asked of the table and its log to know it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import func, or_, select, tuple_

from db.core.base import Base
from db.core.prepared import OneOf, Prepared, bind
from db.models.revisions import CellChange, Revision
from db.models.tables import Row, Table
from db.tables.editing.edits import Origin
from tables.types.types import Column, Value

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


def vars_of(row: Any) -> dict[str, Any]:
    """What a row of today has of an earlier one, besides its id."""
    return {name: getattr(row, name) for name in OF_ROWS[1:]}
