"""Grounding of a reply's table: each cell gets its source in what the person gave, or stays the assistant's own.

A reply often repeats a table in other words and another order. Its rows are therefore looked for by their longest
text, which is the row's anchor, and its other cells by their value between the anchors of the rows around it.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.reading.extraction import ProposedCell, ProposedTable, Source
from assistant.reading.rewritten_text import rewritten_spans
from assistant.reading.value_search import Span, first_span, spans
from tables.types.inference import infer
from tables.types.null_words import is_null
from tables.types.types import NUMERIC_TYPES, Column, ColumnType, parse

MAX_SEARCHED = 400_000  # characters of what the person gave that are searched
# Characters that the cells of a table together are searched in: each search goes through the text, so that a long text
# is searched as a whole for few cells, and its beginning for many.
MAX_SEARCHED_OF_CELLS, MIN_SEARCHED = 10_000_000, 8_000
MAX_ROWS_GROUNDED = 5_000  # of one table; later rows stay the assistant's
MIN_ANCHOR = 2  # characters of a text that can tell a row from the others

_RETYPED = frozenset(
    {ColumnType.DATE, ColumnType.DATETIME, ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.CURRENCY}
)
_DATES = frozenset({ColumnType.DATE, ColumnType.DATETIME})
_MEASURES = NUMERIC_TYPES | {ColumnType.BOOLEAN}

Cells = tuple[ProposedCell | None, ...]


@dataclass(frozen=True)
class PersonTexts:
    """Texts of a person's message and its files; the reply itself is source 0, the first of these is source 1."""

    sources: tuple[Source, ...]
    texts: tuple[str, ...]


def ground_table(person: PersonTexts, table: ProposedTable) -> ProposedTable:
    """Return the table with the source of each cell in the person's texts, as far as it is there.

    Of a long text, only the first part is searched for a table of many cells. A mark such as `N/A` that the person did
    not write is an empty cell, and `| … | … |` is no row.
    """
    cell_count = len(table.columns) * min(len(table.rows), MAX_ROWS_GROUNDED)
    limit = min(MAX_SEARCHED, max(MIN_SEARCHED, MAX_SEARCHED_OF_CELLS // max(1, cell_count)))
    versions = [
        list(_ground_rows(text[:limit], number, table.columns, table.rows[:MAX_ROWS_GROUNDED]))
        for number, text in enumerate(person.texts, 1)
    ]
    rows = [
        max((version[index] for version in versions if index < len(version)), key=_grounded_count, default=row)
        for index, row in enumerate(table.rows)
    ]
    if not any(map(_grounded_count, rows)):
        return table
    rows = [cells for row in rows if any(cells := tuple(map(_without_mark, row)))]
    return _retyped(replace(table, rows=tuple(rows)))


def _retyped(table: ProposedTable) -> ProposedTable:
    """Return the table with the types that its columns have in the person's words: `May 3` may be 3 May 2026."""
    columns = list(table.columns)
    rows = [list(row) for row in table.rows]
    for index, column in enumerate(table.columns):
        if column.type is not ColumnType.TEXT:
            continue
        cells = [row[index] for row in rows]
        inferred = infer(column.name, column.key, [str(cell.value) if cell else None for cell in cells])
        if inferred.type not in _RETYPED:
            # Among dates of the person, a word of the reply such as `pending` is no date.
            cells = [cell if cell and (cell.source or _has_digit(str(cell.value))) else None for cell in cells]
            inferred = infer(column.name, column.key, [str(cell.value) if cell else None for cell in cells])
            if inferred.type not in _DATES or not any(cells):
                continue
        for row, cell in zip(rows, cells, strict=True):
            row[index] = cell and replace(cell, value=parse(inferred, str(cell.value)))
        columns[index] = replace(inferred, position=column.position)
    return replace(table, columns=tuple(columns), rows=tuple(map(tuple, rows)))


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


def has_person_cells(table: ProposedTable) -> bool:
    """Return whether any cell of a grounded table is in what the person gave."""
    return any(map(_grounded_count, table.rows))


def _without_mark(cell: ProposedCell | None) -> ProposedCell | None:
    return None if cell is not None and cell.source == 0 and is_null(str(cell.value or cell.quote)) else cell


def _grounded_count(row: Cells) -> int:
    return sum(cell is not None and cell.source > 0 for cell in row)


def _ground_rows(text: str, source: int, columns: Sequence[Column], rows: Sequence[Cells]) -> Iterator[Cells]:
    anchors = list(_anchors(text, columns, rows))
    anchor_spans = sorted(anchor[1] for anchor in anchors if anchor)
    for row, anchor in zip(rows, anchors, strict=True):
        yield row if anchor is None else _ground_row(text, source, columns, row, anchor, anchor_spans)


Anchor = tuple[int, Span]  # the cell's index, and where its text stands


def _anchors(text: str, columns: Sequence[Column], rows: Sequence[Cells]) -> Iterator[Anchor | None]:
    """Yield the span of each row's longest text that is there, in the order of the rows if that is possible."""
    used: set[Span] = set()
    after = 0
    for row in rows:
        anchor = next(_anchors_of(text, columns, row, after, used), None)
        if anchor is None:
            anchor = next(_rewritten_anchors_of(text, columns, row, after, used), None)
        if anchor is not None:
            used.add(anchor[1])
            after = anchor[1][1]
        yield anchor


def _anchors_of(text: str, columns: Sequence[Column], row: Cells, after: int, used: set[Span]) -> Iterator[Anchor]:
    for index in _by_weight(columns, row):
        cell = row[index]
        assert cell is not None
        for begin in (after, 0) if after else (0,):
            for span in spans(columns[index], cell.value, text, begin):
                if span not in used:
                    yield index, span
                    break


def _rewritten_anchors_of(
    text: str, columns: Sequence[Column], row: Cells, after: int, used: set[Span]
) -> Iterator[Anchor]:
    for index in _by_weight(columns, row):
        if (cell := row[index]) and columns[index].type is ColumnType.TEXT:
            for begin in (after, 0) if after else (0,):
                candidates = rewritten_spans(str(cell.value), text, begin, len(text))
                yield from ((index, span) for span in candidates if span not in used)


def _by_weight(columns: Sequence[Column], row: Cells) -> list[int]:
    """Return the indexes of the cells that can tell rows apart: texts and dates by length, then numbers."""

    weights = {
        index: (columns[index].type not in _MEASURES, len(str(cell.value)))
        for index, cell in enumerate(row)
        if cell and columns[index].type is not ColumnType.BOOLEAN
    }
    usable = [index for index, (_, length) in weights.items() if length >= MIN_ANCHOR]
    return sorted(usable, key=weights.__getitem__, reverse=True)


def _ground_row(
    text: str, source: int, columns: Sequence[Column], row: Cells, anchor: Anchor, anchor_spans: Sequence[Span]
) -> Cells:
    start, end = _segment(text, anchor[1], anchor_spans)
    grounded = tuple(
        cell
        if cell is None
        else _with_source(text, source, columns[index], cell, anchor[1])
        if index == anchor[0]
        else _with_source(text, source, columns[index], cell, _find(text, columns[index], cell, anchor[1], start, end))
        for index, cell in enumerate(row)
    )
    # A number alone may stand there for anything: rank 10 of "the ten largest lakes" is not from the person.
    is_chance = columns[anchor[0]].type in _MEASURES and _grounded_count(grounded) == 1 < sum(map(bool, row))
    return row if is_chance else grounded


def _segment(text: str, anchor: Span, anchor_spans: Sequence[Span]) -> Span:
    """Return the part of the text that belongs to a row: up to the anchors, or the lines, of its neighbours."""
    index = bisect_left(anchor_spans, anchor)
    start = anchor_spans[index - 1][1] if index else 0
    end = anchor_spans[index + 1][0] if index + 1 < len(anchor_spans) else len(text)
    if (line_end := text.find("\n", start, anchor[0])) >= 0:
        start = line_end + 1
    if (line_start := text.rfind("\n", anchor[1], end)) >= 0 and end < len(text):
        end = line_start
    return start, end


def _find(text: str, column: Column, cell: ProposedCell, anchor: Span, start: int, end: int) -> Span | None:
    """Return the place of a value nearest to its row's anchor; a text or a date may stand above all rows it is of."""
    line = text.rfind("\n", 0, anchor[0]) + 1, text.find("\n", anchor[1])
    on_line = max(start, line[0]), min(end, line[1] if line[1] >= 0 else len(text))
    for first, last in (on_line, (start, end)):
        if near := _nearest(spans(column, cell.value, text, first, last), anchor):
            return near
    if column.type in _MEASURES:
        return None
    above = list(spans(column, cell.value, text, 0, anchor[0]))
    elsewhere = above[-1] if above else first_span(column, cell.value, text, anchor[1])
    if elsewhere or column.type is not ColumnType.TEXT:
        return elsewhere
    return _nearest(rewritten_spans(str(cell.value), text, start, end), anchor)


def _nearest(candidates: Iterable[Span], anchor: Span) -> Span | None:
    return min(candidates, key=lambda span: max(span[0] - anchor[1], anchor[0] - span[1], 0), default=None)


def _with_source(text: str, source: int, column: Column, cell: ProposedCell, span: Span | None) -> ProposedCell:
    if span is None:
        return cell
    quote = text[span[0] : span[1]]
    words = " ".join(quote.split())
    # The person's own way of writing a text is the value, but for its case.
    is_rewritten = column.type is ColumnType.TEXT and " ".join(str(cell.value).split()).casefold() != words.casefold()
    value = words if is_rewritten else cell.value
    return replace(cell, value=value, start=span[0], end=span[1], quote=quote, grounding="EXACT", source=source)
