"""Rows that were read twice, made one: by key, or by what is in them and where it stands."""

from collections.abc import Iterable, Sequence

from assistant.extraction import ProposedCell
from assistant.passages import Piece

Cells = tuple[ProposedCell | None, ...]
Values = tuple[str, ...]


def merged(pieces: Iterable[tuple[Piece, Sequence[Cells]]], keys: Sequence[int]) -> list[Cells]:
    """The rows of all pieces in their order.

    Rows with the same values in the `keys` are one, which has what is empty in the first from the others. Else a row
    is left out when a piece before has read the same at the same place, where the two overlap, or when another source
    said the same; what is repeated within one text are two things.
    """
    found: list[Cells] = []
    by_key: dict[Values, int] = {}
    seen: set[tuple[object, ...]] = set()
    sources: dict[Values, set[int]] = {}
    for _, rows in pieces:
        news: list[Cells] = []
        for row in rows:
            key = _values([row[place] for place in keys]) if keys and all(row[place] for place in keys) else None
            if key in by_key:
                found[by_key[key]] = _filled(found[by_key[key]], row)
            elif (_values(row), _places(row)) not in seen and sources.get(_values(row), {_source(row)}) == {
                _source(row)
            }:
                if key:
                    by_key[key] = len(found)
                found.append(row)
                news.append(row)
        for row in news:
            seen.add((_values(row), _places(row)))
            sources.setdefault(_values(row), set()).add(_source(row))
    return found


def _filled(row: Cells, other: Cells) -> Cells:
    return tuple(first or second for first, second in zip(row, other, strict=True))


def _values(cells: Sequence[ProposedCell | None]) -> Values:
    """Values without regard to case and spaces."""
    return tuple(" ".join(str(cell.value).split()).casefold() if cell else "" for cell in cells)


def _places(row: Cells) -> tuple[object, ...]:
    return tuple((cell.source, cell.start, cell.end) if cell else None for cell in row)


def _source(row: Cells) -> int:
    """The text that a row was read in: that of its first cell that was found."""
    return next((cell.source for cell in row if cell and cell.grounding != "NONE"), 0)
