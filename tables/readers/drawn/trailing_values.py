"""Rows with one blank between their cells, as copies of PDFs have them: days, words, as many values in each row."""

import re
from collections.abc import Collection, Iterator, Sequence

from tables.readers import evidence, sums, tabular
from tables.readers.drawn.row_parts import WORD, RowParts, cell_ranges, row_name, row_parts, with_thousands
from tables.readers.drawn.row_titles import titles_above
from tables.readers.marks import ITEM
from tables.readers.spans import Cell, Grid, Line, cell, grid
from tables.types.null_words import is_null

_ENDS_IN_VALUE = re.compile(r"(?:\d\S{0,9}(?:[ \u00a0]\S{1,5})?|[–-])[ \t]*\Z")
_RANKED_TIME, _LONGEST_TIME = re.compile(r"\d{1,2}:\d\d[:.]\d\d(?:[.,]\d{1,3})?"), 12  # `1. K. Ledecky 8:12.57`
_PARTED = re.compile(r"[ \t][-–—][ \t]|: |, ")
_LISTED = re.compile(r"[,;] |[，；]")
_DASHES = frozenset("-–—")
_HAS_SIGN = re.compile(r"[€$£¥₹₽₩₺]|[A-Z]{3}|zł|kr|руб|[元円원]")
_IS_MONEY = re.compile(r"[.,]\d\d(?!\d)|[€$£¥₹₽₩₺]|[A-Z]{3}")
_PHONE = re.compile(r"\(?(?:\+\d|0\d)[\d()/-]*")
_FEWEST_ROWS, _FEWEST_VALUES, _MOST_WORDS, _LONGEST, _LONGEST_NAME = 3, 2, 8, 200, 60
_FEWEST_UNDER_TITLES = 2
_FEWEST_DRAWN = 5  # columns under a title each, where wider gaps stand between some of them
_TITLES = {"day": "Date", "time": "Time", "count": None}

Rows = Sequence[RowParts]


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    run: list[RowParts] = []
    above: Line | None = None  # the line above the run
    previous: Line | None = None
    for line in lines:
        row = _row(line)
        if run and (row is None or row.lead_kinds != run[0].lead_kinds):
            yield from _tables(text, run, above)
            run = []
        if row:
            above = above if run else previous
            run.append(row)
        previous = line
    yield from _tables(text, run, above)


def _row(line: Line) -> RowParts | None:
    content = line.text
    if not 0 < len(content) <= _LONGEST or _ENDS_IN_VALUE.search(content) is None:
        return None
    if any(mark in content for mark in "\t|;") or sums.is_sum_line(content):
        return None
    row = with_thousands(row_parts(line))
    if _PARTED.search(content, *row.words) and ITEM.match(content):
        return None  # an item of a list, whose fields its own reader knows
    name = content[slice(*row.words)]
    if "  " in name:
        return None
    is_dated = bool(row.lead_kinds) and row.lead_kinds[-1] != "count"
    is_ranked = row.lead_kinds == ("count",) and ":" in content[-_LONGEST_TIME:]
    if len(row.values) < (1 if is_dated or is_ranked else _FEWEST_VALUES) or name.count(" ") >= _MOST_WORDS:
        return None
    if not name:
        return row if is_dated else None
    return row if any(c.isalpha() for c in name) and len(name) <= _LONGEST_NAME else None


def _tables(text: str, run: Rows, line_above: Line | None) -> Iterator[Grid]:
    """Yield the table of a run, or else those of its parts with equally many values."""
    if len(run) < _FEWEST_UNDER_TITLES or not (run := _without_dashes(run)):
        return
    if table := _table(text, _with_as_many(run), line_above):
        yield table
        return
    first = 0
    for n in range(1, len(run) + 1):
        if n == len(run) or len(run[n].values) != len(run[first].values):
            above = run[first - 1].line if first else line_above
            if (first or n < len(run)) and (table := _table(text, run[first:n], above)):
                yield table
            first = n


def _without_dashes(run: Rows) -> Rows:
    """Return the rows without the dash that parts all names from their values; none when too few values are left."""
    if not all(row.line.text[slice(*row.values[0])] in _DASHES for row in run):
        return run
    fewest = 1 if run[0].lead_kinds and run[0].lead_kinds[-1] != "count" else _FEWEST_VALUES
    rows = [row._replace(values=row.values[1:]) for row in run]
    return rows if all(len(row.values) >= fewest for row in rows) else []


def _with_as_many(run: Rows) -> Rows:
    """Return the rows with as many values as the row with the fewest; a number before them is part of the name."""
    fewest = min(len(row.values) for row in run)
    return [
        row._replace(words=(row.words[0], row.values[-fewest - 1][1]), values=row.values[-fewest:])
        if len(row.values) > fewest
        else row
        for row in run
    ]


def _table(text: str, run: Rows, line_above: Line | None) -> Grid | None:
    if len(run) < _FEWEST_UNDER_TITLES or not _have_alike(run) or _are_read_elsewhere(run):
        return None
    leads, has_name = run[0].lead_kinds, _has_name(run[0])
    titles = titles_above(text, run, line_above) if line_above else None
    if titles is None and (len(run) < _FEWEST_ROWS or not _are_rows(run) or _are_drawn(run)):
        return None
    if titles and _are_drawn(run) and len(titles) < _FEWEST_DRAWN:
        return None
    start = line_above.start if titles and line_above else run[0].line.start
    extent = (start, run[-1].line.end)
    rows = [_cells(text, row, words=len(titles or ()) - len(leads) - len(run[0].values)) for row in run]
    if titles:
        return tabular.table("lines", [titles, *rows], extent, header_rows=1)
    names = [_TITLES[kind] for kind in leads] + (["Item"] if has_name else [])
    if _are_phones(run):
        return grid("lines", [*names, "Phone"], [_with_phone(text, row) for row in run], extent)
    if not _is_dated(run):
        return tabular.table("lines", rows, extent)
    return grid("lines", [*names, "Amount"] if len(run[0].values) == 1 else names, rows, extent)


def _are_read_elsewhere(run: Rows) -> bool:
    """Return True for rows with commas between cells, for schedules and for items with a day and a price."""
    if len({_has_name(row) for row in run}) > 1 or all(_LISTED.search(row_name(row)) for row in run):
        return True
    if not _has_name(run[0]):
        return len(run) < _FEWEST_ROWS
    if len(run[0].values) > 1:
        return False
    if run[0].lead_kinds == ("count",):
        return not all(_RANKED_TIME.fullmatch(row.line.text[slice(*row.values[0])]) for row in run)
    return run[0].lead_kinds == ("time",) or (len(run[0].leads) == 1 and _is_dated(run) and all(map(_is_priced, run)))


def _are_drawn(run: Rows) -> bool:
    """Return True for rows with wider gaps, whose columns are read by where they stand."""
    return any("  " in row.line.text.strip() for row in run)


def _is_dated(run: Rows) -> bool:
    return "day" in run[0].lead_kinds or "time" in run[0].lead_kinds


def _has_name(row: RowParts) -> bool:
    return row.words[1] > row.words[0]


def _are_rows(run: Rows) -> bool:
    """Return True for rows that no line above names: no pieces of sentences, and no counts of one thing."""
    if _is_dated(run):
        return True
    names = [row_name(row) for row in run]
    keys = [row.line.text[slice(*row.leads[0])] for row in run] if run[0].leads else names
    return len(set(keys)) == len(run) and not _are_pieces(names)


def _are_pieces(names: Collection[str]) -> bool:
    """Return True for pieces of sentences, which begin with small letters."""
    return evidence.is_most([name.lstrip()[:1].islower() for name in names])


def _have_alike(run: Rows) -> bool:
    """Return True when the values of each column are of one kind: amounts, dates or percent."""
    for column in range(len(run[0].values)):
        texts = [row.line.text[slice(*row.values[column])] for row in run]
        if len({_kind(text) for text in texts if not is_null(text)}) > 1:
            return False
    return True


def _kind(text: str) -> str:
    if re.search(r"\d:\d\d", text):
        return "time"
    if re.search(r"\d[-/.]\d{1,2}[-/.]\d{2}", text) and not _IS_MONEY.search(text[-3:]):
        return "day"
    return "ratio" if "/" in text and text[-1:].isdigit() else "number"


def _are_phones(run: Rows) -> bool:
    return all(_PHONE.fullmatch(row.line.text[slice(*row.values[0])]) for row in run) and all(
        sum(map(str.isdigit, row.line.text[row.values[0][0] :])) > 5 for row in run
    )


def _is_priced(row: RowParts) -> bool:
    return _HAS_SIGN.search(row.line.text, *row.values[0]) is not None


def _cells(text: str, row: RowParts, words: int = 1) -> list[Cell]:
    """Return the cells of a row; its words are so many cells, where titles tell it."""
    at, ranges = row.line.start, cell_ranges(row)
    if words > 1:
        first = len(row.leads)
        ranges[first : first + 1] = [word.span() for word in WORD.finditer(row.line.text, *row.words)]
    return [_bare(text, at + start, at + end) for start, end in ranges]


def _with_phone(text: str, row: RowParts) -> list[Cell]:
    """Return the cells of a row whose values are the parts of one telephone number."""
    at = row.line.start
    whole = cell(text, at + row.values[0][0], at + row.values[-1][1])
    return [*_cells(text, row)[: -len(row.values)], whole]


def _bare(text: str, start: int, end: int) -> Cell:
    """Return the cell without the colon, dash or comma that parts it from the next one."""
    while end - start > 1 and text[end - 1] in ":,–—- ：":
        end -= 1
    return cell(text, start, end)
