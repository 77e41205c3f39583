"""Sheets, HTML and delimited files as text: each table as Markdown, below its title and what else is around it."""

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

from tables.files import delimited
from tables.files.cell_kinds import ABOVE, LEFT, count_filled
from tables.files.dialects import sniff
from tables.files.markdown import table_text
from tables.files.row_source import without_marks
from tables.files.table_search import find_tables

MAX_TEXT = 1_000_000
SAMPLE = 100_000
MAX_CELLS = 1_000_000

Cell = str | dict[str, str] | None


def sheets_text(sheets: Iterable[tuple[str, Iterable[Sequence[Cell]]]]) -> str:
    """Return each sheet as its name and its tables, at most MAX_TEXT characters together."""
    written, length = [], 0
    for name, rows in sheets:
        if text := rows_text(list(_texts(rows))):
            written.append(f"{name}\n\n{text}" if name else text)
            length += len(text)
        if length > MAX_TEXT:
            break
    return "\n\n".join(written)[:MAX_TEXT]


def rows_text(rows: Sequence[Sequence[str | None]]) -> str:
    """Return the tables among rows as Markdown, with the texts above them; rows without a table as lines."""
    parts = []
    for table in find_tables(rows):
        region = table.region
        names: list[str | None] = list(region.names) if region.has_header else [None] * (region.right - region.left)
        body = [(without_marks(row) + [None] * len(names))[: len(names)] for row in table.rows]
        used = [n for n, name in enumerate(names) if name or any(row[n] for row in body)]
        above = "\n".join(region.above)
        text = table_text([names[n] for n in used], [[row[n] for n in used] for row in body])
        parts.append(f"{above}\n\n{text}" if above else text)
    if not parts:
        return "\n".join(", ".join(cell for cell in without_marks(row) if cell) for row in rows if count_filled(row))
    return "\n\n".join(parts)


def delimited_text(text: str) -> str:
    """Return a CSV file with its tables as Markdown; a file of only a header and rows stays unchanged."""
    dialect = sniff(text[:SAMPLE])
    try:
        rows = list(delimited.rows(io.StringIO(text[:MAX_TEXT], newline=""), dialect))
    except ValueError:
        return text
    tables = list(find_tables(rows))
    is_special = dialect.has_spaces or dialect.has_backslashes or dialect.has_separator_line or '="' in text[:SAMPLE]
    if len(tables) == 1 and not is_special:
        region, body = tables[0].region, tables[0].rows
        is_whole = region.header.body + len(body) >= sum(1 for row in rows if count_filled(row))
        if region.header.last == 0 and region.header.body == 1 and is_whole and not region.repeated:
            return text
    return rows_text(rows) if tables else text


def _texts(rows: Iterable[Sequence[Cell]]) -> Iterator[list[str | None]]:
    """Yield what cells show, until there is more than a text may have."""
    length = cells = 0
    for row in rows:
        texts = [_shown(cell) for cell in row]
        yield texts
        length += sum(len(text) for text in texts if text)
        cells += len(texts)
        if length > MAX_TEXT or cells > MAX_CELLS:
            return


def _shown(cell: Cell) -> str | None:
    if isinstance(cell, dict):
        return cell["shown"]
    if cell is None or cell == LEFT:
        return cell
    is_above = cell.startswith(ABOVE)
    return (ABOVE if is_above else "") + cell.removeprefix(ABOVE).removeprefix('"')


def workbook_text(file: IO[bytes]) -> str:
    """Return a workbook, XLSX or ODS, as text."""
    from integrations.documents import opendocument, workbooks

    if opendocument.is_opendocument(file):
        return sheets_text(opendocument.sheets(file))
    return sheets_text(workbooks.workbook_sheets(file))
