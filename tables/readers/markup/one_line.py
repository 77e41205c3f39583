"""Markdown tables whose line ends were lost: the rule among the cells tells how wide a row is."""

import re
from collections.abc import Iterator

from tables.readers.spans import Line

# Two dashes in a cell may as well stand for no value.
_RULE = re.compile(r"\|(?:(?:[ \t]*(?::?-{3,}:?|:-+:?|-+:)[ \t]*|--)\|)+")
_BAR = re.compile(r"(?<!\\)\|")


def unfold(line: Line) -> Iterator[Line]:
    """Yield the rows that are written in a line, or the line itself."""
    rule = _RULE.search(line.text) if "|" in line.text and "-" in line.text else None
    if rule is None or not line.text[: rule.start()].strip():
        yield from _rows_behind(line, rule)
        return
    width = rule.group().count("|") - 1
    bars = [bar.start() for bar in _BAR.finditer(line.text, 0, rule.start())]
    last = len(line.text[: rule.start()].rstrip())
    if not bars or bars[-1] != last - 1 or len(bars) < width + 1:
        yield line
        return
    yield _part(line, bars[-width - 1], last)
    yield from _rows_behind(line, rule)


def _rows_behind(line: Line, rule: re.Match[str] | None) -> Iterator[Line]:
    rest = line.text[rule.end() :] if rule else ""
    if rule is None or not rest.strip():
        yield line if rule is None else _part(line, rule.start(), rule.end())
        return
    width = rule.group().count("|") - 1
    bars = [bar.start() for bar in _BAR.finditer(line.text, rule.end())]
    yield _part(line, rule.start(), rule.end())
    for first in range(0, len(bars) - width, width + 1):
        yield _part(line, bars[first], bars[first + width] + 1)


def _part(line: Line, start: int, end: int) -> Line:
    return Line(line.text[start:end], line.start + start)
