"""Columns drawn with spaces, as receipts and printed statements have them."""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tables.readers import evidence
from tables.readers.marks import ITEM, RULE
from tables.readers.spans import MAX_COLUMNS, Cell, Grid, Line, cell, grid

_WORD = re.compile(r"[^ \u00a0]+")
_GAP = re.compile(r"\S {2,}\S")
_STAMP = re.compile(r"\d[\d:.,/-]{5,}\d(?:[TZ][\d:.+]*)?|\d{1,2} \w{3,9} \d{4}|\d{4}年\d{1,2}月\d{1,2}日")
_FEWEST, _LONGEST_CELL, _LONGEST_LINE, _MOST_LINES = 3, 80, 400, 2_000
_MOST_ABOVE = 2  # lines above a table that stand by themselves


@dataclass(frozen=True, slots=True)
class _Word:
    """`start` and `end` are code points in the line; `left` and `right` where they are drawn."""

    start: int
    end: int
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class _Drawn:
    line: Line
    words: list[_Word]


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    if text.find("  ", lines[0].start, lines[-1].end) < 0:
        return
    run: list[_Drawn] = []
    for line in lines:
        if _is_drawn(line) and len(run) < _MOST_LINES:
            run.append(_drawn(line))
        else:
            yield from _tables(text, run)
            run = []
    yield from _tables(text, run)


def _is_drawn(line: Line) -> bool:
    content = line.text
    return (
        len(content) <= _LONGEST_LINE
        and _GAP.search(content) is not None
        and not any(mark in content for mark in "\t|;")
        and not ITEM.match(content)
        and not RULE.fullmatch(content)
    )


def _drawn(line: Line) -> _Drawn:
    """Wide characters take two places, marks that combine with a letter none."""
    places = [0]
    for character in line.text:
        wide = unicodedata.east_asian_width(character) in "WF"
        places.append(places[-1] + (0 if unicodedata.combining(character) else 2 if wide else 1))
    words = [_Word(*found.span(), places[found.start()], places[found.end()]) for found in _WORD.finditer(line.text)]
    return _Drawn(line, words)


def _tables(text: str, run: Sequence[_Drawn]) -> Iterator[Grid]:
    """Without the lines above that are not drawn like the rest."""
    for above in range(min(_MOST_ABOVE + 1, len(run) - _FEWEST + 1)):
        if found := _table(text, run[above:]):
            yield found
            return


def _table(text: str, run: Sequence[_Drawn]) -> Grid | None:
    edges = _edges(run)
    if not edges:
        return None
    rows = [_cells(text, drawn, edges) for drawn in run]
    if not _is_table(rows):
        return None
    extent = (run[0].line.start, run[-1].line.end)
    if evidence.has_header(rows):
        return grid("aligned", rows[0], rows[1:], extent)
    return grid("aligned", (), rows, extent)


def _edges(run: Sequence[_Drawn]) -> list[int]:
    """Where columns begin: behind places that no line draws on, if some line leaves two of them between its words."""
    edges = _ends_of_gaps(run)
    if len(edges) >= MAX_COLUMNS:
        return []
    kept: list[int] = []
    for n, edge in enumerate(edges):
        left = kept[-1] if kept else 0
        right = edges[n + 1] if n + 1 < len(edges) else None
        if any(_is_apart(drawn, left, edge, right) for drawn in run) or _follows_stamp(run, left, edge):
            kept.append(edge)
    return kept


def _ends_of_gaps(run: Sequence[_Drawn]) -> list[int]:
    """The places behind those on which no line draws."""
    taken = sorted((word.left, word.right) for drawn in run for word in drawn.words)
    merged: list[tuple[int, int]] = []
    for left, right in taken:
        if merged and left <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], right))
        else:
            merged.append((left, right))
    return [left for left, _ in merged[1:]]


def _is_apart(drawn: _Drawn, left: int, edge: int, right: int | None) -> bool:
    """Both columns are filled, two places or more apart."""
    at = bisect_left(drawn.words, edge, key=lambda word: word.left)
    if not 0 < at < len(drawn.words):
        return False
    before, after = drawn.words[at - 1], drawn.words[at]
    return before.left >= left and (right is None or after.left < right) and after.left - before.right >= 2


def _follows_stamp(run: Sequence[_Drawn], left: int, edge: int) -> bool:
    """`01 Apr 2026 Rent`: a date or a time ends a column, whatever the space behind it."""
    for drawn in run:
        words = [word for word in drawn.words if left <= word.left < edge]
        if not words or not _STAMP.fullmatch(drawn.line.text[words[0].start : words[-1].end]):
            return False
    return True


def _cells(text: str, drawn: _Drawn, edges: Sequence[int]) -> list[Cell]:
    starts = [bisect_left(drawn.words, edge, key=lambda word: word.left) for edge in edges]
    row: list[Cell] = []
    for a, b in pairwise([0, *starts, len(drawn.words)]):
        words = drawn.words[a:b]
        at = drawn.line.start
        row.append(cell(text, at + words[0].start, at + words[-1].end) if words else None)
    return row


def _is_table(rows: Sequence[Sequence[Cell]]) -> bool:
    """Every row fills two columns, most fill most; some column holds values, or the rows have a header's shape."""
    filled = [sum(1 for found in row if found) for row in rows]
    width = len(rows[0])
    if min(filled) < 2 or not evidence.is_most([2 * n > width for n in filled]):
        return False
    cells = [found.text for row in rows for found in row if found]
    if max(map(len, cells)) > _LONGEST_CELL or all(row[0] and row[0].text.endswith(":") for row in rows):
        return False
    if evidence.is_most([text.endswith((",", ".")) for text in cells]):
        return False
    return evidence.has_value_column(rows) or (width >= 3 and evidence.has_header(rows))
