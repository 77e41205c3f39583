"""Search for a text that was written in another way: other punctuation, emphasis, or another decimal mark."""

import re
from collections.abc import Iterator

from assistant.reading.value_search import Span
from tables.types.numbers import read_number

MAX_LENGTH, MAX_WORDS = 80, 10
MONTH_LETTERS = 3  # by which a month is recognized, however it is shortened

_WORD = re.compile(r"\d(?:[\d.,'’\u00a0\u202f]*\d)?|[^\W\d_]+")
_NUMBER = r"(\d(?:[\d.,'’\u00a0\u202f]*\d)?)"
_PHONE = re.compile(r"\+?\d{7,16}")
_DAY = re.compile(
    r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?[ ](?P<month>[^\W\d_]{3,9})\.?"
    r"|(?P<first>[^\W\d_]{3,9})\.?[ ](?P<last>\d{1,2})(?:st|nd|rd|th)?",
    re.IGNORECASE,
)
_GAP = r"[^\w\n]{0,4}"


def rewritten_spans(value: str, text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the spans of text[start:end] with the words and numbers of a value in their order, and no others.

    "**4,2** bar" is the text "4.2 bar", "Hotel two nights" the text "Hotel, two nights".
    """
    digits = re.sub(r"[ ()./\u00a0-]", "", value)
    if _PHONE.fullmatch(digits):
        yield from _phone_spans(digits, text, start, end)
        return
    if day := _DAY.fullmatch(value):
        yield from _day_spans(day["day"] or day["last"], day["month"] or day["first"], text, start, end)
        return
    words = _WORD.findall(value) if len(value) <= MAX_LENGTH else []
    if not 0 < len(words) <= MAX_WORDS:
        return
    parts = [_NUMBER if word[0].isdigit() else re.escape(word) for word in words]
    pattern = re.compile(rf"(?<![\w.,@]){_GAP.join(parts)}(?![\w@])", re.IGNORECASE)
    numbers = [word for word in words if word[0].isdigit()]
    for match in pattern.finditer(text, start, end):
        if all(map(_are_equal, numbers, match.groups())):
            yield match.span()


def _phone_spans(digits: str, text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the spans of a telephone number, wherever it is parted."""
    gap = r"[ ()./\u00a0-]{0,3}"
    pattern = re.compile(rf"(?<![\w+]){gap.join(map(re.escape, digits))}(?!\w)")
    yield from (match.span() for match in pattern.finditer(text, start, end))


def _day_spans(day: str, month: str, text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the spans of a day of a month, in either order, with the year where the text has one."""
    name = rf"{re.escape(month[:MONTH_LETTERS])}[^\W\d_]*\.?"
    ordinal = r"(?:st|nd|rd|th|\.)?"
    pattern = re.compile(
        rf"(?<!\w)(?:{day}{ordinal}[ ](?:of[ ]|de[ ])?{name}|{name}[ ]{day}{ordinal})(?:,?[ ](?:de[ ])?\d{{4}})?(?!\w)",
        re.IGNORECASE,
    )
    yield from (match.span() for match in pattern.finditer(text, start, end))


def _are_equal(number: str, other: str) -> bool:
    return number == other or bool(_readings(number) & _readings(other))


def _readings(number: str) -> set[str]:
    """Return the values of a number with either decimal mark, without closing zeros."""
    numbers = (read_number(number, mark) for mark in ".,")
    return {read.plain.rstrip("0").rstrip(".") if "." in read.plain else read.plain for read in numbers if read}
