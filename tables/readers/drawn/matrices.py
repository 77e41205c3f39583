"""Matrices as numpy prints them, `[[1. 2.]` over `[3. 4.]]`, and the coefficients of R's models."""

import re
from collections.abc import Iterator, Sequence

from tables.readers.spans import MAX_COLUMNS, Cell, Grid, Line, Span, cell, grid

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|nan|-?inf|True|False"
_ROW = re.compile(
    rf"[ \t]*(?:array\(|tensor\()?\[?[ ]*\[[ ]*(?P<inside>(?:{_NUMBER})(?:[ ,]+(?:{_NUMBER}))*+)"
    r",?[ ]*\][ ]*,?(?P<close>\])?\)?[ \t]*"
)
_CELL, _NUMBERS = re.compile(r"[^ ,]+"), re.compile(r"[^ ]+")
_MODEL = re.compile(r"[ \t]+Estimate[ ]+Std\. Error[ ]+(?P<value>[tz] value)[ ]+(?P<chance>Pr\(>\|[tz]\|\))[ \t]*")
_COEFFICIENTS = re.compile(
    rf"(?P<name>\S(?:.{{0,58}}?\S)?)(?P<numbers>(?:[ ]+(?:{_NUMBER}|NA)){{3}})[ ]+(?P<chance><?[ ]?(?:{_NUMBER}|NA))"
    r"(?:[ ]+(?P<stars>\*{1,3}|\.))?[ \t]*"
)
_FEWEST = 2


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    i = 0
    while i < len(lines):
        content = lines[i].text
        table, last = None, i
        if "[" in content and "]" in content:
            table, last = _matrix(text, lines, i)
        elif "Estimate" in content and (match := _MODEL.fullmatch(content)):
            table, last = _model(text, lines, i, match)
        if table:
            yield table
        i = max(i, last) + 1


def _matrix(text: str, lines: Sequence[Line], i: int) -> tuple[Grid | None, int]:
    """Return the matrix that begins at line `i`, and its last line."""
    if not _is_open(lines[i].text):
        return None, i
    rows: list[list[Cell]] = []
    last = i
    for n in range(i, len(lines)):
        match = _ROW.fullmatch(lines[n].text)
        if match is None:
            break
        at = lines[n].start
        spans = _CELL.finditer(lines[n].text, *match.span("inside"))
        rows.append([cell(text, at + span.start(), at + span.end()) for span in spans])
        last = n
        if match["close"]:
            break
    widths = {len(row) for row in rows}
    if len(rows) < _FEWEST or len(widths) > 1 or not 1 < min(widths) <= MAX_COLUMNS:
        return None, i
    return grid("ruled", (), rows, (lines[i].start, lines[last].end)), last


def _is_open(content: str) -> bool:
    return content.replace(" ", "").removeprefix("array(").removeprefix("tensor(").startswith("[[")


def _model(text: str, lines: Sequence[Line], i: int, match: re.Match[str]) -> tuple[Grid | None, int]:
    """Return the coefficients below their titles in line `i`, and the last line."""
    at, content = lines[i].start, lines[i].text
    estimate, error = content.index("Estimate"), content.index("Std. Error")
    spans = [(estimate, estimate + 8), (error, error + 10), match.span("value"), match.span("chance")]
    titles = [cell(text, at + start, at + end) for start, end in spans]
    header: list[Span | str | None] = ["Term", *titles, "Significance"]
    rows: list[list[Cell]] = []
    last = i
    for n in range(i + 1, len(lines)):
        row = _COEFFICIENTS.fullmatch(lines[n].text)
        if row is None:
            break
        start = lines[n].start
        numbers = [number.span() for number in _NUMBERS.finditer(lines[n].text, *row.span("numbers"))]
        ranges = [row.span("name"), *numbers, row.span("chance"), row.span("stars")]
        rows.append([cell(text, start + a, start + b) if a >= 0 else None for a, b in ranges])
        last = n
    if not rows:
        return None, i
    if not any(row[-1] for row in rows):
        header, rows = header[:-1], [row[:-1] for row in rows]
    return grid("ruled", header, rows, (lines[i].start, lines[last].end)), last
