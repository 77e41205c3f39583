"""Zones of a page: its columns of prose, and what stands across them, in the order in which they are read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from integrations.documents.pdf_pages.words import Segment, TextLine, Word, lines_of

_PROSE_WORDS = 4  # of a segment that may be a line of prose
_ALIGNED = 3.0  # points by which the starts of lines may differ
_INDENT = 30.0
_MIN_LINES = 6  # lines of prose that make a column
_TABLE_ROWS = 3


@dataclass(frozen=True)
class Box:
    """Rectangle on a page."""

    top: float
    bottom: float
    left: float
    right: float


@dataclass(frozen=True)
class Zone:
    """Lines that are read one after another, and where they stand."""

    lines: list[TextLine]
    box: Box


@dataclass(frozen=True)
class _Gutter:
    """Empty stripe between two columns of prose."""

    left: float
    right: float
    start: float  # left edge of the column before it

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2


def zones_of(lines: Sequence[TextLine], boxes: Sequence[Box]) -> list[Zone]:
    """Return the zones of a page; `boxes` are its tables that are drawn, which end columns that they cross."""
    gutters = _gutters(lines)
    if not gutters:
        return [_zone(list(lines))] if lines else []
    zones: list[Zone] = []
    across: list[TextLine] = []
    for band, has_columns in _bands(lines, gutters, boxes):
        if not band:
            continue
        if not has_columns:
            across += band  # the names of columns may stand across a gutter, and their values beside it
            continue
        zones += [_zone(across)] if across else []
        zones += [_zone(lines_of(column)) for column in _columns(band, gutters) if column]
        across = []
    return [*zones, _zone(across)] if across else zones


def _zone(lines: list[TextLine]) -> Zone:
    left = min(line.words[0].x0 for line in lines)
    right = max(line.words[-1].x1 for line in lines)
    return Zone(lines, Box(lines[0].top, max(line.bottom for line in lines), left, right))


def _gutters(lines: Sequence[TextLine]) -> list[_Gutter]:
    """Return the stripes between columns of prose, from left to right."""
    prose = [segment for line in lines for segment in line.segments() if is_prose(segment)]
    if len(prose) < 2 * _MIN_LINES:
        return []
    starts = _starts(prose)
    gutters = []
    for start, following in pairwise(starts):
        ends = sorted(segment.x1 for segment in prose
                      if start - _ALIGNED <= segment.x0 <= start + _INDENT and segment.x1 < following)  # fmt: skip
        if len(ends) < _MIN_LINES:
            continue
        gutter = _Gutter(ends[int(0.95 * (len(ends) - 1))], following - 0.5, start)
        if gutter.right - gutter.left > 4 and _is_empty(lines, gutter):
            gutters.append(gutter)
    return gutters


def is_prose(segment: Segment) -> bool:
    """Return whether a segment may be a line of prose: several words, most of them of letters."""
    if len(segment.words) < _PROSE_WORDS:
        return False
    letters = sum(1 for word in segment.words if any(map(str.isalpha, word.text)))
    return 4 * letters >= 3 * len(segment.words)


def _starts(prose: Sequence[Segment]) -> list[float]:
    """Return the left edges of columns: where many lines of prose begin."""
    edges = sorted(segment.x0 for segment in prose)
    groups: list[list[float]] = []
    for edge in edges:
        if groups and edge - groups[-1][0] <= _ALIGNED:
            groups[-1].append(edge)
        else:
            groups.append([edge])
    width = max(segment.x1 for segment in prose) - edges[0]
    starts: list[list[float]] = []
    for group in groups:
        if len(group) < max(_MIN_LINES, len(prose) // 8):
            continue
        if starts and group[0] - starts[-1][0] < 0.15 * width:
            starts[-1] = max(starts[-1], group, key=len)
        else:
            starts.append(group)
    return [group[0] for group in starts]


def _is_empty(lines: Sequence[TextLine], gutter: _Gutter) -> bool:
    """Return whether hardly any line has words in the gutter, or before the column on its left."""
    beside = [line for line in lines if not _crosses(line, gutter)]
    inside = sum(1 for line in beside if any(gutter.left + 2 < word.middle < gutter.right - 2 for word in line.words))
    return 10 * inside <= len(beside)


def _crosses(line: TextLine, gutter: _Gutter) -> bool:
    """Return whether words of a line stand across the gutter, no wider apart than words are."""
    before: Word | None = None
    for word in line.words:
        if word.x0 < gutter.middle < word.x1:
            return True
        if word.x0 >= gutter.middle:
            return before is not None and word.x0 - before.x1 < 0.75 * (gutter.right - gutter.left)
        before = word
    return False


def _bands(
    lines: Sequence[TextLine], gutters: Sequence[_Gutter], boxes: Sequence[Box]
) -> Iterator[tuple[list[TextLine], bool]]:
    """Yield stretches of lines from top to bottom, each with whether it is in columns."""
    stretches = _stretches(lines, gutters, boxes)
    for n, (stretch, is_crossing) in enumerate(stretches):
        if is_crossing:
            yield stretch, False
            continue
        # Rows of one table stand across a gutter or beside it, as their cells are long or short.
        above = n > 0 and _is_row(stretches[n - 1][0][-1])
        below = n + 1 < len(stretches) and _is_row(stretches[n + 1][0][0])
        first = _table_rows(stretch, gutters, 1 if above else _TABLE_ROWS)
        last = _table_rows(stretch[first:][::-1], gutters, 1 if below else _TABLE_ROWS)
        middle = stretch[first : len(stretch) - last]
        yield stretch[:first], False
        yield middle, any(_has_prose(line, gutters) for line in middle)
        yield stretch[len(stretch) - last :], False


def _stretches(
    lines: Sequence[TextLine], gutters: Sequence[_Gutter], boxes: Sequence[Box]
) -> list[tuple[list[TextLine], bool]]:
    """Return stretches of lines that all cross gutters, or all do not."""
    stretches: list[tuple[list[TextLine], bool]] = []
    for line in lines:
        is_crossing = any(_crosses(line, gutter) for gutter in gutters)
        if stretches and stretches[-1][1] == is_crossing:
            above = stretches[-1][0]
            if not any(_is_between(above[-1], box, line, gutters) for box in boxes):
                above.append(line)
                continue
        stretches.append(([line], is_crossing))
    return stretches


def _is_row(line: TextLine) -> bool:
    return len(line.segments()) > 2


def _is_between(above: TextLine, box: Box, below: TextLine, gutters: Sequence[_Gutter]) -> bool:
    is_wide = any(box.left < gutter.left and box.right > gutter.right for gutter in gutters)
    return is_wide and above.top < box.top < below.bottom


def _table_rows(lines: Sequence[TextLine], gutters: Sequence[_Gutter], least: int) -> int:
    """Return how many of the first lines are rows of a table across the gutters; 0 when they are not one."""
    count = next((n for n, line in enumerate(lines) if _has_prose(line, gutters)), len(lines))
    wide = [line for line in lines[:count] if _is_row(line) and len(_sides(line, gutters)) > 1]
    return count if len(wide) >= least and 2 * len(wide) >= count else 0


def _sides(line: TextLine, gutters: Sequence[_Gutter]) -> set[int]:
    return {sum(word.middle > gutter.middle for gutter in gutters) for word in line.words}


def _has_prose(line: TextLine, gutters: Sequence[_Gutter]) -> bool:
    """Return whether one of the columns has a line of prose here, from its left edge on."""
    starts = [gutter.start for gutter in gutters] + [gutters[-1].right]
    return any(
        is_prose(segment) and any(-_ALIGNED <= segment.x0 - start <= _INDENT for start in starts)
        for segment in line.segments()
    )


def _columns(band: Sequence[TextLine], gutters: Sequence[_Gutter]) -> list[list[Word]]:
    columns: list[list[Word]] = [[] for _ in range(len(gutters) + 1)]
    for line in band:
        for word in line.words:
            columns[sum(word.middle > gutter.middle for gutter in gutters)].append(word)
    return columns
