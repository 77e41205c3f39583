"""Tables of text files that no delimiter cuts into records: aligned columns, calendars, statements, logs, XML."""

import re
from collections.abc import Iterator
from typing import IO

from tables.grids import MAX_TEXT, Grid, find_grids


def rows_of(grid: Grid) -> Iterator[list[str | None]]:
    """Yield the names of a table and its rows."""
    yield [title if isinstance(title, str) else title.text for title in grid.header]
    yield from ([cell.text if cell else None for cell in row] for row in grid.rows)


# Formats whose tables are certain; of the others one has to be most of the text.
_STRICT = frozenset({"xml", "html", "json", "component", "sql", "statement", "markdown", "log", "wiki", "chat"})
_NO_LAYOUT = frozenset({"delimited", "list", "address"})


def find_text_grids(source: IO[bytes], encoding: str) -> list[Grid]:
    """Return the tables of a text that no delimiter cuts into records; none for a text that is too long."""
    source.seek(0)
    text = source.read(4 * MAX_TEXT + 4).decode(encoding, "ignore")
    if len(text) > MAX_TEXT:
        return []
    grids = [grid for grid in find_grids(text) if len(grid.header) > 1]
    covered = sum(grid.end - grid.start for grid in grids if len(grid.rows) > 1)
    if not grids or grids[0].kind in _NO_LAYOUT or (grids[0].kind not in _STRICT and 2 * covered < len(text)):
        return []
    return grids


def grid_rows(grids: list[Grid], index: int | None, notes: list[str]) -> Iterator[list[str | None]]:
    """Yield the names and rows of a table of a text, by default its first. Raises ValueError for another index."""
    if index is not None and index > len(grids):
        raise ValueError(f"The text has no table {index:,}. Choose a tableIndex from 1 to {len(grids)}.")
    if index is None and len(grids) > 1:
        notes.append(f"The text has {len(grids)} tables, and the first was read: choose another by its tableIndex.")
    yield from rows_of(grids[(index or 1) - 1])


_MARKUP = (
    (re.compile(r"\s*<[?!]?[a-z]", re.IGNORECASE), "The file is XML or HTML in which no rows were found"),
    (re.compile(r"\s*\{\\rtf"), "The file is an RTF document"),
    (re.compile(r"\s*MIME-Version:", re.IGNORECASE), "The file is a saved mail or web archive"),
    (re.compile(r"\s*OFXHEADER:"), "The file is OFX, which is not read"),
)


def refuse_markup(sample: str) -> None:
    """Raise ValueError for a text that is no table, and would become one of its markup."""
    for pattern, message in _MARKUP:
        if pattern.match(sample):
            raise ValueError(f"{message}: save its table as CSV or XLSX, or paste it, then send that.")
