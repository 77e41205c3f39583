"""Snippets: the part of a text where something was found, the hit between « and »."""

from collections.abc import Sequence

from db.search.query_parser import Phrase, SearchQuery
from db.search.words import Word, words

MAX_LENGTH = 160  # code points, all marks counted
LEADING_CONTEXT = 50


def snippet(text: str, query: SearchQuery) -> str:
    """One line of the text around the first hit, which alone is marked; the text's beginning when there is none."""
    start, end = _first_hit(text, query) or (0, 0)
    room = MAX_LENGTH - 4  # for the marks, and the dots at both ends
    begin = max(0, start - LEADING_CONTEXT)
    end = min(end, begin + room)
    stop = min(len(text), begin + room)
    before, hit, after = text[begin:start], text[start:end], text[end:stop]
    marked = f"{before}«{hit}»{after}" if hit else after
    return f"{'…' if begin else ''}{_on_one_line(marked)}{'…' if stop < len(text) else ''}"


def _on_one_line(text: str) -> str:
    return " ".join(text.replace("\x00", " ").split())


def _first_hit(text: str, wanted: SearchQuery) -> tuple[int, int] | None:
    """Where the first of what is wanted begins and ends."""
    found = list(words(text))
    hits = (_find_phrase(found, chunk) for chunk in wanted.phrases)
    return min((hit for hit in hits if hit), default=None)


def _find_phrase(found: Sequence[Word], chunk: Phrase) -> tuple[int, int] | None:
    """Where a chunk stands for the first time; of an open one the whole last word is the hit."""
    length = len(chunk.words)
    for first in range(len(found) - length + 1):
        if _matches_at(found, first, chunk):
            return found[first].start, found[first + length - 1].end
    return None


def _matches_at(found: Sequence[Word], first: int, chunk: Phrase) -> bool:
    here = [word.folded for word in found[first : first + len(chunk.words)]]
    if not chunk.ends_with_prefix:
        return here == list(chunk.words)
    return here[:-1] == list(chunk.words[:-1]) and here[-1].startswith(chunk.words[-1])
