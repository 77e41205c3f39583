"""Chats copied from a window: a line with a person and a time, and the message below it."""

import re
from collections.abc import Iterator, Sequence

from tables.readers.spans import Cell, Grid, Line, cell, grid

_CLOCK = r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:[ \u202f\u00a0]?[APap]\.?[ ]?[Mm]\.?)?"
_DAY = r"\d{1,4}[./-]\d{1,2}[./-]\d{2,4}\.?"
_WORDS = r"(?:[^\W\d_]{2,10}[ ](?:at|um|à|a las|alle|às|om|kl\.)[ ])"  # `Today at`
_TIME = rf"(?:{_DAY},?[ ](?:at[ ])?|{_WORDS})?{_CLOCK}"
_PERSON = r"(?P<person>[^\W\d_][^\n:<>\[\]|\t;=]{0,39}?)"
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"{_PERSON}(?:,[ ]\[(?P<time>{_TIME})\])[ ]*",
        rf"{_PERSON}(?:[ ][—–-][ ])(?P<time>{_TIME})[ ]*",
        rf"{_PERSON}(?:[ ]{{2,}}|[ ]?\t[ ]?)(?P<time>{_TIME})[ ]*",
        rf"{_PERSON}[ ](?:APP[ ])?(?P<time>{_TIME})[ ]*",
        rf"\[(?P<time>{_TIME})\][ ]{_PERSON}[ ]*",
    )
)
_BRACKETED = (_FORMS[0], _FORMS[-1])
_INLINE = re.compile(rf"\[?(?P<time>{_TIME})\]?[ ]<[@+%&~ ]?(?P<person>[^<>\s]{{1,40}})>[ ](?P<message>\S.*)")
_MAY_HEAD = re.compile(r"\d[:.]\d\d")
_TITLES = ("Time", "Person", "Message")
_FEWEST, _LONGEST = 2, 80

Heading = tuple[int, re.Match[str]]  # with the index of its line


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    if _MAY_HEAD.search(text, lines[0].start, lines[-1].end) is None:
        return
    yield from _inline(text, lines)
    headings: list[Heading] = []
    form: re.Pattern[str] | None = None
    for index, line in enumerate(lines):
        match = _heading(line, form)
        if match:
            form = match.re
            headings.append((index, match))
    if len(headings) >= _FEWEST and (table := _table(text, lines, headings)):
        yield table


def _heading(line: Line, form: re.Pattern[str] | None) -> re.Match[str] | None:
    if len(line.text) > _LONGEST or _MAY_HEAD.search(line.text) is None:
        return None
    return next((match for one in ([form] if form else _FORMS) if (match := one.fullmatch(line.text))), None)


def _table(text: str, lines: Sequence[Line], headings: Sequence[Heading]) -> Grid | None:
    """Return the chat; None unless a message stands right below each heading, and the headings are of a chat."""
    people = [match["person"] for _, match in headings]
    if headings[0][1].re not in _BRACKETED and len(set(people)) == len(people):
        return None  # nobody speaks twice: things with times
    rows: list[list[Cell]] = []
    for n, (index, match) in enumerate(headings):
        after = headings[n + 1][0] if n + 1 < len(headings) else _end(lines, index + 1)
        if index + 1 >= after or lines[index + 1].is_blank:
            return None
        start = lines[index].start
        message = cell(text, lines[index + 1].start, lines[after - 1].end)
        rows.append([cell(text, start + a, start + b) for a, b in (match.span("time"), match.span("person"))])
        rows[-1].append(message)
    last = _end(lines, headings[-1][0] + 1)
    return grid("chat", _TITLES, rows, (lines[headings[0][0]].start, lines[last - 1].end))


def _end(lines: Sequence[Line], index: int) -> int:
    """Return the first blank line from an index on, which ends the last message."""
    while index < len(lines) and not lines[index].is_blank:
        index += 1
    return index


def _inline(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    """Yield the table of lines such as `10:01 <alice> is the build red?`."""
    matches = [(line, match) for line in lines if (match := _INLINE.fullmatch(line.text))]
    if len(matches) < _FEWEST:
        return
    rows = [
        [cell(text, line.start + match.start(name), line.start + match.end(name)) for name in map(str.lower, _TITLES)]
        for line, match in matches
    ]
    if table := grid("chat", _TITLES, rows, (matches[0][0].start, matches[-1][0].end)):
        yield table
