"""The order that a client asks for, in SQL: which rows come behind a place, and where an index of it is entered."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Text, and_, bindparam, or_, tuple_
from sqlalchemy.sql import ColumnElement

from db.core.prepared import bind
from db.models.tables import Row
from db.tables.query import cell_sql
from tables.types.types import ColumnType


@dataclass(frozen=True)
class Order:
    key: str
    type: ColumnType
    descending: bool
    is_indexed: bool = False


class Part(StrEnum):
    """Which rows of an order: the index of a column has the rows that it is not empty in, and then the others.

    BRIEF are the filled ones in the order of what the index has room for, which is right unless long texts are among
    them.
    """

    WHOLE = "WHOLE"
    BRIEF = "BRIEF"
    FILLED = "FILLED"
    EMPTY = "EMPTY"


FILLED = frozenset({Part.BRIEF, Part.FILLED})


def ranks(order: Order) -> Any:
    return cell_sql.ranks(order.type, cell_sql.cell(order.key, order.type))


def _compared(order: Order, number: int, part: Part | None) -> list[tuple[Any, Any]]:
    """What to order by in a row, beside the same of the place."""
    how = cell_sql.ranks if part is Part.BRIEF else cell_sql.in_order
    cell = cell_sql.cell(order.key, order.type)
    return list(zip(how(order.type, cell), how(order.type, _place(number)), strict=True))


_last_place = (Row.position, Row.id), (bind("position", Row.position), bind("row_id", Row.id))


def _place(number: int) -> Any:
    return bindparam(f"place_{number}", required=False, type_=Text())


def from_place(orders: Sequence[Order], part: Part, *, backwards: bool) -> ColumnElement[bool]:
    """Where in the index of the first column to begin: it follows from being beyond the place."""
    here, there = [*ranks(orders[0])], [*cell_sql.ranks(orders[0].type, _place(0))]
    within: ColumnElement[bool] = here[0] <= there[0] if orders[0].descending != backwards else here[0] >= there[0]
    if len(orders) > 1 or orders[0].descending or part is Part.FILLED:
        return within
    # Where the index is in this very order, it is entered at the place itself.
    here, there = [*here, *_last_place[0]], [*there, *_last_place[1]]
    return and_(within, tuple_(*here) < tuple_(*there) if backwards else tuple_(*here) > tuple_(*there))


def ordering(order: Order, part: Part | None, backwards: bool) -> list[Any]:
    """Empty cells come last in either direction; where there are none, an index is read in either direction."""
    down = order.descending != backwards
    ordered = cell_sql.in_order(order.type, cell_sql.cell(order.key, order.type))
    if part in FILLED:
        ordered = ranks(order) if part is Part.BRIEF or len(ordered) == 1 else (*ranks(order), *ordered)
    ways = [one.desc() if down else one.asc() for one in ordered]
    if part in FILLED:
        return ways
    return [way.nulls_first() if backwards else way.nulls_last() for way in ways]


def beyond(
    orders: Sequence[tuple[int, Order]], empty: tuple[bool, ...], part: Part, *, backwards: bool
) -> ColumnElement[bool]:
    """The rows behind a place: further in the first column, or equal there and further in the next, …"""
    alternatives: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for number, order in orders:
        cell = cell_sql.cell(order.key, order.type)
        if empty[number]:
            if backwards:
                alternatives.append(and_(*equal, cell.is_not(None)))
            equal.append(cell.is_(None))
            continue
        has_empty = not backwards and not (part in FILLED and number == 0)
        for here, there in _compared(order, number, part if number == 0 else None):
            further = here < there if order.descending != backwards else here > there
            alternatives.append(and_(*equal, or_(further, cell.is_(None)) if has_empty else further))
            equal.append(here == there)
    here, there = (tuple_(*operands) for operands in _last_place)
    alternatives.append(and_(*equal, here < there if backwards else here > there))
    return or_(*alternatives)
