"""Tables in pasted text, each cell with its place; prose and code around them are left out."""

from bisect import bisect_right
from dataclasses import replace
from itertools import islice

from tables.readers import (
    blocks,
    cell_lines,
    dashed_pairs,
    delimited,
    entries,
    key_values,
    lists,
    quantities,
    receipts,
    tallies,
    times,
)
from tables.readers.captions import caption
from tables.readers.drawn import aligned, matrices, ruled, spaced, trailing_values
from tables.readers.exports import (
    addresses,
    bracketed_logs,
    chat_headings,
    chats,
    commits,
    components,
    listings,
    logfmt,
    logs,
    references,
    sql_inserts,
    statements,
)
from tables.readers.leading_days import with_days
from tables.readers.letterheads import without_letterheads
from tables.readers.markup import html_tables, json_values, markdown, sections, wiki, xml_rows
from tables.readers.spans import (
    MAX_COLUMNS,
    MAX_GRIDS,
    MAX_ROWS,
    MAX_TEXT,
    Cell,
    Grid,
    Line,
    Span,
    split_lines,
)
from tables.readers.sums import are_sums

__all__ = ["MAX_COLUMNS", "MAX_GRIDS", "MAX_ROWS", "MAX_TEXT", "Cell", "Grid", "Span", "find_grids"]

# Each reader sees only the lines that those before it left: the stricter a format, the earlier its reader.
_READERS = (
    html_tables.read,
    wiki.read,
    xml_rows.read,
    matrices.read,
    json_values.read,
    components.read,
    sql_inserts.read,
    statements.read,
    markdown.read,
    sections.read,
    ruled.read,
    chats.read,
    chat_headings.read,
    listings.read,
    commits.read,
    bracketed_logs.read,
    logs.read,
    logfmt.read,
    addresses.read,
    references.read,
    trailing_values.read,
    receipts.read,
    aligned.read,
    delimited.read,
    quantities.read,
    spaced.read,
    times.read,
    dashed_pairs.read,
    tallies.read,
    entries.read,
    key_values.read,
    lists.read,
    cell_lines.read,
)
# Layouts that people type, of one or two lines a row. They look at the beginning of longer blocks, since a table has
# at most MAX_ROWS rows: 200,000 characters of short lines would cost each of them a fifth of a second.
_TYPED = frozenset(
    {
        receipts.read,
        quantities.read,
        times.read,
        dashed_pairs.read,
        sections.read,
        trailing_values.read,
        tallies.read,
        entries.read,
        key_values.read,
        lists.read,
        cell_lines.read,
    }
)
_MOST_TYPED_LINES = 2 * MAX_ROWS

_MOST_OF_A_KIND = 2 * MAX_GRIDS  # some are no tables of their own


def find_grids(text: str) -> list[Grid]:
    """Return the tables of the first MAX_TEXT characters, in text order, not overlapping, at most MAX_GRIDS."""
    text = text[:MAX_TEXT]
    lines = [blocks.unquoted(line) if line.text[:1] == ">" else line for line in split_lines(text)]
    starts = [line.start for line in lines]
    grids_found: list[Grid] = []
    free = list(blocks.readable(lines))
    for read in _READERS:
        left: list[blocks.Block] = []
        count = 0
        for block in free:
            seen = block[:_MOST_TYPED_LINES] if read in _TYPED else block
            grids = list(islice(read(text, seen), _MOST_OF_A_KIND - count))
            count += len(grids)
            grids_found.extend(grids)
            left.extend(blocks.remaining(seen, grids) if grids else [block])
            if count == _MOST_OF_A_KIND:  # what stands below the last of them is not among the first
                left = blocks.until(left, grids[-1].end)
                break
        free = left
    grids_found.sort(key=lambda grid: grid.start)
    grids_found = without_letterheads(
        text, [grid for n, grid in enumerate(grids_found) if n == 0 or not are_sums(grid)]
    )
    return [with_days(text, _named(text, lines, starts, grid)) for grid in grids_found[:MAX_GRIDS]]


def _named(text: str, lines: list[Line], starts: list[int], grid: Grid) -> Grid:
    above = None if grid.name else caption(text, lines, bisect_right(starts, grid.start) - 1)
    return replace(grid, name=above.text) if above else grid
