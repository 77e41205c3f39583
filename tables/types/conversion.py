"""A value of one column as a value of another."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from tables.types.columns import DAYS, LISTS
from tables.types.inference import format_of
from tables.types.parsing import join_items
from tables.types.types import (
    NUMERIC_TYPES,
    TEXT_TYPES,
    CellError,
    Column,
    ColumnType,
    Value,
    currency_code,
    decimal_mark,
    format_value,
    parse,
)

_AMOUNTS = frozenset({ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.CURRENCY})
_FAMILIES = {
    "options": LISTS,
    "minimum": NUMERIC_TYPES,
    "maximum": NUMERIC_TYPES,
    "max_length": TEXT_TYPES,
    "pattern": TEXT_TYPES,
}


def rules_kept(column: Column, type: ColumnType, values: Callable[[], Iterable[Value]]) -> dict[str, Any]:
    """Return the rules that a column has when it gets another type: those that mean the same there, the others None.

    Its format is what it was, or what its texts tell together. Raises CellError when they tell several currencies.
    """
    is_shared = {name: {column.type, type} <= family for name, family in _FAMILIES.items()}
    rules = {name: getattr(column, name) if is_kept else None for name, is_kept in is_shared.items()}
    return rules | {"format": _format(column, type, values)}


def _format(column: Column, type: ColumnType, values: Callable[[], Iterable[Value]]) -> str | None:
    if column.type in TEXT_TYPES:
        return format_of(type, (format_value(column, value) for value in values()))
    if {column.type, type} <= DAYS:
        return column.format
    if {column.type, type} <= NUMERIC_TYPES and type is not ColumnType.CURRENCY:
        return "," if decimal_mark(column) == "," else None
    return None


def convert(source: Column, target: Column, value: Value) -> Value:
    """Return the value as `target` stores it: numbers by what they are worth, everything else by its text.

    Raises CellError where it would mean something else: another currency, a percentage as a plain number.
    """
    if value is None:
        return None
    codes = currency_code(source), currency_code(target)
    if all(codes) and codes[0] != codes[1]:
        raise CellError(f"{format_value(source, value)} is another currency than {codes[1]}: enter it in {codes[1]}.")
    same = source.type is target.type
    if (source.type in _AMOUNTS or same) and source.type in NUMERIC_TYPES and target.type in NUMERIC_TYPES:
        return parse(target, Decimal(str(value)))
    if isinstance(value, list) and target.type in LISTS:
        return parse(target, value if same else _only(value))
    if source.type is ColumnType.SELECT and target.type is ColumnType.MULTI_SELECT:
        return parse(target, [value])
    return parse(target, format_value(source, value))


def _only(chosen: list[str]) -> str:
    if len(chosen) > 1:
        raise CellError(f"{join_items(chosen)} are {len(chosen)} choices: leave one.")
    return chosen[0]
