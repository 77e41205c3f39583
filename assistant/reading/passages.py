"""Texts to read for a table, joined and cut into overlapping pieces for a model."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from assistant.reading.extraction import ProposedCell, Source
from assistant.reading.grounding import Place
from assistant.reading.value_search import first_span, nearly_reads_as, reads_as, spans
from tables.types.types import Column, Value

MAX_READ = 400_000  # characters of all texts together
PIECE, OVERLAP = 12_000, 800  # characters that a model reads at once, and of them what it read before
SEPARATOR = "\n\n"
AROUND = 40  # characters beside a quote that may belong to its value

_SENTENCE_END = re.compile(r"(?<=[.!?;])\s|(?<=[。！？；])")


@dataclass(frozen=True)
class Passage:
    """One text: a message or the text of a file."""

    source: Source
    text: str


@dataclass(frozen=True)
class Piece:
    """Part of the joined text from `start`; its first `overlap` characters end the piece before."""

    start: int
    text: str
    overlap: int = 0


class Passages:
    """First MAX_READ characters of several texts, joined."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self.sources = [passage.source for passage in passages]
        lengths = [len(passage.text) + len(SEPARATOR) for passage in passages]
        self._starts = [0, *accumulate(lengths)][: len(passages)]
        whole = SEPARATOR.join(passage.text for passage in passages)
        self.text, self.is_cut = whole[:MAX_READ], len(whole) > MAX_READ

    def texts(self) -> list[str]:
        """Return each text, as far as it is read."""
        ends = [start - len(SEPARATOR) for start in self._starts[1:]] + [len(self.text)]
        return [self.text[start:end] for start, end in zip(self._starts, ends, strict=True)]

    def pieces(self) -> list[Piece]:
        """Return pieces cut at the ends of lines, else of sentences, else anywhere."""
        result: list[Piece] = []
        start = overlap = 0
        while True:
            end = _end(self.text, start, min(start + PIECE, len(self.text)))
            result.append(Piece(start, self.text[start:end], overlap))
            if end >= len(self.text):
                return result
            following = _beginning(self.text, max(end - OVERLAP, start + 1), end)
            start, overlap = following, end - following

    def cell(self, piece: Piece, column: Column, value: Value, quote: str, location: Place) -> ProposedCell:
        """Return a value with the place of its quote in its source's text.

        The quote is narrowed to the words that say the value; one that says something else is a MISMATCH.
        """
        location, quote = _checked(piece.text, column, value, quote, location)
        start = piece.start + location.start
        index = bisect_right(self._starts, start) - 1
        end = self._starts[index + 1] - len(SEPARATOR) if index + 1 < len(self._starts) else len(self.text)
        if location.grounding == "NONE" or piece.start + location.end > end:
            return ProposedCell(value, 0, 0, quote, "NONE")
        start -= self._starts[index]
        return ProposedCell(value, start, start + location.end - location.start, quote, location.grounding, index)


def _checked(text: str, column: Column, value: Value, quote: str, location: Place) -> tuple[Place, str]:
    if location.grounding == "NONE":
        return location, quote
    if reads_as(column, text[location.start : location.end], value):
        return location, quote
    span = first_span(column, value, text, location.start, location.end) or _around(text, column, value, location)
    if span is None:
        is_near = nearly_reads_as(column, text[location.start : location.end], value)
        return Place(location.start, location.end, "FUZZY" if is_near else "MISMATCH"), quote
    if location.grounding == "FUZZY":
        return location, quote
    return Place(*span, location.grounding), text[slice(*span)]


def _around(text: str, column: Column, value: Value, location: Place) -> tuple[int, int] | None:
    """Return words that say the value and of which the quote is a part: models cut quotes short."""
    start, end = max(0, location.start - AROUND), min(len(text), location.end + AROUND)
    around = spans(column, value, text, start, end)
    return next((span for span in around if span[0] < location.end and location.start < span[1]), None)


def _end(text: str, start: int, end: int) -> int:
    """Return the end of a piece of at most `end`: a good place in its second half, if there is one."""
    if end == len(text):
        return end
    half = start + (end - start) // 2
    line = text.rfind("\n", half, end)
    if line >= 0:
        return line + 1
    sentences = [match.end() for match in _SENTENCE_END.finditer(text, half, end)]
    return sentences[-1] if sentences else end


def _beginning(text: str, start: int, end: int) -> int:
    """Return the start of the next piece, from `start` on: the beginning of a line, if there is one."""
    line = text.find("\n", start, end)
    return line + 1 if 0 <= line < end - 1 else start
