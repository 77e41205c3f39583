"""Rows of Chinese and Japanese with a blank between cells, since blanks part no words there: `周一 09:00 数学`."""

import re
from collections.abc import Iterator, Sequence

from tables.readers import evidence
from tables.readers.marks import ITEM
from tables.readers.spans import MAX_COLUMNS, Cell, Grid, Line, cell
from tables.readers.tabular import table
from tables.types.null_words import is_null

_LETTER = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_CELL = re.compile(r"[^ \t\u3000]+")
_PROSE = re.compile(r"[。！？；：，、,:;!?|]")
_FEWEST_ROWS, _FEWEST_CELLS, _LONGEST, _LONGEST_CELL = 3, 3, 200, 20


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    if _LETTER.search(text, lines[0].start, lines[-1].end) is None:
        return
    run: list[tuple[Line, list[Cell]]] = []
    for line in lines:
        cells = _cells(text, line)
        if run and len(cells) != len(run[0][1]):
            yield from _table(run)
            run = []
        if cells:
            run.append((line, cells))
    yield from _table(run)


def _cells(text: str, line: Line) -> list[Cell]:
    """Return the cells of a row; none of a line that is no row of short cells, most of them in such a script."""
    if len(line.text) > _LONGEST or _LETTER.search(line.text) is None or ITEM.match(line.text):
        return []
    match = [cell(text, line.start + a, line.start + b) for a, b in (word.span() for word in _CELL.finditer(line.text))]
    texts = [one.text for one in match if one]
    is_row = _FEWEST_CELLS <= len(texts) <= MAX_COLUMNS and max(map(len, texts)) <= _LONGEST_CELL
    words = [one for one in texts if not evidence.is_value(one) and not is_null(one)]
    return match if is_row and not any(map(_PROSE.search, words)) and all(map(_LETTER.search, words)) else []


def _table(run: Sequence[tuple[Line, list[Cell]]]) -> Iterator[Grid]:
    rows = [cells for _, cells in run]
    if len(rows) < _FEWEST_ROWS or not (evidence.has_value_column(rows) or evidence.has_header(rows)):
        return
    if result := table("lines", rows, (run[0][0].start, run[-1][0].end)):
        yield result
