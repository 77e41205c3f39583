"""The twelve column types: reading a cell's value, checking it against its column's rules, showing it."""

from decimal import Decimal

from tables.types import numbers
from tables.types.columns import (
    DAYS,
    DECIMAL_TYPES,
    LISTS,
    NUMERIC_TYPES,
    TEXT_TYPES,
    CellError,
    Column,
    ColumnType,
    Value,
    currency_code,
    date_order,
    decimal_mark,
)
from tables.types.null_words import is_null, without_reference
from tables.types.parsing import READERS, bounded, check_text, display_text, join_items, listed
from tables.types.patterns import PatternError

_WORDS = LISTS | {ColumnType.TEXT}  # any mark may be a word of theirs
_MEASURED = NUMERIC_TYPES | DAYS

__all__ = [
    "DECIMAL_TYPES",
    "NUMERIC_TYPES",
    "TEXT_TYPES",
    "CellError",
    "Column",
    "ColumnType",
    "Value",
    "currency_code",
    "date_order",
    "decimal_mark",
    "format_value",
    "from_json",
    "parse",
    "validate",
]


def parse(column: Column, raw: object) -> Value:
    """Read people's text, in the column's own way of writing, or a JSON value; "" and blanks are None.

    So are `N/A`, `NULL`, a dash and the like where the column holds anything but words; the mark of a footnote behind
    a number or a date is no part of it. Checks the type only (`validate` has the rules). Raises CellError.
    """
    if isinstance(raw, str):
        check_text(raw)
        if not (raw.strip() if column.type in TEXT_TYPES else numbers.visible(raw)):
            return None
        if column.type not in _WORDS:
            raw = without_reference(raw) if column.type in _MEASURED else raw
            if is_null(raw):
                return None
    return None if raw is None else READERS[column.type](column, raw)


def from_json(column: Column, raw: object) -> Value:
    """Read a value that a program sends: a canonical value stands for itself, anything else is parsed.

    So what was read can be sent back: in a column with decimal commas the value "1.125" is one and an eighth,
    where a person's text "1.125" is more than a thousand. Raises CellError.
    """
    if column.type in DECIMAL_TYPES and isinstance(raw, str) and numbers.is_canonical(raw):
        return bounded(raw, numbers.canonical(raw))
    return parse(column, raw)


def format_value(column: Column, value: Value) -> str:
    """Return the text that people see; `parse` reads the same value back from it. None is ""."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return join_items(value)
    if column.type not in DECIMAL_TYPES:
        return str(value)
    written = str(value).replace(".", decimal_mark(column))
    if column.type is ColumnType.PERCENT:
        return f"{written}%"
    code = currency_code(column)
    return f"{written} {code}" if code else written


def validate(column: Column, value: Value) -> None:
    """Check a canonical value against the column's minimum, maximum, max_length, options and pattern.

    Numbers have a minimum and maximum, texts a length (in code points) and a pattern that the whole text
    matches. None passes: whether a value is required is the caller's to ask. Raises CellError.
    """
    if value is None:
        return
    if column.type in NUMERIC_TYPES:
        _check_range(column, Decimal(str(value)))
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, str) and column.type in TEXT_TYPES:
            _check_options(column, text)
            _check_length(column, text)
            _check_pattern(column, text)


def _check_range(column: Column, number: Decimal) -> None:
    if column.minimum is not None and number < column.minimum:
        raise CellError(f"{column.name} is at least {column.minimum}: {number} is too small.")
    if column.maximum is not None and number > column.maximum:
        raise CellError(f"{column.name} is at most {column.maximum}: {number} is too large.")


def _check_options(column: Column, text: str) -> None:
    chosen_from = column.type in {ColumnType.SELECT, ColumnType.MULTI_SELECT}
    if chosen_from and column.options is not None and text not in column.options:
        raise CellError(f"{display_text(text)} is not an option: choose one of {listed(column.options)}.")


def _check_length(column: Column, text: str) -> None:
    if column.max_length is not None and len(text) > column.max_length:
        raise CellError(f"{column.name} has at most {column.max_length} characters: this has {len(text)}.")


def _check_pattern(column: Column, text: str) -> None:
    if column.matcher is None:
        return
    try:
        is_match = column.matcher.matches(text)
    except PatternError as error:
        raise CellError(str(error)) from error
    if not is_match:
        raise CellError(f"{display_text(text)} does not match the pattern {column.pattern}: write it that way.")
