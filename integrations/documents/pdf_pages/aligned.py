"""Tables without lines: rows of words in columns, with the names above them."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from integrations.documents.pdf_pages.captions import CAPTION, PROSE_WORDS
from integrations.documents.pdf_pages.columns import Columns, find_columns, is_aligned, is_data, is_value
from integrations.documents.pdf_pages.glyphs import Rule
from integrations.documents.pdf_pages.headers import column_names, header_lines
from integrations.documents.pdf_pages.page_tables import PageTable
from integrations.documents.pdf_pages.row_lines import read_rows
from integrations.documents.pdf_pages.text_tables import text_table
from integrations.documents.pdf_pages.words import TextLine, lines_of
from tables.files.cell_kinds import is_year


def aligned_tables(lines: Sequence[TextLine], rules: Sequence[Rule], depth: int = 0) -> Iterator[PageTable]:
    """Yield the tables among lines, from top to bottom."""
    for run in _runs(lines):
        first = next((n for n, line in enumerate(run) if is_data(line)), None)
        data = [line for line in run if is_data(line)]
        if _is_prose(run):
            if depth < 2 and (halves := _halves(run)):
                for half in halves:
                    yield from aligned_tables(half, rules, depth + 1)
            continue
        if first is not None and (len(data) > 1 or len(data[0].segments()) > 2):
            for part in _stacked(run):
                yield from _value_table(lines, part, rules)
        else:
            yield from text_table(run, rules)


def _runs(lines: Sequence[TextLine]) -> Iterator[list[TextLine]]:
    """Yield stretches of lines of several segments; up to two others may be between."""
    run: list[TextLine] = []
    waiting: list[TextLine] = []
    for line in lines:
        last = (waiting or run)[-1:]
        if run and last and line.top - last[0].bottom > 2.8 * line.size:
            yield from _sized(run)
            run, waiting = [], []
        if len(line.segments()) > 1:
            run += [*waiting, line]
            waiting = []
        elif run:
            waiting.append(line)
            if len(waiting) > 3 or CAPTION.match(line.text) or _is_apart(run, line):
                yield from _sized(run)
                run, waiting = [], []
    yield from _sized(run)


def _is_apart(run: Sequence[TextLine], line: TextLine) -> bool:
    """Return whether a line of one segment is a title further off than the lines of a table without values."""
    if any(map(is_data, run)) or len(run) < 3:
        return False
    gaps = [b.top - a.bottom for a, b in pairwise(run)]
    return line.top - run[-1].bottom > median(gaps) + 0.5 * line.size


def _sized(run: list[TextLine]) -> Iterator[list[TextLine]]:
    if len(run) > 1:
        yield run


def _is_prose(run: Sequence[TextLine]) -> bool:
    """Return whether the segments of lines are parts of sentences, as in two columns of prose."""
    segments = [segment for line in run for segment in line.segments()]
    if sum(is_value(segment) for segment in segments) * 5 > len(segments):
        return False
    return len(run) > 3 and median(len(segment.words) for segment in segments) >= PROSE_WORDS


def _halves(run: Sequence[TextLine]) -> list[list[TextLine]]:
    """Return the lines of each of two columns of prose."""
    gaps = [(a.x1, b.x0) for line in run for a, b in pairwise(line.segments())]
    if not gaps:
        return []
    middle = median((a + b) / 2 for a, b in gaps)
    left = [word for line in run for word in line.words if word.middle < middle]
    right = [word for line in run for word in line.words if word.middle >= middle]
    return [lines_of(left), lines_of(right)] if left and right else []


def _stacked(run: list[TextLine]) -> Iterator[list[TextLine]]:
    """Yield the tables of a run, each from the line that names its columns on."""
    start = 0
    firsts = [line.segments()[0] for line in run if is_data(line)]
    has_numbers_first = sum(map(is_value, firsts)) >= 0.8 * len(firsts)
    for n in range(1, len(run) - 1):
        if (
            has_numbers_first
            and n > start + 3
            and len(run[n].segments()) > 2
            and not is_value(run[n].segments()[0])
            and is_data(run[n])
        ):
            yield run[start:n]
            start = n
            continue
        before = [line for line in run[start:n] if is_data(line)]
        if before and _is_naming(run[n]) and is_data(run[n + 1]) and not _is_naming(run[n + 1]):
            names, values = len(run[n].segments()), len(run[n + 1].segments())
            if names >= values - 1:
                while n > start + 1 and not is_data(run[n - 1]) and len(run[n - 1].segments()) > 1:
                    n -= 1
                yield run[start:n]
                start = n
    yield run[start:]


def _is_naming(line: TextLine) -> bool:
    segments = line.segments()
    rest = segments[1:] if len(segments) > 2 else segments
    return len(segments) > 1 and all(not is_value(segment) or is_year(segment.text) for segment in rest)


def _value_table(page: Sequence[TextLine], run: list[TextLine], rules: Sequence[Rule]) -> Iterator[PageTable]:
    """Yield the table of a run with values: its columns are those of the lines with values."""
    data = [line for line in run if is_data(line)]
    while len(data) > 3 and _is_numbered_header(data):
        data.pop(0)
    if not data:
        return
    while len(data) > 2 and (columns := find_columns(data)) and not is_aligned(data[-1], data, columns):
        data.pop()
    while len(data) > 2 and (columns := find_columns(data)) and _is_in_one_column(data[-1], columns):
        data.pop()  # sums below the table, narrower than one of its columns
    columns = find_columns(data)
    if columns is None or len(columns.extents) > 60:
        return
    first, last = page.index(data[0]), page.index(data[-1])
    last = _with_wrapped(page, last, columns)
    first = _with_section(page, _with_overlapping(page, first), columns)
    columns = _with_labels(page[first : last + 1], columns)
    header = header_lines(page, first, columns, rules)
    columns = _with_empty(columns, header)
    names = column_names(header, columns, rules)
    rows = read_rows(page[first : last + 1], columns, rules)
    if not _is_table(names, rows):
        return
    top = header[0].top if header else page[first].top
    yield PageTable(names, rows, top - 0.5, page[last].bottom + 0.5, columns.extents[0][0], columns.extents[-1][1])


def _is_in_one_column(line: TextLine, columns: Columns) -> bool:
    return len(columns.overlapped(line.words[0].x0, line.words[-1].x1)) == 1


def _is_numbered_header(data: Sequence[TextLine]) -> bool:
    """Return whether the first line names the columns with numbers, as `Share 1.0 1.5` over `0.99 800 850`."""
    firsts = [line.segments()[0] for line in data]
    return not is_value(firsts[0]) and sum(map(is_value, firsts[1:])) >= 0.8 * (len(firsts) - 1)


def _is_table(names: Sequence[str | None], rows: Sequence[Sequence[str | None]]) -> bool:
    filled = sum(1 for row in rows for cell in row if cell)
    width = len(names)
    if not rows or filled < 2 * len(rows) * 0.75 or (len(rows) == 1 and not all(names[1:])):
        return False
    if width == 2 and not any(names) and len(rows) < 3:
        return False
    long = sum(1 for row in rows for cell in row[1:] if cell and cell.count(" ") > 8)
    return long * 3 < filled


def _with_wrapped(page: Sequence[TextLine], last: int, columns: Columns) -> int:
    """Return the last line of the table when the cell of its last row goes on below."""
    line = page[last]
    while last + 1 < len(page):
        below = page[last + 1]
        gap = below.top - page[last].bottom
        is_beside = gap < -0.2 * line.size
        is_new = below.text[:1].isupper() or below.text[:1].isdigit()
        if len(below.segments()) > 1 or gap > 0.3 * line.size or (is_new and not is_beside):
            break
        if len(columns.overlapped(below.words[0].x0, below.words[-1].x1)) > 1 or CAPTION.match(below.text):
            break
        last += 1
    return last


def _with_overlapping(page: Sequence[TextLine], first: int) -> int:
    """Return the first line of a row whose label has several lines, with its values beside their middle."""
    while first and page[first - 1].bottom - page[first].top > 0.2 * page[first].size:
        first -= 1
    return first


def _with_labels(lines: Sequence[TextLine], columns: Columns) -> Columns:
    """Return the columns with that of labels that stand on no line with values, as they have several lines."""
    edge = columns.extents[0][0]
    labels = [line for line in lines if not is_data(line) and line.words[-1].x1 < edge - 2]
    if 3 * len(labels) < len(lines):
        return columns
    extent = min(line.words[0].x0 for line in labels), max(line.words[-1].x1 for line in labels)
    return Columns((extent, *columns.extents))


def _with_empty(columns: Columns, header: Sequence[TextLine]) -> Columns:
    """Return the columns with those that have a name and no value."""
    extents = list(columns.extents)
    if header and len(header[-1].segments()) > len(extents):
        for segment in header[-1].segments():
            if all(min(right, segment.x1) - max(left, segment.x0) < -2 for left, right in extents):
                extents.append((segment.x0, segment.x1))
    return Columns(tuple(sorted(extents)))


def _with_section(page: Sequence[TextLine], first: int, columns: Columns) -> int:
    """Return the first row of the table when a label without values stands between the names and the first values."""
    if first < 2:
        return first
    label, names = page[first - 1], page[first - 2]
    is_label = (
        len(label.segments()) == 1
        and label.words[-1].x1 < columns.edges[0] + 20
        and label.words[0].x0 < columns.edges[0]
    )
    is_near = page[first].top - label.bottom < 0.8 * label.size and label.top - names.bottom < 1.5 * label.size
    if (
        is_label
        and is_near
        and len(names.segments()) > 2
        and not is_data(names)
        and len(names.segments()) >= len(columns.extents) - 1
    ):
        return first - 1
    return first
