"""Judgement on tables that were found: prose, contents, numbered lists and letterheads are none."""

import re
from collections.abc import Sequence
from itertools import pairwise

from integrations.documents.pdf_pages.page_tables import PageTable
from tables.files.cell_kinds import CellKind, kind_of

_PROSE_WORDS = 5  # of a cell without a value
_MAX_WORDS = 150  # of a drawn cell; a frame around paragraphs or a figure has more
_MAX_FACTS = 8  # rows
_FIELD = re.compile(r"(\d{1,3})[.)]? +[^\W\d_]")
_MIN_FIELDS = 4
_MIN_CONTENTS = 4  # entries of a table of contents


def is_plausible(table: PageTable, *, is_drawn: bool) -> bool:
    """Return whether cells read as those of a table."""
    cells = [cell for row in table.rows for cell in row if cell]
    if _is_form(table):
        return False
    if is_drawn:
        return max((cell.count(" ") for cell in cells), default=0) < _MAX_WORDS
    if len(table.rows) == 1 and 2 * sum(map(_is_value, cells)) < len(cells):
        return False
    if 2 * sum(map(_is_sentence, cells)) > len(cells):
        return False
    if len(table.names) == 2 and _are_facts([table.names, *table.rows]):
        return False
    if table.has_header:
        return not (len(table.names) == 2 and _is_contents([table.names, *table.rows]))
    has_values = 4 * sum(map(_is_value, cells)) >= len(cells)
    return has_values and not (_is_contents(table.rows) or _is_numbered_list(table.rows))


def _is_form(table: PageTable) -> bool:
    """Return whether cells are what a form asks for: numbered fields, or the same answers behind each question."""
    cells = [cell for row in [table.names, *table.rows] for cell in row if cell]
    numbers = [match[1] for cell in cells if (match := _FIELD.match(cell))]
    if len(numbers) == len(cells) >= _MIN_FIELDS and numbers == [str(n) for n in range(1, len(numbers) + 1)]:
        return True
    columns = list(zip(*table.rows, strict=False))[1:]
    has_questions = all(row[0] and row[0].endswith(("?", ":", "？", "：")) for row in table.rows)
    return has_questions and len(table.rows) > 1 and all(len(set(column)) == 1 for column in columns)


def _is_value(cell: str) -> bool:
    kind = kind_of(cell)
    return (kind.is_value and kind is not CellKind.ADDRESS) or kind in {CellKind.NULL, CellKind.CODE}


def _is_sentence(cell: str) -> bool:
    """Return whether a cell is a part of a sentence."""
    return cell.count(" ") >= _PROSE_WORDS - 1 and not _is_value(cell)


def _are_facts(rows: Sequence[Sequence[str | None]]) -> bool:
    """Return whether two columns are labels with a number here and a date or code there, as above an invoice."""
    kinds = [kind_of(row[1]) for row in rows if row[1]]
    if not kinds or not (kinds[0].is_value or kinds[0] is CellKind.CODE) or len(rows) > _MAX_FACTS:
        return False
    return len(set(kinds)) > 1 and CellKind.NULL not in kinds


def _is_contents(rows: Sequence[Sequence[str | None]]) -> bool:
    """Return whether rows are titles with the numbers of their pages, which never fall."""
    if len(rows) < _MIN_CONTENTS or not rows[0]:
        return False
    pages = [row[-1] for row in rows if row[-1]]
    if len(pages) < len(rows) - 1 or not all(page.isdecimal() and len(page) < 5 for page in pages):
        return False
    if any(_is_value(cell) and cell.isdecimal() and len(row) > 2 for row in rows for cell in row[1:-1] if cell):
        return False
    numbers = [int(page) for page in pages]
    return numbers == sorted(numbers) and numbers[-1] > numbers[0]


def _is_numbered_list(rows: Sequence[Sequence[str | None]]) -> bool:
    """Return whether rows are the items of a list, or lines of a program, behind their numbers."""
    if len(rows[0]) != 2 or any(row[1] and _is_value(row[1]) for row in rows):
        return False
    numbers = [(row[0] or "").rstrip(".)") for row in rows]
    if not all(number.isdecimal() for number in numbers if number):
        return False
    values = [int(number) for number in numbers if number]
    return all(b == a + 1 for a, b in pairwise(values))
