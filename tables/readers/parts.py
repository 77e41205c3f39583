"""The difference between items with parts, which are rows, and remarks, steps and sentences, which are none."""

import re
from collections.abc import Sequence

from tables.readers import evidence
from tables.readers.spans import Cell, Span
from tables.types.null_words import is_null

_LONGEST, _MOST_WORDS = 60, 8
_FEWEST_MARKED = 3
_SHORT, _FEW_WORDS, _SOME_WORDS = 30, 3, 5
_END = re.compile(r"[.!?。！？…:;][\"'”’)*_]*\Z")
_ABBREVIATED = re.compile(r"\b[^\W\d_]{1,4}\.\Z|\d\.\Z")


def have_parts(header: Sequence[Span | str | None], rows: Sequence[Sequence[Cell]], items: Sequence[Span]) -> bool:
    """Return True when the items are things with parts: values in one place, or short words in each.

    Prose in items is prose at any length: sentences, steps and remarks that happen to have a colon or commas.
    """
    if len(header) < 2 or _are_sentences([item.text for item in items]):
        return False
    cells = [part.text for row in rows for part in row if part]
    if any(len(text) > 2 * _LONGEST or text.count(" ") >= 2 * _MOST_WORDS for text in cells):
        return False
    columns = [evidence.texts(rows, n) for n in range(len(header))]
    if evidence.is_most([any(map(_is_remark, texts)) for texts in columns[1:]]):
        return False
    if _is_bold(items) and not any(isinstance(title, Span) for title in header):
        return False
    if any(_are_values(texts) and not _are_counted(texts) for texts in columns if len(texts) == len(rows)):
        return not evidence.is_most([len(text) > _LONGEST or text.count(" ") >= _MOST_WORDS for text in cells])
    if any(isinstance(title, Span) and not _are_counted(texts) for title, texts in zip(header, columns, strict=True)):
        return all(len(text) <= _LONGEST for text in cells)
    # Where numbers stand among the words, a few words more are no remark.
    most = _SOME_WORDS if any(c.isdigit() for text in columns[-1] for c in text) else _FEW_WORDS
    is_short = all(len(text) <= _SHORT and text.count(" ") < most for text in cells)
    return is_short and len(rows) >= 3 and all(len(texts) == len(rows) for texts in columns)


def _are_values(texts: Sequence[str]) -> bool:
    filled = [text for text in texts if not is_null(text)]
    # `12 EUR, with cream` is a value too.
    return bool(filled) and all(evidence.is_value(text) or evidence.is_value(text.partition(",")[0]) for text in filled)


def _are_counted(texts: Sequence[str]) -> bool:
    """Return True for 1, 2, 3 and so on, which number the items and say nothing of them."""
    return len(texts) > 1 and list(texts) == [str(n) for n in range(1, len(texts) + 1)]


def _are_sentences(texts: Sequence[str]) -> bool:
    return evidence.is_most([text.count(" ") >= 3 and _ends_sentence(text) for text in texts])


def _ends_sentence(text: str) -> bool:
    return _END.search(text) is not None and not _ABBREVIATED.search(text.rstrip("\"'”’)*_"))


def _is_remark(text: str) -> bool:
    """Return True for a clause: many words, or the end of a sentence behind a few."""
    words = text.count(" ") + 1
    return words > _MOST_WORDS or (words >= 3 and _ends_sentence(text)) or len(text) > 2 * _LONGEST


def _is_bold(items: Sequence[Span]) -> bool:
    """Return True for `**Tip**: …` throughout with more than values behind it, the way replies write remarks."""
    marked = [item.text.startswith(("**", "__")) for item in items]
    behind = [
        re.split(r"(?:\*\*|__)[ :]*", item.text.removeprefix("**").removeprefix("__"), maxsplit=1) for item in items
    ]
    rests = [parts[1].strip(" :–—-") if len(parts) > 1 else "" for parts in behind]
    has_numbers = [any(c.isdigit() for c in rest) for rest in rests]
    return all(marked) and (len(items) < _FEWEST_MARKED or not any(has_numbers))
