"""HTML files as rows: many programs' «Excel export» is HTML in a file named .xls."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from tables.files.cell_kinds import ABOVE, LEFT

MAX_TEXT = 20_000_000  # characters
_MAX_SPAN = 200
_MAX_CELLS = 1_500_000
_BEGINS = re.compile(
    r"\s*(?:(?:<\?xml[^>]*>|<!--.*?-->)\s*)*<(?:!doctype\s+html|html|head|body|meta|table|div|center)\b", re.I | re.S
)
_PLAIN_START = re.compile(r"<(t[rdh]|tbody|thead|b|i|p|br|div|span)>", re.IGNORECASE)
_PLAIN_END = re.compile(r"</(t[rdh]|tbody|thead|b|i|p|div|span)>", re.IGNORECASE)
_CHUNK = 100_000  # characters
_TABLE = re.compile(r"<table\b", re.IGNORECASE)

_INVISIBLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)", re.IGNORECASE)
_CELLS = frozenset({"td", "th"})
_STRUCTURE = frozenset({"td", "th", "tr", "table"})
_EMPTY = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})

Texts = list[str | None]


def is_html(beginning: str) -> bool:
    """Return whether a text is HTML with a table, by its beginning."""
    return _BEGINS.match(beginning) is not None


def rows(text: str) -> Iterator[Texts]:
    """Yield the rows of every table, an empty row behind each. Raises ValueError when there is no table."""
    if len(text) > MAX_TEXT:
        raise ValueError(f"An HTML file has at most {MAX_TEXT:,} characters: send CSV.")
    if not _TABLE.search(text):
        raise ValueError("The HTML has no table in it: send a page with a table, or CSV.")
    parser = _Parser()
    for start in range(0, len(text), _CHUNK):
        parser.feed(text[start : start + _CHUNK])
        yield from parser.take_rows()
    parser.close()
    parser.end_row()
    yield from parser.take_rows()


class _Parser(HTMLParser):
    """Collector of the rows of tables; cells over several rows or columns are marked."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Texts] = []
        self._row: Texts | None = None
        self._text: list[str] | None = None
        self._span = (1, 1)
        self._hanging: dict[int, tuple[int, str]] = {}
        self._skipped = self._cells = 0
        self._hidden: str | None = None
        self._hidden_depth = 0

    def take_rows(self) -> list[Texts]:
        """Return the rows that are complete since the last call."""
        rows, self._rows = self._rows, []
        return rows

    # Most tags of a table have no attributes, and nobody asks for the positions that the parser counts: without both
    # a file takes two thirds of the time.

    def updatepos(self, i: int, j: int) -> int:  # noqa: ARG002  the signature is the parser's
        return j

    def parse_starttag(self, i: int) -> int:
        if match := _PLAIN_START.match(self.rawdata, i):
            self.handle_starttag(match[1].lower(), [])
            return match.end()
        return super().parse_starttag(i)

    def parse_endtag(self, i: int) -> int:
        if self.cdata_elem is None and (match := _PLAIN_END.match(self.rawdata, i)):
            self.handle_endtag(match[1].lower())
            return match.end()
        return super().parse_endtag(i)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._is_skipped(tag, attrs):
            return
        if tag == "input" and self._text is not None:
            self._text.append(_input_text(dict(attrs)))
        elif tag in {"script", "style"}:
            self._skipped += 1
        elif tag == "table":
            self.end_row()
            self._hanging = {}
            self._rows.append([])
        elif tag == "tr":
            self.end_row()
            self._row = []
        elif tag in {"td", "th"}:
            self._end_cell()
            self._row = [] if self._row is None else self._row
            self._text = []
            attributes = dict(attrs)
            self._span = (_number(attributes.get("colspan")), _number(attributes.get("rowspan")))
        elif tag in {"br", "p", "div", "li"} and self._text:
            self._text.append("\n")

    def _is_skipped(self, tag: str, attrs: list[tuple[str, str | None]]) -> bool:
        """Return whether a browser does not show an element; a hidden cell is an empty one, up to the next cell."""
        inside = {"table": True, "tr": tag not in {"tr", "table"}}.get(self._hidden or "", tag not in _STRUCTURE)
        if self._hidden and inside:
            self._hidden_depth += tag == self._hidden
            return True
        if tag in _STRUCTURE:
            self._hidden = None
        if not attrs or tag in _EMPTY or not _is_hidden(tag, attrs):
            return False
        self._hidden, self._hidden_depth = tag, 1
        if tag in {"tr", "table"}:
            self.end_row()
        return tag not in _CELLS

    def handle_endtag(self, tag: str) -> None:
        if self._hidden:
            self._hidden_depth -= tag == self._hidden
            if not self._hidden_depth or (tag == "table" != self._hidden):
                self._hidden = None
        if tag in {"script", "style"}:
            self._skipped = max(0, self._skipped - 1)
        elif tag in {"td", "th"}:
            self._end_cell()
        elif tag in {"tr", "table"}:
            self.end_row()

    def handle_data(self, data: str) -> None:
        if self._text is not None and not self._skipped and not self._hidden:
            self._text.append(data)

    def _end_cell(self) -> None:
        if self._text is None or self._row is None:
            return
        lines = (" ".join(line.split()) for line in "".join(self._text).replace("\xa0", " ").split("\n"))
        text = "\n".join(filter(None, lines))
        self._fill()
        for n in range(self._span[0]):
            if self._span[1] > 1:
                self._hanging[len(self._row)] = (self._span[1] - 1, LEFT if n else f"{ABOVE}{text}" if text else "")
            self._row.append((text or None) if n == 0 else LEFT)
        self._text = None

    def _fill(self) -> None:
        """Put in the cells that reach down from rows above."""
        while self._row is not None and (hanging := self._hanging.pop(len(self._row), None)):
            left, text = hanging
            if left > 1:
                self._hanging[len(self._row)] = (left - 1, text)
            self._row.append(text or None)

    def end_row(self) -> None:
        """Close the row that is open."""
        self._end_cell()
        if self._row:
            last = max(self._hanging, default=-1)
            while len(self._row) <= last:
                before = len(self._row)
                self._fill()
                if len(self._row) == before:
                    self._row.append(None)
            self._rows.append(self._row)
            self._cells += len(self._row)
            if self._cells > _MAX_CELLS:
                raise ValueError(f"The tables have more than {_MAX_CELLS:,} cells: send fewer rows.")
        self._row = None


def _is_hidden(tag: str, attrs: list[tuple[str, str | None]]) -> bool:
    """Return whether a browser shows nothing of an element, or only a reference to a note."""
    attributes = dict(attrs)
    if "hidden" in attributes or _INVISIBLE.search(attributes.get("style") or ""):
        return True
    return tag == "sup" and "reference" in (attributes.get("class") or "").split()


def _input_text(attributes: dict[str, str | None]) -> str:
    is_shown = (attributes.get("type") or "text").lower() in {"text", "number", "date", "email", "tel", "url", "time"}
    return f" {attributes.get('value') or ''} " if is_shown else ""


def _number(text: str | None) -> int:
    return min(max(int(text), 1), _MAX_SPAN) if text and text.isascii() and text.isdigit() else 1
