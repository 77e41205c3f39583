"""Markdown tables and other tables drawn with pipes, with or without a rule below the header."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from tables.readers.evidence import has_header
from tables.readers.spans import Cell, Grid, Line, cell, grid

_PIPE = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"[\s|+:=-]+")
_LINE_END = re.compile(r"<br\s*/?>", re.IGNORECASE)
_MARKS = ("**", "__", "`", "*", "_")


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    i = 0
    while i < len(lines):
        end = i
        while end < len(lines) and (_is_rule(lines[end].text) or _PIPE.search(lines[end].text)):
            end += 1
        if end - i >= 2 and (found := _table(text, lines[i:end])):
            yield found
        i = max(end, i + 1)


def unescape(raw: str) -> str:
    return _LINE_END.sub("\n", raw.replace("\\|", "|"))


def _is_rule(line: str) -> bool:
    """`|---|:-:|`, `-----+-----`, `+====+`: drawn, not written."""
    return ("|" in line or "+" in line) and ("-" in line or "=" in line) and _RULE.fullmatch(line) is not None


def _table(text: str, block: Sequence[Line]) -> Grid | None:
    rules = {i for i, line in enumerate(block) if _is_rule(line.text)}
    if not rules and not all(line.text.lstrip().startswith("|") for line in block):
        return None
    rule = min((i for i in rules if i > 0 and i - 1 not in rules), default=0)
    above = [i for i in range(rule) if i not in rules]
    if len(above) > 1 and not _same_width(text, [block[i] for i in above]):
        above = above[-1:]
        block, rules = block[above[0] :], {i - above[0] for i in rules}
    rows = [_cells(text, line) for i, line in enumerate(block) if i not in rules]
    extent = (block[0].start, block[-1].end)
    if len(rows) > 1 and (len(above) == 1 or has_header(rows)):
        return grid("markdown", rows[0], rows[1:], extent)
    return grid("markdown", (), rows, extent) if len(rows) > 1 or rules else None


def _same_width(text: str, rows: Sequence[Line]) -> bool:
    return len({len(_cells(text, line)) for line in rows}) == 1


def _cells(text: str, line: Line) -> list[Cell]:
    edges = [-1, *(found.start() for found in _PIPE.finditer(line.text)), len(line.text)]
    pieces = [(a + 1, b) for a, b in pairwise(edges)]
    if not line.text[: pieces[0][1]].strip():
        pieces = pieces[1:]
    if pieces and not line.text[pieces[-1][0] :].strip():
        pieces = pieces[:-1]
    return [_plain(text, cell(text, line.start + a, line.start + b, unescape)) for a, b in pieces]


def _plain(text: str, found: Cell) -> Cell:
    """`**42.00**` is 42.00: emphasis around the whole cell is not content."""
    for mark in _MARKS:
        size = len(mark)
        if found and len(found.text) > 2 * size and found.text.startswith(mark) and found.text.endswith(mark):
            inner = cell(text, found.start + size, found.end - size, unescape)
            found = inner if inner and mark not in inner.text else found
    return found
