"""Tables of a reply against what the person gave: each cell gets its source there, or stays the assistant's own.

A reply often repeats a table in other words and another order. Its rows are therefore looked for by their longest
text, which is the row's anchor, and its other cells by their value between the anchors of the rows around it.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from assistant.reading.extraction import ProposedCell, ProposedTable, Source
from assistant.reading.value_search import first_span, folded_text, spans
from tables.types.types import NUMERIC_TYPES, Column, ColumnType

MAX_GIVEN = 400_000  # characters of what the person gave that are searched
MAX_ROWS_GROUNDED = 5_000  # of one table; later rows stay the assistant's
MIN_ROWS = 2  # of a given table that stays beside a reply with a table of its own
MIN_ANCHOR = 2  # characters of a text that can tell a row from the others
LIST_KINDS = frozenset({"list", "key_value", "log"})  # remarks in a reply look like these

_GENERATED_NAME = re.compile(r"Column \d+")
_MEASURES = NUMERIC_TYPES | {ColumnType.BOOLEAN}

Cells = tuple[ProposedCell | None, ...]


@dataclass(frozen=True)
class Given:
    """Texts of a person's message and its files; the reply itself is source 0, the first of these is source 1."""

    sources: tuple[Source, ...]
    texts: tuple[str, ...]


def merge_reply(
    given: Given, given_tables: Sequence[ProposedTable], reply_tables: Sequence[ProposedTable]
) -> tuple[list[ProposedTable], list[ProposedTable]]:
    """Return the tables of the person that stay, and those of the reply that are tables of their own.

    A table of the reply that repeats rows of a table that was given adds nothing. One that says more, or says something
    else, replaces the given tables that its cells come from.
    """
    shown = _tables_asked_for(given_tables, reply_tables)
    kept, own = list(given_tables), []
    confirmed: list[ProposedTable] = []
    for table in shown:
        repeated = [other for other in given_tables if _repeats(table, other)]
        confirmed += repeated[:1]
        if not repeated:
            grounded = ground_table(given, table)
            own.append(grounded)
            kept = [other for other in kept if not _comes_from(grounded, other, given)]
    if confirmed or any(map(has_given_cells, own)):
        # The reply tells which tables are meant: a stray line that only looks like one is none of them.
        kept = [table for table in kept if table in confirmed or not _is_weak(table)]
    return kept, own


def is_repeated(table: ProposedTable, given_tables: Sequence[ProposedTable]) -> bool:
    """Return whether a table of a reply, perhaps an unfinished one, adds nothing to what was given."""
    return any(_repeats(table, other) for other in given_tables)


def ground_table(given: Given, table: ProposedTable) -> ProposedTable:
    """Return the table with the source of each cell in the texts that were given, as far as it is there."""
    found: dict[int, list[Cells]] = {}
    for number, text in enumerate(given.texts, 1):
        found[number] = list(_ground_rows(text[:MAX_GIVEN], number, table.columns, table.rows[:MAX_ROWS_GROUNDED]))
    rows = []
    for index, row in enumerate(table.rows):
        versions = [rows_of_text[index] for rows_of_text in found.values() if index < len(rows_of_text)]
        rows.append(max(versions, key=_grounded_count) if versions else row)
    return replace(table, rows=tuple(rows))


def has_given_cells(table: ProposedTable) -> bool:
    """Return whether any cell of a grounded table is in what the person gave."""
    return any(cell is not None and cell.source > 0 for row in table.rows for cell in row)


def _tables_asked_for(given: Sequence[ProposedTable], reply: Sequence[ProposedTable]) -> Sequence[ProposedTable]:
    """Return the reply's drawn tables; lists count only where neither side has anything else."""
    drawn = [table for table in reply if table.kind not in LIST_KINDS]
    return drawn or ([] if given else reply)


def _grounded_count(row: Cells) -> int:
    return sum(cell is not None and cell.source > 0 for cell in row)


def _ground_rows(text: str, source: int, columns: Sequence[Column], rows: Sequence[Cells]) -> Iterator[Cells]:
    anchors = list(_anchors(text, columns, rows))
    places = sorted(anchor[1] for anchor in anchors if anchor)
    for row, anchor in zip(rows, anchors, strict=True):
        yield row if anchor is None else _ground_row(text, source, columns, row, anchor, places)


Anchor = tuple[int, tuple[int, int]]  # the cell's index, and where its text stands


def _anchors(text: str, columns: Sequence[Column], rows: Sequence[Cells]) -> Iterator[Anchor | None]:
    """Yield the place of each row's longest text that is there, in the order of the rows if that is possible."""
    taken: set[tuple[int, int]] = set()
    after = 0
    for row in rows:
        anchor = next(_anchors_of(text, columns, row, after, taken), None)
        if anchor is not None:
            taken.add(anchor[1])
            after = anchor[1][1]
        yield anchor


def _anchors_of(
    text: str, columns: Sequence[Column], row: Cells, after: int, taken: set[tuple[int, int]]
) -> Iterator[Anchor]:
    for index in _by_weight(columns, row):
        cell = row[index]
        assert cell is not None
        for begin in (after, 0) if after else (0,):
            for span in spans(columns[index], cell.value, text, begin):
                if span not in taken:
                    yield index, span
                    break


def _by_weight(columns: Sequence[Column], row: Cells) -> list[int]:
    """Return the indexes of the cells that can tell rows apart: texts and dates by length, then numbers."""

    def weight(index: int) -> tuple[bool, int]:
        return columns[index].type not in _MEASURES, len(str(row[index] and row[index].value))  # type: ignore[union-attr]

    filled = [n for n, cell in enumerate(row) if cell and columns[n].type is not ColumnType.BOOLEAN]
    usable = [n for n in filled if weight(n)[1] >= MIN_ANCHOR]
    return sorted(usable, key=weight, reverse=True)


def _ground_row(
    text: str, source: int, columns: Sequence[Column], row: Cells, anchor: Anchor, places: Sequence[tuple[int, int]]
) -> Cells:
    start, end = _segment(text, anchor[1], places)
    return tuple(
        cell
        if cell is None
        else _with_source(text, source, cell, anchor[1])
        if index == anchor[0]
        else _with_source(text, source, cell, _find(text, columns[index], cell, anchor[1], start, end))
        for index, cell in enumerate(row)
    )


def _segment(text: str, anchor: tuple[int, int], places: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Return the part of the text that belongs to a row: up to the anchors, or the lines, of its neighbours."""
    index = bisect_left(places, anchor)
    start = places[index - 1][1] if index else 0
    end = places[index + 1][0] if index + 1 < len(places) else len(text)
    if (line_end := text.find("\n", start, anchor[0])) >= 0:
        start = line_end + 1
    if (line_start := text.rfind("\n", anchor[1], end)) >= 0 and end < len(text):
        end = line_start
    return start, end


def _find(
    text: str, column: Column, cell: ProposedCell, anchor: tuple[int, int], start: int, end: int
) -> tuple[int, int] | None:
    """Return the place of a value nearest to its row's anchor; a text or a date may stand above all rows it is of."""
    line = text.rfind("\n", 0, anchor[0]) + 1, text.find("\n", anchor[1])
    on_line = max(start, line[0]), min(end, line[1] if line[1] >= 0 else len(text))
    for first, last in (on_line, (start, end)):
        found = list(spans(column, cell.value, text, first, last))
        if found:
            return min(found, key=lambda span: max(span[0] - anchor[1], anchor[0] - span[1], 0))
    if column.type in _MEASURES:
        return None
    above = list(spans(column, cell.value, text, 0, anchor[0]))
    return above[-1] if above else first_span(column, cell.value, text, anchor[1])


def _with_source(text: str, source: int, cell: ProposedCell, span: tuple[int, int] | None) -> ProposedCell:
    if span is None:
        return cell
    return replace(cell, start=span[0], end=span[1], quote=text[span[0] : span[1]], grounding="EXACT", source=source)


def _repeats(table: ProposedTable, other: ProposedTable) -> bool:
    """Return whether each row of a table has only values of one row of the other, and no row is used twice."""
    if not table.rows or len(table.rows) > len(other.rows) or all(map(_has_no_name, other.columns)):
        return False
    by_value: dict[str, list[int]] = {}
    for number, row in enumerate(other.rows):
        for value in set(_values(other.columns, row)):
            by_value.setdefault(value, []).append(number)
    used: set[int] = set()
    for row in table.rows:
        values = list(_values(table.columns, row))
        match = _row_with(values, by_value, used)
        if match is None:
            return False
        used.add(match)
    return True


def _has_no_name(column: Column) -> bool:
    return _GENERATED_NAME.fullmatch(column.name) is not None


def _row_with(values: Sequence[str], by_value: Mapping[str, Sequence[int]], used: set[int]) -> int | None:
    if not values:
        return None
    rarest = min(values, key=lambda value: len(by_value.get(value, ())))
    for number in by_value.get(rarest, ()):
        if number not in used and all(number in by_value.get(value, ()) for value in values):
            return number
    return None


def _values(columns: Sequence[Column], row: Iterable[ProposedCell | None]) -> Iterator[str]:
    for column, cell in zip(columns, row, strict=True):
        if cell is not None:
            yield _comparable(column, cell)


def _comparable(column: Column, cell: ProposedCell) -> str:
    if column.type in NUMERIC_TYPES:
        try:
            return str(Decimal(str(cell.value)).normalize())
        except InvalidOperation:
            pass
    return folded_text(str(cell.value))


def _is_weak(table: ProposedTable) -> bool:
    return table.kind in LIST_KINDS or len(table.rows) < MIN_ROWS


def _comes_from(table: ProposedTable, other: ProposedTable, given: Given) -> bool:
    """Return whether cells of a grounded table stand where the other table was read."""
    attachments = [source.attachment_id for source in given.sources]
    number = 1 + attachments.index(other.attachment_id)
    return any(
        cell is not None and cell.source == number and cell.start < other.end and other.start < cell.end
        for row in table.rows
        for cell in row
    )
