"""What is imported, whatever its format: laid out as rows of texts in a file, to be gone through several times."""

import codecs
import io
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from itertools import chain, islice
from pathlib import Path
from typing import IO, BinaryIO, cast

from assistant.extraction import unique
from db.tables import MAX_COLUMNS, MAX_ROWS
from errors import BadUserInput
from integrations.documents.decoding import SAMPLE as SAMPLED_BYTES
from integrations.documents.decoding import detect
from integrations.documents.failures import DocumentRefused
from integrations.documents.kinds import Kind, recognise
from tables.files import delimited, objects
from tables.files.choosing import has_header
from tables.grids import MAX_TEXT as MAX_MARKDOWN
from tables.grids import find_grids
from tables.numbers import plain_number

IN_MEMORY = 1_000_000  # bytes of the rows that are not written to the disk
HEADER_SAMPLE = 50


class ImportFormat(StrEnum):
    """What a file or a text is."""

    CSV = "CSV"
    TSV = "TSV"
    XLSX = "XLSX"
    JSON = "JSON"
    MARKDOWN = "MARKDOWN"


@dataclass
class Layout:
    """How it was written, and the rows below the header; close it after use."""

    format: ImportFormat
    names: list[str]
    has_header: bool
    encoding: str | None = None
    has_mark: bool = False
    delimiter: str | None = None
    strings: frozenset[int] = frozenset()
    count: int = 0
    file: IO[bytes] = field(default_factory=io.BytesIO)

    def rows(self) -> Iterator[list[str | None]]:
        """From the first one each time; blocking."""
        self.file.seek(0)
        for line in self.file:
            yield json.loads(line)


def lay_out(source: IO[bytes], name: str, format: ImportFormat | None, rows_file: IO[bytes], directory: Path) -> Layout:
    """Read a source; `rows_file` has the lines of a workbook. Blocking. Raises BadUserInput."""
    try:
        layout, rows = _read(source, name, format, rows_file)
        return _spool(layout, rows, directory)
    except (DocumentRefused, ValueError) as error:
        raise BadUserInput.of("file" if name else "text", str(error)) from None


def told(source: IO[bytes], name: str) -> ImportFormat:
    """What a source is by its content. Blocking. Raises DocumentRefused."""
    source.seek(0)
    if source.read(4) == b"PK\x03\x04":
        return ImportFormat.XLSX
    found = recognise(source, name)
    if found.kind.is_image or found.kind is Kind.PDF:
        raise DocumentRefused("Import CSV, TSV, XLSX, JSON or a Markdown table; send other files with a message.")
    if found.kind is Kind.JSON:
        return ImportFormat.JSON
    text = (found.text or "").lstrip()
    if text.startswith("|") and any(grid.kind == "markdown" for grid in find_grids(text[:10_000])):
        return ImportFormat.MARKDOWN
    return ImportFormat.CSV


def _read(
    source: IO[bytes], name: str, format: ImportFormat | None, rows_file: IO[bytes]
) -> tuple[Layout, Iterator[list[str | None]]]:
    format = format or told(source, name)
    if format is ImportFormat.XLSX:
        return Layout(format, [], has_header=False), _workbook_rows(rows_file)
    encoding = detect(source)
    source.seek(0)
    shown = encoding.name if name else None
    layout = Layout(format, [], has_header=False, encoding=shown, has_mark=encoding.has_mark)
    if format is ImportFormat.JSON:
        return layout, objects.rows(source.read().decode(encoding.name))
    if format is ImportFormat.MARKDOWN:
        return layout, _markdown_rows(source.read().decode(encoding.name))
    sample = codecs.getincrementaldecoder(encoding.name)().decode(source.read(SAMPLED_BYTES))
    layout.delimiter = "\t" if format is ImportFormat.TSV else delimited.sniff(sample)
    layout.format = ImportFormat.TSV if layout.delimiter == "\t" else ImportFormat.CSV
    return layout, delimited.rows(_lines(source, encoding.name), layout.delimiter)


def _lines(source: IO[bytes], encoding: str) -> Iterator[str]:
    """The text line by line, each with its end as it is."""
    source.seek(0)
    text = io.TextIOWrapper(cast("BinaryIO", source), encoding, newline="")
    try:
        yield from text
    finally:
        text.detach()  # or it would close the source


def _workbook_rows(lines: IO[bytes]) -> Iterator[list[str | None]]:
    """Each row of a workbook; a string begins with `"`, so that it is still told from what shows the same."""
    lines.seek(0)
    for line in lines:
        yield [_marked(value) for value in json.loads(line)]


def _marked(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value and f'"{value}'
    if isinstance(value, dict):
        return str(value["date"])
    return str(value).lower() if isinstance(value, bool) else plain_number(Decimal(repr(value)))


def _markdown_rows(text: str) -> Iterator[list[str | None]]:
    if len(text) > MAX_MARKDOWN:
        raise ValueError(f"A Markdown table has at most {MAX_MARKDOWN:,} characters here: send it as CSV.")
    grids = [grid for grid in find_grids(text) if grid.kind == "markdown"]
    if len(grids) != 1:
        raise ValueError(f"Send one Markdown table: here are {len(grids)}.")
    (found,) = grids
    yield [None if isinstance(title, str) else title.text for title in found.header]
    yield from ([cell.text if cell else None for cell in row] for row in found.rows)


def _spool(layout: Layout, rows: Iterator[list[str | None]], directory: Path) -> Layout:
    """Write the rows down, after the header was found; rows that are all empty are left out."""
    filled = (row for row in rows if any(row))
    first = list(islice(filled, HEADER_SAMPLE))
    if not first:
        raise ValueError("There are no rows in it: send a header and rows.")
    layout.has_header = layout.format in _NAMED or has_header(_unmarked(first))
    titles, body = (first[0], first[1:]) if layout.has_header else ([], first)
    layout.file = tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(directory))  # noqa: SIM115  closed by the caller
    try:
        strings, width = _write(layout, chain(body, filled))
        width = max(width, len(titles))
        if width > MAX_COLUMNS:
            raise ValueError(f"A table has at most {MAX_COLUMNS} columns; this has {width}.")
    except BaseException:
        layout.file.close()
        raise
    named = [" ".join((titles[n] or "").lstrip('"').split()) if n < len(titles) else "" for n in range(width)]
    layout.names = unique(name or f"Column {n}" for n, name in enumerate(named, 1))
    layout.strings = frozenset(strings)
    return layout


_NAMED = frozenset({ImportFormat.JSON, ImportFormat.MARKDOWN})


def _unmarked(rows: Sequence[Sequence[str | None]]) -> list[list[str | None]]:
    return [[text and text.removeprefix('"') for text in row] for row in rows]


def _write(layout: Layout, rows: Iterable[list[str | None]]) -> tuple[set[int], int]:
    """Which columns have strings that a workbook marks as such, and how wide the widest row is."""
    strings: set[int] = set()
    is_marked, width = layout.format is ImportFormat.XLSX, 0
    for row in rows:
        layout.count += 1
        if layout.count > MAX_ROWS:
            raise ValueError(f"A table has at most {MAX_ROWS:,} rows; this has more: split it up.")
        if is_marked:
            strings.update(n for n, text in enumerate(row) if text and text[0] == '"')
            row = [text[1:] if text and text[0] == '"' else text for text in row]
        width = max(width, len(row))
        layout.file.write(json.dumps(row).encode() + b"\n")
    return strings, width
