"""Rows of a layout read as values of detected columns or of the columns of an existing table."""

import io
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import IO

import orjson

from db.imports.imports import ImportTarget, ReadRow
from db.tables.editing.rows import RejectedRow
from db.tables.editing.values import MAX_ERRORS, check_value
from errors import FieldError
from resolvers.imports.layouts import WORKBOOKS, Cell, Layout
from resolvers.imports.targets import ColumnInFile, column_in_file, matched
from tables.files.column_choice import Choice
from tables.types.types import CellError, Column, ColumnType, Value, decimal_mark, format_value

SAMPLES = 10
CACHED = 2_000  # texts of a column
_WHOLE = re.compile(r"0|-?[1-9]\d{0,14}", re.ASCII)
_FRACTION = re.compile(r"0(?:\.\d{1,12})?|-?[1-9]\d{0,14}(?:\.\d{1,12})?", re.ASCII)
LONGEST = 1_000  # characters of a text that is kept beside its value


@dataclass
class Reading:
    """Columns, and the rows that fit them: one line of JSON each in `file`, as its index and its values."""

    columns: list[Column]
    target: ImportTarget
    count: int = 0
    rejected: list[RejectedRow] = field(default_factory=list)
    rejected_count: int = 0
    samples: list[dict[str, Value]] = field(default_factory=list)
    file: IO[bytes] = field(default_factory=io.BytesIO)

    def rows(self) -> Iterator[ReadRow]:
        self.file.seek(0)
        for line in self.file:
            index, values, texts = orjson.loads(line)
            yield index, values, texts


def read(layout: Layout, target: ImportTarget, directory: Path) -> Reading:
    """Choose columns, or match those that are there by name, and read every row with them. Blocking."""
    if target.table_id is not None:
        return _read_as(layout, target, matched(layout, target.columns), directory)
    mark = "." if layout.is_marked else layout.decimal_mark
    choice = Choice(layout.names, layout.rows, layout.strings, mark=mark, options=layout.options)
    while True:
        columns = choice.columns
        reading = _read_as(layout, replace(target, columns=columns), dict(enumerate(columns)), directory)
        if not reading.rejected or not choice.fit():
            return reading
        reading.file.close()


def _read_as(layout: Layout, target: ImportTarget, places: Mapping[int, Column], directory: Path) -> Reading:
    reading = Reading([places[n] for n in sorted(places)], target)
    reading.file = tempfile.SpooledTemporaryFile(1_000_000, dir=str(directory))  # noqa: SIM115  closed by the caller
    readers = {n: _Reader(column_in_file(layout, n, column, target)) for n, column in places.items()}
    try:
        for index, row in enumerate(layout.cells()):
            _take(reading, index, row, readers)
    except BaseException:
        reading.file.close()
        raise
    return reading


class _Reader:
    """Reader of a column's cells; equal texts, as dates and names are, are read once."""

    def __init__(self, in_file: ColumnInFile) -> None:
        self._in_file, self.column = in_file, in_file.column
        self._cached = lru_cache(CACHED)(self._read)
        self._plain = _plain_pattern(in_file)

    def read(self, cell: Cell) -> tuple[Value, str | None]:
        """Return the value, and the text of the file where the value is shown otherwise. Raises CellError."""
        if self._plain and isinstance(cell, str) and self._plain.fullmatch(cell):
            return (int(cell) if self.column.type is ColumnType.INTEGER else cell), None
        return self._cached(cell) if isinstance(cell, str) else (self._in_file.read(cell), None)

    def _read(self, cell: str) -> tuple[Value, str | None]:
        value = self._in_file.read(cell)
        text = cell.removeprefix('"') if self._in_file.format in WORKBOOKS else cell
        if not isinstance(value, str) or value != text:
            written = format_value(self._in_file.written, value)
            return value, None if written == text.strip() or not text.strip() else text[:LONGEST]
        return value, None


def _plain_pattern(in_file: ColumnInFile) -> re.Pattern[str] | None:
    """Return the pattern of numbers that are their own value, which most are and are read in no time."""
    if in_file.written.type is ColumnType.INTEGER:
        return _WHOLE
    has_point = in_file.written.type is ColumnType.DECIMAL and decimal_mark(in_file.written) == "."
    return _FRACTION if has_point else None


def _take(reading: Reading, index: int, row: Sequence[Cell], readers: Mapping[int, "_Reader"]) -> None:
    values: dict[str, Value] = {column.key: column.default for column in reading.target.columns}
    errors: list[FieldError] = []
    texts: dict[str, str] = {}
    for n, reader in readers.items():
        try:
            if (cell := row[n]) is None:
                values[reader.column.key] = None
                continue
            values[reader.column.key], text = reader.read(cell)
            if text is not None:
                texts[reader.column.key] = text
        except CellError as error:
            errors.append(FieldError(f"rows.{index}.{reader.column.name}", str(error)))
    if reading.target.table_id is not None:  # the columns of a new table have no rules
        errors = errors or _missing(reading.target.columns, values, index)
    if errors:
        reading.rejected_count += 1
        if len(reading.rejected) < MAX_ERRORS:
            reading.rejected.append(RejectedRow(index, errors))
        return
    filled: dict[str, Value] = {key: value for key, value in values.items() if value is not None}
    reading.file.write(orjson.dumps([index, filled, texts]) + b"\n")
    reading.count += 1
    if len(reading.samples) < SAMPLES:
        reading.samples.append(filled)


def _missing(columns: Sequence[Column], values: Mapping[str, Value], index: int) -> list[FieldError]:
    """Return the errors of values that break the rules of their columns."""
    errors = []
    for column in columns:
        try:
            check_value(column, values[column.key])
        except CellError as error:
            errors.append(FieldError(f"rows.{index}.{column.name}", str(error)))
    return errors
