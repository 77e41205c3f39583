"""A source laid out as rows of cells in a file, to be gone through several times."""

import io
import json
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain, islice
from pathlib import Path
from typing import IO, cast

from assistant.reading.extraction import unique
from db.tables.tables import MAX_COLUMNS, MAX_ROWS
from tables.files.column_choice import has_header
from tables.readers.evidence import is_value
from tables.types.parsing import check_text

IN_MEMORY = 1_000_000  # bytes of the rows that are not written to the disk
HEADER_SAMPLE = 50
WIDEST = 16_384  # columns that a file may have; those with nothing in them are left out

# A text, or of a workbook a text behind `"`, what shows a number or a date, or {"problem": …} when it is neither.
Cell = str | dict[str, str] | None


class ImportFormat(StrEnum):
    """Format of an imported file or text."""

    CSV = "CSV"
    TSV = "TSV"
    XLSX = "XLSX"
    JSON = "JSON"
    MARKDOWN = "MARKDOWN"


@dataclass(frozen=True)
class Header:
    """Whether the first row names the columns; when that is not said, `known` are names that tell."""

    is_there: bool | None = None
    known: frozenset[str] = frozenset()


@dataclass
class Layout:
    """How it was written, and the rows below the header; close it after use."""

    format: ImportFormat
    encoding: str | None = None
    has_mark: bool = False
    delimiter: str | None = None
    sheet: str | None = None
    notes: list[str] = field(default_factory=list)
    has_header: bool = False
    names: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    strings: frozenset[int] = frozenset()
    file: IO[bytes] = field(default_factory=io.BytesIO)

    @property
    def is_marked(self) -> bool:
        """Whether its texts begin with `"`."""
        return self.format is ImportFormat.XLSX

    def cells(self) -> Iterator[list[Cell]]:
        """The rows from the first one each time, one cell for each name; blocking."""
        self.file.seek(0)
        for line in self.file:
            row = json.loads(line)
            yield [row[n] if n < len(row) else None for n in self.places]

    def rows(self) -> Iterator[list[str | None]]:
        """What the cells show."""
        return map(self.shown, self.cells())

    def shown(self, row: Sequence[Cell]) -> list[str | None]:
        """What cells show; one with a problem shows nothing."""
        if not self.is_marked:
            return cast("list[str | None]", row)
        return [cell.removeprefix('"') if isinstance(cell, str) else None for cell in row]


def spool(layout: Layout, rows: Iterator[list[Cell]], header: Header, directory: Path) -> None:
    """Write the rows down, after the header was found; those that are all empty are left out. Raises ValueError."""
    filled = (row for row in rows if any(row))
    first = list(islice(filled, HEADER_SAMPLE))
    if not first:
        raise ValueError("There are no rows in it: send a header and rows.")
    layout.has_header = _has_header(layout, first, header)
    titles = [_title(text) for text in layout.shown(first[0])] if layout.has_header else []
    layout.file = tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(directory))  # noqa: SIM115  closed by the caller
    written = _Written(layout)
    try:
        written.write(chain(first[1:] if layout.has_header else first, filled))
        named = {n for n, title in enumerate(titles) if title}
        layout.places = sorted(named | written.filled)
        if len(layout.places) > MAX_COLUMNS:
            raise ValueError(f"A table has at most {MAX_COLUMNS} columns; this has {len(layout.places)}.")
    except BaseException:
        layout.file.close()
        raise
    layout.names = unique(titles[n] if n in named else f"Column {n + 1}" for n in layout.places)
    layout.strings = frozenset(n for n, place in enumerate(layout.places) if place in written.strings)


_NAMED = frozenset({ImportFormat.JSON, ImportFormat.MARKDOWN})


def _has_header(layout: Layout, rows: Sequence[Sequence[Cell]], header: Header) -> bool:
    """A single row is a header when there is no value in it."""
    if header.is_there is not None:
        return header.is_there
    texts = [layout.shown(row) for row in rows]
    titles = {str(title).strip() for title in texts[0] if title}
    if layout.format in _NAMED or (titles and {title.casefold() for title in titles} <= header.known):
        return True
    return has_header(texts) if len(rows) > 1 else not any(map(is_value, titles))


def _title(text: str | None) -> str:
    check_text(text or "")
    return " ".join((text or "").split())


class _Written:
    """Which columns have anything, and which have texts that a workbook marks as such."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.filled: set[int] = set()
        self.strings: set[int] = set()

    def write(self, rows: Iterable[list[Cell]]) -> None:
        for count, row in enumerate(rows, 1):
            if count > MAX_ROWS:
                raise ValueError(f"A table has at most {MAX_ROWS:,} rows; this has more: split it up.")
            if len(row) > WIDEST:
                raise ValueError(f"A table has at most {MAX_COLUMNS} columns; row {count:,} has {len(row):,} values.")
            self._note(row)
            self._layout.file.write(json.dumps(row).encode() + b"\n")

    def _note(self, row: Collection[Cell]) -> None:
        self.filled.update(n for n, cell in enumerate(row) if cell)
        if self._layout.is_marked:
            self.strings.update(n for n, cell in enumerate(row) if isinstance(cell, str) and cell[0] == '"')
