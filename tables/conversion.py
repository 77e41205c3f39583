"""A value of one column as a value of another."""

from decimal import Decimal

from tables.types import NUMERIC_TYPES, CellError, Column, ColumnType, Value, currency_code, format_value, parse

_AMOUNTS = frozenset({ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.CURRENCY})


def convert(source: Column, target: Column, value: Value) -> Value:
    """The value as `target` keeps it: numbers by what they are worth, everything else by its text.

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
    if same and isinstance(value, list):
        return parse(target, value)
    return parse(target, format_value(source, value))
