"""Parsing of the rows and cells that clients send, by the types and rules of their columns."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from db.tables.column_finder import ColumnFinder
from errors import BadUserInput, FieldError, NotFound
from tables.types.types import NUMERIC_TYPES, CellError, Column, Value, from_json, validate

MAX_BATCH_SIZE, MAX_ERRORS = 5_000, 100


def check_batch_size(number: int, field: str, *, minimum: int = 1) -> None:
    """Raise BadUserInput at `field` for fewer items than `minimum` and for more than 5,000."""
    if number < minimum:
        raise BadUserInput.of(field, f"`{field}` is empty: send 1 to {MAX_BATCH_SIZE:,}.")
    if number > MAX_BATCH_SIZE:
        raise BadUserInput.of(field, f"Send at most {MAX_BATCH_SIZE:,} at once; this has {number:,}: split them up.")


def row_not_found(field: str) -> NotFound:
    return NotFound.of(field, "The table has no row with this id, or it was deleted: read the rows again.")


def parse_value(column: Column, raw: object) -> Value:
    """Return the canonical value of a client's value for a cell. Raises CellError."""
    value = from_json(column, raw)
    check_value(column, value)
    return value


def check_value(column: Column, value: Value) -> None:
    """Raise CellError for a value that breaks the column's rules, and for an empty cell of a required column."""
    if value is None and column.is_required:
        raise CellError(f"{column.name} is required: give it a value.")
    validate(column, value)


@dataclass(frozen=True)
class Misfit:
    """Cell whose value does not fit the new definition of its column."""

    row_id: UUID
    value: Value
    message: str


class RowParser:
    """Parser of rows that name their columns by key or by name."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._columns = columns
        self._finder = ColumnFinder(columns)

    def parse(self, raw: object, path: str) -> tuple[dict[str, Value], list[FieldError]]:
        """Return the values by column key, defaults included, and all mistakes with their paths."""
        return self._read(raw, path, self._columns)

    def parse_partial(self, raw: object, path: str) -> tuple[dict[str, Value], list[FieldError]]:
        """Return like `parse`, but only the columns that the row names; others get no default and may be required."""
        return self._read(raw, path, {})

    def _read(self, raw: object, path: str, columns: Mapping[str, Column]) -> tuple[dict[str, Value], list[FieldError]]:
        if not isinstance(raw, Mapping):
            return {}, [FieldError(path, "A row is an object whose keys are column keys or column names.")]
        provided, errors = self._given(raw, path)
        values: dict[str, Value] = {}
        for key, column in (columns or {key: self._columns[key] for key in provided}).items():
            name, value = provided.get(key, (column.name, column.default))
            try:
                values[key] = parse_value(column, value)
            except CellError as error:
                errors.append(FieldError(f"{path}.{name}", str(error)))
        return values, errors

    def _given(self, raw: Mapping[str, Any], path: str) -> tuple[dict[str, tuple[str, object]], list[FieldError]]:
        """Return the value for each column key, with the name that the client used, and the mistakes in the names."""
        provided: dict[str, tuple[str, object]] = {}
        errors = []
        for name, value in raw.items():
            column = self._finder.find(name)
            if column is None:
                errors.append(FieldError(f"{path}.{name[:100]}", self._finder.problem(name)))
            elif column.key in provided:
                errors.append(FieldError(f"{path}.{name[:100]}", f"{column.name} is there twice: send it once."))
            else:
                provided[column.key] = name, value
        return provided, errors


class ValueSource(Protocol):
    """Table whose values can be read by column."""

    def values(self, key: str) -> Mapping[UUID, Value]: ...


class UniqueValues:
    """Index of the values in unique columns, with the row of each; a column is loaded at its first use."""

    def __init__(self, stored: ValueSource, without: Iterable[UUID] = (), column: str | None = None) -> None:
        """Ignore the rows `without`, and the stored values of the column with the key `column`."""
        self._held, self._without = stored, frozenset(without)
        self._rows: dict[str, dict[object, UUID]] = {} if column is None else {column: {}}

    def check(self, column: Column, value: Value, row_id: UUID | None = None) -> None:
        """Raise CellError if a row other than `row_id` has the value."""
        if (
            value is not None
            and column.is_unique
            and self._of(column).get(comparison_key(column, value)) not in {None, row_id}
        ):
            raise CellError(f"{column.name} is unique, and another row has this value: give another.")

    def reserve(self, column: Column, value: Value, row_id: UUID) -> None:
        if value is not None and column.is_unique:
            self._of(column)[comparison_key(column, value)] = row_id

    def release(self, column: Column, value: Value) -> None:
        if value is not None and column.is_unique:
            self._of(column).pop(comparison_key(column, value), None)

    def _of(self, column: Column) -> dict[object, UUID]:
        if column.key not in self._rows:
            stored = self._held.values(column.key).items()
            self._rows[column.key] = {
                comparison_key(column, value): row_id for row_id, value in stored if row_id not in self._without
            }
        return self._rows[column.key]


def comparison_key(column: Column, value: Value) -> object:
    """Return a hashable key that is equal for equal values: 1.0 and 1.00, for example."""
    if isinstance(value, list):
        return tuple(value)
    return Decimal(str(value)) if value is not None and column.type in NUMERIC_TYPES else value
