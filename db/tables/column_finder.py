"""Lookup of the columns of a table by the key or the name that a client sends."""

from collections.abc import Mapping
from itertools import islice

from errors import BadUserInput
from tables.types.types import Column

MAX_LISTED, MAX_QUOTED = 10, 100  # columns that a message lists, characters that it repeats


class ColumnFinder:
    """Columns by key and by name. A key takes precedence over a name; case and spacing of names are ignored."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._columns = columns
        self._by_name: dict[str, list[Column]] = {}
        for column in columns.values():
            self._by_name.setdefault(_normalized(column.name), []).append(column)

    def find(self, key_or_name: str) -> Column | None:
        """Return the column; None for an unknown one, and for a name that several columns have."""
        by_key = self._columns.get(key_or_name)
        if by_key is not None:
            return by_key
        named = self._by_name.get(_normalized(key_or_name), [])
        return named[0] if len(named) == 1 else None

    def get(self, key_or_name: str, field: str) -> Column:
        """Return the column. Raises BadUserInput at `field` when `find` returns None."""
        column = self.find(key_or_name)
        if column is None:
            raise BadUserInput.of(field, self.problem(key_or_name))
        return column

    def problem(self, key_or_name: str) -> str:
        """Return the message for a key or name that `find` returns None for."""
        quoted = f"{key_or_name[:MAX_QUOTED]!r}"
        if named := self._by_name.get(_normalized(key_or_name)):
            keys = ", ".join(column.key for column in named)
            return f"{len(named)} columns are named {quoted}. Choose one by its key: {keys}."
        known = [f"{column.name} ({key})" for key, column in islice(self._columns.items(), MAX_LISTED)]
        listed = ", ".join(known) + (", …" if len(self._columns) > MAX_LISTED else "")
        return f"The table has no column {quoted}. Choose one by name or key: {listed or 'it has no columns yet'}."


def _normalized(name: str) -> str:
    return " ".join(name.split()).casefold()
