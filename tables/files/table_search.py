"""Tables of a file one after another: all of them, the place of one, and what is below the first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tables.files.cell_kinds import Texts, count_filled
from tables.files.regions import find_region
from tables.files.row_source import AHEAD, NO_HINTS, Hints, Region, RowSource
from tables.files.table_body import Body


@dataclass(frozen=True)
class Below:
    """Contents of a file below its first table: texts of a few rows, and the tables by index and names."""

    texts: list[str]
    tables: list[tuple[int, list[str]]]


def read_below(source: RowSource, index: int) -> Below:
    """Take the rest of the file, and return what is in it; `index` is that of the next table, counted from 1."""
    texts: list[str] = []
    tables: list[tuple[int, list[str]]] = []
    for region, has_rows in _regions(source):
        if has_rows:
            tables.append((index, [name for name in region.names if name]))
            index += 1 + len(region.beside)
        elif not tables:
            texts += [*region.above, *(name for name in region.names if name)]
        if len(tables) >= AHEAD:
            break
    while source.take() is not None:
        pass
    return Below(texts[:AHEAD], tables)


@dataclass(frozen=True)
class Place:
    """Place of a table: the first row that belongs to it, counted from 0, and its columns, all when there is no end."""

    row: int
    left: int = 0
    right: int | None = None


def find_place(source: RowSource, index: int) -> Place:
    """Return the place of the table with this index, counted from 1. Raises ValueError when there is none."""
    count, start = 0, source.position
    for region, has_rows in _regions(source):
        if has_rows:
            if index == count + 1:
                right = region.right if region.beside else None
                return Place(start, region.left if region.beside else 0, right)
            if index <= count + 1 + len(region.beside):
                left, right = region.beside[index - count - 2]
                return Place(region.header.first, left, right)
            count += 1 + len(region.beside)
        start = source.position
    count_text = f"{count} tables" if count != 1 else "1 table"
    raise ValueError(
        f"The file has {count_text}, and none with the tableIndex {index:,}. Choose one from 1 to {count}."
    )


def _regions(source: RowSource) -> Iterator[tuple[Region, bool]]:
    """Yield each table with whether it has rows and several columns; its rows are taken."""
    while (region := find_region(source)) is not None:
        rows = sum(1 for row in Body(source, region).rows() if count_filled(row))
        yield region, bool(rows) and region.has_header and region.right - region.left > 1
        if not rows and not region.has_header:
            source.take()


@dataclass
class Table:
    """A table with all its rows, for files that are read as a whole."""

    region: Region
    rows: list[Texts]


def find_tables(rows: Sequence[Texts], hints: Hints = NO_HINTS) -> Iterator[Table]:
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
            if (side_region := find_region(beside, hints)) is not None:
                cells = list(Body(beside, side_region).rows())
                if cells and side_region.right - side_region.left > 1:
                    yield Table(side_region, cells)
                end = max(end, first + beside.position)
        source.skip(max(0, end - source.position))
        if source.position == start and not body:
            source.take()
