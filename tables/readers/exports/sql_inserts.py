"""Rows of `INSERT INTO … VALUES (…), (…)`, as databases dump their tables."""

import re
from collections.abc import Iterator, Sequence

from tables.readers.spans import MAX_ROWS, Cell, Grid, Line, Span, cell, grid

_NAME = r"(?:[\w$]{1,100}|`[^`\n]{1,100}`|\"[^\"\n]{1,100}\"|\[[^\]\n]{1,100}\])"
_INSERT = re.compile(
    rf"\b(?:INSERT|REPLACE)\s+(?:IGNORE\s+)?INTO\s+(?:{_NAME}\.)?(?P<table>{_NAME})\s*"
    r"(?:\((?P<columns>[^();]{1,4000})\)\s*)?VALUES\s*(?=\()",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"\s*(?:[NnEeBb]?'(?P<quoted>(?:[^'\\]|''|\\.)*+)'|(?P<plain>[^\s,()'\"`;]+)(?:::\w+)?"
    r"|(?P<call>\w*\([^()']{0,60}\)))\s*(?P<end>[,)])",
    re.DOTALL,
)
_BETWEEN = re.compile(r"\s*(?P<mark>[,;]?)\s*")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": ""}

Insert = tuple[str, tuple[str, ...]]  # the table and its columns


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    """Yield a table for each table of the database; one statement a row, or many rows in one."""
    start, end = lines[0].start, lines[-1].end
    if text.find("VALUES", start, end) < 0 and text.find("values", start, end) < 0:
        return
    target: Insert | None = None
    header: list[Span] = []
    rows: list[list[Cell]] = []
    extent = (start, start)
    while match := _INSERT.search(text, start, end):
        columns = _columns(text, match)
        following = (match["table"].strip('`"[]'), tuple(column.text for column in columns))
        if following != target and rows:
            yield from _table(target, header, rows, extent)
            rows = []
        extent = (extent[0] if rows else match.start(), match.end())
        target, header = following, columns
        start = _rows(text, match.end(), end, rows)
        extent = (extent[0], start)
    yield from _table(target, header, rows, extent)


def _table(
    target: Insert | None, header: Sequence[Span], rows: Sequence[Sequence[Cell]], extent: tuple[int, int]
) -> Iterator[Grid]:
    if target and rows and (table := grid("sql", header, rows, extent, target[0])):
        yield table


def _columns(text: str, match: re.Match[str]) -> list[Span]:
    if not match["columns"]:
        return []
    parts = re.finditer(r"[^,]+", match["columns"])
    at = match.start("columns")
    columns = [cell(text, at + part.start(), at + part.end(), lambda raw: raw.strip('`"[]')) for part in parts]
    return [column for column in columns if column]


def _rows(text: str, start: int, end: int, rows: list[list[Cell]]) -> int:
    """Add the rows in brackets from an offset on; return the offset behind the last."""
    while start < end and text[start] == "(" and len(rows) < MAX_ROWS:
        row: list[Cell] = []
        start += 1
        while value := _VALUE.match(text, start, end):
            row.append(_cell(text, value))
            start = value.end()
            if value["end"] == ")":
                break
        else:
            return start
        rows.append(row)
        between = _BETWEEN.match(text, start, end)
        if between is None or between["mark"] != ",":
            return start
        start = between.end()
    return start


def _cell(text: str, value: re.Match[str]) -> Cell:
    if value["quoted"] is not None:
        return cell(text, *value.span("quoted"), _unescaped)
    name = "plain" if value["plain"] else "call"
    return None if value[name].upper() == "NULL" else cell(text, *value.span(name))


def _unescaped(raw: str) -> str:
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), raw.replace("''", "'"))
