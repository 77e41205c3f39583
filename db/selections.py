"""Rows as a client asks for them: filtered, searched, sorted; one prepared query for each shape of question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Select, Text, and_, bindparam, func, or_, select, tuple_
from sqlalchemy.sql import ColumnElement

from db import cells
from db.filters import Condition, Filter, FilterReader, column_named, conditions, found, searched, uses_index
from db.prepared import Prepared, bind
from db.tables import Row
from errors import BadUserInput
from tables.types import TEXT_TYPES, CellError, Column, ColumnType, Value, from_json

MAX_SORTS, KEPT = 8, 256


class Sort(Protocol):
    """A column to sort by."""

    @property
    def column(self) -> str: ...
    @property
    def descending(self) -> bool | None: ...


@dataclass(frozen=True)
class Order:
    key: str
    type: ColumnType
    descending: bool
    is_indexed: bool = False


class Part(StrEnum):
    """Which rows of an order: the index of a column has the rows that it is not empty in, and then the others."""

    WHOLE = "WHOLE"
    FILLED = "FILLED"
    EMPTY = "EMPTY"


@dataclass(frozen=True)
class Shape:
    """A question without its values: what decides the SQL. `table_id` is given when an index may serve it."""

    where: Condition | None = None
    searched: tuple[tuple[str, ColumnType], ...] | None = None
    orders: tuple[Order, ...] = ()
    table_id: UUID | None = None


@dataclass(frozen=True)
class Selection:
    """A question about the rows of a table; `values` are by the names of its binds."""

    columns: Mapping[str, Column]
    shape: Shape
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
                given[f"place_{number}"] = cells.bound(value)
        return given


def select_rows(
    table_id: UUID,
    columns: Mapping[str, Column],
    filter: Filter | None,
    sort: Sequence[Sort] | None,
    search: str | None,
) -> Selection:
    """Read what a client asks of a table; BadUserInput says where it is wrong."""
    reader = FilterReader(columns)
    where = reader.read(filter) if filter else None
    values = reader.values
    looked_in = None
    if search:
        values = {**values, "search": searched(search)}
        looked_in = tuple((key, column.type) for key, column in columns.items() if column.type in TEXT_TYPES)
    orders = _orders(columns, sort or ())
    is_served = uses_index(where) or (bool(orders) and orders[0].is_indexed)
    return Selection(columns, Shape(where, looked_in, orders, table_id if is_served else None), values)


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


def parts(shape: Shape, place: Sequence[Any] | None, *, backwards: bool) -> tuple[Part, ...]:
    """The parts of the order that are still to be read after a place, one by one; the place is in the first of them."""
    if not shape.orders or not shape.orders[0].is_indexed:
        return (Part.WHOLE,)
    both = (Part.EMPTY, Part.FILLED) if backwards else (Part.FILLED, Part.EMPTY)
    return both if place is None or (place[0] is None) is backwards else both[1:]


def rows(shape: Shape, place: Sequence[Any] | None, part: Part, *, backwards: bool) -> Prepared[Row]:
    """At most `limit` rows of the table `table_id`, after `place` or, backwards, before it."""
    return _rows(shape, None if place is None else tuple(v is None for v in place[:-2]), part, backwards)


@lru_cache(maxsize=KEPT)
def _rows(shape: Shape, empty: tuple[bool, ...] | None, part: Part, backwards: bool) -> Prepared[Row]:
    orders = list(enumerate(shape.orders))
    query = _filtered(select(Row), shape)
    if part is Part.EMPTY:
        _, first = orders.pop(0)
        query = query.where(_ranked(first).is_(None))
    elif part is Part.FILLED:
        query = query.where(_ranked(shape.orders[0]).is_not(None))
    if empty is not None:
        query = query.where(_beyond(orders, empty, part, backwards=backwards))
    if empty is not None and part is Part.FILLED:
        query = query.where(_from_place(shape.orders[0], backwards=backwards))
    ordering = [one for number, order in orders for one in _ordering(order, part if number == 0 else None, backwards)]
    last = [Row.position.desc(), Row.id.desc()] if backwards else [Row.position, Row.id]
    return Prepared(query.order_by(*ordering, *last).limit(bind("limit", Row.position)), children=Row)


@lru_cache(maxsize=KEPT)
def total(shape: Shape) -> Prepared[Any]:
    """How many rows there are on all pages."""
    return Prepared(_filtered(select(func.count(Row.id).label("total")), shape), children=Row)


def _filtered(query: Select[Any], shape: Shape) -> Select[Any]:
    query = query.where(*conditions(shape.where))
    if shape.table_id is not None:
        query = query.where(cells.of_table(shape.table_id))
    return query if shape.searched is None else query.where(found(shape.searched))


def _ranked(order: Order) -> Any:
    return cells.ranked(order.type, cells.cell(order.key, order.type))


def _place(number: int) -> Any:
    return bindparam(f"place_{number}", required=False, type_=Text())


def _from_place(order: Order, *, backwards: bool) -> ColumnElement[bool]:
    """Where in the index of the first column to begin: it follows from being beyond the place."""
    here, there = _ranked(order), cells.ranked(order.type, _place(0))
    within: ColumnElement[bool] = here <= there if order.descending != backwards else here >= there
    return within


def _ordering(order: Order, part: Part | None, backwards: bool) -> list[Any]:
    """Empty cells come last in either direction; where there are none, an index is read in either direction."""
    down = order.descending != backwards
    cell = cells.cell(order.key, order.type)
    ordered = cells.in_order(order.type, cell)
    if part is Part.FILLED and len(ordered) > 1:
        ordered = (_ranked(order), *ordered)
    ways = [one.desc() if down else one.asc() for one in ordered]
    if part is Part.FILLED:
        return ways
    return [way.nulls_first() if backwards else way.nulls_last() for way in ways]


def _beyond(
    orders: Sequence[tuple[int, Order]], empty: tuple[bool, ...], part: Part, *, backwards: bool
) -> ColumnElement[bool]:
    """The rows behind a place: further in the first column, or equal there and further in the next, …"""
    alternatives: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for number, order in orders:
        cell = cells.cell(order.key, order.type)
        if empty[number]:
            if backwards:
                alternatives.append(and_(*equal, cell.is_not(None)))
            equal.append(cell.is_(None))
            continue
        has_empty = not backwards and not (part is Part.FILLED and number == 0)
        for here, there in zip(
            cells.in_order(order.type, cell), cells.in_order(order.type, _place(number)), strict=True
        ):
            further = here < there if order.descending != backwards else here > there
            alternatives.append(and_(*equal, or_(further, cell.is_(None)) if has_empty else further))
            equal.append(here == there)
    here, there = tuple_(Row.position, Row.id), tuple_(bind("position", Row.position), bind("row_id", Row.id))
    alternatives.append(and_(*equal, here < there if backwards else here > there))
    return or_(*alternatives)
