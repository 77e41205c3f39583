"""What clients put into rows: read by the columns' types, checked against their rules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from errors import BadUserInput, FieldError, NotFound
from tables.types.types import NUMERIC_TYPES, CellError, Column, Value, from_json, validate

MAX_AT_ONCE, MAX_ERRORS = 5_000, 100


def check_number(number: int, field: str) -> None:
    if number > MAX_AT_ONCE:
        raise BadUserInput.of(field, f"Send at most {MAX_AT_ONCE:,} at once; this has {number:,}: split them up.")


def no_such_row(field: str) -> NotFound:
    return NotFound.of(field, "The table has no such row, or no longer: read it again.")


def read(column: Column, raw: object) -> Value:
    """The canonical value of what a client sends for a cell. Raises CellError."""
    value = from_json(column, raw)
    check(column, value)
    return value


def check(column: Column, value: Value) -> None:
    """Raise CellError for a value that the column's rules forbid, or its absence."""
    if value is None and column.is_required:
        raise CellError(f"{column.name} is required: give it a value.")
    validate(column, value)


@dataclass(frozen=True)
class Misfit:
    """A cell whose value a column's new definition does not take."""

    row_id: UUID
    value: Value
    message: str


class RowReader:
    """Reads rows that name their columns by key or by name."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._columns = columns
        self._by_name = {column.name.casefold(): column for column in columns.values()}

    def read(self, raw: object, path: str) -> tuple[dict[str, Value], list[FieldError]]:
        """The values by column key, and every mistake with its path."""
        return self._read(raw, path, self._columns)

    def read_given(self, raw: object, path: str) -> tuple[dict[str, Value], list[FieldError]]:
        """Like `read`, but what a row does not name is not among its values, and neither required nor a default."""
        return self._read(raw, path, {})

    def _read(self, raw: object, path: str, wanted: Mapping[str, Column]) -> tuple[dict[str, Value], list[FieldError]]:
        if not isinstance(raw, Mapping):
            return {}, [FieldError(path, "A row is an object whose keys are column keys or column names.")]
        given, errors = self._given(raw, path)
        values: dict[str, Value] = {}
        for key, column in (wanted or {key: self._columns[key] for key in given}).items():
            name, value = given.get(key, (column.name, column.default))
            try:
                values[key] = read(column, value)
            except CellError as error:
                errors.append(FieldError(f"{path}.{name}", str(error)))
        return values, errors

    def _given(self, raw: Mapping[str, Any], path: str) -> tuple[dict[str, tuple[str, object]], list[FieldError]]:
        """What is said of each column, under the name that the client used."""
        given: dict[str, tuple[str, object]] = {}
        errors = []
        for name, value in raw.items():
            column = self._columns.get(name) or self._by_name.get(" ".join(name.split()).casefold())
            if column is None:
                names = ", ".join([column.name for column in self._columns.values()][:10])
                errors.append(FieldError(f"{path}.{name[:100]}", f"There is no such column: the columns are {names}."))
            elif column.key in given:
                errors.append(FieldError(f"{path}.{name[:100]}", f"{column.name} is there twice: send it once."))
            else:
                given[column.key] = name, value
        return given, errors


class Holding(Protocol):
    """What has columns, and their values by row."""

    def values(self, key: str) -> Mapping[UUID, Value]: ...


class Taken:
    """The values that the unique columns of a table hold, and in which row; read when they are asked for."""

    def __init__(self, held: Holding, without: Iterable[UUID] = (), column: str | None = None) -> None:
        """Rows `without` count for nothing, nor does what the column with the key `column` holds now."""
        self._held, self._without = held, frozenset(without)
        self._rows: dict[str, dict[object, UUID]] = {} if column is None else {column: {}}

    def check(self, column: Column, value: Value, row_id: UUID | None = None) -> None:
        """Raise CellError when another row than `row_id` holds the value."""
        if value is not None and column.is_unique and self._of(column).get(same(column, value)) not in {None, row_id}:
            raise CellError(f"{column.name} is unique, and another row has this value: give another.")

    def take(self, column: Column, value: Value, row_id: UUID) -> None:
        if value is not None and column.is_unique:
            self._of(column)[same(column, value)] = row_id

    def release(self, column: Column, value: Value) -> None:
        if value is not None and column.is_unique:
            self._of(column).pop(same(column, value), None)

    def _of(self, column: Column) -> dict[object, UUID]:
        if column.key not in self._rows:
            held = self._held.values(column.key).items()
            self._rows[column.key] = {
                same(column, value): row_id for row_id, value in held if row_id not in self._without
            }
        return self._rows[column.key]


def same(column: Column, value: Value) -> object:
    """What is equal for values that mean the same: 1.0 is 1.00."""
    if isinstance(value, list):
        return tuple(value)
    return Decimal(str(value)) if value is not None and column.type in NUMERIC_TYPES else value
