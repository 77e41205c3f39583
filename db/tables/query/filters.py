"""Filters of table rows: the client's filter is checked against the columns and parsed into a condition.

A condition holds no values, only the names of bind parameters, so that equal shapes share one prepared query
(`row_query`). `filter_sql` turns it into SQL.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol

from db.tables.column_finder import ColumnFinder
from db.tables.query import cell_sql
from errors import BadUserInput, Mistakes
from tables.types.parsing import check_text
from tables.types.types import TEXT_TYPES, CellError, Column, ColumnType, Value, from_json

LAST_CHARACTER = "\U0010ffff"  # the highest code point
MAX_DEPTH, MAX_CONDITIONS, MAX_IN_VALUES, MAX_SEARCH = 5, 50, 100, 200


class FilterOp(StrEnum):
    """Comparison of a cell with a value."""

    EQ = "EQ"
    NE = "NE"
    LT = "LT"
    LTE = "LTE"
    GT = "GT"
    GTE = "GTE"
    CONTAINS = "CONTAINS"
    STARTS_WITH = "STARTS_WITH"
    IN = "IN"
    IS_EMPTY = "IS_EMPTY"


class Filter(Protocol):
    """Filter as a client sends it: all parts that are set must hold; `value` is None for null."""

    @property
    def and_(self) -> Sequence["Filter"] | None: ...
    @property
    def or_(self) -> Sequence["Filter"] | None: ...
    @property
    def not_(self) -> "Filter | None": ...
    @property
    def column(self) -> str | None: ...
    @property
    def op(self) -> FilterOp | None: ...
    @property
    def value(self) -> Any: ...


@dataclass(frozen=True)
class Comparison:
    """Condition on one cell; NE without values holds for every filled cell.

    `bind_names` name the parameters of its values; `fits_index` is False when an index truncates one of the values.
    """

    key: str
    type: ColumnType
    op: FilterOp
    bind_names: tuple[str, ...]
    is_indexed: bool = False
    fits_index: bool = True


@dataclass(frozen=True)
class Group:
    """Combination of conditions; `kind` is "and", "or" or "not", the latter of exactly one part."""

    kind: str
    parts: tuple["Condition", ...]


Condition = Comparison | Group

_COMPARED = frozenset({FilterOp.LT, FilterOp.LTE, FilterOp.GT, FilterOp.GTE})
_WITHIN_TEXT = frozenset({FilterOp.CONTAINS, FilterOp.STARTS_WITH})
_UNORDERED = frozenset({ColumnType.BOOLEAN, ColumnType.MULTI_SELECT})


@dataclass
class FilterParser:
    """Parser of one filter; collects its values by the names of their bind parameters.

    Mistakes in conditions are left to `check`, so that the error names all of them.
    """

    columns: Mapping[str, Column]
    check: Mistakes
    values: dict[str, Any] = field(default_factory=dict)
    comparison_count: int = 0

    def parse(self, requested: Filter, path: str = "filter", depth: int = 1) -> Condition | None:
        """Return the condition, or None for an empty filter. Raises BadUserInput for a filter that is too large."""
        if depth > MAX_DEPTH:
            raise BadUserInput.of(
                path, f"A filter can be at most {MAX_DEPTH} levels deep: flatten it, or filter in several queries."
            )
        self._count(requested, path)
        parts = [
            self._group("and", requested.and_, f"{path}.and", depth),
            self._group("or", requested.or_, f"{path}.or", depth),
            self._negated(requested.not_, f"{path}.not", depth),
            self.check(self._test, requested, path),
        ]
        present = tuple(part for part in parts if part is not None)
        return present[0] if len(present) == 1 else Group("and", present) if present else None

    def _group(self, kind: str, requested: Sequence[Filter] | None, path: str, depth: int) -> Condition | None:
        if len(requested or ()) > MAX_CONDITIONS:
            raise _too_many(path)
        read = [self.parse(one, f"{path}.{n}", depth + 1) for n, one in enumerate(requested or ())]
        parts = tuple(part for part in read if part is not None)
        return Group(kind, parts) if parts else None

    def _negated(self, requested: Filter | None, path: str, depth: int) -> Condition | None:
        part = self.parse(requested, path, depth + 1) if requested else None
        return Group("not", (part,)) if part else None

    def _count(self, requested: Filter, path: str) -> None:
        """Count a comparison; too many end the parsing, since each is named as a mistake otherwise."""
        self.comparison_count += requested.column is not None and requested.op is not None
        if self.comparison_count > MAX_CONDITIONS:
            raise _too_many(path)

    def _test(self, requested: Filter, path: str) -> Condition | None:
        if requested.column is None and requested.op is None:
            return None
        if requested.column is None or requested.op is None:
            missing = "column" if requested.column is None else "op"
            raise BadUserInput.of(f"{path}.{missing}", f"A condition needs both `column` and `op`: add `{missing}`.")
        column = get_column(self.columns, requested.column, f"{path}.column")
        return self._typed(column, requested.op, requested.value, path)

    def _typed(self, column: Column, op: FilterOp, raw: Any, path: str) -> Condition:
        _check_fits(column, op, path)
        empty = Comparison(column.key, column.type, FilterOp.IS_EMPTY, (), column.is_indexed)
        filled = replace(empty, op=FilterOp.NE)
        if op is FilterOp.IS_EMPTY:
            if raw is not None and not isinstance(raw, bool):
                raise BadUserInput.of(f"{path}.value", "IS_EMPTY takes true, false or no value.")
            return filled if raw is False else empty
        values = _values(column, op, raw, f"{path}.value")
        if values == [None]:
            return empty if op is FilterOp.EQ else filled
        positive = FilterOp.EQ if op is FilterOp.NE else op
        is_whole = all(map(cell_sql.fits_index, values))
        if op is FilterOp.STARTS_WITH:
            # An index looks up a range: no text with this beginning sorts after it followed by the highest code point.
            values = [*values, f"{values[0]}{LAST_CHARACTER * cell_sql.INDEXED_LENGTH}"]
        names = tuple(self._bind(value) for value in values)
        test = Comparison(column.key, column.type, positive, names, column.is_indexed, is_whole)
        return Group("not", (test,)) if op is FilterOp.NE else test

    def _bind(self, value: Value) -> str:
        name = f"value_{len(self.values)}"
        self.values[name] = cell_sql.bind_text(value)
        return name


def get_column(columns: Mapping[str, Column], key: str, path: str) -> Column:
    """Return the column with this key or name. Raises BadUserInput at `path`."""
    return columns[key] if key in columns else ColumnFinder(columns).get(key, path)


def _too_many(path: str) -> BadUserInput:
    return BadUserInput.of(path, f"A filter has at most {MAX_CONDITIONS} conditions: remove some.")


def _check_fits(column: Column, op: FilterOp, path: str) -> None:
    if op in _WITHIN_TEXT and column.type not in TEXT_TYPES:
        raise BadUserInput.of(f"{path}.op", f"{op} is for texts, but {column.name} is {column.type}: use EQ, LT or GT.")
    if op is FilterOp.STARTS_WITH and column.type is ColumnType.MULTI_SELECT:
        raise BadUserInput.of(f"{path}.op", f"{column.name} holds lists: use CONTAINS with one of the items.")
    if op in _COMPARED and column.type in _UNORDERED:
        raise BadUserInput.of(
            f"{path}.op", f"{column.name} is {column.type}, which has no order: use EQ, NE or IN instead."
        )


def _values(column: Column, op: FilterOp, raw: Any, path: str) -> list[Value]:
    """Return the values to bind: one, or for IN a list padded to a power of two."""
    # Padding with the last value keeps the number of different statements, which are cached, small.
    if op is not FilterOp.IN:
        value = _value(column, op, raw, path)
        if value is None and op not in {FilterOp.EQ, FilterOp.NE}:
            raise BadUserInput.of(path, f"{op} needs a value: use IS_EMPTY to find empty cells.")
        return [value]
    if not isinstance(raw, list) or not 1 <= len(raw) <= MAX_IN_VALUES:
        raise BadUserInput.of(path, f"IN takes a list of 1 to {MAX_IN_VALUES} values.")
    values = [_value(column, op, one, f"{path}.{n}") for n, one in enumerate(raw)]
    if None in values:
        raise BadUserInput.of(path, "IN takes no empty values: use IS_EMPTY to find empty cells.")
    length = 1 << (len(values) - 1).bit_length()
    return values + values[-1:] * (length - len(values))


def _value(column: Column, op: FilterOp, raw: Any, path: str) -> Value:
    if op in _WITHIN_TEXT or column.type in TEXT_TYPES - {ColumnType.MULTI_SELECT}:
        column = replace(column, type=ColumnType.TEXT)
    try:
        return from_json(replace(column, options=None), raw)
    except CellError as error:
        raise BadUserInput.of(path, str(error)) from error


def check_search(text: str) -> str:
    """Return the search text if it can be bound. Raises BadUserInput."""
    if len(text) > MAX_SEARCH:
        raise BadUserInput.of("search", f"A search has at most {MAX_SEARCH} characters: shorten it.")
    try:
        check_text(text)
    except CellError as error:
        raise BadUserInput.of("search", str(error)) from error
    return text
