"""Tables without lines: rows of words in columns, with the names above them."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from integrations.documents.pdf_pages.columns import Columns, find_columns, is_aligned, is_data, is_value
from integrations.documents.pdf_pages.glyphs import Rule
from integrations.documents.pdf_pages.page_tables import PageTable, from_rows
from integrations.documents.pdf_pages.spans import tiles
from integrations.documents.pdf_pages.words import Segment, TextLine, lines_of
from tables.files.cell_kinds import CellKind, is_year, kind_of

_CAPTION = re.compile(
    r"(?:table|tab\.|figure|fig\.|tabelle|abbildung|tableau|tabla|tabela|tabella|exhibit|appendix|chart|source|note|notes|quelle)\b"
    r"(?:\s*\d|\s*[:.]|\s+[A-Z0-9])", re.IGNORECASE)  # fmt: skip
_BRACKETED = re.compile(r"[(\[][^()\[\]]*[)\]]")
_DEEPEST = 8  # lines of a header
_PROSE = 5  # words of a segment


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
            yield from _text_table(run, rules)


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
            if len(waiting) > 3 or _CAPTION.match(line.text) or _is_apart(run, line):
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
    return len(run) > 3 and median(len(segment.words) for segment in segments) >= _PROSE


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
    columns = find_columns(data)
    if columns is None or len(columns.extents) > 60:
        return
    first, last = page.index(data[0]), page.index(data[-1])
    last = _with_wrapped(page, last, columns)
    first = _with_section(page, first, columns)
    header = _header_lines(page, first, columns, rules)
    columns = _with_empty(columns, header)
    names = _names(header, columns, rules)
    rows = _rows(page[first : last + 1], columns, rules)
    if not _is_table(names, rows):
        return
    top = header[0].top if header else data[0].top
    yield PageTable(names, rows, top - 0.5, page[last].bottom + 0.5, columns.extents[0][0], columns.extents[-1][1])


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
        if len(below.segments()) > 1 or gap > 0.3 * line.size or below.text[:1].isupper() or below.text[:1].isdigit():
            break
        if len(columns.overlapped(below.words[0].x0, below.words[-1].x1)) > 1 or _CAPTION.match(below.text):
            break
        last += 1
    return last


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


def _header_lines(page: Sequence[TextLine], first: int, columns: Columns, rules: Sequence[Rule]) -> list[TextLine]:
    """Return the lines above the first row that name the columns, from top to bottom."""
    left, right = columns.extents[0][0], columns.extents[-1][1]
    wide = [rule.top for rule in rules if rule.is_horizontal and rule.x1 - rule.x0 > 0.7 * (right - left)]
    found: list[TextLine] = []
    below = page[first]
    for line in reversed(page[max(0, first - _DEEPEST) : first]):
        gap = below.top - line.bottom
        if gap > (2.2 if not found else 1.2) * line.size or _CAPTION.match(line.text) or (is_data(line) and found):
            break
        segments = line.segments()
        has_rule = any(line.bottom - 3 < y < below.top + 3 for y in wide)
        if found and has_rule and not (len(segments) > 1 or segments[0].x0 > columns.edges[0]):
            break
        if len(segments) == 1 and not _is_over_columns(segments[0], columns, bool(found)):
            break
        is_wider = segments[0].x0 < left - 40 or segments[-1].x1 > right + 60
        if is_wider and len(segments) < len(columns.extents):
            break
        found.insert(0, line)
        below = line
    while found and len(found) > 1 and _BRACKETED.fullmatch(found[0].text):
        found.pop(0)  # `(per cent)` above the table
    while found and len(found[0].segments()) == 1 and not _is_over_columns(found[0].segments()[0], columns, False):
        found.pop(0)
    return found


def _is_over_columns(segment: Segment, columns: Columns, is_upper: bool) -> bool:
    """Return whether the only segment of a line stands over columns of values, or is a short name by itself."""
    if segment.x0 > columns.edges[0]:
        return not segment.text.endswith((".", ";"))
    return is_upper and segment.x1 < columns.edges[0] and len(segment.words) < 5


def _names(header: Sequence[TextLine], columns: Columns, rules: Sequence[Rule]) -> list[str | None]:
    """Return a name for each column, joined from the header's lines from top to bottom."""
    parts: list[list[str]] = [[] for _ in columns.extents]
    for number, line in enumerate(header):
        segments = [part for segment in line.segments() for part in _cut(segment, columns)]
        spans = _spans(segments, columns, rules, line, has_names_below=number < len(header) - 1)
        for segment, span in zip(segments, spans, strict=True):
            for column in span:
                parts[column].append(segment.text)
    return [" ".join(part) or None for part in parts]


def _cut(segment: Segment, columns: Columns) -> list[Segment]:
    """Cut a segment where there is more than a space over the edge between two columns."""
    parts = [[segment.words[0]]]
    spaces = [b.x0 - a.x1 for a, b in pairwise(segment.words)]
    usual = min(spaces, default=0.0)
    for before, word in pairwise(segment.words):
        gap = word.x0 - before.x1
        is_over_edge = any(before.middle < edge < word.middle for edge in columns.edges)
        if is_over_edge and gap > max(0.4 * word.size, 1.4 * usual):
            parts.append([word])
        else:
            parts[-1].append(word)
    return [Segment(tuple(part)) for part in parts]


def _spans(
    segments: Sequence[Segment], columns: Columns, rules: Sequence[Rule], line: TextLine, *, has_names_below: bool
) -> list[list[int]]:
    """Return the columns over which each segment of a header's line stands."""
    middles = [(a + b) / 2 for a, b in columns.extents]
    found = [columns.overlapped(segment.x0, segment.x1) for segment in segments]
    if not has_names_below:
        return [
            span if len(span) == 1 else _nearest(segment, columns, span)
            for segment, span in zip(segments, found, strict=True)
        ]
    is_drawn = False
    for n, segment in enumerate(segments):
        width = columns.extents[-1][1] - columns.extents[0][0]
        under = [rule for rule in rules if rule.is_horizontal and -2 < rule.top - line.bottom < 1.2 * line.size
                 and rule.x0 - 2 < segment.middle < rule.x1 + 2 and rule.x1 - rule.x0 < 0.8 * width]  # fmt: skip
        if under:
            rule = min(under, key=lambda rule: rule.top)
            covered = [c for c, middle in enumerate(middles) if rule.x0 - 3 < middle < rule.x1 + 3]
            found[n] = covered or found[n]
            is_drawn = is_drawn or len(covered) > 1
    groups = _groups(segments, columns)
    if groups and not is_drawn and all(set(span) <= set(group) for span, group in zip(found, groups, strict=True)):
        return groups
    return found


def _nearest(segment: Segment, columns: Columns, span: Sequence[int]) -> list[int]:
    """Return the one column that a name in the lowest line belongs to, or all when it is over several evenly."""
    shares = {n: min(columns.extents[n][1], segment.x1) - max(columns.extents[n][0], segment.x0) for n in span}
    best = max(span, key=lambda n: shares[n])
    middle = (columns.extents[span[0]][0] + columns.extents[span[-1]][1]) / 2
    is_even = abs(middle - segment.middle) < 0.15 * (columns.extents[span[-1]][1] - columns.extents[span[0]][0])
    return list(span) if is_even and len(span) > 2 else [best]


def _groups(segments: Sequence[Segment], columns: Columns) -> list[list[int]] | None:
    """Return the columns around the middle of each segment when all are the middles of theirs."""
    skip = 1 if segments[0].x0 > columns.edges[0] else 0
    if skip == 0 and segments[0].x1 <= columns.edges[0] + 2:
        rest = _groups(segments[1:], columns) if len(segments) > 1 else []
        return None if rest is None else [[0], *rest]
    lefts, rights = [a for a, _ in columns.extents[skip:]], [b for _, b in columns.extents[skip:]]
    found = tiles([segment.middle for segment in segments], lefts, rights)
    if found is None:
        return None
    return [[column + skip for column in span] for span in found]


def _rows(lines: Sequence[TextLine], columns: Columns, rules: Sequence[Rule]) -> list[list[str | None]]:
    """Return the rows between the first and the last line with values; cells of several lines are joined."""
    blocks = _blocks(lines, columns, rules)
    if blocks is not None:
        return [_joined([columns.cells(line) for line in block]) for block in blocks]
    rows: list[list[str | None]] = []
    ahead: list[list[str | None]] = []
    for n, line in enumerate(lines):
        cells = columns.cells(line)
        if is_data(line) or len(line.segments()) > 1:
            rows.append(_joined([*ahead, cells]))
            ahead = []
            continue
        above = line.top - lines[n - 1].bottom if n else 100.0
        below = lines[n + 1].top - line.bottom if n + 1 < len(lines) else 100.0
        is_lower = line.text[:1].islower() or line.text[:1] in "(&"
        if rows and not ahead and (above < below - 0.25 * line.size or (is_lower and above < below + 0.25 * line.size)):
            rows[-1] = _joined([rows[-1], cells])
        elif below < above - 0.25 * line.size or (n + 1 < len(lines) and lines[n + 1].text[:1].islower()):
            ahead.append(cells)
        else:
            rows.extend([*ahead, cells])
            ahead = []
    return rows + ahead


def _blocks(lines: Sequence[TextLine], columns: Columns, rules: Sequence[Rule]) -> list[list[TextLine]] | None:
    """Return the lines of each row where lines between rows, or wider gaps, tell; None where nothing does."""
    left, right = columns.extents[0][0], columns.extents[-1][1]
    edges = [rule.top for rule in rules if rule.is_horizontal and rule.x1 - rule.x0 > 0.6 * (right - left)]
    gaps = [b.top - a.bottom for a, b in pairwise(lines)]
    if not gaps:
        return None
    for is_cut in (_cut_by_rules(lines, edges), _cut_by_gaps(lines, gaps)):
        if is_cut is None:
            continue
        blocks: list[list[TextLine]] = [[lines[0]]]
        for line, cut in zip(lines[1:], is_cut, strict=True):
            if cut:
                blocks.append([line])
            else:
                blocks[-1].append(line)
        if (
            len(blocks) > 1
            and any(len(block) > 1 for block in blocks)
            and not any(_collides(block, columns) for block in blocks)
        ):
            return blocks
    return None


def _cut_by_rules(lines: Sequence[TextLine], edges: Sequence[float]) -> list[bool] | None:
    cuts = [any(a.bottom - 3 < y < b.top + 3 for y in edges) for a, b in pairwise(lines)]
    return cuts if sum(cuts) > 1 else None


def _cut_by_gaps(lines: Sequence[TextLine], gaps: Sequence[float]) -> list[bool] | None:
    low, high = min(gaps), max(gaps)
    if high - low < 0.25 * lines[0].size:
        return None
    ordered = sorted(gaps)
    jumps = [(b - a, (a + b) / 2) for a, b in pairwise(ordered)]
    jump, middle = max(jumps)
    return [gap > middle for gap in gaps] if jump > 0.15 * lines[0].size else None


def _collides(block: Sequence[TextLine], columns: Columns) -> bool:
    """Return whether two lines of a row have values in one column, or each has several."""
    filled: set[int] = set()
    for line in block:
        values = {n for n, cell in enumerate(columns.cells(line)) if cell and kind_of(cell).is_value}
        if values & filled:
            return True
        filled |= values
    return not filled and len(block) > 1 and sum(len(line.segments()) > 1 for line in block) > 1 and len(block) > 4


def _joined(rows: Sequence[Sequence[str | None]]) -> list[str | None]:
    return [" ".join(filter(None, cells)) or None for cells in zip(*rows, strict=True)]


def _text_table(run: list[TextLine], rules: Sequence[Rule]) -> Iterator[PageTable]:
    """Yield the table of a run without values: its first line names the columns, or is a row."""
    rows = [line for line in run if len(line.segments()) > 1]
    columns = find_columns(rows)
    if len(rows) < 3 or columns is None or not 2 <= len(columns.extents) <= 30:
        return
    cells = [columns.cells(line) for line in rows]
    filled = [sum(1 for cell in row if cell) for row in cells]
    if sum(count >= 2 for count in filled) < 0.9 * len(rows) or sum(filled) < 0.7 * len(rows) * len(columns.extents):
        return
    if not _starts_align(rows, columns) or not (_has_names_apart(run, rules) or _is_large(rows, columns)):
        return
    merged = _rows(run, columns, ())
    yield from from_rows(
        merged, (run[0].top - 0.5, run[-1].bottom + 0.5, columns.extents[0][0], columns.extents[-1][1])
    )


def _has_names_apart(run: Sequence[TextLine], rules: Sequence[Rule]) -> bool:
    """Return whether the first line is set off as names are: by a line below it, another font, or other capitals."""
    first, others = run[0], run[1:]
    if any(rule.is_horizontal and first.bottom - 3 < rule.top < others[0].top + 3 for rule in rules):
        return True
    faces = {word.face for line in others for word in line.words}
    if not faces & {word.face for word in first.words}:
        return True
    return first.text.isupper() and not any(line.text.isupper() for line in others)


def _is_large(rows: Sequence[TextLine], columns: Columns) -> bool:
    """Return whether a table of texts is no letterhead: those have few lines, or two columns, and few codes."""
    cells = [cell for row in rows for cell in columns.cells(row) if cell]
    codes = sum(1 for cell in cells if kind_of(cell) is CellKind.CODE)
    return len(columns.extents) > 2 and (len(rows) > 4 or 2 * codes > len(cells))


def _starts_align(rows: Sequence[TextLine], columns: Columns) -> bool:
    """Return whether the texts of each column begin at one position, end at one, or are centred, in most rows."""
    for column in range(1, len(columns.extents)):
        segments = [
            segment for line in rows for segment in line.segments() if columns.column_of(segment.middle) == column
        ]
        if len(segments) < 0.6 * len(rows):
            return False
        for edge in range(3):
            positions = sorted((segment.x0, segment.x1, segment.middle)[edge] for segment in segments)
            middle = positions[len(positions) // 2]
            if sum(abs(position - middle) < 3 for position in positions) >= 0.75 * len(positions):
                break
        else:
            return False
    return True
