"""Delimited records: one line, or more when quotes hold line breaks; runs of one width."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from tables.readers.marks import item
from tables.readers.spans import MAX_COLUMNS, Cell, Line, Span, cell

# Possessive: a quote that is never closed costs one look at the rest of the text.
_QUOTED = re.compile(r'[ \u00a0]*"([^"]*+(?:""[^"]*+)*+)"[ \u00a0]*')
_ESCAPED = re.compile(r'[ \u00a0]*"([^"\\\n]*+(?:\\.[^"\\\n]*+)++)"[ \u00a0]*')
# Exports for spreadsheets write ="00123", so that the zeros stay.
_FORMULA = re.compile(r'[ \u00a0]*="([^"\n]*+)"[ \u00a0]*')
_WIDE = "；，،"  # prose has no blank behind them
_NONE, _SOUND, _LOOSE = "none", "sound", "loose"


def _start(line: Line) -> int:
    return line.start


class Record(NamedTuple):
    cells: list[Cell]
    line: Line
    end: int
    after: int  # index of the line below
    is_spaced: bool  # `a, b`, as prose is written
    is_quoted: bool = False


def _as_formula_tells(span: Cell) -> Cell:
    """Return the content of `="00123"` within quotes."""
    if span and span.text.startswith('="') and span.text.endswith('"') and span.end - span.start > 5:
        return Span(span.text[2:-1], span.start, span.end)
    return span


class Records:
    """The records of one block of lines, read with one delimiter."""

    def __init__(self, text: str, lines: Sequence[Line], delimiter: str) -> None:
        self._text, self._lines, self._delimiter = text, lines, delimiter
        self._end = lines[-1].end if lines else 0
        self._plain = re.compile(rf"[^{re.escape(delimiter)}\r\n]*+")

    def run(self, i: int) -> list[Record]:
        """Return the records from line `i` on that are as wide as the first; empty when there are fewer than two."""
        if i + 1 < len(self._lines) and '"' not in self._lines[i].text and not self._may_go_on(self._lines[i + 1]):
            return []
        first = self._record(i)
        if first is None:
            return []
        run = [first]
        while (record := self._record(run[-1].after)) and self._continues(run, record):
            run.append(record)
        return run if len(run) > 1 else []

    def _may_go_on(self, below: Line) -> bool:
        return self._delimiter in below.text or '"' in below.text

    def _continues(self, run: Sequence[Record], record: Record) -> bool:
        """Return True when a single row of another width belongs.

        It does when the table goes on below it, or stops there with fewer cells.
        """
        width = len(run[0].cells)
        if len(record.cells) == width:
            return True
        below = self._record(record.after)
        if len(run) < 2 or len(run[-1].cells) != width:
            return False
        return len(below.cells) == width if below else len(record.cells) < width

    def _record(self, i: int) -> Record | None:
        """None for a blank line, an item of a list, or a line without the delimiter."""
        if i >= len(self._lines) or item(self._lines[i].text):
            return None
        line = self._lines[i]
        if '"' in line.text:
            return self._quoted_record(i)
        parts = line.text.split(self._delimiter)
        if not 2 <= len(parts) <= 5 * MAX_COLUMNS:
            return None
        cells, start = [], line.start
        if not any(parts):
            return Record([None] * len(parts), line, line.end, i + 1, False)
        for part in parts:
            cells.append(cell(self._text, start, start + len(part)) if part else None)
            start += len(part) + 1
        is_spaced = self._delimiter in _WIDE or any(part.startswith(" ") for part in parts[1:])
        return Record(cells, line, line.end, i + 1, is_spaced)

    def _quoted_record(self, i: int) -> Record | None:
        cells: list[Cell] = []
        start, is_spaced, is_quoted, is_loose = self._lines[i].start, False, False, False
        at = start - 1
        while (at < start or self._text[at : at + 1] == self._delimiter) and at < self._end:
            is_spaced = is_spaced or (bool(cells) and self._text[at + 1 : at + 2] == " ")
            field, at, quotes = self._field(at + 1)
            cells.append(field)
            is_quoted, is_loose = is_quoted or quotes == _SOUND, is_loose or quotes == _LOOSE
            # A stray quote and a line break inside quotes: one of the two is read wrongly.
            if len(cells) > MAX_COLUMNS or (is_loose and at > self._lines[i].end):
                return None
        after = bisect_right(self._lines, at, lo=i, key=_start)
        return Record(cells, self._lines[i], at, after, is_spaced, is_quoted) if len(cells) > 1 else None

    def _field(self, at: int) -> tuple[Cell, int, str]:
        """Return the field at `at`, its end, and the state of its quotes; a loose quote is taken as written."""
        quoted = _QUOTED.match(self._text, at, self._end)
        if quoted and self._is_edge(quoted.end()):
            raw = quoted[1]
            span = Span(raw.replace('""', '"'), quoted.start(1), quoted.end(1)) if raw.strip() else None
            return _as_formula_tells(span), quoted.end(), _SOUND
        escaped = _ESCAPED.match(self._text, at, self._end)
        if escaped and self._is_edge(escaped.end()):
            span = (
                Span(escaped[1].replace('\\"', '"'), escaped.start(1), escaped.end(1)) if escaped[1].strip() else None
            )
            return span, escaped.end(), _SOUND
        formula = _FORMULA.match(self._text, at, self._end)
        if formula and self._is_edge(formula.end()):
            return cell(self._text, *formula.span(1)), formula.end(), _SOUND
        plain = self._plain.match(self._text, at, self._end)
        end = plain.end() if plain else at
        field = cell(self._text, at, end)
        return field, end, _LOOSE if field and field.text.startswith('"') else _NONE

    def _is_edge(self, at: int) -> bool:
        return at >= self._end or self._text[at] == self._delimiter or self._text[at] in "\r\n"
