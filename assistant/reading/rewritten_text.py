"""Search for a text that was written in another way: other punctuation, emphasis, or another decimal mark."""

import re
from collections.abc import Iterator

from assistant.reading.value_search import Span
from tables.types.numbers import read_number

MAX_LENGTH, MAX_WORDS = 80, 10

_WORD = re.compile(r"\d(?:[\d.,'’\u00a0\u202f]*\d)?|[^\W\d_]+")
_NUMBER = r"(\d(?:[\d.,'’\u00a0\u202f]*\d)?)"
_GAP = r"[^\w\n]{0,4}"


def rewritten_spans(value: str, text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the spans of text[start:end] with the words and numbers of a value in their order, and no others.

    "**4,2** bar" is the text "4.2 bar", "Hotel two nights" the text "Hotel, two nights".
    """
    words = _WORD.findall(value) if len(value) <= MAX_LENGTH else []
    if not 0 < len(words) <= MAX_WORDS:
        return
    parts = [_NUMBER if word[0].isdigit() else re.escape(word) for word in words]
    pattern = re.compile(rf"(?<![\w.,@]){_GAP.join(parts)}(?![\w@])", re.IGNORECASE)
    numbers = [word for word in words if word[0].isdigit()]
    for match in pattern.finditer(text, start, end):
        if all(map(_are_equal, numbers, match.groups())):
            yield match.span()


def _are_equal(number: str, other: str) -> bool:
    return number == other or bool(_readings(number) & _readings(other))


def _readings(number: str) -> set[str]:
    """Return the values of a number with either decimal mark, without closing zeros."""
    numbers = (read_number(number, mark) for mark in ".,")
    return {read.plain.rstrip("0").rstrip(".") if "." in read.plain else read.plain for read in numbers if read}
