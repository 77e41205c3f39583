"""Positions in a text: spans, lines, grids, and the limits every reader keeps."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

MAX_TEXT = 200_000
MAX_COLUMNS = 200
MAX_ROWS = 5_000
MAX_GRIDS = 50

# What str.strip() takes, and the marks that files and web pages leave at the ends of a cell.
_BLANK = "".join(c for c in map(chr, range(0x3001)) if c.isspace()) + "\u200b\u200e\u200f\ufeff"
_BREAK = re.compile(r"\r\r?\n|\r|\n")


class Span(NamedTuple):
    """`text` is the unescaped content; source[start:end] is its raw quote, in code points."""

    text: str
    start: int
    end: int


Cell = Span | None


@dataclass(frozen=True, slots=True)
class Grid:
    """A table as it stands in the text, every row as wide as the header; a `str` in the header is made up."""

    kind: str
    name: str | None
    header: tuple[Span | str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    start: int
    end: int


class Line(NamedTuple):
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def is_blank(self) -> bool:
        return not self.text or self.text.isspace() or not self.text.strip(_BLANK)


def split_lines(text: str) -> Iterator[Line]:
    start = 0
    if "\r" not in text:
        for content in text.split("\n"):
            yield Line(content, start)
            start += len(content) + 1
        return
    for match in _BREAK.finditer(text):
        yield Line(text[start : match.start()], start)
        start = match.end()
    yield Line(text[start:], start)


def cell(text: str, start: int, end: int, unescape: Callable[[str], str] = str) -> Cell:
    """Return the content of text[start:end] without the blanks around it; None when there is nothing else."""
    raw = text[start:end]
    if raw.isalnum():  # most cells of short rows; there is nothing to take off
        return Span(unescape(raw), start, end)
    left = len(raw) - len(raw.lstrip(_BLANK))
    raw = raw.strip(_BLANK)
    return Span(unescape(raw), start + left, start + left + len(raw)) if raw else None


def grid(
    kind: str,
    header: Sequence[Span | str | None],
    rows: Sequence[Sequence[Cell]],
    extent: tuple[int, int],
    name: str | None = None,
) -> Grid | None:
    """Rows made equally wide; what is empty everywhere left out; None when no cell is left."""
    body = [row for row in rows if any(row)][:MAX_ROWS]
    width = max((len(row) for row in (header, *body)), default=0)
    full = [(*row, *(None,) * (width - len(row))) for row in body]
    titles = (*header, *(None,) * (width - len(header)))
    indices = [i for i in range(width) if titles[i] or any(row[i] for row in full)][:MAX_COLUMNS]
    if not indices or not full:
        return None
    names = tuple(titles[column] or f"Column {n}" for n, column in enumerate(indices, 1))
    return Grid(kind, name, names, tuple(tuple(row[i] for i in indices) for row in full), *extent)
