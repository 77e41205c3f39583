"""Words, segments and lines of a page."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from integrations.documents.pdf_pages.directions import glyphs_text, words_text
from integrations.documents.pdf_pages.glyphs import Glyph, PageContent, turned

_WORD_GAP = 0.18  # of the size of the type; a space is about 0.25
_SEGMENT_GAP = 0.85
_LEADER = re.compile(r"(?:[.·․…_]\s*){3,}$|^(?:[.·․…]\s*){3,}")
_DOTS = re.compile(r"[.·․…]+")
_DRAWN = re.compile(r"[-_=–—*]{5,}")
_DIGITS = re.compile(r"[$€£(+\-−–]?\d[\d.,]*[%)]?")
_FRACTION = re.compile(r"[.,]\d+%?")


class Word(NamedTuple):
    """A word and its box; `size` and `face` are those of its type."""

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    size: float
    face: str

    @property
    def middle(self) -> float:
        return (self.x0 + self.x1) / 2


@dataclass(frozen=True)
class Segment:
    """Consecutive words of a line with at most a space between them."""

    words: tuple[Word, ...]

    @property
    def x0(self) -> float:
        return self.words[0].x0

    @property
    def x1(self) -> float:
        return self.words[-1].x1

    @property
    def middle(self) -> float:
        return (self.x0 + self.x1) / 2

    @property
    def text(self) -> str:
        return words_text(self.words)


@dataclass(frozen=True)
class TextLine:
    """Words that stand beside each other."""

    words: tuple[Word, ...]
    top: float
    bottom: float

    @property
    def size(self) -> float:
        return median(word.size for word in self.words)

    @property
    def text(self) -> str:
        """Return the line with two spaces between segments that are far apart."""
        return "  ".join(segment.text for segment in self.segments(2.0))

    def segments(self, gap: float = _SEGMENT_GAP) -> list[Segment]:
        """Return the parts between which there is more than a space."""
        parts: list[list[Word]] = [[self.words[0]]]
        widest = gap * self.size
        for before, word in pairwise(self.words):
            if word.x0 - before.x1 > widest or _are_two_numbers(before.text, word.text):
                parts.append([word])
            else:
                parts[-1].append(word)
        return [Segment(tuple(part)) for part in parts]


def _are_two_numbers(one: str, other: str) -> bool:
    """Return whether two words with a space between are two numbers, not one such as `1 234 567`."""
    if not (_DIGITS.fullmatch(one) and _DIGITS.fullmatch(other)):
        return False
    return not (len(other) == 3 or other[3:4] in {".", ","}) or "," in one or "." in one


def upright_words(content: PageContent) -> list[Word]:
    """Return the words of the page's own direction."""
    words = list(_words(glyph for glyph in content.glyphs if glyph.turn == 0))
    usual = median(word.size for word in words) if words else 0.0
    # A small digit on a line of its own is the mark of a footnote.
    return [word for word in words if word.size >= 0.7 * usual or not word.text.isdigit() or len(word.text) > 2]


def turned_words(content: PageContent) -> list[Word]:
    """Return words in other directions at their boxes on the page, in the order in which they are read."""
    words: list[Word] = []
    for turn in (90, 270):
        glyphs = [glyph for glyph in content.glyphs if glyph.turn == turn]
        if glyphs:
            page = turned(PageContent(content.width, content.height, glyphs, []), turn)
            for line in lines_of(_words(page.glyphs)):
                words.extend(_back(word, turn, content) for word in line.words)
    return words


def _back(word: Word, turn: int, content: PageContent) -> Word:
    """Return a word of the turned page at its box on the page itself."""
    if turn == 90:
        box = word.top, content.height - word.x1, word.bottom, content.height - word.x0
    else:
        box = content.width - word.bottom, word.x0, content.width - word.top, word.x1
    return Word(word.text, *box, word.size, word.face)


def _words(glyphs: Iterable[Glyph]) -> Iterator[Word]:
    for line in _glyph_lines(glyphs):
        yield from _without_leaders(_with_fractions(_line_words(line)))


def _with_fractions(words: Iterable[Word]) -> Iterator[Word]:
    """Yield the words, `.6` joined to the number before it; lines that are drawn with characters are left out."""
    last: Word | None = None
    for word in words:
        if last and _FRACTION.fullmatch(word.text) and last.text[-1].isdigit() and word.x0 - last.x1 < 0.6 * word.size:
            last = last._replace(text=last.text + word.text, x1=word.x1)
            continue
        if last and not _DRAWN.fullmatch(last.text):
            yield last
        last = word
    if last and not _DRAWN.fullmatch(last.text):
        yield last


def _glyph_lines(glyphs: Iterable[Glyph]) -> Iterator[list[Glyph]]:
    """Yield glyphs whose middles are at one height, from left to right; raised marks go with the text beside them."""
    ordered = sorted(
        (glyph for glyph in glyphs if not glyph.text.isspace()), key=lambda g: ((g.top + g.bottom) / 2, g.x0)
    )
    line: list[Glyph] = []
    middle = 0.0
    for glyph in ordered:
        own = (glyph.top + glyph.bottom) / 2
        if line and own - middle > 0.35 * max(min(glyph.size, line[-1].size), 1):
            yield _unique(line)
            line = []
        middle = own if not line else middle + (own - middle) / (len(line) + 1)
        line.append(glyph)
    if line:
        yield _unique(line)


def _unique(line: list[Glyph]) -> list[Glyph]:
    """Sort a line; a glyph printed twice to look bold is one."""
    line.sort(key=lambda glyph: glyph.x0)
    unique: list[Glyph] = []
    for glyph in line:
        if not any(glyph.text == other.text and abs(glyph.x0 - other.x0) < 0.15 * glyph.size for other in unique[-3:]):
            unique.append(glyph)
    return unique


def _line_words(line: Sequence[Glyph]) -> Iterator[Word]:
    part: list[Glyph] = []
    for glyph in line:
        if part and (glyph.x0 - part[-1].x1 > _WORD_GAP * min(glyph.size, part[-1].size) or _is_note(part[-1], glyph)):
            yield _word(part)
            part = []
        if not part and _is_raised(glyph, line):
            continue
        part.append(glyph)
    if part:
        yield _word(part)


def _is_note(before: Glyph, glyph: Glyph) -> bool:
    """Return whether a small raised digit follows a number: a footnote's mark, which would change the number."""
    return (
        glyph.size < 0.8 * before.size
        and glyph.bottom < before.bottom - 0.15 * before.size
        and (before.text.isdigit() or before.text in "%)")
    )


def _is_raised(glyph: Glyph, line: Sequence[Glyph]) -> bool:
    """Return whether a glyph is a footnote's mark that stands apart from the word before it."""
    if not _is_mark(glyph.text):
        return False
    size = median(each.size for each in line)
    bottom = median(each.bottom for each in line)
    return glyph.size < 0.75 * size and glyph.bottom < bottom - 0.2 * size


def _is_mark(text: str) -> bool:
    return text.isdigit() or text in "()*†‡"


def _word(glyphs: Sequence[Glyph]) -> Word:
    return Word(
        glyphs_text([glyph.text for glyph in glyphs]).replace("\xa0", " ").strip(),
        glyphs[0].x0,
        min(glyph.top for glyph in glyphs),
        max(glyph.x1 for glyph in glyphs),
        max(glyph.bottom for glyph in glyphs),
        median(glyph.size for glyph in glyphs),
        glyphs[len(glyphs) // 2].face,
    )


def _without_leaders(words: Iterable[Word]) -> Iterator[Word]:
    """Yield the words without the dots that lead from one column to the next."""
    last: Word | None = None
    for word in words:
        if _DOTS.fullmatch(word.text):
            # The first dot may stand at the end of the word before.
            last = last._replace(text=last.text.rstrip(".") or last.text) if last else None
            continue
        if last:
            yield last
        text = _LEADER.sub("", word.text)
        width = (word.x1 - word.x0) * len(text) / len(word.text)
        left = word.x0 if word.text.startswith(text) else word.x1 - width
        last = word if text == word.text else word._replace(text=text, x0=left, x1=left + width) if text else None
    if last:
        yield last


def lines_of(words: Iterable[Word]) -> list[TextLine]:
    """Return the lines from top to bottom, each with its words from left to right."""
    result: list[list[Word]] = []
    middle = 0.0
    for word in sorted(words, key=lambda word: ((word.top + word.bottom) / 2, word.x0)):
        own = (word.top + word.bottom) / 2
        if result and own - middle <= 0.35 * min(word.size, result[-1][-1].size):
            result[-1].append(word)
        else:
            result.append([word])
            middle = own
    lines = []
    for group in result:
        group.sort(key=lambda word: word.x0)
        lines.append(TextLine(tuple(group), min(w.top for w in group), max(w.bottom for w in group)))
    return lines
