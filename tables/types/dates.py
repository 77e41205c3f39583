"""Dates and times as people write them, in the languages of `date_words` and three orders."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone

from tables.types.date_words import MONTHS, fold, without_weekday
from tables.types.numbers import simplify

ORDERS = ("YMD", "DMY", "MDY")
DAY = re.compile(r"[1-9]\d{3}-\d\d-\d\d", re.ASCII)  # the shapes of the canonical texts
MOMENT = re.compile(r"[1-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_LONGEST = 96
_CENTURY = 69  # two-digit years: 69 to 99 are 19xx, 00 to 68 are 20xx, as in POSIX

_YEAR_FIRST = re.compile(r"([1-9]\d{3})([-/.])(\d\d?)\2(\d\d?)", re.ASCII)
_KANJI = re.compile(r"([1-9]\d{3})\s?[年년]\s?(\d\d?)\s?[月월]\s?(\d\d?)\s?[日号일]", re.ASCII)
_DIGITS = re.compile(r"([1-9]\d{3})(0[1-9]|1[0-2])([0-3]\d)", re.ASCII)
_YEAR_LAST = re.compile(r"(\d\d?)([-/.])\s?(\d\d?)\2\s?([1-9]\d{3})", re.ASCII)
_SHORT_YEAR_LAST = re.compile(r"(\d\d)([-/.])(\d\d)\2(\d\d)|(\d\d?)(/)(\d\d?)/(\d\d)", re.ASCII)
_NAME = r"[^\W\d_]+"  # of a month, in any script
_DAY_NAMED = re.compile(
    rf"(\d\d?)(?:st|nd|rd|th|er|\.|º)?[\s/-]+(?:de\s+|of\s+)?({_NAME})\.?,?[\s/-]+(?:de\s+|del\s+)?([1-9]\d{{3}}|'?\d\d)",
)
_NAMED_DAY = re.compile(rf"({_NAME})\.?[\s-]+(\d\d?)(?:st|nd|rd|th)?,?[\s-]+([1-9]\d{{3}}|'\d\d)")
_YEAR_NAMED = re.compile(rf"([1-9]\d{{3}})[\s/-]+({_NAME})\.?[\s/-]+(\d\d?)(?:st|nd|rd|th)?")
_COMPACT = re.compile(r"([1-9]\d{3})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)?(Z?)", re.ASCII)
_TIMED = re.compile(
    r"(?P<date>.{6,}?)(?:T|(?<=\d{4}):|(?<=[日号])|,?\s+(?:(?:at|um|à|a\slas?)\s+)?)(?P<noon>[上下]午)?"
    r"(?P<hour>\d\d?)(?:(?:[:h]|\.(?=\d\d\sUhr))(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?)?"
    r"(?P<mark>\s?(?P<half>[AaPp])\.?\s?[Mm]\.?|\s?Uhr|\s?h)?"
    r"(?:\s?(?P<zone>Z|UTC|GMT))?(?:\s?(?P<shift>[-+]\d\d?(?::?\d\d)?)(?:\s\([A-Za-z ]+\))?)?",
    re.ASCII,
)


@dataclass(frozen=True)
class DateReading:
    """The dates that one text can mean: order → date. `is_certain`: the text itself says which is which."""

    dates: Mapping[str, date]
    is_certain: bool
    is_dotted: bool = False

    def resolve(self, order: str | None) -> date | None:
        """Return the date in a column of that order; None when that does not fit, or is needed and not known."""
        if not self.is_certain and order in {"DMY", "MDY"}:
            return self.dates.get(str(order))
        meant = set(self.dates.values())
        return meant.pop() if len(meant) == 1 else None


def read_date(text: str) -> DateReading | None:
    """Read a date in every order that fits; None: not a date. A day of the week beside it may tell the order."""
    if len(text) > _LONGEST:
        return None
    text = fold(simplify(text))
    reading, weekday = _read(text), None
    if reading is None:
        text, weekday = without_weekday(text)
        reading = _read(text)
    if reading is None or not reading.dates:
        return None
    return reading if weekday is None or reading.is_certain else _told(reading, weekday)


def read_digits(text: str) -> DateReading | None:
    """Read a date of eight digits, 20251231, which is as well a number."""
    match = _DIGITS.fullmatch(simplify(text)) if len(text) <= _LONGEST else None
    reading = _certain("YMD", *match.groups()) if match else None
    return reading if reading and reading.dates else None


def _read(text: str) -> DateReading | None:
    if match := _YEAR_FIRST.fullmatch(text):
        return _certain("YMD", match[1], match[3], match[4])
    if match := _KANJI.fullmatch(text) or _YEAR_NAMED.fullmatch(text):
        return _certain("YMD", *match.groups())
    if match := _DAY_NAMED.fullmatch(text):
        return _certain("DMY", match[3], match[2], match[1])
    if match := _NAMED_DAY.fullmatch(text):
        return _certain("MDY", match[3], match[1], match[2])
    if match := _YEAR_LAST.fullmatch(text) or _SHORT_YEAR_LAST.fullmatch(text):
        first, separator, second, last = (part for part in match.groups() if part)
        a, b, year = int(first), int(second), _year(last)
        return DateReading(_valid(DMY=(year, b, a), MDY=(year, a, b)), False, separator == ".")
    return None


def _certain(order: str, year: str, month: str, day: str) -> DateReading:
    number = int(month) if month.isdecimal() else MONTHS.get(month, 0)
    return DateReading(_valid(**{order: (_year(year), number, int(day))}), is_certain=True)


def _year(text: str) -> int:
    """Return the year of four digits, or of two, before which an apostrophe may stand."""
    number = int(text.lstrip("'"))
    if len(text) == 4:
        return number
    return number + (1900 if number >= _CENTURY else 2000)


def _told(reading: DateReading, weekday: int) -> DateReading:
    """Keep only the orders in which the date falls on the day; all, when it does in none."""
    dates = {order: day for order, day in reading.dates.items() if day.weekday() == weekday}
    return replace(reading, dates=dates) if dates else reading


def _valid(**parts: tuple[int, int, int]) -> dict[str, date]:
    dates = {}
    for order, (year, month, day) in parts.items():
        try:
            dates[order] = date(year, month, day)
        except ValueError:
            continue
    return dates


@dataclass(frozen=True)
class TimeReading:
    """A date reading with its time of day; `offset` is the distance from UTC that the text gives."""

    day: DateReading
    clock: time
    offset: timedelta

    def resolve(self, order: str | None) -> datetime | None:
        """Return the moment in UTC, in a column of that order; years outside 1000 to 9999 are None."""
        day = self.day.resolve(order)
        if day is None:
            return None
        try:
            moment = datetime.combine(day, self.clock, timezone(self.offset)).astimezone(UTC)
        except OverflowError:
            return None
        return moment if moment.year >= 1000 else None


def read_datetime(text: str) -> TimeReading | None:
    """Read a date with a time; without a zone it is UTC. None: not a date with a time."""
    text = simplify(text) if len(text) <= _LONGEST else ""
    if compact := _COMPACT.fullmatch(text):  # as calendars write it
        year, month, date_, hour, minute, second, zone = compact.groups()
        text = f"{year}-{month}-{date_}T{hour}:{minute}:{second or '00'}{zone}"
    if not (match := _TIMED.fullmatch(text)):
        return None
    if not (match["minute"] or match["mark"]):
        return None
    day = read_date(match["date"])
    clock, offset = _clock(match), _offset(match["shift"])
    return TimeReading(day, clock, offset) if day and clock and offset is not None else None


def _clock(match: re.Match[str]) -> time | None:
    hour, half = int(match["hour"]), (match["half"] or "").lower()
    if match["noon"] and hour <= 12:
        half = "p" if match["noon"] == "下午" else "a"
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    microsecond = int((match["fraction"] or "0")[:6].ljust(6, "0"))
    try:
        return time(hour, int(match["minute"] or 0), int(match["second"] or 0), microsecond)
    except ValueError:
        return None


def _offset(shift: str | None) -> timedelta | None:
    if shift is None:
        return timedelta()
    digits = shift[1:].replace(":", "")
    hours, minutes = (int(digits), 0) if len(digits) <= 2 else (int(digits[:-2]), int(digits[-2:]))
    if hours > 14 or minutes > 59:
        return None
    return timedelta(hours=hours, minutes=minutes) * (1 if shift[0] == "+" else -1)


def show_datetime(moment: datetime) -> str:
    """Return the canonical text of a moment in UTC, 2025-12-31T10:00:00Z; microseconds are six digits if any."""
    return moment.replace(tzinfo=None).isoformat() + "Z"
