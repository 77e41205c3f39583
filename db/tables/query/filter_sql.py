"""The SQL of conditions on the rows of a table, and what of them the index of a column answers."""

from collections.abc import Callable, Mapping, Sequence
from operator import ge, gt, le, lt
from typing import Any

from sqlalchemy import Boolean, Text, and_, bindparam, false, func, not_, or_
from sqlalchemy.sql import ColumnElement

from db.tables.query import cell_sql
from db.tables.query.filters import Condition, FilterOp, Test
from tables.types.types import TEXT_TYPES, ColumnType

_COMPARED: Mapping[FilterOp, Callable[[Any, Any], Any]] = {
    FilterOp.LT: lt,
    FilterOp.LTE: le,
    FilterOp.GT: gt,
    FilterOp.GTE: ge,
}
_OR_EQUAL = {lt: le, le: le, gt: ge, ge: ge}


def conditions(condition: Condition | None, served: str | None = None) -> list[ColumnElement[bool]]:
    """A condition as parts that must all be true; of tests of the column `served` in the words of its index."""
    if condition is None:
        return []
    if isinstance(condition, Test):
        if condition.key != served or not _is_narrowing(condition):
            return [_test(condition)]
        within = _within_index(condition)
        return within if _is_answered(condition) else [*within, _test(condition)]
    if condition.kind == "and":
        return [part for each in condition.parts for part in conditions(each, served)]
    return [criterion(condition)]


def tested(condition: Condition | None) -> tuple[str, ...]:
    """The columns whose index leaves out rows that a condition does not hold for."""
    if isinstance(condition, Test):
        return (condition.key,) if _is_narrowing(condition) else ()
    if condition is None or condition.kind != "and":
        return ()
    return tuple(dict.fromkeys(key for part in condition.parts for key in tested(part)))


def within(condition: Condition | None, key: str) -> list[ColumnElement[bool]]:
    """What follows from a condition for what the index of a column holds."""
    if isinstance(condition, Test):
        return _within_index(condition) if condition.key == key and _is_narrowing(condition) else []
    if condition is None or condition.kind != "and":
        return []
    return [found for part in condition.parts for found in within(part, key)]


def is_about(condition: Condition | None, key: str) -> bool:
    """Whether a condition is about nothing but a column, whose index answers it."""
    if isinstance(condition, Test):
        return condition.key == key and _is_narrowing(condition)
    return condition is not None and condition.kind == "and" and all(is_about(part, key) for part in condition.parts)


def _is_narrowing(test: Test) -> bool:
    return test.is_indexed and test.op is not FilterOp.CONTAINS


def _is_answered(test: Test) -> bool:
    """Whether what the index holds is all that there is to say."""
    return test.is_whole and (not test.names or test.type in TEXT_TYPES)


def _within_index(test: Test) -> list[ColumnElement[bool]]:
    cell = cell_sql.ranks(test.type, cell_sql.cell(test.key, test.type))
    here, there = cell[0], [cell_sql.ranks(test.type, _given(name)) for name in test.names]
    if not there:
        return [here.is_(None) if test.op is FilterOp.IS_EMPTY else here.is_not(None)]
    if test.op is FilterOp.STARTS_WITH:
        return [here >= there[0][0], here <= there[1][0]]
    if test.op in _COMPARED:
        compared = _COMPARED[test.op]
        return [(compared if _is_answered(test) else _OR_EQUAL[compared])(here, there[0][0])]
    return [_one_of(mine, theirs) for mine, theirs in zip(cell, zip(*there, strict=True), strict=True)]


def _one_of(here: Any, there: Sequence[Any]) -> ColumnElement[bool]:
    """A list of one is looked for at one place in an index, whose rows are then in their order."""
    found: ColumnElement[bool] = here == there[0] if len(there) == 1 else here.in_(there)
    return found


def _given(name: str) -> Any:
    return bindparam(name, required=False, type_=Text())


def criterion(condition: Condition) -> ColumnElement[bool]:
    """A condition as SQL that is true or false for every row, so that `not` is everything else."""
    if isinstance(condition, Test):
        return func.coalesce(_test(condition), false(), type_=Boolean())
    parts = [criterion(part) for part in condition.parts]
    if condition.kind == "not":
        return not_(parts[0])
    return and_(*parts) if condition.kind == "and" else or_(*parts)


def _test(test: Test) -> Any:
    cell = cell_sql.cell(test.key, test.type)
    values = [_given(name) for name in test.names]
    if not test.names:
        return cell.is_(None) if test.op is FilterOp.IS_EMPTY else cell.is_not(None)
    if test.op in _COMPARED:
        left, right = (cell_sql.size(test.type, operand) for operand in (cell, values[0]))
        return _COMPARED[test.op](left, right)
    if test.op is FilterOp.CONTAINS:
        is_list = test.type is ColumnType.MULTI_SELECT
        whole, part = (cell_sql.surrounded(operand) if is_list else operand for operand in (cell, values[0]))
        return cell_sql.contains(cell_sql.folded(whole), cell_sql.folded(part))
    if test.op is FilterOp.STARTS_WITH:
        return cell_sql.starts_with(cell_sql.folded(cell), cell_sql.folded(values[0]))
    same = cell_sql.equal(test.type, cell)
    return same.in_([cell_sql.equal(test.type, value) for value in values])


def found(columns: Sequence[tuple[str, ColumnType]]) -> ColumnElement[bool]:
    """Whether the text bound as `search` is in a cell of these columns."""
    part = cell_sql.folded(bindparam("search", required=False, type_=Text()))
    return or_(false(), *(cell_sql.contains(cell_sql.folded(cell_sql.cell(*column)), part) for column in columns))
