"""Merging of rows that were read twice: by key, or by content and location."""

from collections.abc import Iterable, Sequence

from assistant.reading.extraction import ProposedCell
from tables.types.columns import DECIMAL_TYPES, Column

Cells = tuple[ProposedCell | None, ...]
Values = tuple[str, ...]


def merged(columns: Sequence[Column], pieces: Iterable[Sequence[Cells]], keys: Sequence[int] = ()) -> list[Cells]:
    """Return the rows of all pieces in their order, without repetitions.

    Rows with equal `keys` are merged, filling empty cells, unless they contradict each other: then all stay, for people
    to see. Without keys a row is dropped when it was read at the same place before, in its piece or in the overlap with
    the previous one, or when another source said the same; repetitions within one text are two things.
    """
    rows_merged: list[Cells] = []
    values_of: list[Values] = []
    by_key: dict[Values, int] = {}
    sources: dict[Values, set[int]] = {}
    before: dict[Values, list[Cells]] = {}  # what the piece before has read
    for rows in pieces:
        read: dict[Values, list[Cells]] = {}
        for row in rows:
            values = tuple(map(_value, columns, row))
            same = read.setdefault(values, [])
            elsewhere = sources.get(values, set()) | {_source(other) for other in same}
            is_repeated = _is_repeated(row, [*before.get(values, ()), *same], elsewhere)
            same.append(row)
            key = tuple(values[index] for index in keys)
            first = by_key.get(key) if key and all(key) else None
            if first is not None and _agree(values_of[first], values):
                rows_merged[first] = tuple(a or b for a, b in zip(rows_merged[first], row, strict=True))
                values_of[first] = tuple(a or b for a, b in zip(values_of[first], values, strict=True))
            elif not is_repeated:
                by_key.setdefault(key, len(rows_merged))
                rows_merged.append(row)
                values_of.append(values)
        for values, repeated in read.items():
            sources.setdefault(values, set()).update(map(_source, repeated))
        before = read
    return rows_merged


def _agree(values: Values, others: Values) -> bool:
    return all(a == b for a, b in zip(values, others, strict=True) if a and b)


def _is_repeated(row: Cells, before: Iterable[Cells], sources: set[int]) -> bool:
    return any(_is_same_place(row, other) for other in before) or bool(sources - {_source(row)})


def _is_same_place(row: Cells, other: Cells) -> bool:
    """Return True if the quotes of two rows overlap; a quote may be longer the second time."""
    pairs = [(a, b) for a, b in zip(row, other, strict=True) if a and b and "NONE" not in (a.grounding, b.grounding)]
    return all(a.source == b.source and a.start < b.end and b.start < a.end for a, b in pairs)


def _value(column: Column, cell: ProposedCell | None) -> str:
    """Return a value without regard to case, spaces and trailing zeros; "" for none."""
    text = " ".join(str(cell.value).split()).casefold() if cell else ""
    return text.rstrip("0").rstrip(".") if column.type in DECIMAL_TYPES and "." in text else text


def _source(row: Cells) -> int:
    """Return the text of the first cell that was found."""
    return next((cell.source for cell in row if cell and cell.grounding != "NONE"), 0)
