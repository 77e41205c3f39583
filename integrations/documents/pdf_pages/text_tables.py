"""Tables of texts alone: no line of theirs tells by its values that it is a row."""

from collections.abc import Iterator, Sequence

from integrations.documents.pdf_pages.columns import Columns, find_columns
from integrations.documents.pdf_pages.glyphs import Rule
from integrations.documents.pdf_pages.page_tables import PageTable, from_rows
from integrations.documents.pdf_pages.row_lines import read_rows
from integrations.documents.pdf_pages.words import TextLine
from tables.files.cell_kinds import CellKind, kind_of


def text_table(run: list[TextLine], rules: Sequence[Rule]) -> Iterator[PageTable]:
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
    merged = read_rows(run, columns, ())
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
