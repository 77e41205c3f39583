"""The header of the next table among rows: hinted at, told by columns of values, or by texts above others."""

from collections.abc import Sequence

from tables.files.cell_kinds import ABOVE, CellKind, Texts, bounds, cell_of, count_filled, kind_of
from tables.files.header_rows import HeaderRows, find_header
from tables.files.row_source import AHEAD, Hints, blocks_of, end_of_block

_SHORT = 80
_FACTS, _FACTS_ROWS = 2, 12  # cells of a row that states a fact, and rows that do so above a table


def hinted_header(rows: Sequence[Texts], hints: Hints, base: int) -> HeaderRows | None:
    if hints.header_row:
        index = hints.header_row - 1 - base
        if not 0 <= index < len(rows):
            raise ValueError(f"The file has no row {hints.header_row:,} for a header: name one of its rows, or 0.")
        header = find_header(rows, index, end_of_block(rows, index))
        if header and header.last == index:
            return header
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


def found_header(rows: Sequence[Texts], hints: Hints) -> HeaderRows:
    blocks = list(blocks_of(rows))
    for number, (start, end) in enumerate(blocks):
        if _are_facts_above(rows, blocks, number):
            continue
        if (header := find_header(rows, start, end)) is not None:
            return header
        if end - start == 1 and number + 1 < len(blocks) and count_filled(rows[start]) > 1:
            # A header with an empty row below it.
            after = blocks[number + 1]
            joined = [rows[start], *rows[after[0] : after[1]]]
            if find_header(rows, *after) is None and (upper := find_header(joined, 0, len(joined))) and upper.last == 0:
                return HeaderRows(start, start, after[0], upper.score)
        if (header := _plain_table(rows, start, end, hints, is_last=number == len(blocks) - 1)) is not None:
            return header
    start, end = max(blocks, key=lambda block: block[1] - block[0])
    return _without_values(rows, start, end, hints)


def _are_facts_above(rows: Sequence[Texts], blocks: Sequence[tuple[int, int]], number: int) -> bool:
    """Return whether a block is a few lines of a name and a value each, above a table that is much wider."""
    start, end = blocks[number]
    widest = max(count_filled(row) for row in rows[start:end])
    if widest > _FACTS or number + 1 == len(blocks) or end - start > _FACTS_ROWS:
        return False
    after, last = blocks[number + 1]
    if last - after < 2 or 2 * widest > max(count_filled(row) for row in rows[after : after + 2]):
        return False
    kinds = {kind_of(cell_of(row, bounds(row)[1] - 1)) for row in rows[start + 1 : end]}
    return end - start <= widest or len(kinds) > 1


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
