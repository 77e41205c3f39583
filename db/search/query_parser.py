"""What somebody looks for: words that must all be there, phrases in quotes, and the beginning of the last word."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from db.search.words import words

PHRASE_PATTERN = re.compile(r'"([^"]*)"|“([^”]*)”|([^\s"“”]+)')


@dataclass(frozen=True)
class Phrase:
    """Folded words that stand one behind the other; of the last one only the beginning, when it is `open`."""

    words: tuple[str, ...]
    ends_with_prefix: bool


@dataclass(frozen=True)
class SearchQuery:
    """Everything that a text must have; never empty."""

    phrases: tuple[Phrase, ...]

    @classmethod
    def parse(cls, query: str) -> "SearchQuery | None":
        """What a query asks for; None when there is no word in it. Nothing that is written there is an error."""
        chunks = list(_parse_phrases(query))
        return cls(tuple(chunks)) if chunks else None

    @property
    def exact_words(self) -> set[str]:
        """The words that must be there as they are."""
        return {
            word for chunk in self.phrases for word in (chunk.words[:-1] if chunk.ends_with_prefix else chunk.words)
        }

    @property
    def prefixes(self) -> set[str]:
        """The beginnings that a word must have."""
        return {chunk.words[-1] for chunk in self.phrases if chunk.ends_with_prefix}

    @property
    def required_substrings(self) -> list[str]:
        """What must be a part of the text's folded words because it is more than one word."""
        return [
            f" {' '.join(chunk.words)}{'' if chunk.ends_with_prefix else ' '}"
            for chunk in self.phrases
            if len(chunk.words) > 1
        ]


def _parse_phrases(query: str) -> Iterator[Phrase]:
    """What is written without a space between belongs together, as if it were quoted."""
    found = [
        (match, tuple(word.folded for word in words(match[match.lastindex or 0])))
        for match in PHRASE_PATTERN.finditer(query)
    ]
    found = [(match, folded) for match, folded in found if folded]
    for match, folded in found:
        is_quoted = match[3] is None
        yield Phrase(folded, ends_with_prefix=match is found[-1][0] and not is_quoted)
