"""Snippets of search results: the part of a text around the first hit, which is marked with « and »."""

from collections.abc import Sequence

from db.search.query_parser import Phrase, SearchQuery
from db.search.words import Word, words

MAX_LENGTH = 160  # code points, with the marks and dots
LEADING_CONTEXT = 50  # code points before the hit


def snippet(text: str, query: SearchQuery) -> str:
    """Return one line around the first hit, with only that hit marked; without a hit the text's beginning."""
    hit_start, hit_end = _first_hit(text, query) or (0, 0)
    available = MAX_LENGTH - 4  # two marks, and an ellipsis at both ends
    start = max(0, hit_start - LEADING_CONTEXT)
    end = min(len(text), start + available)
    hit_end = min(hit_end, end)
    before, hit, after = text[start:hit_start], text[hit_start:hit_end], text[hit_end:end]
    marked = f"{before}«{hit}»{after}" if hit else after
    return f"{'…' if start else ''}{_on_one_line(marked)}{'…' if end < len(text) else ''}"


def _on_one_line(text: str) -> str:
    return " ".join(text.replace("\x00", " ").split())


def _first_hit(text: str, query: SearchQuery) -> tuple[int, int] | None:
    """Return the start and end of the first phrase that occurs, in code points."""
    text_words = list(words(text))
    hits = (_find_phrase(text_words, phrase) for phrase in query.phrases)
    return min((hit for hit in hits if hit), default=None)


def _find_phrase(text_words: Sequence[Word], phrase: Phrase) -> tuple[int, int] | None:
    """Return the start and end of a phrase's first occurrence, with the whole word that a prefix matches."""
    length = len(phrase.words)
    for index in range(len(text_words) - length + 1):
        if _matches_at(text_words, index, phrase):
            return text_words[index].start, text_words[index + length - 1].end
    return None


def _matches_at(text_words: Sequence[Word], index: int, phrase: Phrase) -> bool:
    candidates = [word.folded for word in text_words[index : index + len(phrase.words)]]
    if not phrase.ends_with_prefix:
        return candidates == list(phrase.words)
    return candidates[:-1] == list(phrase.words[:-1]) and candidates[-1].startswith(phrase.words[-1])
