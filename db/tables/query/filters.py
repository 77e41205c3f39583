"""Conditions on the rows of a table, read from what a client asks; `db/conditions.py` has their SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol

from db.tables.query import cell_sql
from errors import BadUserInput
from tables.types.parsing import check_text
from tables.types.types import TEXT_TYPES, CellError, Column, ColumnType, Value, from_json

LAST = "\U0010ffff"  # the character that comes after all others
MAX_DEPTH, MAX_CONDITIONS, MAX_LISTED, MAX_SEARCH = 5, 50, 100, 200


class FilterOp(StrEnum):
    """How a cell is compared with the value."""

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
    """What a client asks: everything that is given must hold; `value` is None for null."""

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
class Test:
    """A condition on one cell; `names` are the binds of its values. NE without any holds for every filled cell.

    `is_whole` says that an index has room for all of the values.
    """

    key: str
    type: ColumnType
    op: FilterOp
    names: tuple[str, ...]
    is_indexed: bool = False
    is_whole: bool = True


@dataclass(frozen=True)
class Group:
    """Conditions of which all ("and"), any ("or") or the one not ("not") must hold."""

    kind: str
    parts: tuple["Condition", ...]


Condition = Test | Group

_COMPARED = frozenset({FilterOp.LT, FilterOp.LTE, FilterOp.GT, FilterOp.GTE})
_WITHIN_TEXT = frozenset({FilterOp.CONTAINS, FilterOp.STARTS_WITH})
_UNORDERED = frozenset({ColumnType.BOOLEAN, ColumnType.MULTI_SELECT})


@dataclass
class FilterReader:
    """Reads one filter into a condition without values, whose values are collected by bind name."""

    columns: Mapping[str, Column]
    values: dict[str, Any] = field(default_factory=dict)
    tests: int = 0

    def read(self, asked: Filter, path: str = "filter", depth: int = 1) -> Condition | None:
        """Raises BadUserInput with the place of the mistake; None when nothing is asked."""
        if depth > MAX_DEPTH:
            raise BadUserInput.of(path, f"A filter is at most {MAX_DEPTH} levels deep: make it flatter.")
        parts = [
            self._group("and", asked.and_, f"{path}.and", depth),
            self._group("or", asked.or_, f"{path}.or", depth),
            self._negated(asked.not_, f"{path}.not", depth),
            self._test(asked, path),
        ]
        given = tuple(part for part in parts if part is not None)
        return given[0] if len(given) == 1 else Group("and", given) if given else None

    def _group(self, kind: str, asked: Sequence[Filter] | None, path: str, depth: int) -> Condition | None:
        if len(asked or ()) > MAX_CONDITIONS:
            raise _too_many(path)
        read = [self.read(one, f"{path}.{n}", depth + 1) for n, one in enumerate(asked or ())]
        parts = tuple(part for part in read if part is not None)
        return Group(kind, parts) if parts else None

    def _negated(self, asked: Filter | None, path: str, depth: int) -> Condition | None:
        part = self.read(asked, path, depth + 1) if asked else None
        return Group("not", (part,)) if part else None

    def _test(self, asked: Filter, path: str) -> Condition | None:
        if asked.column is None and asked.op is None:
            return None
        if asked.column is None or asked.op is None:
            missing = "column" if asked.column is None else "op"
            raise BadUserInput.of(f"{path}.{missing}", "A condition names a column and an op: add this one.")
        self.tests += 1
        if self.tests > MAX_CONDITIONS:
            raise _too_many(path)
        column = column_named(self.columns, asked.column, f"{path}.column")
        return self._typed(column, asked.op, asked.value, path)

    def _typed(self, column: Column, op: FilterOp, raw: Any, path: str) -> Condition:
        _check_fits(column, op, path)
        empty = Test(column.key, column.type, FilterOp.IS_EMPTY, (), column.is_indexed)
        filled = replace(empty, op=FilterOp.NE)
        if op is FilterOp.IS_EMPTY:
            if raw is not None and not isinstance(raw, bool):
                raise BadUserInput.of(f"{path}.value", "IS_EMPTY takes true, false or nothing.")
            return filled if raw is False else empty
        values = _values(column, op, raw, f"{path}.value")
        if values == [None]:
            return empty if op is FilterOp.EQ else filled
        positive = FilterOp.EQ if op is FilterOp.NE else op
        is_whole = all(map(cell_sql.is_whole, values))
        if op is FilterOp.STARTS_WITH:
            values = [*values, f"{values[0]}{LAST * cell_sql.RANKED}"]  # no text that begins so comes later
        names = tuple(self._bind(value) for value in values)
        test = Test(column.key, column.type, positive, names, column.is_indexed, is_whole)
        return Group("not", (test,)) if op is FilterOp.NE else test

    def _bind(self, value: Value) -> str:
        name = f"value_{len(self.values)}"
        self.values[name] = cell_sql.bound(value)
        return name


def column_named(columns: Mapping[str, Column], key: str, path: str) -> Column:
    """The column of a key."""
    if key not in columns:
        raise BadUserInput.of(path, f"The table has no column {key[:40]}: name one by its key, as {_some(columns)}.")
    return columns[key]


def _some(columns: Mapping[str, Column]) -> str:
    return ", ".join([*columns][:5]) or "none, for it has no columns"


def _too_many(path: str) -> BadUserInput:
    return BadUserInput.of(path, f"A filter has at most {MAX_CONDITIONS} conditions: ask for less at once.")


def _check_fits(column: Column, op: FilterOp, path: str) -> None:
    if op in _WITHIN_TEXT and column.type not in TEXT_TYPES:
        raise BadUserInput.of(f"{path}.op", f"{op} is for texts, and {column.name} is {column.type}: use EQ, LT or GT.")
    if op is FilterOp.STARTS_WITH and column.type is ColumnType.MULTI_SELECT:
        raise BadUserInput.of(f"{path}.op", f"{column.name} holds lists: use CONTAINS with one of the items.")
    if op in _COMPARED and column.type in _UNORDERED:
        raise BadUserInput.of(f"{path}.op", f"{column.name} is {column.type}, which has no order: use EQ, NE or IN.")


def _values(column: Column, op: FilterOp, raw: Any, path: str) -> list[Value]:
    """One value, or for IN as many as the next power of two, so that few lengths make few statements."""
    if op is not FilterOp.IN:
        value = _value(column, op, raw, path)
        if value is None and op not in {FilterOp.EQ, FilterOp.NE}:
            raise BadUserInput.of(path, f"{op} needs a value; to find empty cells use IS_EMPTY.")
        return [value]
    if not isinstance(raw, list) or not 1 <= len(raw) <= MAX_LISTED:
        raise BadUserInput.of(path, f"IN takes a list of 1 to {MAX_LISTED} values.")
    values = [_value(column, op, one, f"{path}.{n}") for n, one in enumerate(raw)]
    if None in values:
        raise BadUserInput.of(path, "IN takes no empty values; to find empty cells use IS_EMPTY.")
    length = 1 << (len(values) - 1).bit_length()
    return values + values[-1:] * (length - len(values))


def _value(column: Column, op: FilterOp, raw: Any, path: str) -> Value:
    if op in _WITHIN_TEXT or column.type in TEXT_TYPES - {ColumnType.MULTI_SELECT}:
        column = replace(column, type=ColumnType.TEXT)
    try:
        return from_json(replace(column, options=None), raw)
    except CellError as error:
        raise BadUserInput.of(path, str(error)) from error


def searched(text: str) -> str:
    """A search as it may be bound."""
    if len(text) > MAX_SEARCH:
        raise BadUserInput.of("search", f"A search has at most {MAX_SEARCH} characters: shorten it.")
    try:
        check_text(text)
    except CellError as error:
        raise BadUserInput.of("search", str(error)) from error
    return text
