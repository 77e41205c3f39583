"""Tables whose rows are drawn and whose columns are not: between horizontal lines of one length."""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from integrations.documents.pdf_pages.columns import Columns, find_columns
from integrations.documents.pdf_pages.glyphs import Rule
from integrations.documents.pdf_pages.page_tables import PageTable, from_rows
from integrations.documents.pdf_pages.ruled import join_rules
from integrations.documents.pdf_pages.words import TextLine, Word, lines_of
from tables.files.cell_kinds import kind_of

_MIN_RULES = 4
_SAME = 4.0  # points by which lines of one table may differ at their ends
_MAX_LINES = 12  # of text in a row


def striped_tables(words: Sequence[Word], rules: Sequence[Rule]) -> Iterator[PageTable]:
    """Yield the tables whose rows are told apart by lines; those with one line of text a row need none."""
    horizontal, _ = join_rules(rules)
    ordered = sorted(horizontal, key=lambda rule: (round(rule.x0 / _SAME), round(rule.x1 / _SAME), rule.top))
    for _, group in groupby(ordered, key=lambda rule: (round(rule.x0 / _SAME), round(rule.x1 / _SAME))):
        if len(edges := list(group)) >= _MIN_RULES and (table := _table(words, edges)) is not None:
            yield table


def _table(words: Sequence[Word], edges: Sequence[Rule]) -> PageTable | None:
    left, right = min(rule.x0 for rule in edges), max(rule.x1 for rule in edges)
    inside = [word for word in words if left - 2 <= word.middle <= right + 2]
    bands = [_between(inside, a.top, b.top) for a, b in pairwise(edges)]
    header = _above(inside, edges[0].top)
    filled = [band for band in [header, *bands] if band]
    if len(filled) < _MIN_RULES or max(map(len, filled)) > _MAX_LINES:
        return None
    if 3 * sum(len(band) > 1 for band in filled[1:]) < len(filled):
        return None  # a row is a line here, which the aligned reader knows better
    columns = find_columns([line for band in filled for line in band])
    if columns is None or len(columns.extents) < 3 or any(_are_rows(band, columns) for band in filled):
        return None
    rows = [_cells(band, columns) for band in filled]
    if any(sum(map(bool, row)) < 2 for row in rows):
        return None
    box = filled[0][0].top - 0.5, edges[-1].top + 0.5, left, right
    table = from_rows(rows, box)
    return table[0] if len(table) == 1 else None


def _between(words: Sequence[Word], top: float, bottom: float) -> list[TextLine]:
    return lines_of(word for word in words if top <= (word.top + word.bottom) / 2 < bottom)


def _above(words: Sequence[Word], edge: float) -> list[TextLine]:
    """Return the lines that stand directly above the first rule, where names do."""
    lines_above: list[TextLine] = []
    below = edge
    for line in reversed(lines_of(word for word in words if (word.top + word.bottom) / 2 < edge)):
        if below - line.bottom > 0.8 * line.size or len(line.segments()) < 2:
            break
        lines_above.insert(0, line)
        below = line.top
    return lines_above


def _are_rows(band: Sequence[TextLine], columns: Columns) -> bool:
    """Return whether the lines between two rules are rows of their own: several have values, or fill all columns."""
    cells = [columns.cells(line) for line in band]
    if sum(all(row) for row in cells) > 1:
        return True
    values = [{n for n, cell in enumerate(row) if cell and kind_of(cell).is_value} for row in cells]
    return any(a & b for n, a in enumerate(values) for b in values[n + 1 :])


def _cells(band: Sequence[TextLine], columns: Columns) -> list[str | None]:
    texts = [columns.cells(line) for line in band]
    return [" ".join(filter(None, column)) or None for column in zip(*texts, strict=True)]
