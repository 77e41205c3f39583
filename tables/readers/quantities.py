"""Orders: `12 x Safety helmet` and `3 Stk. Lampe`, line by line."""

import re
from collections.abc import Iterator, Sequence

from tables.readers.spans import Cell, Grid, Line, cell, grid

_LINE = re.compile(
    r"[ \t]*(?:[-*•–][ \t]+)?(?P<number>\d{1,6}(?:[.,]\d{1,3})?)[ \t]?"
    r"(?:[x×X*](?=[ \t])|(?P<unit>pcs?|pieces|boxes|stk|stück|ud?s|unidades|pièces|kg|個|个|箱|件|瓶|包)\b\.?)"
    r"[ \t]*(?P<item>\S.*)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"^[ \t]*(?:[-*•–][ \t]+)?\d", re.MULTILINE)


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    if _NUMBER.search(text, lines[0].start, lines[-1].end) is None:
        return
    run: list[tuple[Line, re.Match[str]]] = []
    for line in lines:
        if found := _LINE.fullmatch(line.text):
            run.append((line, found))
        else:
            yield from _table(text, run)
            run = []
    yield from _table(text, run)


def _table(text: str, run: Sequence[tuple[Line, re.Match[str]]]) -> Iterator[Grid]:
    if len(run) > 1:
        rows = [[_part(text, line, found, name) for name in ("number", "unit", "item")] for line, found in run]
        titles = ["Quantity", "Unit" if any(row[1] for row in rows) else None, "Item"]
        if found := grid("list", titles, rows, (run[0][0].start, run[-1][0].end)):
            yield found


def _part(text: str, line: Line, found: re.Match[str], name: str) -> Cell:
    start, end = found.span(name)
    return cell(text, line.start + start, line.start + end) if start >= 0 else None
