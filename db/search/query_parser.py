"""Parser of search queries: words that must all occur, quoted phrases, and a prefix match of the last word."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from db.search.words import words

PHRASE_PATTERN = re.compile(r'"([^"]*)"|“([^”]*)”|([^\s"“”]+)')


@dataclass(frozen=True)
class Phrase:
    """Consecutive folded words; the last one matches as a prefix if `ends_with_prefix`."""

    words: tuple[str, ...]
    ends_with_prefix: bool


@dataclass(frozen=True)
class SearchQuery:
    """Phrases that must all occur in a text; at least one."""

    phrases: tuple[Phrase, ...]

    @classmethod
    def parse(cls, query: str) -> "SearchQuery | None":
        """Parse a query; return None if it has no word. No input is an error."""
        phrases = list(_parse_phrases(query))
        return cls(tuple(phrases)) if phrases else None

    @property
    def exact_words(self) -> set[str]:
        """Return the words that must occur as they are."""
        return {
            word for phrase in self.phrases for word in (phrase.words[:-1] if phrase.ends_with_prefix else phrase.words)
        }

    @property
    def prefixes(self) -> set[str]:
        """Return the prefixes of which each must begin a word."""
        return {phrase.words[-1] for phrase in self.phrases if phrase.ends_with_prefix}

    @property
    def required_substrings(self) -> list[str]:
        """Return the phrases of several words as substrings of `folded_text`."""
        return [
            f" {' '.join(phrase.words)}{'' if phrase.ends_with_prefix else ' '}"
            for phrase in self.phrases
            if len(phrase.words) > 1
        ]


def _parse_phrases(query: str) -> Iterator[Phrase]:
    """Yield the quoted phrases, and each text without a space as a phrase too: `e-mail` is two words in a row."""
    matches = [
        (match, tuple(word.folded for word in words(match[match.lastindex or 0])))
        for match in PHRASE_PATTERN.finditer(query)
    ]
    matches = [(match, folded) for match, folded in matches if folded]
    for match, folded in matches:
        is_quoted = match[3] is None
        yield Phrase(folded, ends_with_prefix=match is matches[-1][0] and not is_quoted)
