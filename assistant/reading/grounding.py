"""Location of a quote in a text: exact, similar, or absent."""

from collections.abc import Mapping
from dataclasses import dataclass

FUZZY_SCORE = 85  # percent of a quote's characters that stand there in order; below, it is not found
SHORTEST_FUZZY = 6  # characters; anything shorter is like too much
MAX_TRIED = 200  # occurrences of a quote within longer words
NEAR = 400  # characters around the longest quote of a row, where its other quotes are looked for first


@dataclass(frozen=True)
class Place:
    """Location. EXACT: text[start:end] == quote, in code points. FUZZY: similar text. NONE: 0 to 0."""

    start: int
    end: int
    grounding: str


NOWHERE = Place(0, 0, "NONE")


def find_row(text: str, quotes: Mapping[str, str], after: int = 0) -> dict[str, Place]:
    """Return the locations of the quotes of one row.

    The longest quote is searched from `after`, the end of the previous row, and then everywhere; the others around it,
    since a quote such as "2" occurs in many rows.
    """
    if not quotes:
        return {}
    longest = max(quotes, key=lambda key: len(quotes[key]))
    anchor = find(text, quotes[longest], after)
    if anchor is NOWHERE:
        return {key: find(text, quote, after) for key, quote in quotes.items()}
    return {key: anchor if key == longest else _near(text, quote, anchor) for key, quote in quotes.items()}


def find(text: str, quote: str, after: int = 0) -> Place:
    """Return the first location of the quote from `after` on, else the first of all, else a similar one.

    Similar text has the same digits: another number is no spelling of this one.
    """
    if not quote.strip():
        return NOWHERE
    for is_whole in (True, False):
        for begin in (after, 0):
            if (start := _first(text, quote, begin, len(text), is_whole=is_whole)) >= 0:
                return Place(start, start + len(quote), "EXACT")
    return _alike(text, quote)


def _near(text: str, quote: str, anchor: Place) -> Place:
    """Return the location nearest to the anchor: on its line, else around it, else anywhere."""
    if not quote.strip():
        return NOWHERE
    line = text.rfind("\n", 0, anchor.start) + 1, text.find("\n", anchor.end)
    around = max(0, anchor.start - NEAR), anchor.end + NEAR
    for is_whole in (True, False):
        for begin, end in ((line[0], line[1] if line[1] >= 0 else len(text)), around):
            behind = _first(text, quote, anchor.end, end, is_whole=is_whole)
            before = _last(text, quote, begin, anchor.start, is_whole=is_whole)
            within = _first(text, quote, anchor.start, anchor.end, is_whole=is_whole)
            gaps = {behind: behind - anchor.end, before: anchor.start - before - len(quote), within: len(text)}
            if near := {start: gap for start, gap in gaps.items() if start >= 0}:
                start = min(near, key=lambda start: near[start])
                return Place(start, start + len(quote), "EXACT")
    return find(text, quote)


def _first(text: str, quote: str, start: int, end: int, *, is_whole: bool) -> int:
    """Return the first occurrence, if asked the first that is no part of a longer word; -1 for none."""
    for _ in range(MAX_TRIED):
        index = text.find(quote, start, end)
        if index < 0 or not is_whole or not _is_part(text, index, index + len(quote)):
            return index
        start = index + 1
    return -1


def _last(text: str, quote: str, start: int, end: int, *, is_whole: bool) -> int:
    for _ in range(MAX_TRIED):
        index = text.rfind(quote, start, end)
        if index < 0 or not is_whole or not _is_part(text, index, index + len(quote)):
            return index
        end = index + len(quote) - 1
    return -1


def _is_part(text: str, start: int, end: int) -> bool:
    before, behind = text[max(0, start - 1) : start], text[end : end + 1]
    return (before.isalnum() and text[start].isalnum()) or (behind.isalnum() and text[end - 1].isalnum())


def _alike(text: str, quote: str) -> Place:
    from rapidfuzz import fuzz

    if not SHORTEST_FUZZY <= len(quote) <= len(text):
        return NOWHERE
    alignment = fuzz.partial_ratio_alignment(quote, text, score_cutoff=FUZZY_SCORE)
    if alignment is None or _digits(text[alignment.dest_start : alignment.dest_end]) != _digits(quote):
        return NOWHERE
    return Place(alignment.dest_start, alignment.dest_end, "FUZZY")


def _digits(text: str) -> list[str]:
    return [character for character in text if character.isdigit()]
