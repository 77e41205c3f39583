"""Summaries of a column: count, sum, minimum, maximum and mean, of all rows or by group; one query a shape."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import func, null, select

from db.core.prepared import Prepared
from db.models.tables import Row
from db.tables.query import cell_sql
from db.tables.query.filter_sql import filter_clauses
from db.tables.query.filters import Condition, Filter, FilterParser, get_column
from db.tables.query.row_query import CACHE_SIZE
from errors import BadUserInput, Mistakes
from tables.types.types import DECIMAL_TYPES, NUMERIC_TYPES, Column, ColumnType, Value

MAX_GROUPS = 1_000
_MEAN = Context(prec=28)
# Types without an order have no minimum and maximum.
_ONLY_COUNTED = frozenset({ColumnType.BOOLEAN, ColumnType.MULTI_SELECT})

Typed = tuple[str, ColumnType]


@dataclass(frozen=True)
class SummaryShape:
    """Summary query without its values: column, grouping column and filter."""

    column: Typed
    group: Typed | None = None
    where: Condition | None = None


@dataclass(frozen=True)
class SummaryQuery:
    """Query for the summaries of a column; `values` are by the names of its bind parameters."""

    column: Column
    group: Column | None
    shape: SummaryShape
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Summary:
    """Summary of the rows that have the value `group` in common; `count` is the number of filled cells.

    `sum`, `min`, `max` and `mean` are None if the type has none or every cell is empty.
    """

    group: Value
    row_count: int
    count: int
    sum: Decimal | None
    min: Value
    max: Value
    mean: Decimal | None


def parse_summary_query(
    columns: Mapping[str, Column], key: str, group_by: str | None, filter: Filter | None
) -> SummaryQuery:
    """Check a client's request against the columns. Raises BadUserInput with the paths of mistakes."""
    with Mistakes() as check:
        column = check(get_column, columns, key, "column")
        group = None if group_by is None else check(get_column, columns, group_by, "groupBy")
        reader = FilterParser(columns, check)
        where = check(reader.parse, filter) if filter else None
    shape = SummaryShape((column.key, column.type), None if group is None else (group.key, group.type), where)
    return SummaryQuery(column, group, shape, reader.values)


@lru_cache(maxsize=CACHE_SIZE)
def group_query(shape: SummaryShape) -> Prepared[Any]:
    """Return the query for `group_value`, `row_count`, `count` and `aggregates` of at most MAX_GROUPS + 1 groups."""
    cell = cell_sql.cell(*shape.column)
    group = None if shape.group is None else _group(*shape.group)
    query = select(
        (null() if group is None else group).label("group_value"),
        func.count(Row.id).label("row_count"),
        func.count(cell).label("count"),
        _aggregates(shape.column[1], cell).label("aggregates"),
    )
    query = query.where(*filter_clauses(shape.where))
    if group is not None:
        query = query.group_by(group)
    return Prepared(query.limit(MAX_GROUPS + 1), children=Row)


def _group(key: str, type: ColumnType) -> Any:
    return (
        cell_sql.list_text(key)
        if type is ColumnType.MULTI_SELECT
        else cell_sql.equality_key(type, cell_sql.cell(key, type))
    )


def _aggregates(type: ColumnType, cell: Any) -> Any:
    """Return [sum, min, max] of a group as JSON text."""
    if type in NUMERIC_TYPES:
        return cell_sql.number_aggregates(cell)
    return null() if type in _ONLY_COUNTED else cell_sql.min_and_max(type, cell)


def build_summaries(query: SummaryQuery, rows: list[Any]) -> list[Summary]:
    """Return the summaries from the rows of `group_query`, sorted by group, the empty group last.

    Raises BadUserInput for more than MAX_GROUPS groups.
    """
    if len(rows) > MAX_GROUPS:
        assert query.group
        raise BadUserInput.of(
            "groupBy",
            f"{query.group.name} has more than {MAX_GROUPS:,} different values: filter the rows, or group by "
            "another column.",
        )
    unsorted = [_summary(query, row) for row in rows]
    return sorted(unsorted, key=lambda summary: _sort_key(query.group, summary.group))


def _summary(query: SummaryQuery, row: Any) -> Summary:
    total, low, high = (None, None, None) if row.aggregates is None else json.loads(row.aggregates)
    type = query.column.type
    sum = None if total is None else _without_trailing_zeros(Decimal(total))
    return Summary(
        group=None if query.group is None else _value(query.group.type, row.group_value),
        row_count=row.row_count,
        count=row.count,
        sum=sum,
        min=_bound_value(type, low),
        max=_bound_value(type, high),
        mean=None if sum is None else _without_trailing_zeros(_MEAN.divide(sum, Decimal(row.count))),
    )


def _without_trailing_zeros(number: Decimal) -> Decimal:
    """Return the number without trailing zeros."""
    text = f"{number:f}"
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)


def _bound_value(type: ColumnType, text: str | None) -> Value:
    if text is None or type not in NUMERIC_TYPES:
        return f"{text}Z" if text and type is ColumnType.DATETIME else text
    return _value(type, f"{_without_trailing_zeros(Decimal(text)):f}")


def _value(type: ColumnType, group: Any) -> Value:
    """Return a value of the database in the form that a row has it."""
    if group is None or type in DECIMAL_TYPES:
        return None if group is None else str(group)
    if type is ColumnType.BOOLEAN:
        return bool(int(group))
    if type is ColumnType.INTEGER:
        return int(group)
    return list(json.loads(group)) if type is ColumnType.MULTI_SELECT else str(group)


def _sort_key(column: Column | None, group: Value) -> tuple[bool, Any]:
    if column is None or group is None:
        return True, ()
    if column.type in NUMERIC_TYPES:
        return False, Decimal(str(group))
    text = cell_sql.bind_text(group)
    return False, text.rstrip("Z") if column.type is ColumnType.DATETIME else (text.lower(), text)
