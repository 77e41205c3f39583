"""Lines drawn with spaces: their words, the places where columns begin, and the cells of each line."""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Container, Sequence
from itertools import pairwise
from typing import NamedTuple

from tables.readers import evidence
from tables.readers.spans import MAX_COLUMNS, Cell, Line, cell

_WORD = re.compile(r"[^ \u00a0\u3000\t]+")
_STAMP = re.compile(r"\d[\d:.,/-]{5,}\d(?:[TZ][\d:.+]*)?|\d{1,2} \w{3,9} \d{4}|\d{4}年\d{1,2}月\d{1,2}日")
_GROUPS = re.compile(r"[-+−]?\d{1,3}[ \u00a0]\d{3}(?:[.,]\d{1,2})?")
LEADERS = re.compile(r"(?<=\S)[ ]?(?:\.[ ]?){3,}(?=[ ]*\S)|(?<=\S)[ ]?(?:[·…_][ ]?){2,}(?=[ ]*\S)")
_FOREIGN_SHARE = 4  # one line of so many may be drawn in another way


class Word(NamedTuple):
    """`start` and `end` are code points in the line; `left` and `right` where they are drawn."""

    start: int
    end: int
    left: int
    right: int


class DrawnLine(NamedTuple):
    line: Line
    words: list[Word]


def draw(line: Line) -> DrawnLine:
    """Return the words of a line; wide characters take two places, marks that combine with a letter none."""
    content = line.text
    if dots := LEADERS.search(content):
        # Leaders are drawn for the eye: the words around them stand as far apart.
        content = content[: dots.start()] + " " * (dots.end() - dots.start()) + content[dots.end() :]
    spans = [match.span() for match in _WORD.finditer(content)]
    if content.isascii():
        return DrawnLine(line, [Word(start, end, start, end) for start, end in spans])
    places = [0]
    for character in content:
        wide = not character.isascii() and unicodedata.east_asian_width(character) in "WF"
        places.append(places[-1] + (0 if unicodedata.combining(character) else 2 if wide else 1))
    return DrawnLine(line, [Word(start, end, places[start], places[end]) for start, end in spans])


def without_foreign(run: Sequence[DrawnLine]) -> list[DrawnLine]:
    """Return the lines that leave free what most others leave free."""
    width = max((one.words[-1].right for one in run), default=0)
    counts = [0] * (width + 1)
    for one in run:
        for word in one.words:
            for x in range(word.left, word.right):
                counts[x] += 1
    limit = max(1, len(run) // _FOREIGN_SHARE)
    gaps = {x for x, count in enumerate(counts) if 0 < count <= limit}
    inner = {x for x in gaps if any(counts[:x]) and _is_between(counts, x, limit)}
    return [one for one in run if not any(inner.intersection(range(w.left, w.right)) for w in one.words)]


def _is_between(counts: Sequence[int], x: int, limit: int) -> bool:
    """Return True for a place with much drawn on both sides of it, within a few places."""
    return max(counts[max(0, x - 12) : x], default=0) > limit < max(counts[x + 1 : x + 13], default=0)


def column_edges(run: Sequence[DrawnLine]) -> list[int]:
    """Return where columns begin: behind places that no line draws on, if some line leaves two between its words."""
    edges = _ends_of_gaps(run)
    if len(edges) >= MAX_COLUMNS:
        return []
    result: list[int] = []
    for n, edge in enumerate(edges):
        left = result[-1] if result else 0
        right = edges[n + 1] if n + 1 < len(edges) else None
        is_apart = any(_is_apart(drawn, left, edge, right) for drawn in run)
        if (
            is_apart
            or _follows_value(run, left, edge, right)
            or _follows_stamp(run, left, edge)
            or (not result and _numbers_rows(run, edge))
        ):
            result.append(edge)
    return result


def _ends_of_gaps(run: Sequence[DrawnLine]) -> list[int]:
    """Return the places behind those on which no line draws."""
    covered = sorted((word.left, word.right) for drawn in run for word in drawn.words)
    merged: list[tuple[int, int]] = []
    for left, right in covered:
        if merged and left <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], right))
        else:
            merged.append((left, right))
    return [left for left, _ in merged[1:]]


def _is_apart(drawn: DrawnLine, left: int, edge: int, right: int | None) -> bool:
    """Return True when both columns are filled, two places or more apart."""
    at = bisect_left(drawn.words, edge, key=lambda word: word.left)
    if not 0 < at < len(drawn.words):
        return False
    before, after = drawn.words[at - 1], drawn.words[at]
    return before.left >= left and (right is None or after.left < right) and after.left - before.right >= 2


def _numbers_rows(run: Sequence[DrawnLine], edge: int) -> bool:
    """Return True when nothing but the numbers of rows, counted from 0 or 1, stands before a place."""
    numbers = [[w for w in one.words if w.left < edge] for one in run]
    below = numbers[1:] if not numbers[0] else numbers
    if any(len(words) != 1 for words in below) or len(below) < 2:
        return False
    lines = run[len(run) - len(below) :]
    texts = [one.line.text[words[0].start : words[0].end] for one, words in zip(lines, below, strict=True)]
    return texts[0] in ("0", "1") and texts == [str(int(texts[0]) + n) for n in range(len(texts))]


def _follows_value(run: Sequence[DrawnLine], left: int, edge: int, right: int | None) -> bool:
    """Return True where each line has one word before the place, a title over values, and words behind it."""
    for n, drawn in enumerate(run):
        first = bisect_left(drawn.words, left, key=lambda word: word.left)
        after = bisect_left(drawn.words, edge, key=lambda word: word.left)
        if after - first != 1 or after == len(drawn.words) or (right and drawn.words[after].left >= right):
            return False
        word = drawn.line.text[drawn.words[first].start : drawn.words[first].end]
        if evidence.is_value(word) != (n > 0):
            return False
    return len(run) > 2


def _follows_stamp(run: Sequence[DrawnLine], left: int, edge: int) -> bool:
    """Return True where a date or a time ends a column, whatever the space behind it: `01 Apr 2026 Rent`."""
    for drawn in run:
        words = [word for word in drawn.words if left <= word.left < edge]
        if not words or not _STAMP.fullmatch(drawn.line.text[words[0].start : words[-1].end]):
            return False
    return True


def _is_thousands(drawn: DrawnLine, index: int) -> bool:
    """Return True where the word at an index goes on with the number before it: `2 150,00` under `Credit`."""
    if not 0 < index < len(drawn.words):
        return False
    before, word = drawn.words[index - 1], drawn.words[index]
    return word.left - before.right == 1 and _GROUPS.fullmatch(drawn.line.text, before.start, word.end) is not None


def _first_word(drawn: DrawnLine, edge: int) -> int:
    return bisect_left(drawn.words, edge, key=lambda word: word.left)


def column_ends(run: Sequence[DrawnLine], edges: Sequence[int]) -> list[set[int]]:
    """Return for each edge where the words before it end: thousands end elsewhere than their column."""
    ends: list[set[int]] = []
    for edge in edges:
        at = ((drawn, _first_word(drawn, edge)) for drawn in run)
        ends.append({drawn.words[n - 1].right for drawn, n in at if n and not _is_thousands(drawn, n)})
    return ends


def cells_of(
    text: str, drawn: DrawnLine, edges: Sequence[int], ends: Sequence[Container[int]] | None = None
) -> list[Cell]:
    """Return the cells of a line; `ends` are those of `column_ends`, in the order of the edges."""
    starts: list[int] = []
    for n, edge in enumerate(edges):
        index = _first_word(drawn, edge)
        is_own = ends is not None and index > 0 and drawn.words[index - 1].right in ends[n]
        starts.append(index - 1 if _is_thousands(drawn, index) and not is_own else index)
    row: list[Cell] = []
    for a, b in pairwise([0, *starts, len(drawn.words)]):
        words = drawn.words[a:b]
        at = drawn.line.start
        row.append(cell(text, at + words[0].start, at + words[-1].end) if words else None)
    return row
