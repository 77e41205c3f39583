"""Columns drawn with spaces, as receipts, printed statements and data frames have them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tables.readers import evidence, sums, tabular
from tables.readers.drawn.drawn_lines import (
    LEADERS,
    DrawnLine,
    Word,
    cells_of,
    column_edges,
    column_ends,
    draw,
    without_foreign,
)
from tables.readers.marks import ITEM, RULE
from tables.readers.spans import MAX_ROWS, Cell, Grid, Line, Span, cell

_GAP = re.compile(r"\S(?:[ \u00a0]{2,}|[ \u00a0]*\u3000\s*)\S")
_SPACES = ("  ", "\u3000", "..")
_COUNTED = re.compile(r"(?P<count>\d{1,3})(?:[ ]?[xх×])?[ ]+(?P<item>[^\W\d_].*)")
_TWO_VALUES = re.compile(r"\d[)]?[ ]{2,}[-(]?\d[\d.,]*[)]?[ ]*\Z")  # a tax of two years is a row
_CENTS = re.compile(r"\d[.,]\d\d(?!\d)")
_FEWEST, _LONGEST_CELL, _LONGEST_LINE, _MOST_LINES = 3, 80, 400, MAX_ROWS + 100
_SAMPLE = 100  # lines that are judged before all are cut into cells
_MOST_ABOVE = 2  # lines above a table that stand by themselves


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    if all(text.find(mark, lines[0].start, lines[-1].end) < 0 for mark in _SPACES):
        return
    run: list[DrawnLine] = []
    above: Line | None = None  # the line above the run
    last: Line | None = None  # of the run, drawn or beyond the rows that a table may have
    foreign = 0
    for line in lines:
        if _is_drawn(line):
            if len(run) < _MOST_LINES:
                run.append(draw(line))
            last, foreign = line, 0
        elif run and foreign == 0 and _may_interrupt(run, line):
            foreign = 1
        else:
            yield from _tables(text, run, above, last)
            run, foreign, above = [], 0, line
    yield from _tables(text, run, above, last)


def _is_drawn(line: Line) -> bool:
    content = line.text
    if len(content) > _LONGEST_LINE or not any(mark in content for mark in (*_SPACES, "\u00a0 ")):
        return False
    return (
        (_GAP.search(content) is not None or LEADERS.search(content) is not None)
        and not any(mark in content for mark in "\t|;")
        and not ITEM.match(content)
        and not RULE.fullmatch(content)
    )


def _may_interrupt(run: Sequence[DrawnLine], line: Line) -> bool:
    """Return True for a rule below the header, and for a remark between the rows that is no sum."""
    if RULE.fullmatch(line.text):
        return len(run) <= _MOST_ABOVE
    return bool(line.text.strip()) and len(line.text) <= _LONGEST_CELL and not any(c.isdigit() for c in line.text)


def _tables(text: str, run: Sequence[DrawnLine], line_above: Line | None, last: Line | None) -> Iterator[Grid]:
    """Yield the table of a run, without lines above, within and below that are not drawn like the rest."""
    if len(run) < _FEWEST - 1:
        return
    whole = _first_table(text, run, line_above)
    rows = list(run)
    while rows and sums.is_sum_line(rows[-1].line.text) and not _TWO_VALUES.search(rows[-1].line.text):
        rows.pop()
    # Labels of sums may stand where columns of the rows above have their gaps.
    if len(rows) < len(run) and (result := _first_table(text, rows, line_above)):
        whole = result if whole is None or len(result.header) >= len(whole.header) else whole
    if whole and last and len(run) == _MOST_LINES:
        whole = replace(whole, end=last.end)  # rows beyond the most are no other table
    if whole:
        yield _with_counts(whole)


def _first_table(text: str, run: Sequence[DrawnLine], line_above: Line | None) -> Grid | None:
    if (
        line_above
        and not RULE.fullmatch(line_above.text)
        and len(run) >= _FEWEST - 1
        and (result := _with_names(text, draw(line_above), run))
    ):
        return result
    for above in range(min(_MOST_ABOVE + 1, len(run) - _FEWEST + 1)):
        if result := _table(text, run[above:]):
            return result
    alike = without_foreign(run)
    if len(alike) < len(run) and len(alike) >= _FEWEST and (result := _table(text, alike)):
        return result
    return None


def _with_counts(table: Grid) -> Grid:
    """Part `2 YOGHURT` in the first column of a bill: a count, and the thing that is counted."""
    counted = [match for row in table.rows if row[0] and (match := _COUNTED.fullmatch(row[0].text))]
    numbers = [match["count"] for match in counted]
    if (
        len(counted) < len(table.rows)
        or not _has_amounts(table)
        or numbers == [str(n) for n in range(1, len(numbers) + 1)]
    ):
        return table
    if any(evidence.is_label(match["item"].split()[0]) for match in counted):  # 1 May is no count
        return table
    rows: list[tuple[Cell, ...]] = []
    for row, match in zip(table.rows, counted, strict=True):
        at = row[0].start if row[0] else 0
        count, item = (Span(match[name], at + match.start(name), at + match.end(name)) for name in ("count", "item"))
        rows.append((count, item, *row[1:]))
    return replace(table, header=("Quantity", *table.header), rows=tuple(rows))


def _has_amounts(table: Grid) -> bool:
    columns = ([value.text for value in column if value] for column in list(zip(*table.rows, strict=True))[1:])
    return any(texts and all(map(_CENTS.search, texts)) for texts in columns)


def _with_names(text: str, above: DrawnLine, run: Sequence[DrawnLine]) -> Grid | None:
    """Return the table with a line above that is drawn closer, when each of its words stands over one column."""
    edges = column_edges(run)
    columns = len(edges) + 1
    if not columns - 1 <= len(above.words) <= columns or columns < 2:
        return None
    lefts = [0, *edges]
    rights = [max((w.right for one in run for w in one.words if w.left < edge), default=0) for edge in edges]
    rights.append(max(one.words[-1].right for one in run))
    nearest = [
        {n for n in range(columns) if word.left < rights[n] and word.right > lefts[n] and _touches(run, word, n, lefts)}
        for word in above.words
    ]
    used = [next(iter(columns)) for columns in nearest if len(columns) == 1]
    if len(used) < len(nearest) or used != list(range(columns - len(nearest), columns)):
        return None
    cells = [cell(text, above.line.start + w.start, above.line.start + w.end) for w in above.words]
    rows: list[list[Cell]] = [[*(None,) * (columns - len(cells)), *cells]]
    rows += [cells_of(text, one, edges) for one in run[:_SAMPLE]]
    if not _is_table(rows[1:]) or not evidence.has_header(rows):
        return None
    rows += [cells_of(text, one, edges) for one in run[_SAMPLE:]]
    if len(run) > _SAMPLE and not _is_table(rows[1:]):
        return None
    return tabular.table("aligned", _without_index(rows), (above.line.start, run[-1].line.end), header_rows=1)


def _touches(run: Sequence[DrawnLine], word: Word, column: int, lefts: Sequence[int]) -> bool:
    """Return True when some line has a word of the column above or below the given one."""
    end = lefts[column + 1] if column + 1 < len(lefts) else word.right + 1_000
    return any(
        w.left < word.right and w.right > word.left and lefts[column] <= w.left < end for one in run for w in one.words
    )


def _table(text: str, run: Sequence[DrawnLine]) -> Grid | None:
    edges = column_edges(run)
    if not edges:
        return None
    ends = column_ends(run[:_SAMPLE], edges)
    if not _is_table([cells_of(text, drawn, edges, ends) for drawn in run[:_SAMPLE]]):
        return None
    rows = [cells_of(text, drawn, edges, ends) for drawn in run]
    if len(run) > _SAMPLE and not _is_table(rows):
        return None
    rows = _without_index(rows)
    return tabular.table("aligned", rows, (run[0].line.start, run[-1].line.end))


def _without_index(rows: list[list[Cell]]) -> list[list[Cell]]:
    """Leave out the numbers of rows that data frames print before the first column, which has no name."""
    if rows[0][0] is not None or len(rows[0]) < 2 or not all(rows[0][1:]):
        return rows
    numbers = [row[0].text if row[0] else "" for row in rows[1:]]
    first = numbers[0]
    if first in ("0", "1") and numbers == [str(int(first) + n) for n in range(len(numbers))]:
        return [row[1:] for row in rows]
    return rows


def _are_numbered(rows: Sequence[Sequence[Cell]]) -> bool:
    """Return True for lines of text or of a program behind their numbers."""
    texts = [row[0].text.rstrip(".)") if row[0] else "" for row in rows]
    numbers = [int(text) for text in texts if text.isdecimal() and len(text) < 7]
    if len(numbers) < len(rows) or numbers != sorted(set(numbers)) or numbers[-1] - numbers[0] >= 2 * len(rows):
        return False
    return not any(evidence.is_value(text) for text in evidence.texts(rows, 1))


def _is_table(rows: Sequence[Sequence[Cell]]) -> bool:
    """Return True when every row fills two columns, most fill most, and some column holds values or has a header."""
    filled = [sum(1 for value in row if value) for row in rows]
    width = len(rows[0])
    if min(filled) < 2 or not evidence.is_most([2 * n > width for n in filled]):
        return False
    cells = [value.text for row in rows for value in row if value]
    if max(map(len, cells)) > _LONGEST_CELL or all(row[0] and row[0].text.endswith(":") for row in rows):
        return False
    if evidence.is_most([text.endswith((",", ".")) for text in cells]):
        return False
    uneven = sum(any(cell and "  " in cell.text for cell in row) for row in rows)
    if 3 * uneven >= len(rows) or (width == 2 and _are_numbered(rows)):
        return False
    return evidence.has_value_column(rows) or (width >= 3 and evidence.has_header(rows))
