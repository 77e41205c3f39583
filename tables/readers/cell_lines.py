"""Tables with one cell on each line, as they are copied from web pages: rows follow each other in equal steps."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from tables.readers import evidence
from tables.readers.marks import ITEM, RULE
from tables.readers.spans import Cell, Grid, Line, cell, grid

_WIDEST, _LONGEST = 10, 60
_FEWEST_LINES, _MOST_LINES = 6, 20_000
_SAMPLE = 30  # rows that are judged
_MOST_STARTS = 4  # blocks above records that may be no record but have as many lines


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    run: list[Line] = []
    blocks: list[list[Line]] = []
    for line in [*lines, Line("", lines[-1].end)]:
        if line.is_blank:
            if run:
                blocks.append(run)
            run = []
        else:
            run.append(line)
    for _, group in groupby(blocks, len):
        yield from _tables(text, list(group))


def _tables(text: str, blocks: Sequence[Sequence[Line]]) -> Iterator[Grid]:
    """Yield the table that blocks of equally many lines are the records of, else those within each block."""
    first = _first_record(blocks)
    for block in blocks[:first]:
        if (width := _width(block)) and (
            result := _grid(text, [block[n : n + width] for n in range(0, len(block), width)], 1)
        ):
            yield result
    if first < len(blocks) and (result := _grid(text, blocks[first:], 0)):
        yield result


def _first_record(blocks: Sequence[Sequence[Line]]) -> int:
    """Return the index of the block from which on all are records, the number of blocks when none is."""
    width = len(blocks[0])
    if not 2 <= width <= _WIDEST:
        return len(blocks)
    for first in range(min(_MOST_STARTS, len(blocks) - 1)):
        count = len(blocks) - first
        rows = [[line.text for line in block] for block in blocks[first : first + _SAMPLE]]
        if count * width >= _FEWEST_LINES and _are_plain(rows) and _is_regular(rows, 0):
            return first
    return len(blocks)


def _width(block: Sequence[Line]) -> int:
    """Return how many lines make a row of the block, the first row being the header; 0 when they make none."""
    count = len(block)
    if not _FEWEST_LINES <= count <= _MOST_LINES:
        return 0
    texts = [line.text for line in block]
    if not _are_plain([texts[: _SAMPLE * 2]]):
        return 0
    for width in range(2, min(_WIDEST, count // 3) + 1):
        if count % width == 0:
            rows = [texts[n : n + width] for n in range(0, count, width)]
            if _is_regular(rows, 1):
                return width
    return 0


def _are_plain(rows: Sequence[Sequence[str]]) -> bool:
    texts = [text for row in rows[:_SAMPLE] for text in row]
    return all(
        len(text) <= _LONGEST
        and not text.rstrip().endswith((",", ";", "{", "}", ":", "?", "!"))
        and not ITEM.match(text)
        and not RULE.fullmatch(text)
        and not any(mark in text for mark in "\t|")
        and "  " not in text.strip()
        for text in texts
    )


def _is_regular(rows: Sequence[Sequence[str]], header: int) -> bool:
    """Return True when each column has values of one kind or none, one of each sort at least, under words."""
    body = rows[header : header + _SAMPLE]
    if len(body) < 2:
        return False
    kinds = [{evidence.kind_of(row[n]).partition(" ")[0] for row in body} for n in range(len(rows[0]))]
    if any(len(kind) > 1 for kind in kinds) or all("" in kind for kind in kinds) or not any("" in k for k in kinds):
        return False
    words = [row[n] for row in body for n, kind in enumerate(kinds) if "" in kind]
    if any(word.rstrip().endswith(".") or word.count(" ") > 4 for word in words):
        return False
    return not header or not any(evidence.is_value(title) and not evidence.is_label(title) for title in rows[0])


def _grid(text: str, rows: Sequence[Sequence[Line]], header: int) -> Grid | None:
    cells: list[list[Cell]] = [[cell(text, line.start, line.end) for line in row] for row in rows]
    extent = (rows[0][0].start, rows[-1][-1].end)
    return grid("lines", cells[0] if header else (), cells[header:], extent)
