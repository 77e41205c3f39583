"""Rows in XML: elements of one name that come again and hold the same elements or attributes; read with expat."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from xml.parsers import expat

from tables.readers.markup.html_tables import unescape
from tables.readers.spans import MAX_COLUMNS, MAX_ROWS, Cell, Grid, Line, Span, cell, grid

_OPEN = re.compile(r"<(?:\?xml\b[^>]*>\s*<)?(?P<name>[^\W\d][\w:.-]*)(?:\s[^<>]*)?>")
_REFUSED = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([^\s=<>/\"']+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_MAX_DEPTH = 50


@dataclass(slots=True)
class _Element:
    name: str
    start: int
    inner: int
    end: int = 0
    attributes: str = ""
    children: "list[_Element]" = field(default_factory=list)
    content: Cell = None


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    start, end = lines[0].start, lines[-1].end
    unclosed: set[str] = set()
    left = 2 * (end - start)  # characters; what is not well-formed could else be read again from each of its tags
    while left > 0 and (match := _OPEN.search(text, start, end)):
        # Only what a line begins with is markup of its own; the rest of a failed one is not read again.
        close = -1
        if match["name"] not in unclosed and _begins_line(text, match.start()):
            close = text.rfind(f"</{match['name']}>", match.end(), end)
        if close < 0:
            unclosed.add(match["name"])
        left -= max(0, close - match.start())
        root = _tree(text, match, close) if close >= 0 else None
        if root is None:
            start = text.find("\n", match.end(), end) + 1 or end
            continue
        yield from _tables(text, root)
        start = root.end


def _begins_line(text: str, start: int) -> bool:
    return not text[text.rfind("\n", 0, start) + 1 : start].strip()


def _tree(text: str, opening: re.Match[str], close: int) -> _Element | None:
    """Return the element of an opening and a closing tag; None when it is not well-formed, or has a document type."""
    start = opening.start()
    if _REFUSED.search(text, start, close):
        return None
    source = text[start : close + len(opening["name"]) + 3]
    builder = _Builder(text, start, source)
    try:
        builder.parser.Parse(source.encode("utf-8", "replace"), True)
    except (expat.ExpatError, ValueError):
        return None
    return builder.root


class _Builder:
    def __init__(self, text: str, offset: int, source: str) -> None:
        self.root: _Element | None = None
        self._open: list[_Element] = []
        self._text, self._offset = text, offset
        self._is_ascii = source.isascii()
        self._source, self._bytes, self._characters = source.encode("utf-8", "replace"), 0, 0
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def _at(self) -> int:
        """Return the offset in the text of what is being read; expat counts bytes."""
        index = self.parser.CurrentByteIndex
        if self._is_ascii:
            return self._offset + index
        self._characters += len(self._source[self._bytes : index].decode("utf-8", "replace"))
        self._bytes = index
        return self._offset + self._characters

    def _start(self, name: str, _: dict[str, str]) -> None:
        if len(self._open) == _MAX_DEPTH:
            raise ValueError(name)
        at = self._at()
        close = self._text.find(">", at)
        element = _Element(name, at, close + 1, attributes=self._text[at + 1 + len(name) : close])
        if self._open:
            self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, _: str) -> None:
        element, at = self._open.pop(), self._at()
        element.end = self._text.find(">", at) + 1
        if not element.children and at > element.inner:
            start, end = element.inner, at
            if self._text.startswith("<![CDATA[", start) and self._text.startswith("]]>", end - 3):
                element.content = cell(self._text, start + 9, end - 3)
            else:
                element.content = cell(self._text, start, end, unescape)
        if not self._open:
            self.root = element


def _tables(text: str, root: _Element) -> Iterator[Grid]:
    """Yield the table of the rows highest up; what is nested deeper in a row is a column of it."""
    level = [root]
    while level:
        for parent in level:
            rows = _rows(parent)
            if rows and (result := _table(text, rows)):
                yield result
                return
        level = [child for parent in level for child in parent.children]


def _rows(parent: _Element) -> list[_Element]:
    counts = Counter(child.name for child in parent.children)
    name, count = counts.most_common(1)[0] if counts else ("", 0)
    rows = [child for child in parent.children if child.name == name]
    has_parts = all(row.children or row.attributes.strip(" /") for row in rows)
    return rows if count > 1 and has_parts else []


def _table(text: str, rows: Sequence[_Element]) -> Grid | None:
    header: dict[str, Span | str] = {}
    records: list[dict[str, Cell]] = []
    for row in rows[:MAX_ROWS]:
        record: dict[str, Cell] = {}
        _collect(text, row, "", record, header)
        records.append(record)
    table = [[record.get(name) for name in header] for record in records]
    return grid("xml", list(header.values()), table, (rows[0].start, rows[-1].end)) if len(header) > 1 else None


def _collect(text: str, element: _Element, prefix: str, record: dict[str, Cell], header: dict[str, Span | str]) -> None:
    start = element.start + 1 + len(element.name)
    for match in _ATTRIBUTE.finditer(element.attributes):
        n = 2 if match[2] is not None else 3
        _put(prefix + match[1], cell(text, start + match.start(n), start + match.end(n), unescape), record, header)
    for child in element.children:
        name = prefix + child.name.rpartition(":")[2]
        if child.children or (child.attributes.strip(" /") and not child.content):
            _collect(text, child, f"{name}.", record, header)
        else:
            _put(name, child.content, record, header)
    if not element.children and element.content:
        _put(prefix + "text", element.content, record, header)


def _put(name: str, content: Cell, record: dict[str, Cell], header: dict[str, Span | str]) -> None:
    if name.startswith("xmlns") or (name not in header and len(header) == MAX_COLUMNS):
        return
    header.setdefault(name, name)
    record.setdefault(name, content)
