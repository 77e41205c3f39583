"""What the assistant read, against a table as it is: the rows that it has already, what differs, what does not fit."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol
from uuid import UUID, uuid4

from db.tables.editing.row_buffer import BufferedRow
from db.tables.editing.values import Holding, Taken, check, same
from tables.types.conversion import convert
from tables.types.types import CellError, Column, Value, from_json

Key = tuple[object, ...]
NOTHING_FITS = "Nothing of this row fits the table."


class Target(Holding, Protocol):
    """A table, or one that is still to be made."""

    @property
    def columns(self) -> Mapping[str, Column]: ...

    def rows(self, ids: Iterable[UUID]) -> dict[UUID, BufferedRow]: ...


@dataclass(frozen=True)
class NewTable:
    """The table that a proposal would make: it has no rows, and its columns are the proposal's."""

    columns: Mapping[str, Column]

    def values(self, key: str) -> Mapping[UUID, Value]:  # noqa: ARG002  what every target takes
        return {}

    def rows(self, ids: Iterable[UUID]) -> dict[UUID, BufferedRow]:  # noqa: ARG002  what every target takes
        return {}


@dataclass(frozen=True)
class CandidateRow:
    """A row as it was read: values by the place of their column, those that a person put in in `edited`.

    `row_id` is the row of the table that it is known to mean.
    """

    number: int
    values: Mapping[int, object]
    row_id: UUID | None = None
    edited: Collection[int] = ()


@dataclass
class RowMatch:
    """What a row does to the table: `values` by the place of their column go into `row`, or into a new one.

    `problems` say by the column's place why a value does not fit, and `problem` why nothing of the row does.
    """

    number: int
    row: BufferedRow | None = None
    values: dict[int, Value] = field(default_factory=dict)
    problems: dict[int, str] = field(default_factory=dict)
    problem: str | None = None


class RowMatcher:
    """Fits rows to a table. Its columns are found by name; what it does not have is judged as it was read.

    `known` are columns that were found before, {name: key of the table's}: they are found also when they have another
    name by now, and when they were deleted nothing goes into them.

    A row means the one of the table with the same values in the key columns: the `named` ones, else the first
    column that is unique.
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
        self.gone = {n for n, name in enumerate(names) if name in known and self.found[n] is None}
        self.keys = [n for n, column in enumerate(columns) if column.key in named] or self._unique()
        self._taken = Taken(target)

    def _unique(self) -> list[int]:
        return [n for n, column in enumerate(self.found) if column is not None and column.is_unique][:1]

    @property
    def places(self) -> dict[str, str]:
        """The table's columns that were found, as `known`."""
        pairs = zip(self.columns, self.found, strict=True)
        return {column.name.casefold(): found.key for column, found in pairs if found is not None}

    @property
    def missing(self) -> list[int]:
        """The places of columns that the table never had."""
        return [n for n, found in enumerate(self.found) if found is None and n not in self.gone]

    def column(self, place: int) -> Column:
        """Where values go that were read for the column at a place."""
        return self.found[place] or self.columns[place]

    def read(self, place: int, raw: object) -> Value:
        """What a person says instead of what was read. Raises CellError."""
        value = from_json(self.column(place), raw)
        check(self.column(place), value)
        return value

    def fit(self, rows: Sequence[CandidateRow]) -> list[RowMatch]:
        fits = [self._converted(given) for given in rows]
        meant = self._meant(rows, fits)
        held = self.target.rows(id_ for id_ in meant.values())
        for fit in fits:
            if not fit.problem:
                fit.row = held.get(meant[fit.number]) if fit.number in meant else None
                self._judge(fit)
        return fits

    def _converted(self, given: CandidateRow) -> RowMatch:
        """The values that the columns take."""
        fit = RowMatch(given.number)
        for place, value in given.values.items():
            try:
                if place in self.gone:
                    raise CellError(f"The column {self.columns[place].name} was deleted.")
                if place in given.edited:
                    fit.values[place] = self.read(place, value)
                else:
                    fit.values[place] = self._as_kept(place, value)
            except CellError as error:
                fit.problems[place] = str(error)
        return fit

    def _as_kept(self, place: int, value: object) -> Value:
        source, target = self.columns[place], self.column(place)
        converted = convert(source, target, from_json(source, value))
        check(target, converted)
        return converted

    def _meant(self, rows: Sequence[CandidateRow], fits: Sequence[RowMatch]) -> dict[int, UUID]:
        """The rows of the table that are meant, by number; two rows that mean the same are one too many."""
        held, first = self._held(), dict[Key, int]()
        meant: dict[int, UUID] = {}
        for given, fit in zip(rows, fits, strict=True):
            key = self._key([fit.values.get(place) for place in self.keys])
            same_key = held.get(key, ()) if key else ()
            if given.row_id is not None:
                meant[fit.number] = given.row_id
            elif key in first:
                fit.problem = f"Row {first[key] + 1} of the proposal has the same key: only one of them can be taken."
            elif len(same_key) > 1:
                fit.problem = f"{len(same_key):,} rows of the table have this key: nobody can tell which is meant."
            elif same_key:
                meant[fit.number] = same_key[0]
            if key and not fit.problem:
                first[key] = fit.number
        return meant

    def _held(self) -> dict[Key, list[UUID]]:
        """The rows of the table by key; those of a column that it does not have are none."""
        found = [self.found[place] for place in self.keys]
        columns = [column for column in found if column is not None]
        if not columns or len(columns) < len(self.keys):
            return {}
        held: dict[Key, list[UUID]] = {}
        values = [self.target.values(column.key) for column in columns]
        for id_ in values[0]:
            if key := self._key([of_column.get(id_) for of_column in values]):
                held.setdefault(key, []).append(id_)
        return held

    def _key(self, parts: Sequence[Value]) -> Key | None:
        if not parts or any(part is None for part in parts):
            return None
        return tuple(same(self.column(place), part) for place, part in zip(self.keys, parts, strict=True))

    def _judge(self, fit: RowMatch) -> None:
        """Leave out what other rows have already; a new row must have what is required."""
        id_ = fit.row.id if fit.row else uuid4()
        for place, value in list(fit.values.items()):
            try:
                self._taken.check(self.column(place), value, id_)
            except CellError as error:
                fit.problems[place] = str(error)
                del fit.values[place]
        fit.problem = NOTHING_FITS if not fit.values and not fit.row else self._missing(fit)
        if not fit.problem:
            self._take(fit, id_)

    def _missing(self, fit: RowMatch) -> str | None:
        if fit.row:
            return None
        values = self.with_defaults(fit)
        try:
            for key, column in self.target.columns.items():
                check(column, values[key])
        except CellError as error:
            return str(error)
        return None

    def with_defaults(self, fit: RowMatch) -> dict[str, Value]:
        """A new row's values by column key."""
        read = {self.column(place).key: value for place, value in fit.values.items() if self.found[place]}
        return {key: read.get(key, column.default) for key, column in self.target.columns.items()}

    def _take(self, fit: RowMatch, id_: UUID) -> None:
        for place, value in fit.values.items():
            column = self.column(place)
            if fit.row:
                self._taken.release(column, fit.row.values.get(column.key))
            self._taken.take(column, value, id_)
