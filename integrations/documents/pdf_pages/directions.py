"""Texts of glyphs and words, which stand on a page from left to right also where they are read from the right."""

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Protocol

_FORMS = ("\ufb00", "\ufdff", "\ufe70", "\ufefc")  # ligatures, and letters as they are drawn inside words


class _Named(Protocol):
    @property
    def text(self) -> str: ...


def glyphs_text(glyphs: Sequence[str]) -> str:
    """Return the text of glyphs that stand from left to right, ligatures as letters."""
    if all(glyph.isascii() for glyph in glyphs):
        return "".join(glyphs)
    if any(map(is_rightward, glyphs)):
        ordered: list[str] = []
        # Digits are read from the left also among Arabic or Hebrew letters.
        for is_number, group in groupby(reversed(glyphs), _is_of_number):
            part = list(group)
            ordered += reversed(part) if is_number else part
        glyphs = ordered
    return "".join(unicodedata.normalize("NFKC", glyph) if _is_form(glyph) else glyph for glyph in glyphs)


def words_text(words: Iterable[_Named]) -> str:
    """Return words that stand from left to right in the order in which they are read."""
    texts = [word.text for word in words]
    if sum(map(is_rightward, texts)) * 2 > len(texts):
        texts.reverse()
    return " ".join(texts)


def is_rightward(text: str) -> bool:
    """Return whether a text has letters that are read from right to left."""
    return not text.isascii() and any(unicodedata.bidirectional(char) in {"R", "AL"} for char in text)


def _is_form(glyph: str) -> bool:
    first, last, first_arabic, last_arabic = _FORMS
    return first <= glyph[:1] <= last or first_arabic <= glyph[:1] <= last_arabic


def _is_of_number(glyph: str) -> bool:
    return unicodedata.bidirectional(glyph[:1] or " ") in {"EN", "AN", "ES", "ET", "CS"}
