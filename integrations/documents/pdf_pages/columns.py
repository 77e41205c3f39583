"""Columns of a table without lines: where words stand below each other."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from integrations.documents.pdf_pages.directions import words_text
from integrations.documents.pdf_pages.words import Segment, TextLine, Word
from tables.files.cell_kinds import CellKind, is_year, kind_of

_NARROWEST = 0.35  # of the type's size, of a gap between a text and a column of values
_WIDE = 0.8
_ALIGNED = 2.5


def is_value(segment: Segment) -> bool:
    kind = kind_of(segment.text)
    # Addresses stand in letterheads more often than in tables.
    return (kind.is_value and kind is not CellKind.ADDRESS) or kind is CellKind.NULL


def is_data(line: TextLine) -> bool:
    """Return whether a line has values beside its first segment, which are not all years."""
    segments = line.segments()
    rest = segments[1:]
    values = [segment for segment in rest if is_value(segment)]
    if len(segments) < 2:
        return False
    if not values and is_value(segments[0]):
        return True
    return bool(values) and 2 * len(values) >= len(rest) and not all(is_year(segment.text) for segment in values)


@dataclass(frozen=True)
class Columns:
    """The extents of columns, from left to right, and the middles of the gaps between them."""

    extents: tuple[tuple[float, float], ...]

    @property
    def edges(self) -> list[float]:
        return [(a[1] + b[0]) / 2 for a, b in pairwise(self.extents)]

    def column_of(self, middle: float) -> int:
        return sum(1 for edge in self.edges if middle > edge)

    def overlapped(self, x0: float, x1: float) -> list[int]:
        """Return the columns into whose extents something reaches."""
        indices = [n for n, (left, right) in enumerate(self.extents) if min(right, x1) - max(left, x0) > 1]
        return indices or [self.column_of((x0 + x1) / 2)]

    def cells(self, line: TextLine) -> list[str | None]:
        """Return the words of a line by their columns."""
        cells: list[list[Word]] = [[] for _ in self.extents]
        for segment in line.segments():
            columns = self.overlapped(segment.x0, segment.x1)
            if len(columns) == 1:
                cells[columns[0]] += segment.words
                continue
            for word in segment.words:
                cells[self.column_of(word.middle)].append(word)
        return [words_text(cell) or None for cell in cells]


def find_columns(lines: Sequence[TextLine]) -> Columns | None:
    """Return the columns of lines that are rows; None when there are fewer than two."""
    size = lines[0].size
    covered: Counter[int] = Counter()
    for line in lines:
        covered.update({spot for word in line.words for spot in range(int(2 * word.x0), int(2 * word.x1) + 1)})
    crossing = len(lines) // 12
    start, end = min(covered), max(covered)
    extents: list[list[float]] = []
    gap = 0
    for spot in range(start, end + 2):
        if covered[spot] > crossing:
            if not extents or (gap and _is_gap(lines, spot / 2, gap / 2, size)):
                extents.append([spot / 2, spot / 2])
            extents[-1][1] = spot / 2
            gap = 0
        else:
            gap += 1
    return Columns(tuple((a, b) for a, b in extents)) if len(extents) > 1 else None


def _is_gap(lines: Sequence[TextLine], x: float, width: float, size: float) -> bool:
    """Return whether an empty stripe that ends at x separates columns, and not the words of a text."""
    if width >= _WIDE * size:
        return True
    if width < _NARROWEST * size or len(lines) < 4:
        return False
    starts: list[Word] = []
    ends: list[Word] = []
    for line in lines:
        if (next_word := next((word for word in line.words if word.x0 >= x - 1), None)) is not None:
            starts.append(next_word)
        if before := [word for word in line.words if word.x1 <= x - width + 1]:
            ends.append(before[-1])
    values = sum(1 for word in starts if kind_of(word.text).is_value or kind_of(word.text) is CellKind.NULL)
    wide = sum(1 for line in lines if any(_spans_gap(a, b, x, width, size) for a, b in pairwise(line.words)))
    return (values >= 0.8 * len(starts) and len(starts) >= 4) or 2 * wide >= len(lines)


def _spans_gap(before: Word, word: Word, x: float, width: float, size: float) -> bool:
    return before.x1 <= x - width + 1 and word.x0 >= x - 1 and word.x0 - before.x1 > _WIDE * size


def is_aligned(line: TextLine, lines: Sequence[TextLine], columns: Columns) -> bool:
    """Return whether the values of a line stand at the edges or middles of those in the other lines."""
    good = bad = 0
    for segment in line.segments():
        if not is_value(segment):
            continue
        column = columns.column_of(segment.middle)
        others = [other for each in lines if each is not line for other in each.segments()
                  if is_value(other) and columns.column_of(other.middle) == column]  # fmt: skip
        if not others:
            continue
        edges = [(abs(a.x0 - segment.x0), abs(a.x1 - segment.x1), abs(a.middle - segment.middle)) for a in others]
        best = max(sum(1 for edge in edges if edge[n] <= _ALIGNED) for n in range(3))
        if 5 * best >= len(others):
            good += 1
        else:
            bad += 1
    return good >= bad
