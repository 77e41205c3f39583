"""Tables with one cell on each line, as they are copied from web pages: rows follow each other in equal steps."""

from collections.abc import Iterator, Sequence

from tables.readers import evidence
from tables.readers.marks import ITEM, RULE
from tables.readers.spans import Cell, Grid, Line, cell, grid

_WIDEST, _LONGEST = 10, 60
_FEWEST_LINES, _MOST_LINES = 6, 20_000
_SAMPLE = 30  # rows that are judged


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
    i = 0
    while i < len(blocks):
        count = _records(blocks, i)
        if count and (found := _grid(text, blocks[i : i + count], 0)):
            yield found
        elif not count and (width := _width(blocks[i])):
            rows = [blocks[i][n : n + width] for n in range(0, len(blocks[i]), width)]
            if found := _grid(text, rows, 1):
                yield found
        i += max(1, count)


def _records(blocks: Sequence[Sequence[Line]], i: int) -> int:
    """Return how many blocks from `i` on are records of equally many lines, 0 when they are none."""
    width = len(blocks[i])
    end = i
    while end < len(blocks) and len(blocks[end]) == width:
        end += 1
    rows = [[line.text for line in block] for block in blocks[i:end]]
    is_wide = 2 <= width <= _WIDEST and len(rows) >= 2 and len(rows) * width >= _FEWEST_LINES
    return end - i if is_wide and _are_plain(rows) and _is_regular(rows, 0) else 0


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
