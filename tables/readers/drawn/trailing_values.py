"""Rows with one blank between their cells, as copies of PDFs have them: words, then as many values in each row."""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from tables.readers import evidence, sums, tabular
from tables.readers.marks import ITEM
from tables.readers.spans import Cell, Grid, Line, cell
from tables.types.null_words import is_null

_WORD = re.compile(r"\S+")
_IS_CLOCK = re.compile(r"\d{1,2}[:.h]\d{2}(?:h|Uhr)?")
_ENDS_IN_VALUE = re.compile(r"[\d%)€$£¥₹₽-][ \t]*\Z")
_FEWEST_ROWS, _FEWEST_VALUES, _MOST_WORDS, _LONGEST = 3, 2, 8, 200
_FEWEST_UNDER_TITLES = 2


class _Row(NamedTuple):
    line: Line
    words: list[tuple[int, int]]  # ranges in the line
    values: int  # how many of the last words are values


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    run: list[_Row] = []
    above: Line | None = None  # the line above the run
    previous: Line | None = None
    for line in lines:
        row = _row(line)
        if run and (row is None or row.values != run[0].values):
            yield from _table(text, run, above)
            run = []
        if row:
            above = above if run else previous
            run.append(row)
        previous = line
    yield from _table(text, run, above)


def _row(line: Line) -> _Row | None:
    content = line.text
    if not 0 < len(content) <= _LONGEST or _ENDS_IN_VALUE.search(content) is None or "  " in content.strip():
        return None
    if any(mark in content for mark in "\t|;") or ITEM.match(content) or sums.is_sum_line(content):
        return None
    words = [match.span() for match in _WORD.finditer(content)]
    values = 0
    while values < len(words) and _is_value(content[slice(*words[-1 - values])]):
        values += 1
    is_row = _FEWEST_VALUES <= values < len(words) <= values + _MOST_WORDS
    return _Row(line, words, values) if is_row else None


def _is_value(word: str) -> bool:
    has_digit = any(map(str.isdigit, word)) and not any(map(str.isalpha, word))
    return (has_digit and not word.endswith((",", ":", ";"))) or (len(word) < 4 and is_null(word))


def _table(text: str, run: Sequence[_Row], line_above: Line | None) -> Iterator[Grid]:
    if len(run) < _FEWEST_UNDER_TITLES or _are_times(run):
        return
    titles = _titles(text, run, line_above)
    names = {row.line.text[: row.words[-row.values][0]] for row in run}
    if len(names) < len(run) or (titles is None and (len(run) < _FEWEST_ROWS or _are_pieces(names))):
        return
    if not all(any(c.isalpha() for c in name) for name in names) or not _have_alike(run):
        return
    start = line_above.start if titles and line_above else run[0].line.start
    rows = [_cells(text, row) for row in run]
    above = [titles] if titles else []
    if table := tabular.table("lines", [*above, *rows], (start, run[-1].line.end), header_rows=1 if titles else None):
        yield table


def _titles(text: str, run: Sequence[_Row], above: Line | None) -> list[Cell] | None:
    """Return the words of the line above, one for each column; None when it has more or fewer."""
    if above is None:
        return None
    words = [match.span() for match in _WORD.finditer(above.text)]
    texts = [above.text[slice(*word)] for word in words]
    if len(words) != run[0].values + 1 or any(map(_is_value, texts)) or texts[-1].endswith((".", ":", "!", "?")):
        return None
    return [cell(text, above.start + start, above.start + end) for start, end in words]


def _are_pieces(names: Collection[str]) -> bool:
    """Return True for pieces of sentences, which begin with small letters."""
    return evidence.is_most([name.lstrip()[:1].islower() for name in names])


def _are_times(run: Sequence[_Row]) -> bool:
    """Return True when the first words are times of a day, which a schedule begins with."""
    return all(_IS_CLOCK.match(row.line.text.lstrip()) for row in run)


def _have_alike(run: Sequence[_Row]) -> bool:
    """Return True when the values of each column are of one kind: amounts, dates or percent."""
    for column in range(run[0].values):
        texts = [row.line.text[slice(*row.words[len(row.words) - row.values + column])] for row in run]
        kinds = {evidence.kind_of(text).partition(" ")[0] for text in texts if not is_null(text)}
        if len(kinds) > 1:
            return False
    return True


def _cells(text: str, row: _Row) -> list[Cell]:
    values = row.words[-row.values :]
    at = row.line.start
    first = cell(text, at, at + values[0][0])
    return [first, *(cell(text, at + start, at + end) for start, end in values)]
