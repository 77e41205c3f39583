"""Notes on what of a file is not in the table: for the people who import it."""

from collections.abc import Sequence

from tables.files.row_source import Region
from tables.files.table_search import Below

_LONGEST = 80
_LISTED = 3


def notes_on(region: Region, below: Below) -> list[str]:
    """Return sentences on titles, joined headers, units, and what stands beside or below the table."""
    notes = []
    if region.above:
        notes.append(f"Rows above the table that are no part of it: {len(region.above):,} ({_quoted(region.above)}).")
    if region.header.depth > 1:
        notes.append(f"The header has {region.header.depth} rows, which are joined: {_quoted(_longest(region.names))}.")
    units = [f"{name} in {unit}" for name, unit in zip(region.names, region.units, strict=False) if name and unit]
    if units:
        notes.append(f"Units below the header: {', '.join(units[:10])}.")
    if region.repeated:
        notes.append(f"Rows that repeat the header and are left out: {region.repeated:,}.")
    if region.beside:
        columns = ", ".join(f"{_letters(left)} to {_letters(right - 1)}" for left, right in region.beside[:_LISTED])
        notes.append(
            f"Beside the table stands another that was not read, in columns {columns}: choose it by its tableIndex, 2."
        )
    for index, names in below.tables[:_LISTED]:
        notes.append(
            f"Below the table stands another that was not read ({_quoted(names)}): choose it by its tableIndex, "
            f"{index:,}."
        )
    if below.texts:
        notes.append(f"Text below the table that is no part of it: {_quoted(below.texts)}.")
    return notes


def _longest(names: Sequence[str | None]) -> list[str]:
    return [name for name in names if name and " " in name]


def _quoted(texts: Sequence[str]) -> str:
    quoted = [f"“{text[:_LONGEST]}{'…' if len(text) > _LONGEST else ''}”" for text in texts[:_LISTED]]
    return ", ".join(quoted) + (", …" if len(texts) > _LISTED else "")


def _letters(column: int) -> str:
    """Return the letters of a column numbered from 0: A, B, … AA."""
    letters = ""
    number = column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
