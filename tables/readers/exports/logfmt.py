"""Lines of `key=value` fields, as programs log them: `level=info msg="pump started" dur=3`."""

import re
from collections.abc import Iterator, Sequence

from tables.readers.spans import MAX_COLUMNS, MAX_ROWS, Cell, Grid, Line, cell, grid

_FIELD = re.compile(
    r"[ \t]*+(?P<key>[^\W\d][\w.@-]{0,60})=(?:\"(?P<quoted>(?:[^\"\\\n]|\\.)*+)\"|(?P<bare>[^\s\"]*+))(?=\s|$)"
)
_FEWEST_FIELDS, _FEWEST_LINES = 2, 2

Fields = dict[str, Cell]


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    if text.find("=", lines[0].start, lines[-1].end) < 0:
        return
    run: list[tuple[Line, Fields]] = []
    for line in lines:
        fields = _fields(text, line) if line.text.count("=") >= _FEWEST_FIELDS else {}
        if fields:
            run.append((line, fields))
        else:
            yield from _table(run)
            run = []
    yield from _table(run)


def _fields(text: str, line: Line) -> Fields:
    """Return the fields of a line that has nothing else."""
    fields: Fields = {}
    at, end = line.start, line.start + len(line.text.rstrip())
    while at < end:
        field = _FIELD.match(text, at, end)
        if field is None or len(fields) >= MAX_COLUMNS:
            return {}
        fields.setdefault(field["key"], cell(text, *field.span("quoted" if field["quoted"] is not None else "bare")))
        at = field.end()
    return fields


def _table(run: Sequence[tuple[Line, Fields]]) -> Iterator[Grid]:
    if len(run) < _FEWEST_LINES or not all(set(fields) & set(run[0][1]) for _, fields in run):
        return
    names = list(dict.fromkeys(name for _, fields in run for name in fields))
    rows = [[fields.get(name) for name in names] for _, fields in run[:MAX_ROWS]]
    if result := grid("log", names, rows, (run[0][0].start, run[-1][0].end)):
        yield result
