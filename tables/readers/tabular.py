"""Grids out of rows: which row is the header, headers of two rows joined, section rows made a column."""

from collections.abc import Collection, Sequence

from tables.readers import evidence
from tables.readers.spans import Cell, Grid, Span, grid
from tables.types.null_words import is_null

Row = Sequence[Cell]
Title = Span | str | None
_SAMPLE = 50
_LONGEST_UNIT = 8
_LONGEST_TITLE = 60


def table(
    kind: str,
    rows: Sequence[Row],
    extent: tuple[int, int],
    *,
    header_rows: int | None = None,
    sections: Collection[int] = (),
    name: str | None = None,
) -> Grid | None:
    """Return the grid of rows.

    `header_rows` is the number of header rows where the format tells it, and None where the cells have to.
    `sections` are the indexes of rows that are written as headings of those below them.
    """
    if not rows:
        return None
    count = _header_rows(rows) if header_rows is None else max(header_rows, _upper_rows(rows, header_rows))
    titles = _titles(rows[:count])
    body, headings = list(rows[count:]), {index - count for index in sections if index >= count}
    if count and body and _are_units(titles, body):
        body, headings = body[1:], {index - 1 for index in headings}
    if headings and any(index not in headings for index in range(len(body))):
        titles, body = _with_sections(titles, body, headings)
    return grid(kind, titles, body, extent, name)


def joins(rows: Sequence[Row]) -> bool:
    """Return True when the first two rows are a header of two levels."""
    return _is_upper(rows, 0)


def is_heading(row: Row) -> bool:
    """Return True for a row with nothing but its first cell."""
    return len(row) > 1 and row[0] is not None and not any(row[1:])


def _header_rows(rows: Sequence[Row]) -> int:
    if _is_upper(rows, 0):
        return 2
    return 1 if len(rows) > 1 and evidence.has_header(rows) else 0


def _upper_rows(rows: Sequence[Row], known: int) -> int:
    return 2 if known == 1 and _is_upper(rows, 0) else 0


def _is_upper(rows: Sequence[Row], index: int) -> bool:
    """Return True when the row spans columns of the row below, which names each and stands over values."""
    if len(rows) < index + 3:
        return False
    upper, lower, body = rows[index], rows[index + 1], rows[index + 2 :]
    width = max(len(upper), len(lower))
    above = [title.text for title in upper if title]
    if width < 3 or not above or any(len(text) > _LONGEST_TITLE for text in above):
        return False
    if any(evidence.is_value(text) and not evidence.is_label(text) for text in above):
        return False
    below = [title.text for title in lower if title]
    is_spanning = len(above) < width or len(set(above)) < len(above)
    # Where the upper row names a column by itself, the lower one may leave it empty.
    is_complete = all((n < len(lower) and lower[n]) or (n < len(upper) and upper[n]) for n in range(width))
    if not is_spanning or not is_complete or (len(below) <= len(above) and len(set(above)) == len(above)):
        return False
    return evidence.has_header([lower, *body[:_SAMPLE]]) and _names_values(lower, body)


def _names_values(titles: Row, body: Sequence[Row]) -> bool:
    """Return True when under most titles, or under one that comes twice, stand nothing but values."""
    named = [n for n, title in enumerate(titles) if title and not evidence.is_value(title.text)]
    below = [[text for text in evidence.texts(body[:_SAMPLE], n) if not is_null(text)] for n in named]
    return bool(named) and any(texts and all(map(evidence.is_value, texts)) for texts in below)


def _titles(rows: Sequence[Row]) -> list[Title]:
    """Return the titles of header rows; those of two are joined: `2025` over `Units` is "2025 Units"."""
    if not rows:
        return []
    if len(rows) == 1:
        return list(rows[0])
    width = max(map(len, rows))
    upper, lower = ([*row, *(None,) * (width - len(row))] for row in (rows[0], rows[-1]))
    titles: list[Title] = []
    spanning: Cell = None
    for above, below in zip(upper, lower, strict=True):
        spanning = above or spanning
        if below and spanning and spanning.text != below.text:
            titles.append(f"{spanning.text} {below.text}")
        else:
            titles.append(below or above)
    return titles


_UNIT_WORDS = """
s ms min h d m cm mm km kg g mg t l ml °c °f degc degf k c f pa hpa kpa bar v mv a ma w kw kwh hz khz mhz % m/s km/h mph
ppm m² m³ m2 m3 n j mol eur usd gbp € $ £ px rpm db lux count unit units pcs -
"""
_UNITS = frozenset(_UNIT_WORDS.split())


def _are_units(titles: Sequence[Title], body: Sequence[Row]) -> bool:
    """Return True when the first row below the header has nothing but units, and numbers stand below it."""
    if len(body) < 2 or not all(titles):
        return False
    filled = [unit.text.strip("[]() ").casefold() for unit in body[0] if unit]
    if len(filled) < 2 or not any(text in _UNITS for text in filled) or not all(map(_may_be_unit, filled)):
        return False
    columns = [n for n, unit in enumerate(body[0]) if unit]
    return all(all(map(evidence.is_value, evidence.texts(body[1:_SAMPLE], n))) for n in columns)


def _may_be_unit(text: str) -> bool:
    """Return True for a known unit and for short signs such as `L/min`."""
    return text in _UNITS or (len(text) <= _LONGEST_UNIT and not any(c.isdigit() or c.isspace() for c in text))


def _with_sections(
    titles: Sequence[Title], body: Sequence[Row], headings: Collection[int]
) -> tuple[list[Title], list[Row]]:
    rows: list[Row] = []
    section: Cell = None
    for index, row in enumerate(body):
        if index in headings:
            section = row[0]
        else:
            rows.append([section, *row])
    return ["Section", *titles], rows
