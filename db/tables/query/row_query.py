"""Rows as a client asks for them: filtered, searched, sorted; one prepared query for each shape of question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Select, func, select

from db.core.prepared import Prepared, bind
from db.models.tables import Row
from db.tables.query import cell_sql
from db.tables.query.filter_sql import conditions, found
from db.tables.query.filters import Condition, Filter, FilterReader, column_named, searched
from db.tables.query.sort_sql import FILLED, Order, Part, beyond, from_place, ordering, ranks
from errors import BadUserInput
from tables.types.types import TEXT_TYPES, CellError, Column, ColumnType, Value, from_json

MAX_SORTS, KEPT = 8, 256


class Sort(Protocol):
    """A column to sort by."""

    @property
    def column(self) -> str: ...
    @property
    def descending(self) -> bool | None: ...


@dataclass(frozen=True)
class QueryShape:
    """A question without its values: what decides the SQL.

    `served` is the index that answers it: table and column. When it leaves `few` rows, they are fetched, then sorted.
    """

    where: Condition | None = None
    searched: tuple[tuple[str, ColumnType], ...] | None = None
    orders: tuple[Order, ...] = ()
    served: tuple[UUID, str] | None = None
    few: bool = False

    @property
    def key(self) -> str | None:
        """The column of the index."""
        return self.served and self.served[1]


@dataclass(frozen=True)
class RowQuery:
    """A question about the rows of a table; `values` are by the names of its binds."""

    columns: Mapping[str, Column]
    shape: QueryShape
    values: Mapping[str, Any]

    def place(self, row: Row) -> list[Any]:
        """Where a row stands in the order: what it is sorted by, then position and id."""
        values = row.values
        return [*(values.get(order.key) for order in self.shape.orders), row.position, row.id.hex]

    def bound(self, place: Sequence[Any]) -> dict[str, Any]:
        """The binds of a place; ValueError when it is none of this order."""
        *values, position, id_ = place
        if len(values) != len(self.shape.orders) or type(position) is not int or position >> 31:
            raise ValueError("the place is of another order")
        given: dict[str, Any] = {"position": position, "row_id": UUID(str(id_))}
        for number, (order, value) in enumerate(zip(self.shape.orders, values, strict=True)):
            if not _fits(self.columns[order.key], value):
                raise ValueError("the place is of another order")
            if value is not None:
                given[f"place_{number}"] = cell_sql.bound(value)
        return given


def select_rows(
    columns: Mapping[str, Column],
    filter: Filter | None,
    sort: Sequence[Sort] | None,
    search: str | None,
) -> RowQuery:
    """Read what a client asks of a table; BadUserInput says where it is wrong."""
    reader = FilterReader(columns)
    where = reader.read(filter) if filter else None
    values = reader.values
    looked_in = None
    if search:
        values = {**values, "search": searched(search)}
        looked_in = tuple((key, column.type) for key, column in columns.items() if column.type in TEXT_TYPES)
    orders = _orders(columns, sort or ())
    return RowQuery(columns, QueryShape(where, looked_in, orders), values)


def _orders(columns: Mapping[str, Column], sort: Sequence[Sort]) -> tuple[Order, ...]:
    if len(sort) > MAX_SORTS:
        raise BadUserInput.of("sort", f"Sort by at most {MAX_SORTS} columns.")
    named = [column_named(columns, one.column, f"sort.{n}.column") for n, one in enumerate(sort)]
    if len({column.key for column in named}) < len(named):
        raise BadUserInput.of("sort", "A column is named twice: name each once, the most important first.")
    return tuple(
        Order(column.key, column.type, bool(one.descending), column.is_indexed)
        for column, one in zip(named, sort, strict=True)
    )


def _fits(column: Column, value: Value) -> bool:
    try:
        return from_json(replace(column, options=None), value) == value
    except CellError:
        return False


def parts(shape: QueryShape, place: Sequence[Any] | None, *, backwards: bool) -> tuple[Part, ...]:
    """The parts of the order that are still to be read after a place, one by one; the place is in the first of them."""
    if not shape.orders or shape.orders[0].key != shape.key:
        return (Part.WHOLE,)
    filled = Part.BRIEF if place is None or cell_sql.is_whole(place[0]) else Part.FILLED
    both = (Part.EMPTY, filled) if backwards else (filled, Part.EMPTY)
    return both if place is None or (place[0] is None) is backwards else both[1:]


def is_right(shape: QueryShape, part: Part, rows: Sequence[Row]) -> bool:
    """Whether rows are in their order: those that an index told apart by less than all of their texts may not be."""
    return part is not Part.BRIEF or all(cell_sql.is_whole(row.values.get(shape.key)) for row in rows)


def rows(shape: QueryShape, place: Sequence[Any] | None, part: Part, *, backwards: bool) -> Prepared[Row]:
    """At most `limit` rows of the table `table_id`, after `place` or, backwards, before it."""
    return _rows(shape, None if place is None else tuple(v is None for v in place[:-2]), part, backwards)


@lru_cache(maxsize=KEPT)
def _rows(shape: QueryShape, empty: tuple[bool, ...] | None, part: Part, backwards: bool) -> Prepared[Row]:
    orders = list(enumerate(shape.orders))
    query = filtered(select(Row), shape)
    if part is Part.EMPTY:
        _, first = orders.pop(0)
        query = query.where(*(rank.is_(None) for rank in ranks(first)))
    elif part is not Part.WHOLE:
        query = query.where(ranks(shape.orders[0])[0].is_not(None))
    if empty is not None:
        query = query.where(beyond(orders, empty, part, backwards=backwards))
    if empty is not None and part in FILLED:
        query = query.where(from_place(shape.orders, part, backwards=backwards))
    order = [way for n, one in orders for way in ordering(one, part if n == 0 else None, backwards)]
    last = [cell_sql.unindexed(Row.position) if shape.few else Row.position, Row.id]
    order += [one.desc() for one in last] if backwards else last
    query = query.order_by(*order).limit(bind("limit", Row.position))
    if shape.served and not shape.few and part is not Part.EMPTY and (not orders or orders[0][1].descending):
        # The index is not in this order: its entries are sorted, and only the rows of the page are fetched.
        query = select(Row).where(Row.id.in_(query.with_only_columns(Row.id).correlate(None))).order_by(*order)
    return Prepared(query, children=Row, by_parent=shape.served is None)


@lru_cache(maxsize=KEPT)
def total(shape: QueryShape) -> Prepared[Any]:
    """How many rows there are on all pages."""
    return Prepared(
        filtered(select(func.count(Row.id).label("total")), shape), children=Row, by_parent=shape.served is None
    )


def filtered(query: Select[Any], shape: QueryShape) -> Select[Any]:
    """The rows of all pages."""
    query = query.where(*conditions(shape.where, shape.key))
    if shape.served is not None:
        query = query.where(cell_sql.in_index(*shape.served))
    return query if shape.searched is None else query.where(found(shape.searched))
