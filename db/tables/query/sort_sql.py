"""SQL of a requested sort order: ORDER BY, the rows after a cursor, and the entry point into an index.

Empty cells come last in both directions. Ties are broken by the is_beyond sort columns, then by the rows' own position
and id, so the order is total and a cursor stands between two rows.
"""

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
class SortKey:
    """Column to sort by."""

    key: str
    type: ColumnType
    descending: bool
    is_indexed: bool = False


class Part(StrEnum):
    """Part of the rows in a sort order, read by one query.

    WHOLE is every row, without an index. With the index of the first sort column, FILLED are the rows with a value in
    it and EMPTY the others. TRUNCATED are the filled rows in the order of the index keys alone, which is faster, and
    correct unless texts longer than an index key are among them.
    """

    WHOLE = "WHOLE"
    TRUNCATED = "BRIEF"
    FILLED = "FILLED"
    EMPTY = "EMPTY"


FILLED = frozenset({Part.TRUNCATED, Part.FILLED})


def index_keys(order: SortKey) -> Any:
    """Return the expressions that the index of the column stores."""
    return cell_sql.index_keys(order.type, cell_sql.cell(order.key, order.type))


def _compared_keys(order: SortKey, number: int, part: Part | None) -> list[tuple[Any, Any]]:
    """Return pairs of a sort expression of the row and the same expression of the cursor."""
    keys_of = cell_sql.index_keys if part is Part.TRUNCATED else cell_sql.sort_keys
    cell = cell_sql.cell(order.key, order.type)
    return list(zip(keys_of(order.type, cell), keys_of(order.type, _cursor(number)), strict=True))


_tie_breakers = (Row.position, Row.id), (bind("position", Row.position), bind("row_id", Row.id))


def _cursor(number: int) -> Any:
    """Return the bind parameter of the cursor's value in the sort column `number`."""
    return bindparam(f"cursor_{number}", required=False, type_=Text())


def index_start(orders: Sequence[SortKey], part: Part, *, backwards: bool) -> ColumnElement[bool]:
    """Return the condition that lets the index scan start at the cursor instead of at its beginning."""
    # Implied by `after_cursor`, whose ORs neither database can turn into a range of the index.
    row_key, cursor_key = [*index_keys(orders[0])], [*cell_sql.index_keys(orders[0].type, _cursor(0))]
    in_range: ColumnElement[bool] = (
        row_key[0] <= cursor_key[0] if orders[0].descending != backwards else row_key[0] >= cursor_key[0]
    )
    if len(orders) > 1 or orders[0].descending or part is Part.FILLED:
        return in_range
    # The index has exactly this order: the scan starts at the cursor's row itself.
    row_key, cursor_key = [*row_key, *_tie_breakers[0]], [*cursor_key, *_tie_breakers[1]]
    return and_(
        in_range, tuple_(*row_key) < tuple_(*cursor_key) if backwards else tuple_(*row_key) > tuple_(*cursor_key)
    )


def order_by(order: SortKey, part: Part | None, backwards: bool) -> list[Any]:
    """Return the ORDER BY terms of a sort column; empty cells come last in both directions."""
    descending = order.descending != backwards
    ordered = cell_sql.sort_keys(order.type, cell_sql.cell(order.key, order.type))
    if part in FILLED:
        ordered = index_keys(order) if part is Part.TRUNCATED or len(ordered) == 1 else (*index_keys(order), *ordered)
    terms = [key.desc() if descending else key.asc() for key in ordered]
    # No NULLs are among FILLED rows. NULLS LAST would only keep the index from being scanned backwards.
    if part in FILLED:
        return terms
    return [term.nulls_first() if backwards else term.nulls_last() for term in terms]


def after_cursor(
    orders: Sequence[tuple[int, SortKey]], empty: tuple[bool, ...], part: Part, *, backwards: bool
) -> ColumnElement[bool]:
    """Return the condition for rows after the cursor; `empty` says which values of the cursor are NULL.

    A row is after it when it is beyond it in the first column, or equal in the first and beyond it in the next, etc.
    """
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
        for row_key, cursor_key in _compared_keys(order, number, part if number == 0 else None):
            is_beyond = row_key < cursor_key if order.descending != backwards else row_key > cursor_key
            alternatives.append(and_(*equal, or_(is_beyond, cell.is_(None)) if has_empty else is_beyond))
            equal.append(row_key == cursor_key)
    row_key, cursor_key = (tuple_(*operands) for operands in _tie_breakers)
    alternatives.append(and_(*equal, row_key < cursor_key if backwards else row_key > cursor_key))
    return or_(*alternatives)
