"""SQL of filter conditions, with and without the index of a column.

A condition becomes a list of clauses joined by AND. When the planner has chosen the index of a column, the comparisons
of that column are written with its index keys, which the index can look up. Where an index key is less than the value
(a truncated text, a decimal beyond floating point), the exact comparison follows as a second clause.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import ge, gt, le, lt
from typing import Any

from sqlalchemy import Boolean, Text, and_, bindparam, false, func, not_, or_
from sqlalchemy.sql import ColumnElement

from db.tables.query import cell_sql
from db.tables.query.filters import Comparison, Condition, FilterOp
from tables.types.types import TEXT_TYPES, ColumnType

_OPERATORS: Mapping[FilterOp, Callable[[Any, Any], Any]] = {
    FilterOp.LT: lt,
    FilterOp.LTE: le,
    FilterOp.GT: gt,
    FilterOp.GTE: ge,
}
_OR_EQUAL = {lt: le, le: le, gt: ge, ge: ge}


def filter_clauses(condition: Condition | None, indexed_key: str | None = None) -> list[ColumnElement[bool]]:
    """Return clauses that must all be true; comparisons of the column `indexed_key` use its index keys."""
    if condition is None:
        return []
    if isinstance(condition, Comparison):
        if condition.key != indexed_key or not _is_narrowing(condition):
            return [_comparison(condition)]
        clauses = _index_clauses(condition)
        return clauses if _is_exact_in_index(condition) else [*clauses, _comparison(condition)]
    if condition.kind == "and":
        return [part for each in condition.parts for part in filter_clauses(each, indexed_key)]
    return [filter_criterion(condition)]


def indexed_columns(condition: Condition | None) -> tuple[str, ...]:
    """Return the keys of the indexed columns whose index narrows down the rows of a condition."""
    if isinstance(condition, Comparison):
        return (condition.key,) if _is_narrowing(condition) else ()
    if condition is None or condition.kind != "and":
        return ()
    return tuple(dict.fromkeys(key for part in condition.parts for key in indexed_columns(part)))


def index_clauses(condition: Condition | None, key: str) -> list[ColumnElement[bool]]:
    """Return the clauses on the index of a column that all matching rows fulfil."""
    if isinstance(condition, Comparison):
        return _index_clauses(condition) if condition.key == key and _is_narrowing(condition) else []
    if condition is None or condition.kind != "and":
        return []
    return [clause for part in condition.parts for clause in index_clauses(part, key)]


def is_only_about(condition: Condition | None, key: str) -> bool:
    """Return True if every comparison is of one column and its index can narrow it down."""
    if isinstance(condition, Comparison):
        return condition.key == key and _is_narrowing(condition)
    return (
        condition is not None and condition.kind == "and" and all(is_only_about(part, key) for part in condition.parts)
    )


def _is_narrowing(comparison: Comparison) -> bool:
    """Return True if an index can look the values up; the middle of a text it cannot."""
    return comparison.is_indexed and comparison.op is not FilterOp.CONTAINS


def _is_exact_in_index(comparison: Comparison) -> bool:
    """Return True if the clauses on the index alone decide, so that the exact comparison can be left out."""
    return comparison.fits_index and (not comparison.bind_names or comparison.type in TEXT_TYPES)


def _index_clauses(comparison: Comparison) -> list[ColumnElement[bool]]:
    cell_keys = cell_sql.index_keys(comparison.type, cell_sql.cell(comparison.key, comparison.type))
    value_keys = [cell_sql.index_keys(comparison.type, _bind(name)) for name in comparison.bind_names]
    first = cell_keys[0]
    if not value_keys:
        return [first.is_(None) if comparison.op is FilterOp.IS_EMPTY else first.is_not(None)]
    if comparison.op is FilterOp.STARTS_WITH:
        return [first >= value_keys[0][0], first <= value_keys[1][0]]
    if comparison.op in _OPERATORS:
        operator = _OPERATORS[comparison.op]
        # "ab…x" < "ab…y" may be equal in their first INDEXED_LENGTH characters: the index must not leave it out.
        return [(operator if _is_exact_in_index(comparison) else _OR_EQUAL[operator])(first, value_keys[0][0])]
    return [_is_in(key, values) for key, values in zip(cell_keys, zip(*value_keys, strict=True), strict=True)]


def _is_in(key: Any, values: Sequence[Any]) -> ColumnElement[bool]:
    # For one value `=` instead of IN: the rows then come out of the index in the order of its further keys.
    clause: ColumnElement[bool] = key == values[0] if len(values) == 1 else key.in_(values)
    return clause


def _bind(name: str) -> Any:
    return bindparam(name, required=False, type_=Text())


def filter_criterion(condition: Condition) -> ColumnElement[bool]:
    """Return the condition as SQL that is true or false and never NULL, so that NOT matches all other rows."""
    if isinstance(condition, Comparison):
        return func.coalesce(_comparison(condition), false(), type_=Boolean())
    parts = [filter_criterion(part) for part in condition.parts]
    if condition.kind == "not":
        return not_(parts[0])
    return and_(*parts) if condition.kind == "and" else or_(*parts)


def _comparison(comparison: Comparison) -> Any:
    """Return a comparison without an index as SQL, which is NULL for an empty cell."""
    cell = cell_sql.cell(comparison.key, comparison.type)
    values = [_bind(name) for name in comparison.bind_names]
    if not values:
        return cell.is_(None) if comparison.op is FilterOp.IS_EMPTY else cell.is_not(None)
    if comparison.op in _OPERATORS:
        left, right = (cell_sql.comparison_key(comparison.type, operand) for operand in (cell, values[0]))
        return _OPERATORS[comparison.op](left, right)
    if comparison.op is FilterOp.CONTAINS:
        is_list = comparison.type is ColumnType.MULTI_SELECT
        whole, part = (cell_sql.delimited(operand) if is_list else operand for operand in (cell, values[0]))
        return cell_sql.contains(cell_sql.case_folded(whole), cell_sql.case_folded(part))
    if comparison.op is FilterOp.STARTS_WITH:
        return cell_sql.starts_with(cell_sql.case_folded(cell), cell_sql.case_folded(values[0]))
    same = cell_sql.equality_key(comparison.type, cell)
    return same.in_([cell_sql.equality_key(comparison.type, value) for value in values])


def search_criterion(columns: Sequence[tuple[str, ColumnType]]) -> ColumnElement[bool]:
    """Return the condition for the text bound as `search` in any cell of these columns."""
    part = cell_sql.case_folded(bindparam("search", required=False, type_=Text()))
    return or_(false(), *(cell_sql.contains(cell_sql.case_folded(cell_sql.cell(*column)), part) for column in columns))
