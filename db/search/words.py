"""Word splitting and folding for search, the same for every database.

Folding removes case, accents and widths. In scripts without spaces each character is a word of its own, so that any
part of a sentence is found.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

MAX_WORD_LENGTH = 64  # code points; longer words are cut
# Later words of a message are not found; PostgreSQL refuses a tsvector of 2 ** 20 bytes.
MAX_INDEXED_BYTES = 1_000_000
WITHOUT_SPACES = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
    "\uac00-\ud7af"  # Hangul: endings are attached to the words
)
FIRST_ACCENT_CLASS = 10  # canonical combining classes below this are parts of a letter, those above accents and points


@dataclass(frozen=True)
class Word:
    """Folded word with its start and end in the text, in code points."""

    folded: str
    start: int
    end: int


def words(text: str) -> Iterator[Word]:
    """Yield the words of a text in order."""
    for match in _pattern().finditer(text):
        if folded := _fold(match[0]):
            yield Word(folded, match.start(), match.end())


def folded_text(text: str) -> str:
    """Return the folded words with a space before and after each, so that a phrase is a substring of the result."""
    parts, remaining = [" "], MAX_INDEXED_BYTES
    for word in words(text):
        remaining -= len(word.folded.encode())
        if remaining < 0:
            break
        parts += [word.folded, " "]
    return "".join(parts)


@cache
def _pattern() -> re.Pattern[str]:
    """Return the pattern of a word: a character of a script without spaces, or letters and digits with their marks."""
    blocks = (*range(0x300, 0x2100), *range(0xA66F, 0xAC00), *range(0xFE20, 0xFE30))
    marks = "".join(chr(code) for code in blocks if unicodedata.category(chr(code)) in ("Mn", "Mc"))
    return re.compile(rf"[{WITHOUT_SPACES}]|(?:(?![{WITHOUT_SPACES}])[^\W_]|[{marks}])+")


@lru_cache(maxsize=8_192)
def _fold(word: str) -> str:
    if word.isascii():
        return word.lower()[:MAX_WORD_LENGTH]
    plain = "".join(
        c for c in unicodedata.normalize("NFKD", word.casefold()) if unicodedata.combining(c) < FIRST_ACCENT_CLASS
    )
    return "".join(filter(_is_word_character, unicodedata.normalize("NFC", plain.casefold())))[:MAX_WORD_LENGTH]


def _is_word_character(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character) in ("Mn", "Mc")
