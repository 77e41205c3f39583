"""Tables among the rows of a file: titles and notes around them, several below or beside each other."""

from collections.abc import Sequence

from tables.files.cell_kinds import Texts, bounds, count_filled
from tables.files.header_rows import HeaderRows, column_kinds, names_of, units_of
from tables.files.header_search import found_header, hinted_header
from tables.files.row_source import AHEAD, NO_HINTS, WINDOW, Hints, Region, RowSource, end_of_block, line_text


def find_region(source: RowSource, hints: Hints = NO_HINTS) -> Region | None:
    """Return the next table, with the lines above its body consumed; None when no row is left."""
    while (first := source.peek(1)) and not count_filled(first[0]):
        source.take()
    rows = source.peek(WINDOW)
    if not rows:
        return None
    base = source.position
    header = hinted_header(rows, hints, base) or found_header(rows, hints)
    region = _region(rows, header)
    source.skip(header.body)
    region.header = HeaderRows(header.first + base, header.last + base, header.body + base, header.score)
    return region


def _region(rows: Sequence[Texts], header: HeaderRows) -> Region:
    end = end_of_block(rows, header.body)
    block = rows[header.first : max(end, header.body)]
    extents = [bounds(row) for row in block if count_filled(row)] or [(0, 0)]
    left, right = min(extent[0] for extent in extents), max(extent[1] for extent in extents)
    parts = _parts(rows, header, end, left, right)
    beside = parts[1:] if len(parts) > 1 else []
    if beside:
        left, right = parts[0]
    empty: list[str | None] = [None] * (right - left)
    names = names_of(rows, header, right)[left:] if header.depth else empty
    units = units_of(rows, header, right)[left:] if header.depth else empty
    body = [row[left:right] for row in rows[header.body : end]][: AHEAD * 3]
    above = [text for row in rows[: header.first] if count_filled(row) for text in [line_text(row)]]
    title = _title(rows, header.first)
    return Region(header, left, right, names, units, column_kinds(body, right - left), title, above, list(beside))


def _title(rows: Sequence[Texts], first: int) -> str | None:
    """Return the text of the only cell in the row above the header; an empty row may be between."""
    above = [row for row in rows[max(0, first - 2) : first] if count_filled(row)]
    if not above or count_filled(above[-1]) != 1:
        return None
    line = " ".join(line_text(above[-1]).split()).lstrip("#; ")
    return line if line and len(line) <= 100 and not line.startswith(("=", "-")) else None


def _parts(rows: Sequence[Texts], header: HeaderRows, end: int, left: int, right: int) -> list[tuple[int, int]]:
    """Return the columns of each table that stands beside the others; empty columns are between them."""
    block = rows[header.first : end]
    gaps = [n for n in range(left, right) if not any(n < len(row) and (row[n] or "").strip() for row in block)]
    if not gaps:
        return [(left, right)]
    edges = [left, *[edge for gap in gaps for edge in (gap, gap + 1)], right]
    parts = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b > a]
    joined = [parts[0]]
    for part in parts[1:]:
        if _are_apart(rows, header, end, joined[-1], part):
            joined.append(part)
        else:
            joined[-1] = (joined[-1][0], part[1])
    return joined if joined[0][1] - joined[0][0] > 1 else [(left, right)]


def _are_apart(
    rows: Sequence[Texts], header: HeaderRows, end: int, one: tuple[int, int], other: tuple[int, int]
) -> bool:
    """Return whether two groups of columns are two tables: of unlike height, with like names, or both with labels."""
    heights = []
    for left, right in (one, other):
        filled = [n for n in range(header.first, end) if count_filled(rows[n][left:right])]
        if not filled:
            return False
        heights.append((filled[0], filled[-1]))
    if heights[0] != heights[1] and abs(heights[0][1] - heights[1][1]) + abs(heights[0][0] - heights[1][0]) > 0:
        return True
    if min(one[1] - one[0], other[1] - other[0]) < 2 or not header.depth:
        return False
    names = [names_of(rows, header, right)[left:right] for left, right in (one, other)]
    if set(filter(None, names[0])) & set(filter(None, names[1])):
        return True
    kinds = [
        column_kinds([row[left:right] for row in rows[header.body : end]], right - left) for left, right in (one, other)
    ]
    return all(kind[0] is None and any(kind) for kind in kinds)
