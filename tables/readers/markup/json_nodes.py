"""JSON found anywhere in a text, keeping the place of every value; one pass, whatever the text.

So is what passes for it: Python's literals, JavaScript's objects, typographic quotes, comments, NaN.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tables.readers.spans import Cell, Span

MAX_DEPTH = 50
_SKIP = re.compile(r"(?:[ \t\r\n\u00a0]++|//[^\n]*+|/\*[^*]*+\*+(?:[^/*][^*]*+\*+)*+/)*+")
_OPEN = re.compile(r"\[|\{(?=[\s\u00a0]*+[\w\"'“”„‟‘’}/])")  # `{{{` opens no object
_QUOTED = r"[^{0}\\\x00-\x1f]*+(?:\\[^\x00-\x1f][^{0}\\\x00-\x1f]*+)*+"
_STRING = re.compile(
    "|".join(
        (
            r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+"',
            rf"'{_QUOTED.format(chr(39))}'",
            rf"[“”„‟]{_QUOTED.format('“”„‟')}[“”„‟]",
            rf"[‘’]{_QUOTED.format('‘’')}[‘’]",
        )
    )
)
_QUOTES = frozenset("\"'“”„‟‘’")
_LITERAL = re.compile(
    r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w.])"
    r"|(?:true|false|null|True|False|None|NaN|nan|[-+]?Infinity|undefined)(?![\w.])"
)
_NAME = re.compile(r"[^\W\d][\w$-]*+|\d{1,15}(?=[ \t]*:)")
_NULLS = frozenset(["null", "None", "undefined"])
_SIMPLE_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
_CLOSING = {"[": "]", "{": "}", "(": ")"}


@dataclass(slots=True)
class Node:
    """`members` are (key, value) of an object and (None, value) of an array; `is_loose`: some key has no quotes."""

    kind: str  # object | array | string | literal
    start: int
    end: int = 0
    members: "list[tuple[Node | None, Node]]" = field(default_factory=list)
    closing: str = ""
    is_loose: bool = False


class _Malformed(Exception):
    def __init__(self, position: int) -> None:
        self.position = position
        super().__init__(position)


def scan(text: str, start: int, end: int) -> Iterator[Node]:
    """Yield the outermost complete arrays and objects in text[start:end], in order.

    Where one turns out malformed, those complete inside it still count, and the search goes on at the
    mistake: every container open there has the same mistake, so none of them is read again.
    """
    while match := _OPEN.search(text, start, end):
        reader = _Reader(text, end)
        try:
            start = reader.container(match.start(), 0).end
        except _Malformed as mistake:
            start = max(mistake.position, match.end())
        yield from reader.complete


def ending(text: str, start: int, end: int) -> list[Node]:
    """Return the JSON at the end of a text that is still being written: open containers, outermost first, or the last.

    `members` of what is open are the whole ones, and its `end` is 0. A mistake in the last line may be none yet.
    """
    last_line = text.rfind("\n", start, end) + 1
    closed: list[Node] = []
    while match := _OPEN.search(text, start, end):
        reader = _Reader(text, end)
        try:
            root = reader.container(match.start(), 0)
        except _Malformed as mistake:
            if mistake.position >= last_line:
                return reader.open
            start = max(mistake.position, match.end())
        else:
            start = root.end
            closed = [root] if root.end > last_line else []
    return closed


def span(text: str, node: Node) -> Cell:
    """Return a scalar's content, a container's JSON text; None for null and ''."""
    if node.kind == "string":
        return _string(text, node) if text[node.start] in _QUOTES else Span(text[node.start : node.end], *_of(node))
    raw = text[node.start : node.end]
    return None if raw in _NULLS else Span(raw, node.start, node.end)


def _of(node: Node) -> tuple[int, int]:
    return node.start, node.end


def _string(text: str, node: Node) -> Cell:
    """Return the text between the quotation marks, which is the quote."""
    start, end = node.start + 1, node.end - 1
    content = unescape(text[start:end])
    return Span(content, start, end) if content.strip() else None


def unescape(raw: str) -> str:
    """Return the content of a string; what cannot be stored, half a surrogate pair and NUL, stays as it is written."""
    if "\\" not in raw:
        return raw
    try:
        content = str(json.loads(f'"{raw}"'))
    except ValueError:  # the escapes of another language
        content = _SIMPLE_ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), raw)
    is_storable = "\0" not in content and not any("\ud800" <= c <= "\udfff" for c in content)
    return content if is_storable else raw


class _Reader:
    def __init__(self, text: str, end: int) -> None:
        self._text, self._end = text, end
        self.complete: list[Node] = []
        self.open: list[Node] = []

    def container(self, at: int, depth: int) -> Node:
        if depth == MAX_DEPTH:
            raise _Malformed(at)
        opening = self._text[at]
        node = Node("object" if opening == "{" else "array", at, closing=_CLOSING[opening])
        self.open.append(node)
        closing = node.closing
        at = self._skip(at + 1)
        while self._peek(at) != closing:
            if node.members:
                at = self._skip(self._expect(at, ","))
                if self._peek(at) == closing:  # a trailing comma, as JavaScript has it
                    break
            at = self._member(node, at, depth)
        node.end = at + 1
        self._close(node)
        return node

    def _member(self, node: Node, at: int, depth: int) -> int:
        key = None
        if node.kind == "object":
            is_quoted = self._peek(at) in _QUOTES
            key = self._match(_STRING if is_quoted else _NAME, "string", at)
            node.is_loose = node.is_loose or not is_quoted
            at = self._skip(self._expect(self._skip(key.end), ":"))
        value = self._value(at, depth)
        node.members.append((key, value))
        return self._skip(value.end)

    def _value(self, at: int, depth: int) -> Node:
        first = self._peek(at)
        if first in _CLOSING:
            return self.container(at, depth + 1)
        return self._match(_STRING, "string", at) if first in _QUOTES else self._match(_LITERAL, "literal", at)

    def _close(self, node: Node) -> None:
        while self.complete and self.complete[-1].start > node.start:
            self.complete.pop()
        self.complete.append(node)
        self.open.pop()

    def _match(self, pattern: re.Pattern[str], kind: str, at: int) -> Node:
        match = pattern.match(self._text, at, self._end)
        if match is None:
            raise _Malformed(at)
        return Node(kind, at, match.end())

    def _skip(self, at: int) -> int:
        match = _SKIP.match(self._text, at, self._end)
        return match.end() if match else at

    def _peek(self, at: int) -> str:
        return self._text[at] if at < self._end else ""

    def _expect(self, at: int, mark: str) -> int:
        if self._peek(at) != mark:
            raise _Malformed(at)
        return at + 1
