"""Tables in HTML, read with the standard parser, which tells where each tag stands."""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

from tables.readers import tabular
from tables.readers.spans import MAX_COLUMNS, MAX_ROWS, Cell, Grid, Line, Span, cell

_TABLE = re.compile(r"<table\b|<tr\b", re.IGNORECASE)
_TAG = re.compile(r"<!--.*?-->|<(?P<breaks>/?(?:br|p|div|li)\b)?[^<>]*>", re.IGNORECASE | re.DOTALL)
_CELLS, _ROWS = frozenset(["td", "th"]), frozenset(["tr"])
_MAX_SPAN = 100
_SPACES = re.compile(r"[ \t\r\n\xa0]+")


@dataclass(slots=True)
class _Table:
    start: int
    end: int = 0
    caption: Cell = None
    rows: list[list[Cell]] = field(default_factory=list)
    header_rows: int = 0
    sections: list[int] = field(default_factory=list)
    spanning: dict[int, tuple[int, Cell]] = field(default_factory=dict)  # column → rows still to fill, cell


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    start, end = lines[0].start, lines[-1].end
    first = _TABLE.search(text, start, end)
    if first is None:
        return
    parser = _Parser(text[first.start() : end], first.start(), text)
    parser.feed(text[first.start() : end])
    parser.close_table(parser.at_end)
    for parsed in sorted(parser.tables, key=lambda table: table.start):
        extent = (parsed.start, parsed.end)
        name = parsed.caption.text if parsed.caption else None
        header = min(parsed.header_rows, 2) if parsed.header_rows else None
        if len(parsed.rows) > 1 and (
            result := tabular.table(
                "html", parsed.rows, extent, header_rows=header, sections=parsed.sections, name=name
            )
        ):
            yield result


def unescape(raw: str) -> str:
    """Return the words of a cell: without tags and entities, line breaks of tags kept."""
    plain = _TAG.sub(lambda tag: "\n" if tag["breaks"] else "", raw) if "<" in raw else raw
    plain = html.unescape(plain)
    lines = (_SPACES.sub(" ", line).strip() for line in plain.split("\n"))
    return "\n".join(line for line in lines if line) if "<" in raw else _SPACES.sub(" ", plain).strip()


class _Parser(HTMLParser):
    """Collect the rows of tables; a table in a cell is a table of its own, and its outer one a layout."""

    def __init__(self, markup: str, offset: int, text: str) -> None:
        super().__init__(convert_charrefs=False)
        self.tables: list[_Table] = []
        self.at_end = offset + len(markup)
        self._text, self._offset = text, offset
        self._starts = [0, *(match.end() for match in re.finditer("\n", markup))]
        self._table: _Table | None = None
        self._row: list[Cell] = []
        self._is_in_head = self._has_row = False
        self._kinds: list[str] = []
        self._cell: tuple[int, dict[str, str | None]] | None = None
        self._caption: int | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table" or (tag == "tr" and self._table is None):
            self.close_table(self._at())
            self._table = _Table(self._at())
        if tag in ("tr", "thead", "tbody", "tfoot"):
            self._close_row(self._at())
            self._has_row = tag == "tr"
        if tag in ("thead", "tbody", "tfoot"):
            self._is_in_head = tag == "thead"
        elif tag in _CELLS and self._table is not None:
            self._close_cell(self._at())
            self._has_row = True
            self._kinds.append(tag)
            self._cell = (self._at() + len(self.get_starttag_text() or ""), dict(attrs))
        elif tag == "caption":
            self._caption = self._at() + len(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in _CELLS:
            self._close_cell(self._at())
        elif tag in ("tr", "thead", "tbody"):
            self._close_row(self._at())
            self._is_in_head = self._is_in_head and tag != "thead"
        elif tag == "table":
            self.close_table(self._text.find(">", self._at()) + 1)
        elif tag == "caption" and self._table and self._caption is not None:
            self._table.caption = cell(self._text, self._caption, self._at(), unescape)

    def close_table(self, end: int) -> None:
        """End the open table, if there is one, at an offset of the text."""
        self._close_row(end)
        if self._table and self._table.rows:
            self._table.end = end
            self.tables.append(self._table)
        self._table, self._is_in_head = None, False

    def _at(self) -> int:
        line, column = self.getpos()
        return self._offset + self._starts[line - 1] + column

    def _close_cell(self, end: int) -> None:
        if self._cell is None or self._table is None:
            return
        start, attributes = self._cell
        value = cell(self._text, start, end, unescape)
        content = _narrowed(self._text, value)
        wide, high = (_count(attributes.get(name)) for name in ("colspan", "rowspan"))
        if wide > 1:
            self._kinds.append("wide")
        for n in range(wide):
            self._fill_from_above()
            if high > 1:
                self._table.spanning[len(self._row)] = (high - 1, content if n == 0 else None)
            # A cell over several columns is the first one's; the others are empty.
            self._row.append(content if n == 0 else None)
        self._cell = None

    def _fill_from_above(self) -> None:
        """Repeat the cells of rows above that reach down to here."""
        spanning = self._table.spanning if self._table else {}
        while len(self._row) in spanning and len(self._row) < MAX_COLUMNS:
            column = len(self._row)
            left, content = spanning.pop(column)
            if left > 1:
                spanning[column] = (left - 1, content)
            self._row.append(content)

    def _close_row(self, end: int) -> None:
        self._close_cell(end)
        if self._table is None or not self._has_row or not (self._row or self._kinds):
            return
        self._fill_from_above()
        number, table = len(table_rows := self._table.rows), self._table
        if number < MAX_ROWS and any(self._row):
            is_head = self._is_in_head or set(self._kinds) <= {"th", "wide"}
            filled = sum(1 for content in self._row if content)
            if is_head and number == table.header_rows and not (filled == 1 and "wide" in self._kinds and number):
                table.header_rows += 1
            elif filled == 1 and "wide" in self._kinds:
                table.sections.append(number)
            table_rows.append(self._row)
        self._row, self._kinds, self._has_row = [], [], False


def _narrowed(text: str, value: Cell) -> Cell:
    """Return the cell without the tags around its words, so that its quote has no more markup than it needs."""
    if value is None or "<" not in text[value.start : value.end]:
        return value if value is None or value.text else None
    if not value.text:
        return None
    start, end = value.start, value.end
    while text[start] == "<" and (close := text.find(">", start, end)) > 0:
        start = close + 1
        start += len(text[start:end]) - len(text[start:end].lstrip())
        if start >= end:
            return value
    while end > start and text[end - 1] == ">" and (opening := text.rfind("<", start, end)) >= start:
        end = start + len(text[start:opening].rstrip())
    inner = cell(text, start, end, unescape)
    return inner if inner and inner.text == value.text else Span(value.text, value.start, value.end)


def _count(number: str | None) -> int:
    return min(max(int(number), 1), _MAX_SPAN) if number and number.isdecimal() else 1
