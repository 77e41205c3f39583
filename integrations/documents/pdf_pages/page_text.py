"""The text of pages, with their tables as Markdown, so that a reader finds each cell where it stands."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from integrations.documents.pdf_pages.aligned import aligned_tables
from integrations.documents.pdf_pages.glyphs import PageContent
from integrations.documents.pdf_pages.page_tables import PageTable
from integrations.documents.pdf_pages.ruled import ruled_tables
from integrations.documents.pdf_pages.words import TextLine, lines_of, turned_words, upright_words
from tables.files.markdown import table_text

_NUMBER = re.compile(r"\d+")
_EDGE = 3  # lines at the top and bottom of a page that may be its header and footer


@dataclass
class Page:
    """Lines outside of tables, and the tables, of one page."""

    height: float
    lines: list[TextLine]
    tables: list[PageTable]


def read_content(content: PageContent) -> Page:
    """Return the lines and tables of a page."""
    words = upright_words(content)
    tables = list(ruled_tables(words, turned_words(content), content.rules))
    free = [word for word in words if not _is_inside(word.middle, (word.top + word.bottom) / 2, tables)]
    tables += _chosen(aligned_tables(lines_of(free), content.rules), tables)
    rest = [word for word in free if not _is_inside(word.middle, (word.top + word.bottom) / 2, tables)]
    return Page(content.height, lines_of(rest), sorted(tables, key=lambda table: (table.top, table.left)))


def _chosen(found: Iterable[PageTable], others: Sequence[PageTable]) -> list[PageTable]:
    chosen: list[PageTable] = []
    for table in found:
        if not any(_overlap(table, other) for other in [*others, *chosen]):
            chosen.append(table)
    return chosen


def _overlap(one: PageTable, other: PageTable) -> bool:
    return (
        min(one.bottom, other.bottom) - max(one.top, other.top) > 2
        and min(one.right, other.right) - max(one.left, other.left) > 2
    )


def _is_inside(x: float, y: float, tables: Sequence[PageTable]) -> bool:
    return any(t.left - 2 <= x <= t.right + 2 and t.top <= y <= t.bottom for t in tables)


def pages_text(pages: Sequence[Page]) -> str:
    """Return the text of pages in order, a blank line around each table; a table over several pages is one."""
    _leave_out_edges(pages)
    _join(pages)
    written: list[str] = []
    for page in pages:
        parts: list[tuple[float, str]] = [(line.top, line.text) for line in page.lines]
        tables = [(table.top, "\n" + table_text(table.names, table.rows) + "\n") for table in page.tables if table.rows]
        written.append("\n".join(text for _, text in sorted([*parts, *tables], key=lambda part: part[0])))
    return re.sub(r"\n{3,}", "\n\n", "\n\n".join(filter(None, (text.strip("\n") for text in written))))


def _leave_out_edges(pages: Sequence[Page]) -> None:
    """Take off the lines at the edges of pages that come again on others, and numbers of pages."""
    if len(pages) < 2:
        return
    seen: Counter[str] = Counter()
    for page in pages:
        seen.update({_pattern(line) for line in _edges(page)})
    often = max(2, len(pages) // 3)
    for page in pages:
        edges = {id(line) for line in _edges(page) if seen[_pattern(line)] >= often}
        page.lines = [line for line in page.lines if id(line) not in edges]


def _edges(page: Page) -> list[TextLine]:
    return [*page.lines[:_EDGE], *page.lines[_EDGE:][-_EDGE:]]


def _pattern(line: TextLine) -> str:
    return _NUMBER.sub("#", line.text)


def _join(pages: Sequence[Page]) -> None:
    """Append a table at the top of a page to that at the bottom of the one before, when it goes on there."""
    last: PageTable | None = None
    for page in pages:
        if page.tables and last is not None and _goes_on(last, page.tables[0]):
            first = page.tables.pop(0)
            last.rows += first.rows
            if not page.tables:
                continue
        if page.tables:
            last = page.tables[-1]


def _goes_on(last: PageTable, first: PageTable) -> bool:
    if len(last.names) != len(first.names) or abs(last.left - first.left) > 12 or abs(last.right - first.right) > 12:
        return False
    return last.names == first.names if first.has_header else True
