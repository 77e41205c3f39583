"""The text of pages, with their tables as Markdown, so that a reader finds each cell where it stands."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from integrations.documents.pdf_pages.aligned import aligned_tables
from integrations.documents.pdf_pages.glyphs import PageContent, whole_lines
from integrations.documents.pdf_pages.page_tables import PageTable
from integrations.documents.pdf_pages.plausibility import is_plausible
from integrations.documents.pdf_pages.ruled import ruled_tables
from integrations.documents.pdf_pages.striped import striped_tables
from integrations.documents.pdf_pages.words import TextLine, Word, lines_of, turned_words, upright_words
from integrations.documents.pdf_pages.zones import Box, Zone, zones_of
from tables.files.markdown import table_text

_NUMBER = re.compile(r"\d+")
_EDGE = 3  # lines at the top and bottom of a page that may be its header and footer


@dataclass
class Page:
    """Lines outside of tables, and the tables, of one page, in the order in which they are read."""

    height: float
    parts: list[TextLine | PageTable]

    @property
    def tables(self) -> list[PageTable]:
        return [part for part in self.parts if isinstance(part, PageTable)]

    @property
    def lines(self) -> list[TextLine]:
        """Return the lines from top to bottom."""
        return sorted((part for part in self.parts if isinstance(part, TextLine)), key=lambda line: line.top)


def read_content(content: PageContent) -> Page:
    """Return the lines and tables of a page."""
    words = upright_words(content)
    drawn = ruled_tables(words, turned_words(content), content.rules)
    ruled = [table for table in drawn if is_plausible(table, is_drawn=True)]
    ruled += _chosen(striped_tables(_outside(words, ruled), content.rules), ruled, is_drawn=True)
    zones = zones_of(lines_of(_outside(words, ruled)), [_box(table) for table in ruled])
    lines = whole_lines(content.rules)
    parts: list[TextLine | PageTable] = []
    waiting = sorted(ruled, key=lambda table: (table.top, table.left))
    for zone in zones:
        own = [table for table in waiting if _is_in(table, zone)]
        earlier = [table for table in waiting if table not in own and table.bottom <= zone.box.top]
        waiting = [table for table in waiting if table not in own and table not in earlier]
        rules = [rule for rule in lines if rule.x1 > zone.box.left and rule.x0 < zone.box.right]
        tables = own + _chosen(aligned_tables(zone.lines, rules), ruled, is_drawn=False)
        words = _outside((word for line in zone.lines for word in line.words), tables)
        parts += earlier
        inside: list[TextLine | PageTable] = [*lines_of(words), *tables]
        parts += sorted(inside, key=lambda part: part.top)
    return Page(content.height, [*parts, *waiting])


def _box(table: PageTable) -> Box:
    return Box(table.top, table.bottom, table.left, table.right)


def _is_in(table: PageTable, zone: Zone) -> bool:
    """Return whether a table that is drawn stands among the lines of a zone."""
    is_beside = zone.box.left - 20 <= (table.left + table.right) / 2 <= zone.box.right + 20
    return is_beside and zone.box.top - 20 <= table.top <= zone.box.bottom


def _chosen(tables: Iterable[PageTable], others: Sequence[PageTable], *, is_drawn: bool) -> list[PageTable]:
    chosen: list[PageTable] = []
    for table in tables:
        is_free = not any(_overlap(table, other) for other in [*others, *chosen])
        if is_free and is_plausible(table, is_drawn=is_drawn):
            chosen.append(table)
    return chosen


def _overlap(one: PageTable, other: PageTable) -> bool:
    return (
        min(one.bottom, other.bottom) - max(one.top, other.top) > 2
        and min(one.right, other.right) - max(one.left, other.left) > 2
    )


def _outside(words: Iterable[Word], tables: Sequence[PageTable]) -> list[Word]:
    return [word for word in words if not _is_inside(word.middle, (word.top + word.bottom) / 2, tables)]


def _is_inside(x: float, y: float, tables: Sequence[PageTable]) -> bool:
    return any(t.left - 2 <= x <= t.right + 2 and t.top <= y <= t.bottom for t in tables)


def pages_text(pages: Sequence[Page]) -> str:
    """Return the text of pages in order, a blank line around each table; a table over several pages is one."""
    _leave_out_edges(pages)
    _join(pages)
    written = ["\n".join(map(_part_text, page.parts)) for page in pages]
    return re.sub(r"\n{3,}", "\n\n", "\n\n".join(filter(None, (text.strip("\n") for text in written))))


def pages_tables(pages: Sequence[Page]) -> list[tuple[int, PageTable]]:
    """Return the tables, each with the number of the page on which it begins."""
    _join(pages)
    return [(number, table) for number, page in enumerate(pages, 1) for table in page.tables if table.rows]


def _part_text(part: TextLine | PageTable) -> str:
    if isinstance(part, TextLine):
        return part.text
    return "\n" + table_text(part.names, part.rows) + "\n" if part.rows else ""


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
        page.parts = [part for part in page.parts if id(part) not in edges]


def _edges(page: Page) -> list[TextLine]:
    lines = page.lines
    return [*lines[:_EDGE], *lines[_EDGE:][-_EDGE:]]


def _pattern(line: TextLine) -> str:
    return _NUMBER.sub("#", line.text)


def _join(pages: Sequence[Page]) -> None:
    """Append a table at the top of a page to that at the bottom of the one before, when it goes on there."""
    last: PageTable | None = None
    for page in pages:
        tables = page.tables
        if tables and last is not None and _goes_on(last, tables[0]):
            page.parts.remove(tables[0])
            last.rows += tables.pop(0).rows
        if tables:
            last = tables[-1]


def _goes_on(last: PageTable, first: PageTable) -> bool:
    if len(last.names) != len(first.names) or abs(last.left - first.left) > 12 or abs(last.right - first.right) > 12:
        return False
    return last.names == first.names if first.has_header else True
