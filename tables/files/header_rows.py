"""Header rows of a table among the rows of a file: where they begin, how many they are, and the names in them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tables.files.cell_kinds import (
    ABOVE,
    LEFT,
    CellKind,
    Texts,
    bounds,
    cell_of,
    count_filled,
    is_unit,
    is_year,
    kind_of,
)

SAMPLE = 25  # rows below a header by which it is judged
_LONGEST_NAME = 120
_LONGEST_UNIT = 10
_DEEPEST = 6  # rows of one header
_PURE = 0.7  # part of a column's cells that are values, in a column of values


@dataclass(frozen=True)
class HeaderRows:
    """Rows [first, last] of a header; the body begins at `body`, below a row of units if there is one.

    Without a header `last` is `first - 1` and equal to `body - 1`.
    """

    first: int
    last: int
    body: int
    score: float = 0.0

    @property
    def depth(self) -> int:
        return self.last - self.first + 1


def column_kinds(rows: Sequence[Texts], width: int) -> list[CellKind | None]:
    """Return the kind of values in each column; None for a column of texts, of codes, or without a cell."""
    return [_column_kind([kind_of(cell_of(row, n)) for row in rows]) for n in range(width)]


def _column_kind(kinds: Sequence[CellKind]) -> CellKind | None:
    telling = [kind for kind in kinds if kind is not CellKind.EMPTY and kind is not CellKind.NULL]
    values = [kind for kind in telling if kind.is_value]
    if not values or len(values) < _PURE * len(telling) or not all(kind.is_value for kind in telling[:2]):
        return None
    return Counter(values).most_common(1)[0][0]


def fits(row: Texts, kinds: Sequence[CellKind | None]) -> bool:
    """Return whether a row may be one of a body with columns of these kinds: no text among values."""
    filled = [n for n in range(len(kinds)) if cell_of(row, n)]
    if not filled or any(cell_of(row, n) for n in range(len(kinds), len(row))):
        return False
    known = [n for n in filled if kinds[n] is not None]
    good = sum(1 for n in known if kind_of(cell_of(row, n)).is_value or kind_of(cell_of(row, n)) is CellKind.NULL)
    return good == len(known) and (bool(known) or not any(kinds))


def find_header(rows: Sequence[Texts], start: int, end: int) -> HeaderRows | None:
    """Return the best header of rows[start:end], which has no empty row; None when no row names the columns."""
    best: HeaderRows | None = None
    for index in range(start, min(end, start + SAMPLE)):
        header = _judge(rows, index, start, end)
        if header and (best is None or header.score > best.score):
            best = header
    return best


def _judge(rows: Sequence[Texts], index: int, start: int, end: int) -> HeaderRows | None:
    """Return row `index` as the last row of a header, scored by the columns of values below it."""
    row = rows[index]
    body = index + 1
    if count_filled(row) < 2 or _has_facts(row):
        return None
    if body < end and _is_units_row(rows, body, end):
        body += 1
    below = rows[body : min(end, body + SAMPLE)]
    if not below or any((cell or "").startswith(ABOVE) for cell in below[0]):
        return None  # a merged cell that begins in the header makes the next row a part of it
    width = max(bounds(each)[1] for each in (row, *below))
    kinds = column_kinds(below, width)
    gains = [
        _evidence(title, kind, [cell_of(each, n) for each in below])
        for n, kind in enumerate(kinds) if kind is not None and (title := cell_of(row, n))
    ]  # fmt: skip
    # A name over the values of the first column tells by itself: the others may be numbers, as in `Share | 1.0 | 1.5`.
    leads = bool(kinds) and kinds[0] is not None and kind_of(cell_of(row, 0)) is CellKind.TEXT and len(below) > 2
    if min(gains, default=0.0) < 0 and not leads:
        return None
    score = sum(max(gain, 0.0) for gain in gains)
    covered = sum(1 for n, _ in enumerate(kinds) if cell_of(row, n)) / max(1, _typical_width(below))
    first = _first_header_row(rows, index, start, width)
    if score <= 0 or covered < 0.5 or _are_rows_above(rows, start, first, kinds):
        return None
    return HeaderRows(first, index, body, score * min(covered, 1.0))


def _evidence(title: str, kind: CellKind, below: Sequence[str | None]) -> float:
    """Return 1 when a title differs from the values below it, 0 when it tells nothing, -1 when it is one of them."""
    own = kind_of(title)
    if not own.is_value:
        return 0.0 if own is CellKind.NULL else 1.0
    if own is not kind:
        return 0.5
    if is_year(title) and not all(text is None or is_year(text) for text in below):
        return 0.5
    return -1.0


def _has_facts(row: Texts) -> bool:
    """Return whether a row states facts, as `Date: | 2025-03-31`, rather than naming columns."""
    filled = [cell_of(row, n) for n in range(len(row)) if cell_of(row, n)]
    marked = [text for text in filled if text and text.rstrip().endswith((":", "："))]
    return bool(marked) and 2 * len(marked) >= len(filled)


def _is_units_row(rows: Sequence[Texts], index: int, end: int) -> bool:
    row = rows[index]
    filled = [text for n in range(len(row)) if (text := cell_of(row, n))]
    if not filled or index + 1 >= end:
        return False
    if not all(is_unit(text) or kind_of(text) is CellKind.NULL for text in filled) and not _are_units(rows, index):
        return False
    kinds = column_kinds(rows[index + 1 : min(end, index + 1 + SAMPLE)], len(row))
    return any(kinds[n] is not None for n in range(len(row)) if cell_of(row, n) and is_unit(cell_of(row, n) or ""))


def _are_units(rows: Sequence[Texts], index: int) -> bool:
    """Return whether short words stand below full names, one known unit among them, and nothing below the first."""
    names, row = rows[index - 1], rows[index]
    filled = [n for n in range(len(row)) if cell_of(row, n)]
    texts = [cell_of(row, n) or "" for n in filled]
    if cell_of(row, 0) or not cell_of(names, 0) or not all(cell_of(names, n) for n in filled):
        return False
    is_short = all(len(text) <= _LONGEST_UNIT and " " not in text and not text[0].isdigit() for text in texts)
    return is_short and any(map(is_unit, texts))


def _typical_width(rows: Sequence[Texts]) -> int:
    counts = Counter(count_filled(row) for row in rows if count_filled(row) > 1)
    return max(counts, key=lambda count: (counts[count], count), default=1)


def _are_rows_above(rows: Sequence[Texts], start: int, index: int, kinds: Sequence[CellKind | None]) -> bool:
    """Return whether a row above could be a row of the body: then the row below it is no header."""
    typical = sum(1 for kind in kinds if kind is not None)
    for row in rows[start:index]:
        if count_filled(row) > 1 and fits(row, kinds):
            values = sum(1 for n, kind in enumerate(kinds) if kind and kind_of(cell_of(row, n)).is_value)
            if 2 * values >= typical:
                return True
    return False


def _first_header_row(rows: Sequence[Texts], last: int, start: int, width: int) -> int:
    """Return the topmost row of a header whose last row is given: rows of groups above the names belong to it."""
    first = last
    while first > start and last - first < _DEEPEST and _is_group_row(rows[first - 1], rows[first], width):
        first -= 1
    return first


def _is_group_row(row: Texts, names: Texts, width: int) -> bool:
    """Return whether the cells of a row stand over several names each, or over an empty cell."""
    if any((cell or "").startswith(ABOVE) for cell in names):
        return True  # a merged cell that begins above
    filled = [n for n in range(min(width, len(row))) if cell_of(row, n)]
    if not filled or any(kind_of(cell_of(row, n)) in {CellKind.NUMBER, CellKind.NULL} and not is_year(row[n] or "")
                         for n in filled) or _has_facts(row):  # fmt: skip
        return False
    spans = _spans(row, width)
    left = bounds(names)[0]
    if len(spans) == 1 and (spans[0][1] - spans[0][0] >= width - left or spans[0][0] <= left):
        return False  # a title
    wide = sum(1 for a, b in spans if b - a > 1 or not cell_of(names, a))
    return 2 * wide > len(spans) or (2 * wide == len(spans) and len(spans) > 1)


def _spans(row: Texts, width: int) -> list[tuple[int, int]]:
    """Return the columns over which each filled cell of a row of groups stands.

    Where merged cells are marked they tell; elsewhere a cell reaches up to the next one, and equal neighbours are one.
    """
    has_marks = LEFT in row
    spans: list[tuple[int, int]] = []
    for n in range(width):
        text = cell_of(row, n)
        raw = row[n] if n < len(row) else None
        if text and spans and spans[-1][1] == n and cell_of(row, spans[-1][0]) == text:
            spans[-1] = (spans[-1][0], n + 1)
        elif text:
            spans.append((n, n + 1))
        elif spans and spans[-1][1] == n and (raw == LEFT or not has_marks):
            spans[-1] = (spans[-1][0], n + 1)
    return spans


def names_of(rows: Sequence[Texts], header: HeaderRows, width: int) -> list[str | None]:
    """Return a name for each column, joined from the header's rows: `2025` over `Units` is `2025 Units`."""
    parts: list[list[str]] = [[] for _ in range(width)]
    for index in range(header.first, header.last + 1):
        row, is_last = rows[index], index == header.last
        for start, end in [(n, n + 1) for n in range(width) if cell_of(row, n)] if is_last else _spans(row, width):
            text = " ".join((cell_of(row, start) or "").split())
            for n in range(start, end):
                is_below = any(cell_of(rows[below], n) for below in range(index + 1, header.last + 1))
                # Without marks a group over nothing is a name by itself, and reaches no further.
                if (n == start or is_below or is_last) and text and text not in parts[n][-1:]:
                    parts[n].append(text)
    return [" ".join(part)[:_LONGEST_NAME].rstrip() or None for part in parts]


def units_of(rows: Sequence[Texts], header: HeaderRows, width: int) -> list[str | None]:
    """Return the units below the names; all None when there is no row of units."""
    if header.body == header.last + 1:
        return [None] * width
    return [cell_of(rows[header.last + 1], n) for n in range(width)]
