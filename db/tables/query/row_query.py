"""Filtered, searched and sorted rows of a table, a page at a time.

A request is split into its shape (columns, operators, sort order: all that decides the SQL) and its values (bind
parameters). Each shape is compiled once and cached. Pages are keyset pages: a cursor holds the row's sort values, its
position and its id, and the next page starts behind them.

When the index of the first sort column is used, a page is read in up to two parts (`Part`): the index orders the rows
with a value, and the rows whose cell is empty follow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Select, func, select

from db.core.prepared import Prepared, bind
from db.models.tables import Row
from db.tables.query import cell_sql
from db.tables.query.filter_sql import filter_clauses, search_criterion
from db.tables.query.filters import Condition, Filter, FilterParser, check_search, get_column
from db.tables.query.sort_sql import FILLED, Part, SortKey, after_cursor, index_keys, index_start, order_by
from errors import BadUserInput, Mistakes
from tables.types.types import TEXT_TYPES, CellError, Column, ColumnType, Value, from_json

MAX_SORTS, CACHE_SIZE = 8, 256


class Sort(Protocol):
    """A column to sort by."""

    @property
    def column(self) -> str: ...
    @property
    def descending(self) -> bool | None: ...


@dataclass(frozen=True)
class QueryShape:
    """Query without its values: all that decides its SQL.

    `index` is the table id and column key of the index to use. `has_few_hits` says that so few rows match in it that
    they are fetched first and sorted afterwards.
    """

    where: Condition | None = None
    search_columns: tuple[tuple[str, ColumnType], ...] | None = None
    sorts: tuple[SortKey, ...] = ()
    index: tuple[UUID, str] | None = None
    has_few_hits: bool = False

    @property
    def index_key(self) -> str | None:
        """Return the column key of the index."""
        return self.index and self.index[1]


@dataclass(frozen=True)
class RowQuery:
    """Query for the rows of a table; `values` are by the names of its bind parameters."""

    columns: Mapping[str, Column]
    shape: QueryShape
    values: Mapping[str, Any]

    def cursor_values(self, row: Row) -> list[Any]:
        """Return the sort values of a row, its position and its hexadecimal id, which make its cursor."""
        values = row.values
        return [*(values.get(order.key) for order in self.shape.sorts), row.position, row.id.hex]

    def cursor_binds(self, cursor: Sequence[Any]) -> dict[str, Any]:
        """Return the bind parameters of a cursor. Raises ValueError if it belongs to another sort order."""
        *values, position, id_ = cursor
        if len(values) != len(self.shape.sorts) or type(position) is not int or position >> 31:
            raise ValueError("the place is of another order")
        binds: dict[str, Any] = {"position": position, "row_id": UUID(str(id_))}
        for number, (order, value) in enumerate(zip(self.shape.sorts, values, strict=True)):
            if not _fits(self.columns[order.key], value):
                raise ValueError("the place is of another order")
            if value is not None:
                binds[f"cursor_{number}"] = cell_sql.bind_text(value)
        return binds


def parse_row_query(
    columns: Mapping[str, Column],
    filter: Filter | None,
    sort: Sequence[Sort] | None,
    search: str | None,
) -> RowQuery:
    """Check a client's filter, sort and search against the columns. Raises BadUserInput with the paths of mistakes."""
    search_columns = None
    with Mistakes() as check:
        reader = FilterParser(columns, check)
        where = check(reader.parse, filter) if filter else None
        values = reader.values
        if search:
            values = {**values, "search": check(check_search, search)}
            search_columns = tuple((key, column.type) for key, column in columns.items() if column.type in TEXT_TYPES)
        sorts = check(_sort_keys, columns, sort or ())
    return RowQuery(columns, QueryShape(where, search_columns, sorts), values)


def _sort_keys(columns: Mapping[str, Column], sort: Sequence[Sort]) -> tuple[SortKey, ...]:
    if len(sort) > MAX_SORTS:
        raise BadUserInput.of("sort", f"Sort by at most {MAX_SORTS} columns; this sorts by {len(sort)}.")
    with Mistakes() as check:
        named = [check(get_column, columns, one.column, f"sort.{n}.column") for n, one in enumerate(sort)]
    if len({column.key for column in named}) < len(named):
        raise BadUserInput.of("sort", "A column is listed twice: list each once, the most important first.")
    return tuple(
        SortKey(column.key, column.type, bool(one.descending), column.is_indexed)
        for column, one in zip(named, sort, strict=True)
    )


def _fits(column: Column, value: Value) -> bool:
    try:
        return from_json(replace(column, options=None), value) == value
    except CellError:
        return False


def parts(shape: QueryShape, cursor: Sequence[Any] | None, *, backwards: bool) -> tuple[Part, ...]:
    """Return the parts of the order still to be read after the cursor; the cursor lies in the first of them."""
    if not shape.sorts or shape.sorts[0].key != shape.index_key:
        return (Part.WHOLE,)
    filled = Part.TRUNCATED if cursor is None or cell_sql.fits_index(cursor[0]) else Part.FILLED
    both = (Part.EMPTY, filled) if backwards else (filled, Part.EMPTY)
    return both if cursor is None or (cursor[0] is None) is backwards else both[1:]


def is_sorted(shape: QueryShape, part: Part, rows: Sequence[Row]) -> bool:
    """Return True if the rows are in order. TRUNCATED index keys may misorder texts that share a long beginning."""
    return part is not Part.TRUNCATED or all(cell_sql.fits_index(row.values.get(shape.index_key)) for row in rows)


def page(shape: QueryShape, cursor: Sequence[Any] | None, part: Part, *, backwards: bool) -> Prepared[Row]:
    """Return the query for at most `limit` rows after `cursor` or, backwards, before it."""
    # Only which cursor values are NULL changes the SQL: the cache key holds this and not the values.
    return _page(shape, None if cursor is None else tuple(v is None for v in cursor[:-2]), part, backwards)


@lru_cache(maxsize=CACHE_SIZE)
def _page(shape: QueryShape, is_null: tuple[bool, ...] | None, part: Part, backwards: bool) -> Prepared[Row]:
    sorts = list(enumerate(shape.sorts))
    query = apply_filter(select(Row), shape)
    if part is Part.EMPTY:
        _, first = sorts.pop(0)
        query = query.where(*(rank.is_(None) for rank in index_keys(first)))
    elif part is not Part.WHOLE:
        query = query.where(index_keys(shape.sorts[0])[0].is_not(None))
    if is_null is not None:
        query = query.where(after_cursor(sorts, is_null, part, backwards=backwards))
    if is_null is not None and part in FILLED:
        query = query.where(index_start(shape.sorts, part, backwards=backwards))
    order = [term for n, sort in sorts for term in order_by(sort, part if n == 0 else None, backwards)]
    tie_breakers = [cell_sql.without_index(Row.position) if shape.has_few_hits else Row.position, Row.id]
    order += [column.desc() for column in tie_breakers] if backwards else tie_breakers
    query = query.order_by(*order).limit(bind("limit", Row.position))
    if shape.index and not shape.has_few_hits and part is not Part.EMPTY and (not sorts or sorts[0][1].descending):
        # The index is in another order. Its entries hold all sort keys, so they are sorted without the rows, and only
        # the rows of the page are fetched.
        query = select(Row).where(Row.id.in_(query.with_only_columns(Row.id).correlate(None))).order_by(*order)
    return Prepared(query, children=Row, by_parent=shape.index is None)


@lru_cache(maxsize=CACHE_SIZE)
def total(shape: QueryShape) -> Prepared[Any]:
    """Return the query that counts the rows of all pages as `total`."""
    return Prepared(
        apply_filter(select(func.count(Row.id).label("total")), shape), children=Row, by_parent=shape.index is None
    )


def apply_filter(query: Select[Any], shape: QueryShape) -> Select[Any]:
    """Return the query with the conditions of filter, search and index added."""
    query = query.where(*filter_clauses(shape.where, shape.index_key))
    if shape.index is not None:
        query = query.where(cell_sql.index_predicate(*shape.index))
    return query if shape.search_columns is None else query.where(search_criterion(shape.search_columns))
