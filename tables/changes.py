"""Changes in the log of a table: their kinds, the JSON of column definitions, and the summary of a revision.

A change has `old` and `new`, which are JSON values and None if there is nothing before or after:

ROW_ADDED, ROW_RESTORED (new) and ROW_DELETED (old): {"position": int, "values": {column key: value}}
CELL_CHANGED: the value itself
COLUMN_ADDED (new), COLUMN_DELETED (old): {"definition": {…}, "values": {row id: value}}
COLUMN_CHANGED: the whole definition, as `column_to_json` writes it; cells that it converts are CELL_CHANGED
TABLE_CHANGED: the changed properties, {"name": "Expenses"}; None is a property that is not set
"""

from collections.abc import Mapping
from dataclasses import asdict, fields
from decimal import Decimal
from enum import StrEnum
from typing import Any

from tables.types.columns import Column, ColumnType


class ChangeKind(StrEnum):
    """Kind of a change."""

    ROW_ADDED = "ROW_ADDED"
    ROW_DELETED = "ROW_DELETED"
    ROW_RESTORED = "ROW_RESTORED"
    CELL_CHANGED = "CELL_CHANGED"
    COLUMN_ADDED = "COLUMN_ADDED"
    COLUMN_CHANGED = "COLUMN_CHANGED"
    COLUMN_DELETED = "COLUMN_DELETED"
    TABLE_CHANGED = "TABLE_CHANGED"


def column_to_json(column: Column) -> dict[str, Any]:
    """Return a column's definition as JSON; decimals are strings."""
    plain = asdict(column)
    del plain["scope"]
    plain["type"] = column.type.value
    plain["options"] = None if column.options is None else list(column.options)
    for bound in ("minimum", "maximum"):
        plain[bound] = None if plain[bound] is None else str(plain[bound])
    return plain


def column_from_json(definition: Mapping[str, Any]) -> Column:
    """Return the column of a definition that `column_to_json` wrote; unknown fields are ignored."""
    known = {name: definition[name] for name in (each.name for each in fields(Column)) if name in definition}
    known["type"] = ColumnType(definition["type"])
    if known.get("options") is not None:
        known["options"] = tuple(known["options"])
    for bound in ("minimum", "maximum"):
        if known.get(bound) is not None:
            known[bound] = Decimal(known[bound])
    return Column(**known)


def summarize_counts(counts: Mapping[ChangeKind, int]) -> str:
    """Return the numbers of changes of each kind in words: "3 cells changed, 1 row added"."""
    phrases = [_phrase(noun, verb, counts[kind]) for kind, noun, verb in _WORDS if counts.get(kind)]
    if counts.get(ChangeKind.TABLE_CHANGED):
        phrases.append("table changed")
    return ", ".join(phrases) or "nothing changed"


_WORDS = (
    (ChangeKind.CELL_CHANGED, "cell", "changed"),
    (ChangeKind.ROW_ADDED, "row", "added"),
    (ChangeKind.ROW_RESTORED, "row", "restored"),
    (ChangeKind.ROW_DELETED, "row", "deleted"),
    (ChangeKind.COLUMN_ADDED, "column", "added"),
    (ChangeKind.COLUMN_CHANGED, "column", "changed"),
    (ChangeKind.COLUMN_DELETED, "column", "deleted"),
)


def _phrase(noun: str, verb: str, count: int) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'} {verb}"
