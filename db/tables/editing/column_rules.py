"""Validation of column definitions."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from db.core.validation import checked_text
from errors import BadUserInput, Mistakes
from tables.types.columns import DAYS, LISTS
from tables.types.money import CODES
from tables.types.numbers import plain_number
from tables.types.parsing import MAX_TEXT, check_text
from tables.types.patterns import PatternError, compile_pattern
from tables.types.types import NUMERIC_TYPES, TEXT_TYPES, CellError, Column, ColumnType, Value, from_json, validate

MAX_NAME_LENGTH, MAX_OPTIONS, MAX_OPTION_LENGTH = 100, 200, 200
MAX_DESCRIPTION_LENGTH = 1_000
MAX_INDEXED_COLUMNS, MAX_PATTERN_COLUMNS = 5, 20  # per table: each slows down every write

_FORMATS = {
    **dict.fromkeys(NUMERIC_TYPES, (re.compile(r"[.,]\??"), "the decimal mark, . or ,")),
    **dict.fromkeys(DAYS, (re.compile(r"(YMD|DMY|MDY)\??"), "the order of day, month and year: YMD, DMY or MDY")),
    ColumnType.CURRENCY: (re.compile(rf"({'|'.join(sorted(CODES))})( (?:[.,]\??|\?))?"), "an ISO 4217 code, as EUR"),
}


def validate_columns(columns: Sequence[Column], used: Iterable[str], paths: Sequence[str]) -> list[Column]:
    """Return the columns, normalized. Raises BadUserInput with all mistakes; `used` are names already in use."""
    names = {name.casefold() for name in used}
    with Mistakes() as check:
        return [check(_checked, column, path, names) for column, path in zip(columns, paths, strict=True)]


def check_column_limits(columns: Collection[Column], indexed: str, pattern: str) -> None:
    """Raise BadUserInput, at the field `indexed` or `pattern`, if a table has too many columns of that kind."""
    if sum(column.is_indexed for column in columns) > MAX_INDEXED_COLUMNS:
        problem = f"A table has at most {MAX_INDEXED_COLUMNS} indexed columns: set isIndexed of another to false first."
        raise BadUserInput.of(indexed, problem)
    if sum(column.pattern is not None for column in columns) > MAX_PATTERN_COLUMNS:
        problem = f"A table has at most {MAX_PATTERN_COLUMNS} columns with a pattern: remove it from another first."
        raise BadUserInput.of(pattern, problem)


def clean_name(name: str, path: str) -> str:
    """Return the name of a table or column with its white space collapsed. Raises BadUserInput."""
    name = " ".join(name.split())
    try:
        check_text(name)
    except CellError as error:
        raise BadUserInput.of(path, str(error)) from error
    if not 1 <= len(name) <= MAX_NAME_LENGTH:
        raise BadUserInput.of(path, f"A name has 1 to {MAX_NAME_LENGTH} characters; this has {len(name)}.")
    return name


def _at(path: str, name: str) -> str:
    """Return the path of a property; an empty `path` means that the input is the definition itself."""
    return f"{path}.{name}" if path else name


def _checked(column: Column, path: str, names: set[str]) -> Column:
    """Return the column, normalized, and add its name to `names`, the names in use."""
    with Mistakes() as check:
        column = replace(
            column,
            name=check(_new_name, column.name, _at(path, "name"), names),
            options=check(_options, column, _at(path, "options")),
            minimum=check(_bound, column, column.minimum, _at(path, "minimum")),
            maximum=check(_bound, column, column.maximum, _at(path, "maximum")),
            description=check(_description, column, _at(path, "description")),
        )
        if column.minimum is not None and column.maximum is not None and column.minimum > column.maximum:
            check.add(_at(path, "minimum"), "The minimum is greater than the maximum: swap them.")
        if column.is_indexed and column.type is ColumnType.MULTI_SELECT:
            problem = "MULTI_SELECT columns cannot be indexed, because lists have no order: leave this out."
            check.add(_at(path, "isIndexed"), problem)
        check(_check_length, column, _at(path, "maxLength"))
        check(_check_pattern, column, _at(path, "pattern"))
        check(_check_format, column, _at(path, "format"))
    # Read last: the rules above say how to read it.
    return replace(column, default=_default(column, _at(path, "default")))


def _new_name(name: str, path: str, names: set[str]) -> str:
    name = clean_name(name, path)
    if name.casefold() in names:
        raise BadUserInput.of(path, f"The table already has a column {name}: choose another name.")
    names.add(name.casefold())
    return name


def _description(column: Column, path: str) -> str | None:
    return checked_text(column.description, path, MAX_DESCRIPTION_LENGTH) or None if column.description else None


def _options(column: Column, path: str) -> tuple[str, ...] | None:
    if column.options is None:
        return None
    if column.type not in LISTS:
        raise BadUserInput.of(path, f"Options are for SELECT and MULTI_SELECT, not for {column.type}.")
    options = tuple(dict.fromkeys(option.strip() for option in column.options))
    if not 1 <= len(options) <= MAX_OPTIONS or not all(0 < len(option) <= MAX_OPTION_LENGTH for option in options):
        raise BadUserInput.of(path, f"Give 1 to {MAX_OPTIONS} options of 1 to {MAX_OPTION_LENGTH} characters.")
    try:
        for option in options:
            check_text(option)
    except CellError as error:
        raise BadUserInput.of(path, str(error)) from error
    return options


def _bound(column: Column, bound: Decimal | None, path: str) -> Decimal | None:
    if bound is None:
        return None
    if column.type not in NUMERIC_TYPES:
        raise BadUserInput.of(path, f"Bounds are for numbers, not for {column.type}.")
    plain = plain_number(bound) if bound.is_finite() else None
    if plain is None:
        raise BadUserInput.of(path, "Give a number of at most 38 digits.")
    return Decimal(plain)


def _check_length(column: Column, path: str) -> None:
    if column.max_length is None:
        return
    if column.type not in TEXT_TYPES:
        raise BadUserInput.of(path, f"A length is for texts, not for {column.type}.")
    if not 1 <= column.max_length <= MAX_TEXT:
        raise BadUserInput.of(path, f"Choose a length from 1 to {MAX_TEXT:,}.")


def _check_pattern(column: Column, path: str) -> None:
    if column.pattern is None:
        return
    if column.type not in TEXT_TYPES:
        raise BadUserInput.of(path, f"A pattern is for texts, not for {column.type}.")
    try:
        check_text(column.pattern)
        compile_pattern(column.pattern)
    except (CellError, PatternError) as error:
        raise BadUserInput.of(path, str(error)) from error


def _check_format(column: Column, path: str) -> None:
    if column.format is None:
        return
    if column.type not in _FORMATS:
        raise BadUserInput.of(path, f"{column.type} has no format: leave it out.")
    pattern, meaning = _FORMATS[column.type]
    if not pattern.fullmatch(column.format):
        raise BadUserInput.of(path, f"The format of {column.type} is {meaning}.")


def _default(column: Column, path: str) -> Value:
    try:
        value = from_json(column, column.default)
        validate(column, value)
    except CellError as error:
        raise BadUserInput.of(path, str(error)) from error
    if value is not None and column.is_unique:
        raise BadUserInput.of(
            path, "A unique column cannot have a default, because only one row could have it: leave this out."
        )
    return value
