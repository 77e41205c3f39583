"""Schedules: lines that begin with a time of day or a span of time, `9:00–9:45 Yoga, Room 2`."""

import re
from collections.abc import Iterator, Sequence

from tables.readers import evidence, fields
from tables.readers.spans import Cell, Grid, Line, cell, grid

_TIME = r"\d{1,2}[:.h]\d{2}(?:[ ]?[ap]\.?m\.?)?(?:[ ]?(?:Uhr|h))?"
_LINE = re.compile(
    rf"[ \t]*(?:[-*•–][ \t]+)?(?P<time>{_TIME}(?:[ ]?(?:[-–—~～]|to|bis|à|a|至)[ ]?{_TIME})?)"
    r"(?:[ \t]*[:：|–—-])?[ \t]+(?P<rest>[^\W\d_].*)",
    re.IGNORECASE,
)
_STARTS = re.compile(r"^[ \t]*(?:[-*•–][ \t]+)?\d{1,2}[:.h]\d\d", re.MULTILINE)
_SAID = re.compile(r"[^:：]{1,40}[:：][ \t]")
_FEWEST, _NARROWEST, _LONGEST = 3, 2, 80

Found = tuple[Line, re.Match[str]]


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    if _STARTS.search(text, lines[0].start, lines[-1].end) is None:
        return
    run: list[Found] = []
    for line in lines:
        if len(line.text) <= 2 * _LONGEST and (found := _LINE.fullmatch(line.text)):
            run.append((line, found))
        else:
            yield from _table(text, run)
            run = []
    yield from _table(text, run)


def _table(text: str, run: Sequence[Found]) -> Iterator[Grid]:
    items = [found for line, match in run if (found := _part(text, line, match, "rest"))]
    if len(items) < _FEWEST or _is_talk([found["rest"] for _, found in run]):
        return
    header, rows = fields.split(text, items, str)
    if len(header) < _NARROWEST:
        return
    times = [_part(text, line, found, "time") for line, found in run]
    table = [[time, *row] for time, row in zip(times, rows, strict=True)]
    schedule = grid("list", ["Time", *header], table, (run[0][0].start, run[-1][0].end))
    if schedule:
        yield schedule


def _is_talk(rests: Sequence[str]) -> bool:
    """Return True for messages and sentences; a schedule has short entries."""
    ends = [rest.endswith((".", "!", "?", "。", "！", "？", ",", ";")) for rest in rests]
    if evidence.is_most(ends) or max(map(len, rests)) > _LONGEST:
        return True
    return all(_SAID.match(rest) for rest in rests)


def _part(text: str, line: Line, found: re.Match[str], name: str) -> Cell:
    return cell(text, line.start + found.start(name), line.start + found.end(name))
