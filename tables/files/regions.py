"""Tables among the rows of a file: titles and notes around them, several below or beside each other."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from tables.files.cell_kinds import ABOVE, LEFT, CellKind, Texts, bounds, cell_of, count_filled, kind_of
from tables.files.header_rows import (
    HeaderRows,
    column_kinds,
    find_header,
    fits,
    names_of,
    units_of,
)

WINDOW = 400  # rows among which a table is looked for
AHEAD = 15  # rows below an empty one by which it is decided whether the table goes on
_SHORT = 80


@dataclass(frozen=True)
class Hints:
    """Properties of the header that are known: its row counted from 1, 0 for none, and names that tell it."""

    header_row: int | None = None
    has_header: bool | None = None
    known: frozenset[str] = frozenset()
    is_first: bool = False  # the header is the first row with more than one cell
    is_drawn: bool = False  # in a document for people, whose tables hardly ever lack a header


@dataclass
class Region:
    """One table: its columns [left, right) and names. Rows are numbered from 0 in the file."""

    header: HeaderRows
    left: int
    right: int
    names: list[str | None]
    units: list[str | None]
    kinds: list[CellKind | None]
    title: str | None = None
    above: list[str] = field(default_factory=list)
    beside: list[tuple[int, int]] = field(default_factory=list)
    repeated: int = 0

    @property
    def has_header(self) -> bool:
        return self.header.depth > 0

    def cells(self, row: Texts) -> list[str | None]:
        """Return the cells of a row that are in the table."""
        return list(row[self.left : self.right])


class RowSource:
    """Rows read one after another, with a look at those ahead."""

    def __init__(self, rows: Iterable[Texts]) -> None:
        self._rows, self._ahead = iter(rows), deque[Texts]()
        self.position = 0

    def peek(self, count: int) -> list[Texts]:
        """Return up to `count` rows without taking them."""
        missing = count - len(self._ahead)
        if missing > 0:
            self._ahead.extend(islice(self._rows, missing))
        return list(islice(self._ahead, count))

    def skip(self, count: int) -> None:
        for _ in range(count):
            self.take()

    def take(self) -> Texts | None:
        """Return the next row; None at the end."""
        if not self._ahead:
            self._ahead.extend(islice(self._rows, 1))
        if not self._ahead:
            return None
        self.position += 1
        return self._ahead.popleft()


def find_region(source: RowSource, hints: Hints = Hints()) -> Region | None:
    """Return the next table and take what is above its body; None when no row is left."""
    while (first := source.peek(1)) and not count_filled(first[0]):
        source.take()
    rows = source.peek(WINDOW)
    if not rows:
        return None
    base = source.position
    header = _hinted(rows, hints, base) or _found(rows, hints)
    region = _region(rows, header)
    source.skip(header.body)
    region.header = HeaderRows(header.first + base, header.last + base, header.body + base, header.score)
    return region


def _hinted(rows: Sequence[Texts], hints: Hints, base: int) -> HeaderRows | None:
    if hints.header_row:
        index = hints.header_row - 1 - base
        if not 0 <= index < len(rows):
            raise ValueError(f"The file has no row {hints.header_row:,} for a header: name one of its rows, or 0.")
        found = find_header(rows, index, _end(rows, index))
        if found and found.last == index:
            return found
        return HeaderRows(index, index, index + 1)
    first = next(index for index, row in enumerate(rows) if count_filled(row))
    if hints.is_first:
        return HeaderRows(first, first, first + 1)
    if hints.header_row == 0 or hints.has_header is False:
        start = _data_start(rows, first)
        return HeaderRows(start, start - 1, start)
    if hints.known:
        for index, row in enumerate(rows[:AHEAD]):
            titles = {" ".join(text.split()).casefold() for text in row if text and text.strip()}
            if titles and titles <= hints.known:
                return HeaderRows(index, index, index + 1)
    return None


def _data_start(rows: Sequence[Texts], first: int) -> int:
    """Return the first row as wide as most, for a table without a header."""
    counts = sorted(count for row in rows if (count := count_filled(row)))
    typical = counts[len(counts) // 2]
    return next((n for n in range(first, len(rows)) if 2 * count_filled(rows[n]) > typical), first)


def _found(rows: Sequence[Texts], hints: Hints) -> HeaderRows:
    blocks = list(_blocks(rows))
    for number, (start, end) in enumerate(blocks):
        if (header := find_header(rows, start, end)) is not None:
            return header
        if end - start == 1 and number + 1 < len(blocks) and count_filled(rows[start]) > 1:
            # A header with an empty row below it.
            after = blocks[number + 1]
            joined = [rows[start], *rows[after[0] : after[1]]]
            if find_header(rows, *after) is None and (found := find_header(joined, 0, len(joined))) and found.last == 0:
                return HeaderRows(start, start, after[0], found.score)
        if (header := _plain_table(rows, start, end, hints, is_last=number == len(blocks) - 1)) is not None:
            return header
    start, end = max(blocks, key=lambda block: block[1] - block[0])
    return _without_values(rows, start, end, hints)


def _blocks(rows: Sequence[Texts]) -> Iterator[tuple[int, int]]:
    """Yield the stretches of rows without an empty one between."""
    start: int | None = None
    for index, row in enumerate(rows):
        if not count_filled(row):
            if start is not None:
                yield start, index
            start = None
        elif start is None:
            start = index
    if start is not None:
        yield start, len(rows)


def _end(rows: Sequence[Texts], index: int) -> int:
    return next((n for n in range(index, len(rows)) if not count_filled(rows[n])), len(rows))


def _plain_table(rows: Sequence[Texts], start: int, end: int, hints: Hints, *, is_last: bool) -> HeaderRows | None:
    """Return a table of texts alone, or one without a header; None for a stretch of titles, facts or notes."""
    block = rows[start:end]
    counts = sorted(map(count_filled, block))
    typical = counts[len(counts) // 2]
    if typical < 2 or len(block) < 2:
        return None
    facts = [(cell_of(row, bounds(row)[0]) or "").rstrip().endswith((":", "：")) for row in block]
    if 2 * sum(facts) >= len(facts) and not is_last:
        return None
    return _without_values(rows, start, end, hints)


def _without_values(rows: Sequence[Texts], start: int, end: int, hints: Hints) -> HeaderRows:
    """Return the header of rows in which no column of values tells it; an empty one where the first row is a row."""
    counts = sorted(map(count_filled, rows[start:end]))
    typical = counts[len(counts) // 2]
    while start + 1 < end and _is_title(count_filled(rows[start]), typical) and not _is_merged_down(rows, start):
        start += 1
    last = start
    while last + 1 < end and _is_merged_down(rows, last):
        last += 1
    if last > start:
        return HeaderRows(start, last, last + 1)
    titles = [text for n in range(len(rows[start])) if (text := cell_of(rows[start], n))]
    if hints.has_header or _are_titles(rows, start, end, titles, codes=hints.is_drawn):
        return HeaderRows(start, start, start + 1)
    return HeaderRows(start, start - 1, start)


def _is_title(count: int, typical: int) -> bool:
    """Return whether a row above the others is a title or a fact: one cell, or less than half as many."""
    return typical > 1 and (count == 1 or 2 * count < typical)


def _is_merged_down(rows: Sequence[Texts], index: int) -> bool:
    return index + 1 < len(rows) and any((cell or "").startswith(ABOVE) for cell in rows[index + 1])


def _are_titles(rows: Sequence[Texts], start: int, end: int, titles: Sequence[str], *, codes: bool) -> bool:
    """Return whether the texts of the first row name columns: short, no values, and none that comes again below."""
    width = max(bounds(row)[1] - bounds(row)[0] for row in rows[start:end])
    if 2 * len(titles) < width or any(len(title) > _SHORT or kind_of(title).is_value for title in titles):
        return False
    if not codes and any(
        kind_of(title) is CellKind.CODE and not _is_named_otherwise(rows, start, end, title) for title in titles
    ):
        return False
    below = rows[start + 1 : min(end, start + 50)]
    return not any(cell_of(row, n) == cell_of(rows[start], n) for row in below for n in range(width) if cell_of(row, n))


def _is_named_otherwise(rows: Sequence[Texts], start: int, end: int, title: str) -> bool:
    """Return whether a text that may be a code stands over texts that are none, as `iso3` over `NOR`."""
    n = list(rows[start]).index(title) if title in rows[start] else -1
    below = [kind_of(cell_of(row, n)) for row in rows[start + 1 : end] if n >= 0 and cell_of(row, n)]
    return bool(below) and CellKind.CODE not in below


def _region(rows: Sequence[Texts], header: HeaderRows) -> Region:
    end = _end(rows, header.body)
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
    above = [text for row in rows[: header.first] if count_filled(row) for text in [_line(row)]]
    title = _title(rows, header.first)
    return Region(header, left, right, names, units, column_kinds(body, right - left), title, above, list(beside))


def _line(row: Texts) -> str:
    return " ".join(text.strip() for n in range(len(row)) if (text := cell_of(row, n)))


def _title(rows: Sequence[Texts], first: int) -> str | None:
    """Return the text of the only cell in the row above the header; an empty row may be between."""
    above = [row for row in rows[max(0, first - 2) : first] if count_filled(row)]
    if not above or count_filled(above[-1]) != 1:
        return None
    line = " ".join(_line(above[-1]).split()).lstrip("#; ")
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


class Body:
    """The rows of one table, up to where it ends; `region` learns what was below it."""

    def __init__(self, source: RowSource, region: Region, *, is_only: bool = False) -> None:
        self._source, self._region, self._is_only = source, region, is_only
        self._names = [name and name.casefold() for name in region.names]

    def rows(self) -> Iterator[Texts]:
        """Yield each row's cells of the table's columns; take nothing of what is below."""
        source, region = self._source, self._region
        while row := source.peek(1):
            cells = region.cells(row[0])
            count = count_filled(cells)
            if not count:
                if not self._goes_on():
                    return
                source.take()
            elif count == 1 and region.right - region.left > 1 and self._is_end(row[0]):
                return
            else:
                source.take()
                if count > 1 and region.has_header and self._is_header_again(cells):
                    region.repeated += 1
                else:
                    yield cells

    def _is_header_again(self, cells: Texts) -> bool:
        if self._region.header.depth != 1 or not cells or (cells[0] or "").strip().casefold() != (self._names[0] or ""):
            return False
        texts = [text and " ".join(text.split()).casefold() for n in range(len(cells)) for text in [cell_of(cells, n)]]
        return texts == self._names[: len(texts)] and not any(self._names[len(texts) :])

    def _ahead(self) -> list[list[str | None]]:
        """Return the rows below the empty ones, up to the next empty one."""
        size = AHEAD
        while True:
            rows = [self._region.cells(row) for row in self._source.peek(size)]
            first = next((n for n, row in enumerate(rows) if count_filled(row)), None)
            if (first is not None and len(rows) - first >= AHEAD) or len(rows) < size:
                break
            size *= 2
        return [] if first is None else rows[first : _end(rows, first)]

    def _goes_on(self) -> bool:
        """Return whether the rows below an empty one are rows of this table."""
        if self._is_only:
            return True
        block = self._ahead()
        if not block:
            return True  # nothing but empty rows is left
        if self._is_header_again(block[0]):
            return True
        width = self._region.right - self._region.left
        header = find_header(block, 0, len(block))
        if header and all(count_filled(row) == 1 for row in block[: header.first]):
            return False
        if width == 1:
            return True
        wide = [row for row in block if count_filled(row) > 1]
        if not wide:
            return fits(block[0], self._region.kinds) and any(self._region.kinds) and len(block[0]) > 1
        good = sum(fits(row, self._region.kinds) for row in wide)
        return 2 * good > len(wide) and not _is_narrower(wide, self._region)

    def _is_end(self, row: Texts) -> bool:
        """Return whether a row with one cell is a note below the table, or a title of the next."""
        cells = self._region.cells(row)
        if self._is_only or (fits(cells, self._region.kinds) and any(self._region.kinds)):
            return False
        rows = [self._region.cells(each) for each in self._source.peek(AHEAD)]
        end = _end(rows, 0)
        header = find_header(rows, 1, end) if end > 2 else None
        if header and header.first == 1 and header.score >= 1:
            return not self._is_header_again(rows[1])
        if any(count_filled(each) > 1 for each in rows[1:end]) or (end == len(rows) == AHEAD):
            return False
        is_ragged = len([cell for cell in row if cell is not None]) == len(row) == 1
        text = _line(row)
        return is_ragged or self._region.right - self._region.left > 2 or text.count(" ") > 2


def _is_narrower(rows: Sequence[Texts], region: Region) -> bool:
    """Return whether rows of texts alone have another width than the table of texts above them."""
    if any(region.kinds):
        return False
    return max(bounds(row)[1] for row in rows) * 2 <= region.right - region.left


@dataclass(frozen=True)
class Below:
    """Contents of a file below its first table: texts of a few rows, and the tables by row and names."""

    texts: list[str]
    tables: list[tuple[int, list[str]]]
    rows: int


def read_below(source: RowSource) -> Below:
    """Take the rest of the file, and return what is in it."""
    texts: list[str] = []
    tables: list[tuple[int, list[str]]] = []
    first = source.position
    while (found := find_region(source)) is not None and len(tables) < AHEAD:
        rows = sum(1 for row in Body(source, found).rows() if count_filled(row))
        if found.has_header and rows and found.right - found.left > 1:
            tables.append((found.header.last + 1, [name for name in found.names if name]))
        elif not tables:
            texts += [*found.above, *(name for name in found.names if name)]
        if not rows and not found.has_header:
            source.take()
    while source.take() is not None:
        pass
    return Below(texts[:AHEAD], tables, source.position - first)


@dataclass
class Table:
    """A table with all its rows, for files that are read as a whole."""

    region: Region
    rows: list[Texts]


def find_tables(rows: Sequence[Texts], hints: Hints = Hints()) -> Iterator[Table]:
    """Yield each table of a file, from top to bottom and from left to right."""
    source = RowSource(rows)
    while (region := find_region(source, hints)) is not None:
        first, start = region.header.first, source.position
        body = list(Body(source, region).rows())
        if body and region.right - region.left > 1:
            yield Table(region, body)
        end = source.position
        for left, right in region.beside:
            beside = RowSource([row[left:right] for row in rows[first:]])
            if (found := find_region(beside, hints)) is not None:
                cells = list(Body(beside, found).rows())
                if cells and found.right - found.left > 1:
                    yield Table(found, cells)
                end = max(end, first + beside.position)
        source.skip(max(0, end - source.position))
        if source.position == start and not body:
            source.take()


def without_marks(row: Texts) -> list[str | None]:
    """Return the row with the text of merged cells in every row, and once in a row."""
    return [None if cell == LEFT else cell[1:] if cell and cell[0] == ABOVE else cell for cell in row]
