"""Lines of a log: a time, mostly a level and who writes, then the message."""

import re
from collections.abc import Iterator, Sequence

from tables.readers.spans import Cell, Grid, Line, cell, grid

_LINE = re.compile(
    r"\[?(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)\]?\s+"
    r"(?:[\[(]?(?P<level>TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRIT(?:ICAL)?|FATAL)[\])]?:?\s+)"
    r"(?:(?P<writer>\[[^\]\n]{1,60}\]|[\w./-]{1,60}(?=:?\s{2}|:\s)):?\s+)?"
    r"(?P<message>\S.*)",
    re.IGNORECASE,
)
_TIME = re.compile(r"\d\d:\d\d:\d\d")
_FEWEST = 3
_TITLES = {"time": "Time", "level": "Level", "writer": "Component", "message": "Message"}


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    if _TIME.search(text, lines[0].start, lines[-1].end) is None:
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
    if len(run) >= _FEWEST:
        rows = [[_part(text, line, found, name) for name in _TITLES] for line, found in run]
        # What is empty in every row is left out with its title.
        titles = [title if any(row[n] for row in rows) else None for n, title in enumerate(_TITLES.values())]
        if found := grid("log", titles, rows, (run[0][0].start, run[-1][0].end)):
            yield found


def _part(text: str, line: Line, found: re.Match[str], name: str) -> Cell:
    start, end = found.span(name)
    if start >= 0 and found[name].startswith("[") and found[name].endswith("]"):
        start, end = start + 1, end - 1
    return cell(text, line.start + start, line.start + end) if start >= 0 else None
