"""`Monday: Yoga, 18:00, Room 2`: named entries of several fields, line by line."""

import re
from collections.abc import Iterator, Sequence

from tables.readers import evidence, fields
from tables.readers.spans import MAX_ROWS, Grid, Line, cell, grid

_LINE = re.compile(r"[ \t]*(?:[^\W\d_][^:：|\t*]{0,39}[:：][ \t]++[^:\n]*,\s.*|\w[^:：|\t*]{0,39}：[^：，\n]*，.*)")
_MARK = re.compile(r":[ \t]|：")
_FEWEST, _NARROWEST = 3, 3


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    if _MARK.search(text, lines[0].start, lines[-1].end) is None:
        return
    run: list[Line] = []
    for line in lines:
        if ("," in line.text or "，" in line.text) and _LINE.fullmatch(line.text):
            run.append(line)
        else:
            yield from _table(text, run)
            run = []
    yield from _table(text, run)


def _table(text: str, run: Sequence[Line]) -> Iterator[Grid]:
    items = [item for line in run[:MAX_ROWS] if (item := cell(text, line.start, line.end))]
    if len(items) < _FEWEST:
        return
    header, rows = fields.split(text, items, str)
    table = grid("list", header, rows, (run[0].start, run[-1].end))
    if table and len(header) >= _NARROWEST and evidence.has_value_column(rows):
        yield table
