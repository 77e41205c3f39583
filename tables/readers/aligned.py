"""Columns drawn with spaces, as receipts, printed statements and data frames have them."""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from tables.readers import evidence, tabular
from tables.readers.marks import ITEM, RULE
from tables.readers.spans import MAX_COLUMNS, MAX_ROWS, Cell, Grid, Line, cell

_WORD = re.compile(r"[^ \u00a0\t]+")
_GAP = re.compile(r"\S[ \u00a0]{2,}\S")
_STAMP = re.compile(r"\d[\d:.,/-]{5,}\d(?:[TZ][\d:.+]*)?|\d{1,2} \w{3,9} \d{4}|\d{4}年\d{1,2}月\d{1,2}日")
_DOTS = re.compile(r"(?<=\S)[ ]?(?:\.[ ]?){3,}(?=[ ]*\S)|(?<=\S)[ ]?(?:[·…_][ ]?){2,}(?=[ ]*\S)")
_FEWEST, _LONGEST_CELL, _LONGEST_LINE, _MOST_LINES = 3, 80, 400, 2 * MAX_ROWS
_SAMPLE = 100  # lines that are judged before all are cut into cells
_MOST_ABOVE = 2  # lines above a table that stand by themselves
_FOREIGN_SHARE = 4  # one line of so many may be drawn in another way


class _Word(NamedTuple):
    """`start` and `end` are code points in the line; `left` and `right` where they are drawn."""

    start: int
    end: int
    left: int
    right: int


class _Drawn(NamedTuple):
    line: Line
    words: list[_Word]


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    if text.find("  ", lines[0].start, lines[-1].end) < 0 and text.find("..", lines[0].start, lines[-1].end) < 0:
        return
    run: list[_Drawn] = []
    above: Line | None = None  # the line above the run
    foreign = 0
    for line in lines:
        if _is_drawn(line) and len(run) < _MOST_LINES:
            run.append(_drawn(line))
            foreign = 0
        elif run and len(run) < _MOST_LINES and foreign == 0 and _may_interrupt(run, line):
            foreign = 1
        else:
            yield from _tables(text, run, above)
            run, foreign, above = [], 0, line
    yield from _tables(text, run, above)


def _is_drawn(line: Line) -> bool:
    content = line.text
    if len(content) > _LONGEST_LINE or ("  " not in content and "\u00a0 " not in content and ".." not in content):
        return False
    return (
        (_GAP.search(content) is not None or _DOTS.search(content) is not None)
        and not any(mark in content for mark in "\t|;")
        and not ITEM.match(content)
        and not RULE.fullmatch(content)
    )


def _may_interrupt(run: Sequence[_Drawn], line: Line) -> bool:
    """Return True for a rule below the header, and for a remark between the rows that is no sum."""
    if RULE.fullmatch(line.text):
        return len(run) <= _MOST_ABOVE
    return bool(line.text.strip()) and len(line.text) <= _LONGEST_CELL and not any(c.isdigit() for c in line.text)


def _drawn(line: Line) -> _Drawn:
    """Return the words of a line; wide characters take two places, marks that combine with a letter none."""
    content = line.text
    if dots := _DOTS.search(content):
        # Leaders are drawn for the eye: the words around them stand as far apart.
        content = content[: dots.start()] + " " * (dots.end() - dots.start()) + content[dots.end() :]
    spans = [found.span() for found in _WORD.finditer(content)]
    if content.isascii():
        return _Drawn(line, [_Word(start, end, start, end) for start, end in spans])
    places = [0]
    for character in content:
        wide = not character.isascii() and unicodedata.east_asian_width(character) in "WF"
        places.append(places[-1] + (0 if unicodedata.combining(character) else 2 if wide else 1))
    return _Drawn(line, [_Word(start, end, places[start], places[end]) for start, end in spans])


def _tables(text: str, run: Sequence[_Drawn], line_above: Line | None) -> Iterator[Grid]:
    """Yield the table of a run, without lines above and within that are not drawn like the rest."""
    if line_above and len(run) >= _FEWEST - 1 and (found := _with_names(text, _drawn(line_above), run)):
        yield found
        return
    for above in range(min(_MOST_ABOVE + 1, len(run) - _FEWEST + 1)):
        if found := _table(text, run[above:]):
            yield found
            return
    alike = _without_foreign(run)
    if len(alike) < len(run) and len(alike) >= _FEWEST and (found := _table(text, alike)):
        yield found


def _with_names(text: str, above: _Drawn, run: Sequence[_Drawn]) -> Grid | None:
    """Return the table with a line above that is drawn closer, when each of its words stands over one column."""
    edges = _edges(run)
    columns = len(edges) + 1
    if not columns - 1 <= len(above.words) <= columns or columns < 2:
        return None
    lefts = [0, *edges]
    rights = [max((w.right for one in run for w in one.words if w.left < edge), default=0) for edge in edges]
    rights.append(max(one.words[-1].right for one in run))
    found = [
        {n for n in range(columns) if word.left < rights[n] and word.right > lefts[n] and _touches(run, word, n, lefts)}
        for word in above.words
    ]
    taken = [next(iter(columns)) for columns in found if len(columns) == 1]
    if len(taken) < len(found) or taken != list(range(columns - len(found), columns)):
        return None
    cells = [cell(text, above.line.start + w.start, above.line.start + w.end) for w in above.words]
    rows: list[list[Cell]] = [[*(None,) * (columns - len(cells)), *cells]]
    rows += [_cells(text, one, edges) for one in run]
    if not _is_table(rows[1:]) or not evidence.has_header(rows):
        return None
    return tabular.table("aligned", _without_index(rows), (above.line.start, run[-1].line.end), header_rows=1)


def _touches(run: Sequence[_Drawn], word: _Word, column: int, lefts: Sequence[int]) -> bool:
    """Return True when some line has a word of the column above or below the given one."""
    end = lefts[column + 1] if column + 1 < len(lefts) else word.right + 1_000
    return any(
        w.left < word.right and w.right > word.left and lefts[column] <= w.left < end for one in run for w in one.words
    )


def _without_foreign(run: Sequence[_Drawn]) -> list[_Drawn]:
    """Return the lines that leave free what most others leave free."""
    width = max((one.words[-1].right for one in run), default=0)
    counts = [0] * (width + 1)
    for one in run:
        for word in one.words:
            for place in range(word.left, word.right):
                counts[place] += 1
    limit = max(1, len(run) // _FOREIGN_SHARE)
    gaps = {place for place, count in enumerate(counts) if 0 < count <= limit}
    inner = {place for place in gaps if any(counts[:place]) and _is_between(counts, place, limit)}
    return [one for one in run if not any(inner.intersection(range(w.left, w.right)) for w in one.words)]


def _is_between(counts: Sequence[int], place: int, limit: int) -> bool:
    """Return True for a place with much drawn on both sides of it, within a few places."""
    return max(counts[max(0, place - 12) : place], default=0) > limit < max(counts[place + 1 : place + 13], default=0)


def _table(text: str, run: Sequence[_Drawn]) -> Grid | None:
    edges = _edges(run)
    if not edges:
        return None
    if not _is_table([_cells(text, drawn, edges) for drawn in run[:_SAMPLE]]):
        return None
    rows = [_cells(text, drawn, edges) for drawn in run]
    if len(run) > _SAMPLE and not _is_table(rows):
        return None
    rows = _without_index(rows)
    return tabular.table("aligned", rows, (run[0].line.start, run[-1].line.end))


def _without_index(rows: list[list[Cell]]) -> list[list[Cell]]:
    """Leave out the numbers of rows that data frames print before the first column, which has no name."""
    if rows[0][0] is not None or len(rows[0]) < 2 or not all(rows[0][1:]):
        return rows
    numbers = [row[0].text if row[0] else "" for row in rows[1:]]
    first = numbers[0]
    if first in ("0", "1") and numbers == [str(int(first) + n) for n in range(len(numbers))]:
        return [row[1:] for row in rows]
    return rows


def _edges(run: Sequence[_Drawn]) -> list[int]:
    """Return where columns begin: behind places that no line draws on, if some line leaves two between its words."""
    edges = _ends_of_gaps(run)
    if len(edges) >= MAX_COLUMNS:
        return []
    kept: list[int] = []
    for n, edge in enumerate(edges):
        left = kept[-1] if kept else 0
        right = edges[n + 1] if n + 1 < len(edges) else None
        is_apart = any(_is_apart(drawn, left, edge, right) for drawn in run)
        if is_apart or _follows_stamp(run, left, edge) or (not kept and _numbers_rows(run, edge)):
            kept.append(edge)
    return kept


def _ends_of_gaps(run: Sequence[_Drawn]) -> list[int]:
    """Return the places behind those on which no line draws."""
    taken = sorted((word.left, word.right) for drawn in run for word in drawn.words)
    merged: list[tuple[int, int]] = []
    for left, right in taken:
        if merged and left <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], right))
        else:
            merged.append((left, right))
    return [left for left, _ in merged[1:]]


def _is_apart(drawn: _Drawn, left: int, edge: int, right: int | None) -> bool:
    """Return True when both columns are filled, two places or more apart."""
    at = bisect_left(drawn.words, edge, key=lambda word: word.left)
    if not 0 < at < len(drawn.words):
        return False
    before, after = drawn.words[at - 1], drawn.words[at]
    return before.left >= left and (right is None or after.left < right) and after.left - before.right >= 2


def _numbers_rows(run: Sequence[_Drawn], edge: int) -> bool:
    """Return True when nothing but the numbers of rows, counted from 0 or 1, stands before a place."""
    numbers = [[w for w in one.words if w.left < edge] for one in run]
    below = numbers[1:] if not numbers[0] else numbers
    if any(len(words) != 1 for words in below) or len(below) < 2:
        return False
    lines = run[len(run) - len(below) :]
    texts = [one.line.text[words[0].start : words[0].end] for one, words in zip(lines, below, strict=True)]
    return texts[0] in ("0", "1") and texts == [str(int(texts[0]) + n) for n in range(len(texts))]


def _follows_stamp(run: Sequence[_Drawn], left: int, edge: int) -> bool:
    """Return True where a date or a time ends a column, whatever the space behind it: `01 Apr 2026 Rent`."""
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
    """Return True when every row fills two columns, most fill most, and some column holds values or has a header."""
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
