"""Schedules: lines that begin with a time of day, a span of time or a day, `9:00–9:45 Yoga`, `04.05. paper bins`."""

import re
from collections.abc import Iterator, Sequence

from tables.readers import evidence, fields
from tables.readers.spans import MAX_ROWS, Cell, Grid, Line, cell, grid

_TIME = r"\d{1,2}[:.h]\d{2}(?:[ ]?[ap]\.?m\.?)?(?:[ ]?(?:Uhr|h))?"
_LINE = re.compile(
    rf"[ \t]*(?:[-*•–][ \t]+)?(?P<time>{_TIME}(?:[ ]?(?:[-–—~～]|to|bis|à|a|至)[ ]?{_TIME})?)"
    r"(?:[ \t]*[:：|–—-])?[ \t]+(?P<rest>[^\W\d_].*)",
    re.IGNORECASE,
)
_DAY = r"\d{4}-\d\d-\d\d|\d{1,2}\.[ ]?\d{1,2}\.(?:[ ]?\d{2,4})?|\d{1,2}/\d{1,2}(?:/\d{2,4})?|\d{1,2}月\d{1,2}日"
_DATED = re.compile(
    rf"[ \t]*(?:[-*•–][ \t]+)?(?P<time>(?:[^\W\d_]{{2,3}}\.?,?[ ])?(?:{_DAY}))"
    r"(?:[ \t]*[:：|–—-])?[ \t]+(?P<rest>[^\W\d_].*)"
)
_STARTS = re.compile(r"[ \t]*(?:[-*•–][ \t]+)?(?:[^\W\d_]{2,3}\.?,?[ ])?\d{1,4}[-:.h/月]\d")
_FRACTION = re.compile(r"[1-9]/[2-9]")
_SAID = re.compile(r"[^:：]{1,40}[:：][ \t]")
_FEWEST, _NARROWEST, _LONGEST = 3, 2, 80

Found = tuple[Line, re.Match[str]]


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    if not any(_STARTS.match(line.text) for line in lines):
        return
    run: list[Found] = []
    for line in lines:
        match = _found(line, run[0][1].re if run else None)
        if match is None or (run and match.re is not run[0][1].re):
            yield from _table(text, run)
            run = []
        if match:
            run.append((line, match))
    yield from _table(text, run)


def _found(line: Line, form: re.Pattern[str] | None) -> re.Match[str] | None:
    """Match a line in the form of the lines above it, or else in the other one."""
    if len(line.text) > 2 * _LONGEST:
        return None
    forms = (_DATED, _LINE) if form is _DATED else (_LINE, _DATED)
    return next((match for one in forms if (match := one.fullmatch(line.text))), None)


def _table(text: str, run: Sequence[Found]) -> Iterator[Grid]:
    extent = (run[0][0].start, run[-1][0].end) if run else (0, 0)
    run = run[:MAX_ROWS]
    items = [item for line, match in run if (item := _part(text, line, match, "rest"))]
    if len(items) < _FEWEST or _is_talk([item["rest"] for _, item in run]):
        return
    header, rows = fields.split(text, items, str)
    is_dated = run[0][1].re is _DATED
    if is_dated and all(_FRACTION.fullmatch(match["time"]) for _, match in run):
        return  # `1/2 cup of sugar`
    if len(header) < _NARROWEST and not is_dated:
        return
    times = [_part(text, line, item, "time") for line, item in run]
    table = [[time, *row] for time, row in zip(times, rows, strict=True)]
    schedule = grid("list", ["Date" if is_dated else "Time", *header], table, extent)
    if schedule:
        yield schedule


def _is_talk(rests: Sequence[str]) -> bool:
    """Return True for messages and sentences; a schedule has short entries."""
    ends = [rest.endswith((".", "!", "?", "。", "！", "？", ",", ";")) for rest in rests]
    if evidence.is_most(ends) or any(end and rest.count(" ") > 3 for end, rest in zip(ends, rests, strict=True)):
        return True
    if max(map(len, rests)) > _LONGEST:
        return True
    return all(_SAID.match(rest) for rest in rests)


def _part(text: str, line: Line, match: re.Match[str], name: str) -> Cell:
    return cell(text, line.start + match.start(name), line.start + match.end(name))
