"""Log lines of several fields in brackets: `[Sat Mar 01 10:00:01 2026] [core:error] [pid 3221] message`."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from tables.readers.exports.logs import ISO, LEVEL, LEVELLED, THREADED
from tables.readers.spans import Cell, Grid, Line, cell, grid

_LINE = re.compile(rf"(?P<fields>(?:{ISO}[ ]+)?(?:\[[^\[\]\n]{{1,80}}\][ ]*){{1,8}}+):?[ ]*(?P<message>[^\s\[(].*)")
_FIELD = re.compile(rf"\[(?P<content>[^\[\]\n]*)\]|{ISO}")
_IS_TIME = re.compile(r"\d\d:\d\d")
_IS_LEVEL = re.compile(LEVEL, re.IGNORECASE)
_FEWEST, _NARROWEST = 5, 2  # rows and fields together: 3 rows of 2 fields, 2 rows of 3
_MOST_LEVELLED = 3  # fields that the reader of plain logs names better

Entry = tuple[Line, list[tuple[int, int]], int]  # the ranges of the fields, and where the message begins


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    entries = ((line, _entry(line)) for line in lines if not line.is_blank)
    for width, run in groupby(entries, lambda pair: len(pair[1][1]) if pair[1] else 0):
        if width >= _NARROWEST:
            yield from _table(text, [entry for _, entry in run if entry])


def _entry(line: Line) -> Entry | None:
    match = _LINE.fullmatch(line.text) if "[" in line.text else None
    if match is None:
        return None
    fields = list(_FIELD.finditer(line.text, 0, match.end("fields")))
    if len(fields) <= _MOST_LEVELLED and any(form.fullmatch(line.text) for form in (LEVELLED, THREADED)):
        return None
    spans = [field.span("content") if field["content"] is not None else field.span() for field in fields]
    return line, [(line.start + start, line.start + end) for start, end in spans], line.start + match.start("message")


def _table(text: str, entries: Sequence[Entry]) -> Iterator[Grid]:
    rows: list[list[Cell]] = [
        [*(cell(text, *span) for span in spans), cell(text, message, line.end)] for line, spans, message in entries
    ]
    titles = [_title([field.text if (field := row[n]) else "" for row in rows]) for n in range(len(rows[0]) - 1)]
    if len(rows) + len(titles) < _FEWEST or "Time" not in titles:
        return
    if None in titles:
        titles[titles.index(None)] = "Component"
    extent = (entries[0][0].start, entries[-1][0].end)
    if table := grid("log", [*titles, "Message"], rows, extent):
        yield table


def _title(texts: Sequence[str]) -> str | None:
    if all(map(_IS_TIME.search, texts)):
        return "Time"
    return "Level" if all(map(_IS_LEVEL.fullmatch, texts)) else None
