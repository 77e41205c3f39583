"""Rows as a client asks for them: filtered, searched, sorted; one prepared query for each shape of question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Select, Text, and_, bindparam, func, or_, select, tuple_
from sqlalchemy.sql import ColumnElement

from db import cells
from db.filters import Condition, Filter, FilterReader, column_named, criterion, found, searched
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


@dataclass(frozen=True)
class Shape:
    """A question without its values: what decides the SQL."""

    where: Condition | None = None
    searched: tuple[tuple[str, ColumnType], ...] | None = None
    orders: tuple[Order, ...] = ()


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
    columns: Mapping[str, Column], filter: Filter | None, sort: Sequence[Sort] | None, search: str | None
) -> Selection:
    """Read what a client asks; BadUserInput says where it is wrong."""
    reader = FilterReader(columns)
    where = reader.read(filter) if filter else None
    values = reader.values
    looked_in = None
    if search:
        values = {**values, "search": searched(search)}
        looked_in = tuple((key, column.type) for key, column in columns.items() if column.type in TEXT_TYPES)
    return Selection(columns, Shape(where, looked_in, _orders(columns, sort or ())), values)


def _orders(columns: Mapping[str, Column], sort: Sequence[Sort]) -> tuple[Order, ...]:
    if len(sort) > MAX_SORTS:
        raise BadUserInput.of("sort", f"Sort by at most {MAX_SORTS} columns.")
    named = [column_named(columns, one.column, f"sort.{n}.column") for n, one in enumerate(sort)]
    if len({column.key for column in named}) < len(named):
        raise BadUserInput.of("sort", "A column is named twice: name each once, the most important first.")
    return tuple(Order(column.key, column.type, bool(one.descending)) for column, one in zip(named, sort, strict=True))


def _fits(column: Column, value: Value) -> bool:
    try:
        return from_json(replace(column, options=None), value) == value
    except CellError:
        return False


def rows(shape: Shape, place: Sequence[Any] | None, *, backwards: bool) -> Prepared[Row]:
    """At most `limit` rows of the table `table_id`, after `place` or, backwards, before it."""
    return _rows(shape, None if place is None else tuple(v is None for v in place[:-2]), backwards)


@lru_cache(maxsize=KEPT)
def _rows(shape: Shape, empty: tuple[bool, ...] | None, backwards: bool) -> Prepared[Row]:
    query = _filtered(select(Row), shape)
    if empty is not None:
        query = query.where(_beyond(shape.orders, empty, backwards=backwards))
    ordering = [part for order in shape.orders for part in _ordering(order, backwards)]
    last = [Row.position.desc(), Row.id.desc()] if backwards else [Row.position, Row.id]
    return Prepared(query.order_by(*ordering, *last).limit(bind("limit", Row.position)), children=Row)


@lru_cache(maxsize=KEPT)
def total(shape: Shape) -> Prepared[Any]:
    """How many rows there are on all pages."""
    return Prepared(_filtered(select(func.count(Row.id).label("total")), shape), children=Row)


def _filtered(query: Select[Any], shape: Shape) -> Select[Any]:
    if shape.where is not None:
        query = query.where(criterion(shape.where))
    return query if shape.searched is None else query.where(found(shape.searched))


def _ordering(order: Order, backwards: bool) -> list[Any]:
    """Empty cells come last in either direction."""
    down = order.descending != backwards
    cell = cells.cell(order.key, order.type)
    parts = [part.desc() if down else part.asc() for part in cells.in_order(order.type, cell)]
    return [part.nulls_first() if backwards else part.nulls_last() for part in parts]


def _beyond(orders: tuple[Order, ...], empty: tuple[bool, ...], *, backwards: bool) -> ColumnElement[bool]:
    """The rows behind a place: further in the first column, or equal there and further in the next, …"""
    alternatives: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for number, (order, is_empty) in enumerate(zip(orders, empty, strict=True)):
        cell = cells.cell(order.key, order.type)
        value = bindparam(f"place_{number}", required=False, type_=Text())
        if is_empty:
            if backwards:
                alternatives.append(and_(*equal, cell.is_not(None)))
            equal.append(cell.is_(None))
            continue
        for here, there in zip(cells.in_order(order.type, cell), cells.in_order(order.type, value), strict=True):
            further = here < there if order.descending != backwards else here > there
            if not backwards:
                further = or_(further, cell.is_(None))
            alternatives.append(and_(*equal, further))
            equal.append(here == there)
    here, there = tuple_(Row.position, Row.id), tuple_(bind("position", Row.position), bind("row_id", Row.id))
    alternatives.append(and_(*equal, here < there if backwards else here > there))
    return or_(*alternatives)
