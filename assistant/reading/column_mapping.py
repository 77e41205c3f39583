"""Mapping of the readers' tables to requested columns."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace

from assistant.reading.extraction import ProposedCell, ProposedTable
from assistant.reading.row_merging import merged
from tables.types.conversion import convert
from tables.types.types import CellError, Column, ColumnType, Value, from_json, validate

NAME_SCORE = 85  # percent that two names have in common to mean the same column


def combined(tables: Sequence[ProposedTable], requested: Sequence[Column], name: str) -> ProposedTable | None:
    """Return the rows of all tables that have some of the requested columns, as one table; None when none has.

    With no columns requested, it is the largest table, under its own name, and the rows of those with the same columns.
    """
    if not requested and tables:
        largest = max(tables, key=lambda table: len(table.rows) * len(table.columns))
        names = [folded(column.name) for column in largest.columns]
        tables = [table for table in tables if [folded(column.name) for column in table.columns] == names]
        requested, name = largest.columns, largest.name
    rows = [row for table in tables for row in _rows(table, requested)]
    return ProposedTable(name, tuple(requested), tuple(merged(requested, [rows]))) if rows else None


def from_source(table: ProposedTable, number: int) -> ProposedTable:
    """Return the table with this number as the source of its cells."""
    rows = (tuple(cell and replace(cell, source=number) for cell in row) for row in table.rows)
    return replace(table, rows=tuple(rows))


def folded(name: str) -> str:
    """Return a name without case, accents, spaces and marks: "Prix (€)" is "prix"."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(character for character in plain if character.isalnum())


def matching_columns(discovered: Sequence[Column], requested: Sequence[Column]) -> dict[int, int]:
    """Map the index of each requested column to that of a found one: by name, by similar name, then by type.

    By type only if exactly one requested and one found column of a type other than TEXT are left.
    """
    chosen: dict[int, int] = {}
    likeness = sorted(
        ((_score(w.name, f.name), -i, -j) for i, w in enumerate(requested) for j, f in enumerate(discovered)),
        reverse=True,
    )
    for score, i, j in likeness:
        if score >= NAME_SCORE and -i not in chosen and -j not in chosen.values():
            chosen[-i] = -j
    if chosen:
        chosen |= _by_type(discovered, requested, chosen)
    return chosen


def _by_type(discovered: Sequence[Column], requested: Sequence[Column], chosen: dict[int, int]) -> dict[int, int]:
    left = [i for i in range(len(requested)) if i not in chosen and requested[i].type is not ColumnType.TEXT]
    free = [j for j in range(len(discovered)) if j not in chosen.values()]
    by_type: dict[int, int] = {}
    for i in left:
        alike = [j for j in free if discovered[j].type is requested[i].type]
        if len(alike) == 1 and sum(requested[other].type is requested[i].type for other in left) == 1:
            by_type[i] = alike[0]
    return by_type


def _score(requested: str, discovered: str) -> float:
    from rapidfuzz import fuzz

    return 100.0 if folded(requested) == folded(discovered) else fuzz.ratio(folded(requested), folded(discovered))


def _rows(table: ProposedTable, requested: Sequence[Column]) -> Iterable[tuple[ProposedCell | None, ...]]:
    at = matching_columns(table.columns, requested)
    if not at:
        return
    for row in table.rows:
        cells = [
            cell_in_column(table.columns[at[i]], column, row[at[i]]) if i in at else None
            for i, column in enumerate(requested)
        ]
        if any(cells):
            yield tuple(cells)


def cell_in_column(discovered: Column, requested: Column, cell: ProposedCell | None) -> ProposedCell | None:
    """Return the cell with its value in the requested column; a value that does not fit stays as it was read."""
    if cell is None:
        return None
    try:
        return replace(cell, value=_checked(requested, convert(discovered, requested, cell.value)))
    except CellError:
        pass
    try:
        return replace(cell, value=_checked(requested, from_json(requested, cell.quote)))
    except CellError:
        return replace(cell, value=cell.quote)


def _checked(requested: Column, value: Value) -> Value:
    validate(requested, value)
    return value
