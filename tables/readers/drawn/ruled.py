"""Columns under runs of dashes, as databases and reStructuredText print them, and the prints of R and pandas."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tables.readers import tabular
from tables.readers.spans import MAX_COLUMNS, Cell, Grid, Line, cell

_RULE = re.compile(r"[ \t]*(?:-{2,}|={2,}|─{2,})(?:[ \t]+(?:-+|=+|─+))+[ \t]*")
_TYPES = re.compile(r"[ \t]*<[\w/\[\]., -]{1,20}>(?:[ \t]+<[\w/\[\]., -]{1,20}>)*[ \t]*")
_TYPE = re.compile(r"<[^<>]+>")
_NUMBERED = re.compile(r"[ \t]*(?P<number>\d{1,7})\*?[ \t]+(?=\S)")
_FOOTER = re.compile(r"\s*(?:\(?\d+ rows?\b.*|\(\d+ .*\)|\[\d+ rows x .*|#.*|\.\.\.)", re.IGNORECASE)
_TEXTUAL = frozenset(["<chr>", "<fct>", "<ord>", "<str>", "<char>"])


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A line with the offset in it of each place on the screen: wide characters take two, marks none."""

    line: Line
    offsets: list[int]

    def offset(self, x: int) -> int:
        return self.offsets[x] if x < len(self.offsets) else len(self.line.text)

    def is_blank(self, x: int) -> bool:
        at = self.offset(x)
        return at >= len(self.line.text) or self.line.text[at] in " \u00a0"


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    i = 0
    while i < len(lines):
        line = lines[i].text
        result: tuple[Grid | None, int] = (None, i)
        if ("--" in line or "==" in line or "──" in line) and _RULE.fullmatch(line):
            result = _under_rule(text, lines, i)
        elif "<" in line and i and _TYPES.fullmatch(line):
            result = _tibble(text, lines, i)
        if result[0]:
            yield result[0]
        i = max(result[1], i) + 1


def drawn(line: Line) -> _Drawn:
    if line.text.isascii():
        return _Drawn(line, list(range(len(line.text))))
    offsets: list[int] = []
    for index, character in enumerate(line.text):
        wide = 2 if unicodedata.east_asian_width(character) in "WF" else 1
        offsets += [index] * (0 if unicodedata.combining(character) else wide)
    return _Drawn(line, offsets)


def _under_rule(text: str, lines: Sequence[Line], i: int) -> tuple[Grid | None, int]:
    """Return the table whose columns the dashes of line `i` show, and its last line."""
    starts = [run.start() for run in re.finditer(r"[-=─]+", lines[i].text)][:MAX_COLUMNS]
    header = _row(text, lines[i - 1], starts) if i and not lines[i - 1].is_blank else None
    first, rows, last = i - 1 if header else i, [], i
    if header is None and i + 2 < len(lines) and _RULE.fullmatch(lines[i + 2].text):
        header, last = _row(text, lines[i + 1], starts), i + 2  # reStructuredText has a rule above the names too
    for n in range(last + 1, len(lines)):
        content = lines[n].text
        if lines[n].is_blank or _RULE.fullmatch(content):
            break
        row = None if _FOOTER.fullmatch(content) else _row(text, lines[n], starts)
        if row is None:
            break
        rows.append(row)
        last = n
    if not rows or (header is None and len(rows) < 2):
        return None, i
    extent = (lines[first].start, lines[last].end)
    above = [header] if header else []
    return tabular.table("ruled", [*above, *rows], extent, header_rows=len(above)), last


def _row(text: str, line: Line, starts: Sequence[int]) -> list[Cell] | None:
    """Return the cells of a line by where columns start; None when a word stands across a start."""
    whole = drawn(line)
    if any(not whole.is_blank(start - 1) for start in starts if start):
        return None
    edges = [0, *(whole.offset(start) for start in starts[1:]), len(line.text)]
    return [cell(text, line.start + a, line.start + b) for a, b in pairwise(edges)]


def _tibble(text: str, lines: Sequence[Line], i: int) -> tuple[Grid | None, int]:
    """Return the table with R's types of columns in line `i` below its names, and its last line."""
    last = i
    while last + 1 < len(lines) and _NUMBERED.match(lines[last + 1].text):
        last += 1
    if last == i:
        return None, i
    block = [drawn(line) for line in lines[i - 1 : last + 1]]
    types = [(match.start(), match.end(), match.group()) for match in _TYPE.finditer(lines[i].text)]
    numbers = max(match.end("number") for line in lines[i + 1 : last + 1] if (match := _NUMBERED.match(line.text)))
    edges = _edges(block, types, numbers)
    if edges is None:
        return None, i
    rows = [
        [cell(text, one.line.start + one.offset(a), one.line.start + one.offset(b)) for a, b in pairwise(edges)]
        for n, one in enumerate(block)
        if n != 1
    ]
    return tabular.table("ruled", rows, (lines[i - 1].start, lines[last].end), header_rows=1), last


def _edges(block: Sequence[_Drawn], types: Sequence[tuple[int, int, str]], first: int) -> list[int] | None:
    """Return where columns begin and end: at places that every line leaves empty, one between two types."""
    width = max(len(one.offsets) for one in block)
    gaps = [x for x in range(first, width) if all(one.is_blank(x) for one in block)]
    edges = [first]
    for (_, end, kind), (start, _, _) in pairwise(types):
        between = [x for x in gaps if end <= x < start]
        if not between:
            return None
        # Words stand left in their column, so that the gap behind them is the last; numbers stand right.
        edges.append(between[-1] if kind in _TEXTUAL else between[0])
    return [*edges, width]
