"""Days at the beginning of items, `3 March: taxi €81.40`, which become a column of their own."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from tables.readers.spans import MAX_COLUMNS, Cell, Grid, Span, cell
from tables.types.date_words import MONTHS, WEEKDAYS, fold

_WORD = r"[^\W\d_]{3,12}"
_YEAR = r"(?:,?[ ](?:de[ ]|del[ ])?(?:19|20)\d\d)?"
_ORDINAL = r"(?:st|nd|rd|th|er|\.|º)?"
_DAY = re.compile(
    rf"(?:(?P<weekday>[^\W\d_]{{2,10}})[.,]{{0,2}}[ ])?"
    rf"(?P<day>(?P<iso>(?:19|20)\d\d-\d\d-\d\d|\d\d?月\d\d?日)"
    rf"|(?P<first>\d\d?)(?P<mark>[./-])(?P<second>\d\d?)(?P<end>(?P=mark)(?:(?:19|20)?\d\d)?)?"
    rf"|(?P<number>\d\d?){_ORDINAL}[ ](?:de[ ]|of[ ])?(?P<month>{_WORD})\.?{_YEAR}"
    rf"|(?P<named>{_WORD})\.?[ ]\d\d?{_ORDINAL}{_YEAR}(?!\d))"
    r"(?P<stop>[ ]?[:–—|,-](?=\s)|(?=[ ]))",
    re.IGNORECASE,
)
# A mark of a numbered list is the day before the month: `4. March: hotel`.
_NUMBER_BEFORE = re.compile(r"(?<!\S)(?P<number>\d\d?)\.?[ \t]+\Z")
_LONGEST = 60
# Months that are other words too, `3 Mars bars`: only a colon or a dash behind them tells a day.
_OTHER_WORDS = frozenset(
    ("ara", "dec", "eki", "kas", "lis", "mar", "marca", "mars", "may", "oca", "out", "paz", "set", "sie", "sub", "tem")
)
_KINDS = frozenset({"list", "receipt"})  # layouts that people type
_TIME = re.compile(r"\s*\d{1,2}[:.h]\d\d(?!\d)")
_MOST_BEFORE = 12


class _Day(NamedTuple):
    start: int
    end: int
    rest: int  # offset of the text behind the day
    number: int | None  # of the list, when the day is its mark
    month: str
    is_clear: bool


def starts_with_month(item: str) -> bool:
    """Return True for the text behind a day, as `March: taxi` or `de marzo: taxi`."""
    match = re.match(rf"(?:de[ ]|of[ ])?({_WORD})\.?(?P<stop>[ ]?[:–—|,-](?=\s))?", item)
    return match is not None and is_month(match[1], has_stop=match["stop"] is not None)


def starts_with_day(item: str) -> bool:
    """Return True for an item with a day before its words, or a month, whose day may be the mark of a list."""
    match = _DAY.match(item[:_LONGEST])
    return starts_with_month(item) or (match is not None and _is_day(match))


def with_days(text: str, grid: Grid) -> Grid:
    """Split the days from the items of the first made-up column in which most cells begin with one."""
    if grid.kind not in _KINDS or len(grid.rows) < 2 or len(grid.header) >= MAX_COLUMNS or "Date" in grid.header:
        return grid
    for n, title in enumerate(grid.header):
        if isinstance(title, Span):
            continue
        days = [_day(text, row[n]) for row in grid.rows]
        if _are_days(days):
            header = (*grid.header[:n], "Date", *grid.header[n:])
            rows = tuple(
                (*row[:n], *_split(text, row[n], day), *row[n + 1 :]) for row, day in zip(grid.rows, days, strict=True)
            )
            return replace(grid, header=header, rows=rows)
    return grid


def _are_days(days: Sequence[_Day | None]) -> bool:
    read = [day for day in days if day]
    if len(read) < 2 or 3 * len(read) < 2 * len(days):
        return False
    if len(read) < len(days) and not all(day.is_clear for day in read):
        return False
    numbers = [day.number for day in read]
    is_numbered = numbers == list(range(1, len(read) + 1))
    return not (is_numbered and len({day.month for day in read}) > 1)  # `1. March report`, `2. April report`


def _split(text: str, content: Cell, day: _Day | None) -> tuple[Cell, Cell]:
    if day is None or content is None:
        return None, content
    return cell(text, day.start, day.end), cell(text, day.rest, content.end)


def _day(text: str, content: Cell) -> _Day | None:
    """Return the day with which a cell begins; None also when nothing follows, or the cell is not as in the text."""
    if content is None or text[content.start : content.end] != content.text:
        return None
    start, number = content.start, None
    match = _DAY.match(text, start, min(content.end, start + _LONGEST))
    if match is None and starts_with_month(content.text):
        line = text.rfind("\n", max(0, start - _MOST_BEFORE), start) + 1
        before = _NUMBER_BEFORE.search(text[max(line, start - _MOST_BEFORE) : start])
        if before is None:
            return None
        number = int(before["number"])
        start -= len(before[0])
        match = _DAY.match(text, start, min(content.end, start + _LONGEST))
    if match is None or not _is_day(match):
        return None
    if not text[match.end() : content.end].strip() or _TIME.match(text, match.end(), content.end):
        return None
    month = fold(match["month"] or match["named"] or match["second"] or "")
    is_clear = bool(match["iso"] or match["month"] or match["named"])
    return _Day(start, match.end("day"), match.end(), number, month, is_clear)


def _is_day(match: re.Match[str]) -> bool:
    has_stop = bool(match["stop"])
    if match["weekday"] and fold(match["weekday"]) not in WEEKDAYS:
        return False
    if match["iso"]:
        return True
    if match["month"]:
        return 1 <= int(match["number"]) <= 31 and is_month(match["month"], has_stop=has_stop)
    if match["named"]:
        return is_month(match["named"], has_stop=has_stop)
    first, second = int(match["first"]), int(match["second"])
    is_possible = 1 <= min(first, second) <= 12 and max(first, second) <= 31
    return is_possible and (has_stop or match["end"] is not None)  # `1/2 cup`, `2.5 kg` are no days


def is_month(word: str, *, has_stop: bool) -> bool:
    name = fold(word)
    return name in MONTHS and (has_stop or name not in _OTHER_WORDS)
