"""Sources of imports in any format, detected by their beginning and read row by row."""

import codecs
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import IO, BinaryIO, cast

from errors import BadUserInput
from integrations.documents.decoding import SAMPLE as SAMPLED_BYTES
from integrations.documents.decoding import Encoding, detect
from integrations.documents.failures import DocumentRefused
from integrations.documents.kinds import check_workbook, is_pdf, refuse_other_kinds
from integrations.documents.opendocument import is_opendocument
from resolvers.imports.layouts import WORKBOOKS, Cell, CellSource, ImportFormat, Layout, ReadOptions, spool
from resolvers.imports.text_tables import find_text_grids, grid_rows, refuse_markup, rows_of
from tables.files import delimited, html_pages, markdown, objects
from tables.files.dialects import is_regular, sniff
from tables.files.table_search import find_place
from tables.grids import MAX_TEXT as MAX_MARKDOWN
from tables.grids import find_grids

_JSON = re.compile(r'\s*(?:\[\s*(?:[\[{\]]|$)|\{\s*["}])')
_RULE = re.compile(r"^\|?[ \t]*:?-{2,}:?[ \t]*\|[-:| \t]*$", re.MULTILINE)  # below a header of Markdown
_CHUNK = 65_536  # characters
# Formats whose reader chooses the table by its index.
_CHOSEN_BEFORE = frozenset({ImportFormat.PDF, ImportFormat.MARKDOWN})


def lay_out(
    source: IO[bytes], name: str, format: ImportFormat, rows_file: IO[bytes], options: ReadOptions, directory: Path
) -> Layout:
    """Read a source; `rows_file` has the lines of a workbook, PDF or page. Blocking. Raises BadUserInput."""
    try:
        layout, rows = _read(source, name, format, rows_file, options)
        if options.table_index is not None and format not in _CHOSEN_BEFORE and not layout.is_grid:
            location = find_place(CellSource(layout, islice(rows, options.skip_rows, None)), options.table_index)
            options = replace(options, skip_rows=options.skip_rows + location.row)
            layout, rows = _read(source, name, format, rows_file, options)
            rows = (row[location.left : location.right] for row in rows)
        layout.decimal_mark = options.decimal_mark
        spool(layout, rows, options, directory)
    except UnicodeDecodeError as error:
        message = f"The text is not {error.encoding} throughout, as it begins: save it as UTF-8, then send it."
        raise BadUserInput.of("file", message) from None
    except (DocumentRefused, ValueError) as error:
        raise BadUserInput.of("file" if name else "text", str(error)) from None
    return layout


def detect_format(source: IO[bytes], encoding: str | None = None) -> ImportFormat:
    """Return the format of a source by the beginning of its content. Blocking. Raises DocumentRefused."""
    source.seek(0)
    head = source.read(SAMPLED_BYTES)
    if head.startswith(b"PK\x03\x04"):
        check_workbook(source)
        return ImportFormat.ODS if is_opendocument(source) else ImportFormat.XLSX
    if is_pdf(head):
        return ImportFormat.PDF
    refuse_other_kinds(head)
    text = _sample(source, encoding_of(source, encoding).name)
    if "\0" in text:
        raise DocumentRefused("The file is no text: there are NUL characters in it. Remove them, or send a text.")
    if _JSON.match(text):
        return ImportFormat.JSON
    if html_pages.is_html(text):
        return ImportFormat.HTML
    return ImportFormat.MARKDOWN if _is_markdown(text.lstrip()) else ImportFormat.CSV


def _is_markdown(text: str) -> bool:
    if not text.startswith("|") and not _RULE.search(text):
        return False
    return markdown.is_table(text) or any(grid.kind == "markdown" for grid in find_grids(text[:10_000]))


def encoding_of(source: IO[bytes], name: str | None) -> Encoding:
    """Return the encoding that is named, or else detected. Raises DocumentRefused for a name that is none."""
    if name is None:
        return detect(source)
    try:
        known = codecs.lookup(name)
        known.incrementaldecoder("strict")
        if not isinstance(known.decode(b"a" * 4)[0], str):
            raise LookupError(name)
    except (LookupError, TypeError, ValueError):
        raise DocumentRefused(
            f"There is no encoding {name!r}: name one such as utf-8, windows-1252, iso-8859-2, shift_jis or gb18030."
        ) from None
    return Encoding("utf-8-sig" if known.name == "utf-8" else known.name)


def _sample(source: IO[bytes], encoding: str) -> str:
    source.seek(0)
    return codecs.getincrementaldecoder(encoding)().decode(source.read(SAMPLED_BYTES))


def _read(
    source: IO[bytes], name: str, format: ImportFormat, rows_file: IO[bytes], options: ReadOptions
) -> tuple[Layout, Iterator[list[Cell]]]:
    if format in WORKBOOKS:
        layout = Layout(format)
        return layout, _workbook_rows(rows_file, layout)
    if format is ImportFormat.PDF:
        layout = Layout(format)
        return layout, _cells(_pdf_rows(rows_file, layout))
    encoding = encoding_of(source, options.encoding)
    layout = Layout(format, encoding.name if name else None, encoding.has_mark)
    if encoding.is_guess:
        layout.notes.append(
            f"The encoding was guessed by the letters in the file: {encoding.name}. If letters are wrong, name another "
            "as `encoding`."
        )
    if format is ImportFormat.JSON:
        return layout, _cells(objects.rows(lambda: _pieces(source, encoding.name)))
    if format is ImportFormat.MARKDOWN:
        return layout, _cells(_markdown_rows(source, encoding.name, options.table_index))
    if format is ImportFormat.HTML:
        rows_file.seek(0)
        return layout, map(json.loads, rows_file)
    named = "\t" if format is ImportFormat.TSV else options.delimiter
    sample = _sample(source, encoding.name)
    dialect = sniff(sample, named)
    if options.is_detected and named is None and not is_regular(sample, dialect):
        if grids := find_text_grids(source, encoding.name):
            layout.is_grid = True
            return layout, _cells(grid_rows(grids, options.table_index, layout.notes))
        refuse_markup(sample)
    layout.delimiter = dialect.delimiter
    layout.format = ImportFormat.TSV if layout.delimiter == "\t" else ImportFormat.CSV
    return layout, _cells(delimited.rows(_lines(source, encoding.name), dialect))


def _cells(rows: Iterator[list[str | None]]) -> Iterator[list[Cell]]:
    """Return the rows typed as cells, which texts are."""
    return cast("Iterator[list[Cell]]", rows)


def _lines(source: IO[bytes], encoding: str) -> Iterator[str]:
    """Yield the lines of a text with their original ends."""
    source.seek(0)
    text = io.TextIOWrapper(cast("BinaryIO", source), encoding, newline="")
    try:
        yield from text
    finally:
        if not source.closed:  # as it may be by now, when the reading ended with a mistake
            text.detach()  # or it would close the source


def _pieces(source: IO[bytes], encoding: str) -> Iterator[str]:
    """Yield the text from its beginning in pieces."""
    source.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    while data := source.read(_CHUNK):
        yield decoder.decode(data)
    yield decoder.decode(b"", final=True)


def _workbook_rows(lines: IO[bytes], layout: Layout) -> Iterator[list[Cell]]:
    """Yield the rows that `DocumentReader.rows_into` wrote."""
    lines.seek(0)
    for line in lines:
        read = json.loads(line)
        if isinstance(read, list):
            yield read
        else:
            layout.sheet, layout.notes = read["sheet"], read["notes"]
            layout.dropdowns = {int(n): options for n, options in read.get("options", {}).items()}


def _pdf_rows(lines: IO[bytes], layout: Layout) -> Iterator[list[str | None]]:
    """Return the rows as `DocumentReader.table_into` wrote them."""
    lines.seek(0)
    description = json.loads(next(lines))
    layout.notes, layout.has_header = description["notes"], description["has_header"]
    return map(json.loads, lines)


def _markdown_rows(source: IO[bytes], encoding: str, index: int | None) -> Iterator[list[str | None]]:
    """Yield the rows of a file that is one table, or else of one table within the text of a file."""
    lines = (line.strip() for line in _lines(source, encoding))
    if markdown.is_table(_sample(source, encoding)) and all(line.startswith("|") for line in lines if line):
        yield from markdown.rows(_lines(source, encoding))
        return
    source.seek(0)
    text = source.read(4 * MAX_MARKDOWN + 4).decode(encoding, "ignore")
    if len(text) > MAX_MARKDOWN:
        raise ValueError(f"Markdown has at most {MAX_MARKDOWN:,} characters beside a table: send the table alone.")
    grids = [grid for grid in find_grids(text) if grid.kind == "markdown"]
    if not grids:
        raise ValueError("No Markdown table was found: send one with a header, a line of dashes and rows.")
    if index is None and len(grids) > 1:
        raise ValueError(f"The text has {len(grids)} Markdown tables: choose one by its tableIndex, from 1 on.")
    if index is not None and index > len(grids):
        raise ValueError(f"The text has no Markdown table {index:,}. Choose a tableIndex from 1 to {len(grids)}.")
    yield from rows_of(grids[(index or 1) - 1])
