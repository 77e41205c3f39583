"""Matching of proposed rows with the rows of a table.

Columns are matched by name. A proposed row matches the row of the table with the same values in the key columns; all
others become new rows. Each value is converted to the type of the table's column; a value that does not match, or that
breaks a rule, is reported as a problem and left out.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol
from uuid import UUID, uuid4

from db.tables.editing.row_buffer import BufferedRow
from db.tables.editing.values import UniqueValues, ValueSource, check_value, comparison_key
from tables.types.conversion import convert
from tables.types.types import CellError, Column, Value, from_json

Key = tuple[object, ...]
NOTHING_FITS = "No value of this row fits the table."


class Target(ValueSource, Protocol):
    """Table to match with, which may not exist yet."""

    @property
    def columns(self) -> Mapping[str, Column]: ...

    def rows(self, ids: Iterable[UUID]) -> dict[UUID, BufferedRow]: ...


@dataclass(frozen=True)
class NewTable:
    """Table that a proposal would create: no rows, and the columns of the proposal."""

    columns: Mapping[str, Column]

    def values(self, key: str) -> Mapping[UUID, Value]:  # noqa: ARG002  what every target takes
        return {}

    def rows(self, ids: Iterable[UUID]) -> dict[UUID, BufferedRow]:  # noqa: ARG002  what every target takes
        return {}


@dataclass(frozen=True)
class CandidateRow:
    """Proposed row: values by column index; `edited` are the columns whose value a person entered.

    `row_id` is the row of the table, if it was matched before.
    """

    index: int
    values: Mapping[int, object]
    row_id: UUID | None = None
    edited: Collection[int] = ()


@dataclass
class RowMatch:
    """Match of a proposed row: `values` by column index go into `row`, or into a new row if it is None.

    `problems` say by column index why a value does not match, `problem` why the whole row is left out.
    """

    index: int
    row: BufferedRow | None = None
    values: dict[int, Value] = field(default_factory=dict)
    problems: dict[int, str] = field(default_factory=dict)
    problem: str | None = None


class RowMatcher:
    """Matcher of rows with a table; columns that the table lacks keep the proposal's definition.

    `known` has columns matched before, {name in lower case: key in the table}: they match also after a renaming, and
    after a deletion their values are problems. The key columns are those with the keys `named`, or else the first
    unique column.
    """

    def __init__(
        self,
        target: Target,
        columns: Sequence[Column],
        named: Sequence[str] = (),
        known: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        here = {column.name.casefold(): column for column in target.columns.values()}
        names = [column.name.casefold() for column in columns]
        self.target, self.columns = target, columns
        self.found = [target.columns.get(known.get(name, "")) or here.get(name) for name in names]
        self.deleted = {n for n, name in enumerate(names) if name in known and self.found[n] is None}
        self.keys = [n for n, column in enumerate(columns) if column.key in named] or self._unique()
        self._unique_values = UniqueValues(target)

    def _unique(self) -> list[int]:
        return [n for n, column in enumerate(self.found) if column is not None and column.is_unique][:1]

    @property
    def column_keys(self) -> dict[str, str]:
        """Return the matched columns in the form of `known`."""
        pairs = zip(self.columns, self.found, strict=True)
        return {column.name.casefold(): table_column.key for column, table_column in pairs if table_column is not None}

    @property
    def missing_columns(self) -> list[int]:
        """Return the indexes of columns that the table never had."""
        return [n for n, table_column in enumerate(self.found) if table_column is None and n not in self.deleted]

    def column(self, index: int) -> Column:
        """Return the column that takes the values of a column index."""
        return self.found[index] or self.columns[index]

    def parse(self, index: int, raw: object) -> Value:
        """Return the canonical value of a person's value for a column index. Raises CellError."""
        value = from_json(self.column(index), raw)
        check_value(self.column(index), value)
        return value

    def match(self, rows: Sequence[CandidateRow]) -> list[RowMatch]:
        matches = [self._convert(candidate) for candidate in rows]
        row_ids = self._matched_ids(rows, matches)
        known_ids = self.target.rows(id_ for id_ in row_ids.values())
        for match in matches:
            if not match.problem:
                match.row = known_ids.get(row_ids[match.index]) if match.index in row_ids else None
                self._validate(match)
        return matches

    def _convert(self, candidate: CandidateRow) -> RowMatch:
        """Return the match with the values converted to the table's columns."""
        match = RowMatch(candidate.index)
        for index, value in candidate.values.items():
            try:
                if index in self.deleted:
                    raise CellError(f"The column {self.columns[index].name} was deleted.")
                if index in candidate.edited:
                    match.values[index] = self.parse(index, value)
                else:
                    match.values[index] = self._convert_value(index, value)
            except CellError as error:
                match.problems[index] = str(error)
        return match

    def _convert_value(self, index: int, value: object) -> Value:
        source, target = self.columns[index], self.column(index)
        converted = convert(source, target, from_json(source, value))
        check_value(target, converted)
        return converted

    def _matched_ids(self, rows: Sequence[CandidateRow], matches: Sequence[RowMatch]) -> dict[int, UUID]:
        """Return the ids of matched rows by index; a second proposed row with the same key is a problem."""
        known_ids, first = self._ids_by_key(), dict[Key, int]()
        row_ids: dict[int, UUID] = {}
        for candidate, match in zip(rows, matches, strict=True):
            key = self._key([match.values.get(index) for index in self.keys])
            same_key = known_ids.get(key, ()) if key else ()
            if candidate.row_id is not None:
                row_ids[match.index] = candidate.row_id
            elif key in first:
                match.problem = (
                    f"Row {first[key] + 1} of the proposal has the same key: only one of them can be applied."
                )
            elif len(same_key) > 1:
                match.problem = f"{len(same_key):,} rows of the table have this key: it is unclear which one to change."
            elif same_key:
                row_ids[match.index] = same_key[0]
            if key and not match.problem:
                first[key] = match.index
        return row_ids

    def _ids_by_key(self) -> dict[Key, list[UUID]]:
        """Return the row ids of the table by key; empty if it lacks a key column."""
        table_columns = [self.found[index] for index in self.keys]
        columns = [column for column in table_columns if column is not None]
        if not columns or len(columns) < len(self.keys):
            return {}
        known_ids: dict[Key, list[UUID]] = {}
        values = [self.target.values(column.key) for column in columns]
        for id_ in values[0]:
            if key := self._key([of_column.get(id_) for of_column in values]):
                known_ids.setdefault(key, []).append(id_)
        return known_ids

    def _key(self, parts: Sequence[Value]) -> Key | None:
        if not parts or any(part is None for part in parts):
            return None
        return tuple(comparison_key(self.column(index), part) for index, part in zip(self.keys, parts, strict=True))

    def _validate(self, match: RowMatch) -> None:
        """Leave out values that another row of a unique column has; a new row must have all required values."""
        id_ = match.row.id if match.row else uuid4()
        for index, value in list(match.values.items()):
            try:
                self._unique_values.check(self.column(index), value, id_)
            except CellError as error:
                match.problems[index] = str(error)
                del match.values[index]
        match.problem = NOTHING_FITS if not match.values and not match.row else self._missing_value(match)
        if not match.problem:
            self._reserve(match, id_)

    def _missing_value(self, match: RowMatch) -> str | None:
        if match.row:
            return None
        values = self.with_defaults(match)
        try:
            for key, column in self.target.columns.items():
                check_value(column, values[key])
        except CellError as error:
            return str(error)
        return None

    def with_defaults(self, match: RowMatch) -> dict[str, Value]:
        """Return the values of a new row by column key, with defaults."""
        read = {self.column(index).key: value for index, value in match.values.items() if self.found[index]}
        return {key: read.get(key, column.default) for key, column in self.target.columns.items()}

    def _reserve(self, match: RowMatch, id_: UUID) -> None:
        for index, value in match.values.items():
            column = self.column(index)
            if match.row:
                self._unique_values.release(column, match.row.values.get(column.key))
            self._unique_values.reserve(column, value, id_)
