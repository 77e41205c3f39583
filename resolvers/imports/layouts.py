"""A source laid out as rows of cells in a file, to be gone through several times."""

import io
import tempfile
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import IO, Literal, cast

import orjson

from assistant.reading.extraction import unique
from db.tables.editing.column_rules import MAX_OPTION_LENGTH, MAX_OPTIONS
from db.tables.tables import MAX_COLUMNS, MAX_ROWS
from tables.files.cell_kinds import ABOVE, LEFT, Texts
from tables.files.region_notes import notes_on
from tables.files.regions import find_region
from tables.files.row_source import Hints, Region, RowSource, without_marks
from tables.files.table_body import Body
from tables.files.table_search import read_below
from tables.types.columns import CellError
from tables.types.parsing import check_text

IN_MEMORY = 1_000_000  # bytes of the rows that are not written to the disk
WIDEST = 16_384  # columns that a file may have; those with nothing in them are left out

# A text, or of a workbook a text behind `"`, what shows a number or a date, or {"problem": …} when it is neither.
Cell = str | dict[str, str] | None


class ImportFormat(StrEnum):
    """Format of an imported file or text."""

    CSV = "CSV"
    TSV = "TSV"
    XLSX = "XLSX"
    ODS = "ODS"
    PDF = "PDF"
    GOOGLE_SHEETS = "GOOGLE_SHEETS"
    HTML = "HTML"
    JSON = "JSON"
    MARKDOWN = "MARKDOWN"


WORKBOOKS = frozenset({ImportFormat.XLSX, ImportFormat.ODS, ImportFormat.GOOGLE_SHEETS})


@dataclass(frozen=True)
class ReadOptions:
    """Properties of a file that the client names; the others are detected from the content.

    `known` are names of columns that tell a header. `header_row` counts from 1, and is 0 for none; `table_index`
    counts from 1. `is_detected`: nobody named the format.
    """

    has_header: bool | None = None
    known: frozenset[str] = frozenset()
    encoding: str | None = None
    delimiter: str | None = None
    header_row: int | None = None
    skip_rows: int = 0
    decimal_mark: Literal[".", ","] | None = None
    table_index: int | None = None
    is_detected: bool = False


@dataclass
class Layout:
    """Format of a source, and the rows below its header; close it after use."""

    format: ImportFormat
    encoding: str | None = None
    has_mark: bool = False
    delimiter: str | None = None
    title: str | None = None
    sheet: str | None = None
    decimal_mark: Literal[".", ","] | None = None
    notes: list[str] = field(default_factory=list)
    is_grid: bool = False  # a table that the readers of texts have found
    has_header: bool = False
    header_row: int = 0
    names: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    strings: frozenset[int] = frozenset()
    dropdowns: dict[int, list[str]] = field(default_factory=dict)  # options by the index of a column in the source
    options: dict[int, list[str]] = field(default_factory=dict)  # options by the index of a name
    file: IO[bytes] = field(default_factory=io.BytesIO)

    @property
    def is_marked(self) -> bool:
        """Return whether texts begin with `"`."""
        return self.format in WORKBOOKS

    def cells(self) -> Iterator[list[Cell]]:
        """Yield the rows from the first one each time, one cell for each name; blocking."""
        self.file.seek(0)
        for line in self.file:
            row = orjson.loads(line)
            yield [row[n] if n < len(row) else None for n in self.places]

    def rows(self) -> Iterator[list[str | None]]:
        """Return the displayed texts of the cells."""
        return map(self.displayed, self.cells())

    def displayed(self, row: Sequence[Cell]) -> list[str | None]:
        """Return what cells show; one with a problem shows nothing."""
        if not self.is_marked:
            return cast("list[str | None]", row)
        return [_text_in(cell) if isinstance(cell, str) else None for cell in row]


def _text_in(cell: str) -> str:
    return cell if cell == LEFT else (ABOVE if cell[0] == ABOVE else "") + cell.removeprefix(ABOVE).removeprefix('"')


def spool(layout: Layout, rows: Iterator[list[Cell]], options: ReadOptions, directory: Path) -> None:
    """Write the rows of the first table down; those that are all empty are left out. Raises ValueError."""
    source = CellSource(layout, islice(rows, options.skip_rows, None))
    source.position = options.skip_rows
    region = find_region(source, _hints(layout, options))
    if region is None:
        raise ValueError("Nothing to import: no row has a value. Send a header row and at least one row of values.")
    layout.has_header = region.has_header
    layout.header_row = region.header.last + 1 if region.has_header else 0
    titles = [_title(text) for text in region.names]
    layout.file = tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(directory))  # noqa: SIM115  closed by the caller
    written = _Written(layout)
    body = Body(source, region, is_only=layout.is_grid or layout.format in _NAMED)
    try:
        written.write(source.cells_of(row, region) for row in body.rows() if any(row))
        named = {n for n, title in enumerate(titles) if title}
        layout.places = sorted(named | written.filled)
        if len(layout.places) > MAX_COLUMNS:
            raise ValueError(f"A table has at most {MAX_COLUMNS} columns; this has {len(layout.places)}.")
        below = read_below(source, 2 + len(region.beside) if options.table_index is None else options.table_index + 1)
    except BaseException:
        layout.file.close()
        raise
    first = region.left
    layout.names = unique(titles[n] if n in named else f"Column {n + first + 1}" for n in layout.places)
    layout.strings = frozenset(
        n for n, position in enumerate(layout.places) if position in written.strings - written.numbers
    )
    dropdowns = [layout.dropdowns.get(first + position, []) for position in layout.places]
    layout.options = {n: options for n, options in enumerate(dropdowns) if _are_valid(options)}
    if options.table_index is not None and layout.format is not ImportFormat.PDF:
        layout.notes.append(f"Table {options.table_index} of the file was read.")
    layout.notes += notes_on(region, below)


def _are_valid(options: Sequence[str]) -> bool:
    """Return whether a column may have these options; a dropdown may have more of them, and longer ones."""
    if not 1 <= len(set(options)) == len(options) <= MAX_OPTIONS:
        return False
    try:
        for option in options:
            check_text(option)
    except CellError:
        return False
    return all(0 < len(option) <= MAX_OPTION_LENGTH and option == option.strip() for option in options)


_NAMED = frozenset({ImportFormat.JSON, ImportFormat.PDF})


def _hints(layout: Layout, options: ReadOptions) -> Hints:
    if options.header_row is not None or options.has_header is not None:
        is_first = options.has_header and options.header_row is None
        return Hints(options.header_row, False if options.has_header is False else None, is_first=bool(is_first))
    if layout.is_grid or layout.format in {ImportFormat.JSON, ImportFormat.MARKDOWN}:
        return Hints(header_row=1 + options.skip_rows)
    if layout.format is ImportFormat.PDF:
        return Hints(header_row=1 + options.skip_rows if layout.has_header else 0)
    return Hints(known=options.known)


class CellSource(RowSource):
    """Source of the texts of rows, that remembers the cells of those which are taken."""

    def __init__(self, layout: Layout, rows: Iterator[list[Cell]]) -> None:
        self._layout = layout
        self._cells: deque[list[Cell]] = deque()
        self.last: list[Cell] = []
        super().__init__(self._texts(rows))

    def _texts(self, rows: Iterator[list[Cell]]) -> Iterator[list[str | None]]:
        for row in rows:
            if self._layout.is_marked:
                self._cells.append(row)
                # A problem is no empty cell, or a row of problems would not be one.
                yield [cell["shown"] if isinstance(cell, dict) else cell and _text_in(cell) for cell in row]
            else:
                yield cast("list[str | None]", row)

    def take(self) -> Texts | None:
        cells = super().take()
        if cells is not None and self._layout.is_marked:
            self.last = self._cells.popleft()
        return cells

    def cells_of(self, row: Texts, region: Region) -> list[Cell]:
        """Return the cells of the row that was taken last, without marks of merged cells."""
        if not self._layout.is_marked:
            return cast("list[Cell]", without_marks(row) if _MARKS & set(map(_first, row)) else row)
        cells = self.last[region.left : region.right]
        return [
            None if cell == LEFT else cell[1:] if isinstance(cell, str) and cell[0] == ABOVE else cell for cell in cells
        ]


_MARKS = {LEFT, ABOVE}


def _first(text: str | None) -> str:
    return text[0] if text else ""


def _title(text: str | None) -> str:
    check_text(text or "")
    return " ".join((text or "").split())


class _Written:
    """Writer of rows that records which columns have cells, and which have texts marked as such."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.filled: set[int] = set()
        self.strings: set[int] = set()
        self.numbers: set[int] = set()

    def write(self, rows: Iterable[list[Cell]]) -> None:
        for count, row in enumerate(rows, 1):
            if count > MAX_ROWS:
                raise ValueError(f"A table has at most {MAX_ROWS:,} rows; this has more: split it up.")
            if len(row) > WIDEST:
                raise ValueError(f"A table has at most {MAX_COLUMNS} columns; row {count:,} has {len(row):,} values.")
            self._note(row)
            self._layout.file.write(orjson.dumps(row) + b"\n")

    def _note(self, row: Collection[Cell]) -> None:
        self.filled.update(n for n, cell in enumerate(row) if cell)
        if self._layout.is_marked:
            self.strings.update(n for n, cell in enumerate(row) if isinstance(cell, str) and cell[0] == '"')
            self.numbers.update(n for n, cell in enumerate(row) if isinstance(cell, str) and cell[0] != '"')
