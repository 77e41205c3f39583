"""Rows of a table without lines, whose cells may have several lines of text."""

from collections.abc import Sequence
from itertools import pairwise

from integrations.documents.pdf_pages.columns import Columns, is_data
from integrations.documents.pdf_pages.glyphs import Rule
from integrations.documents.pdf_pages.words import TextLine
from tables.files.cell_kinds import kind_of


def read_rows(lines: Sequence[TextLine], columns: Columns, rules: Sequence[Rule]) -> list[list[str | None]]:
    """Return the rows between the first and the last line with values; cells of several lines are joined."""
    blocks = _blocks(lines, columns, rules)
    if blocks is not None:
        return [joined_cells([columns.cells(line) for line in block]) for block in blocks]
    rows: list[list[str | None]] = []
    ahead: list[list[str | None]] = []
    for n, line in enumerate(lines):
        cells = columns.cells(line)
        if is_data(line) or len(line.segments()) > 1:
            rows.append(joined_cells([*ahead, cells]))
            ahead = []
            continue
        above = line.top - lines[n - 1].bottom if n else 100.0
        below = lines[n + 1].top - line.bottom if n + 1 < len(lines) else 100.0
        is_lower = line.text[:1].islower() or line.text[:1] in "(&"
        if rows and not ahead and (above < below - 0.25 * line.size or (is_lower and above < below + 0.25 * line.size)):
            rows[-1] = joined_cells([rows[-1], cells])
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


def joined_cells(rows: Sequence[Sequence[str | None]]) -> list[str | None]:
    return [" ".join(filter(None, cells)) or None for cells in zip(*rows, strict=True)]
