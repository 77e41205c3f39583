"""Summaries of a column: how many, sum, smallest, largest, mean; whole or by group, one query for each shape."""

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
from db.tables.query.filter_sql import conditions
from db.tables.query.filters import Condition, Filter, FilterReader, column_named
from db.tables.query.row_query import KEPT
from errors import BadUserInput
from tables.types.types import DECIMAL_TYPES, NUMERIC_TYPES, Column, ColumnType, Value

MAX_GROUPS = 1_000
_MEAN = Context(prec=28)
# What has no order has no smallest and no largest.
_ONLY_COUNTED = frozenset({ColumnType.BOOLEAN, ColumnType.MULTI_SELECT})

Typed = tuple[str, ColumnType]


@dataclass(frozen=True)
class Shape:
    """A question without its values: the column, what its rows are grouped by, and which rows."""

    column: Typed
    group: Typed | None = None
    where: Condition | None = None


@dataclass(frozen=True)
class Question:
    """A question about a column; `values` are by the names of its binds."""

    column: Column
    group: Column | None
    shape: Shape
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Summary:
    """`group` is the value that the rows have in common; `count` counts the cells that are not empty.

    `sum`, `min`, `max` and `mean` are None where the type has none, or when every cell is empty.
    """

    group: Value
    row_count: int
    count: int
    sum: Decimal | None
    min: Value
    max: Value
    mean: Decimal | None


def ask(columns: Mapping[str, Column], key: str, group_by: str | None, filter: Filter | None) -> Question:
    """Read what a client asks; BadUserInput says where it is wrong."""
    column = column_named(columns, key, "column")
    group = None if group_by is None else column_named(columns, group_by, "groupBy")
    reader = FilterReader(columns)
    where = reader.read(filter) if filter else None
    shape = Shape((column.key, column.type), None if group is None else (group.key, group.type), where)
    return Question(column, group, shape, reader.values)


@lru_cache(maxsize=KEPT)
def groups(shape: Shape) -> Prepared[Any]:
    """For each group `group_value`, `row_count`, `count` and `found`; one more than there may be at most."""
    cell = cell_sql.cell(*shape.column)
    group = None if shape.group is None else _group(*shape.group)
    query = select(
        (null() if group is None else group).label("group_value"),
        func.count(Row.id).label("row_count"),
        func.count(cell).label("count"),
        _found(shape.column[1], cell).label("found"),
    )
    query = query.where(*conditions(shape.where))
    if group is not None:
        query = query.group_by(group)
    return Prepared(query.limit(MAX_GROUPS + 1), children=Row)


def _group(key: str, type: ColumnType) -> Any:
    return (
        cell_sql.list_text(key) if type is ColumnType.MULTI_SELECT else cell_sql.equal(type, cell_sql.cell(key, type))
    )


def _found(type: ColumnType, cell: Any) -> Any:
    """[sum, smallest, largest] of a group, as a text of JSON."""
    if type in NUMERIC_TYPES:
        return cell_sql.numbers(cell)
    return null() if type in _ONLY_COUNTED else cell_sql.first_and_last(type, cell)


def summaries(question: Question, rows: list[Any]) -> list[Summary]:
    """What `groups` found, in the order of the groups, empty last. Raises BadUserInput for too many of them."""
    if len(rows) > MAX_GROUPS:
        assert question.group
        raise BadUserInput.of(
            "groupBy",
            f"{question.group.name} has more than {MAX_GROUPS:,} different values: filter the rows, or group by "
            "another column.",
        )
    found = [_summary(question, row) for row in rows]
    return sorted(found, key=lambda summary: _place(question.group, summary.group))


def _summary(question: Question, row: Any) -> Summary:
    total, low, high = (None, None, None) if row.found is None else json.loads(row.found)
    type = question.column.type
    sum = None if total is None else _short(Decimal(total))
    return Summary(
        group=None if question.group is None else _value(question.group.type, row.group_value),
        row_count=row.row_count,
        count=row.count,
        sum=sum,
        min=_end(type, low),
        max=_end(type, high),
        mean=None if sum is None else _short(_MEAN.divide(sum, Decimal(row.count))),
    )


def _short(number: Decimal) -> Decimal:
    """Without zeros at the end of its fraction."""
    written = f"{number:f}"
    return Decimal(written.rstrip("0").rstrip(".") if "." in written else written)


def _end(type: ColumnType, text: str | None) -> Value:
    if text is None or type not in NUMERIC_TYPES:
        return f"{text}Z" if text and type is ColumnType.DATETIME else text
    return _value(type, f"{_short(Decimal(text)):f}")


def _value(type: ColumnType, group: Any) -> Value:
    """A value as a row would have it."""
    if group is None or type in DECIMAL_TYPES:
        return None if group is None else str(group)
    if type is ColumnType.BOOLEAN:
        return bool(int(group))
    if type is ColumnType.INTEGER:
        return int(group)
    return list(json.loads(group)) if type is ColumnType.MULTI_SELECT else str(group)


def _place(column: Column | None, group: Value) -> tuple[bool, Any]:
    if column is None or group is None:
        return True, ()
    if column.type in NUMERIC_TYPES:
        return False, Decimal(str(group))
    text = cell_sql.bound(group)
    return False, text.rstrip("Z") if column.type is ColumnType.DATETIME else (text.lower(), text)
