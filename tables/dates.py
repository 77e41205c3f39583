"""Dates and times as people write them, in the four languages and three orders that are read."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone

ORDERS = ("YMD", "DMY", "MDY")
_LONGEST = 64
_CENTURY = 69  # two-digit years: 69 to 99 are 19xx, 00 to 68 are 20xx, as in POSIX

_MONTH_NAMES = """
january jan januar janner janvier janv enero ene
february feb februar fevrier fevr fev febrero
march mar marz maerz mrz mars marzo
april apr avril avr abril abr
may mai mayo
june jun juni juin junio
july jul juli juillet juil julio
august aug aout agosto ago
september sep sept septembre septiembre setiembre
october oct oktober okt octobre octubre
november nov novembre noviembre
december dec dezember dez decembre diciembre dic
"""
_MONTHS = {name: month for month, names in enumerate(_MONTH_NAMES.split("\n")[1:], 1) for name in names.split()}
_YEAR_FIRST = re.compile(r"([1-9]\d{3})([-/.])(\d\d?)\2(\d\d?)", re.ASCII)
_KANJI = re.compile(r"([1-9]\d{3})年\s?(\d\d?)月\s?(\d\d?)日", re.ASCII)
_YEAR_LAST = re.compile(r"(\d\d?)([-/.])(\d\d?)\2([1-9]\d{3})|(\d\d)([-/.])(\d\d)\6(\d\d)", re.ASCII)
_DAY_NAMED = re.compile(
    r"(\d\d?)(?:st|nd|rd|th|er|\.|º)?[\s-]+(?:de\s+|of\s+)?([a-z]+)\.?,?[\s-]+(?:de\s+|del\s+)?([1-9]\d{3})",
    re.ASCII,
)
_NAMED_DAY = re.compile(r"([a-z]+)\.?\s+(\d\d?)(?:st|nd|rd|th)?,?\s+([1-9]\d{3})", re.ASCII)
_TIMED = re.compile(
    r"(?P<date>.*?\S)(?:T|,?\s+(?:(?:at|um)\s+)?)"
    r"(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?:\s?(?P<half>[AaPp])\.?[Mm]\.?|\s?Uhr)?"
    r"(?:\s?(?P<zone>Z|UTC|GMT|[-+−]\d\d:?\d\d))?",
    re.ASCII,
)


@dataclass(frozen=True)
class DateReading:
    """What one text can mean: order → date. `is_certain`: the text itself says which is which."""

    dates: Mapping[str, date]
    is_certain: bool
    is_dotted: bool = False

    def resolve(self, order: str | None) -> date | None:
        """The date in a column of that order; None when that does not fit, or is needed and not known."""
        if not self.is_certain and order in {"DMY", "MDY"}:
            return self.dates.get(str(order))
        meant = set(self.dates.values())
        return meant.pop() if len(meant) == 1 else None


def read_date(text: str) -> DateReading | None:
    """Read a date in every order that fits; None: not a date."""
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    reading = _read_year_first(text) or _read_year_last(text) or _read_named(text)
    return reading if reading and reading.dates else None


def _read_year_first(text: str) -> DateReading | None:
    if found := _YEAR_FIRST.fullmatch(text):
        year, _, month, day = found.groups()
    elif found := _KANJI.fullmatch(text):
        year, month, day = found.groups()
    else:
        return None
    return DateReading(_valid(YMD=(int(year), int(month), int(day))), is_certain=True)


def _read_year_last(text: str) -> DateReading | None:
    if not (found := _YEAR_LAST.fullmatch(text)):
        return None
    first, separator, second, last = found.groups()[:4] if found[1] else found.groups()[4:]
    a, b, year = int(first), int(second), int(last)
    if len(last) == 2:
        year += 1900 if year >= _CENTURY else 2000
    return DateReading(_valid(DMY=(year, b, a), MDY=(year, a, b)), False, separator == ".")


def _read_named(text: str) -> DateReading | None:
    folded = unicodedata.normalize("NFKD", text.replace("º", "").casefold())
    folded = "".join(letter for letter in folded if not unicodedata.combining(letter))
    if found := _DAY_NAMED.fullmatch(folded):
        order, (day, name, year) = "DMY", found.groups()
    elif found := _NAMED_DAY.fullmatch(folded):
        order, (name, day, year) = "MDY", found.groups()
    else:
        return None
    return DateReading(_valid(**{order: (int(year), _MONTHS.get(name, 0), int(day))}), is_certain=True)


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
        """The moment in UTC, in a column of that order; years outside 1000 to 9999 are None."""
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
    if len(text) > _LONGEST or not (found := _TIMED.fullmatch(text.strip())):
        return None
    day = read_date(found["date"])
    clock, offset = _clock(found), _offset(found["zone"])
    return TimeReading(day, clock, offset) if day and clock and offset is not None else None


def _clock(found: re.Match[str]) -> time | None:
    hour, half = int(found["hour"]), (found["half"] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    microsecond = int((found["fraction"] or "0")[:6].ljust(6, "0"))
    try:
        return time(hour, int(found["minute"]), int(found["second"] or 0), microsecond)
    except ValueError:
        return None


def _offset(zone: str | None) -> timedelta | None:
    if zone is None or zone in {"Z", "UTC", "GMT"}:
        return timedelta()
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 14 or minutes > 59:
        return None
    return timedelta(hours=hours, minutes=minutes) * (1 if zone[0] == "+" else -1)


def show_datetime(moment: datetime) -> str:
    """The canonical text of a moment in UTC, 2025-12-31T10:00:00Z; microseconds are six digits if any."""
    return moment.replace(tzinfo=None).isoformat() + "Z"
