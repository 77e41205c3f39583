"""The words of a text as search sees them: the same folding and the same borders on every database.

Case, accents and widths are folded away. Where a script is written without spaces each character is a word of
its own, so that any part of a sentence is found.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

MAX_WORD_LENGTH = 64  # characters; what is longer is cut
MAX_INDEXED_BYTES = (
    1_000_000  # of a text's folded words; what is behind is not found. PostgreSQL indexes less than 2 ** 20
)
WITHOUT_SPACES = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
    "\uac00-\ud7af"  # Hangul: words have endings
)
FIRST_ACCENT_CLASS = 10  # canonical combining classes from here on are accents and points, not letters' own parts


@dataclass(frozen=True)
class Word:
    """A folded word and where it stands in the text, in code points."""

    folded: str
    start: int
    end: int


def words(text: str) -> Iterator[Word]:
    """The words of a text in order."""
    for match in _pattern().finditer(text):
        if folded := _fold(match[0]):
            yield Word(folded, match.start(), match.end())


def folded_text(text: str) -> str:
    """The folded words, each between two spaces, so that a phrase is found as a part of the text."""
    kept, room = [" "], MAX_INDEXED_BYTES
    for word in words(text):
        room -= len(word.folded.encode())
        if room < 0:
            break
        kept += [word.folded, " "]
    return "".join(kept)


@cache
def _pattern() -> re.Pattern[str]:
    """A character of a script without spaces, or a run of letters and digits with the marks on them."""
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
