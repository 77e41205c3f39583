"""SQL functions that SQLite lacks: case folding of every alphabet and exact decimal sums."""

import json
import sqlite3
from decimal import Context, Decimal
from typing import Any

# Cells have at most 38 digits on either side of the point, and a table at most 100,000 of them.
EXACT_CONTEXT, MAX_PLACES = Context(prec=100), 38


class Connection(sqlite3.Connection):
    """Connection with these functions."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.create_function("lower", 1, lower, deterministic=True)
        self.create_function("folded", 1, lower, deterministic=True)
        self.create_function("beyond_real", 2, beyond_real, deterministic=True)
        self.create_aggregate("summed", 1, Summed)
        self.create_aggregate("ends", 1, Ends)


def lower(value: Any) -> Any:
    """Lower-case letters of every alphabet, one for one as PostgreSQL does; SQLite's own function knows only ASCII.

    `str.lower` alone would expand İ to two characters and treat a final Σ differently.
    """
    return value.replace("İ", "i").replace("Σ", "σ").lower() if isinstance(value, str) else value


def beyond_real(text: Any, real: Any) -> Any:
    """Return the rest of a decimal beyond its floating-point value, as a text in sort order; "m" is no rest."""
    if text is None:
        return None
    more = int(EXACT_CONTEXT.scaleb(EXACT_CONTEXT.subtract(Decimal(text), Decimal(repr(real))), MAX_PLACES))
    if not more:
        return "m"
    return f"p{more:080d}" if more > 0 else f"a{10**80 + more:080d}"


class Summed:
    """Aggregate [sum, minimum, maximum] of decimals as JSON."""

    def __init__(self) -> None:
        self._sum, self._smallest, self._largest = Decimal(), Decimal("Infinity"), Decimal("-Infinity")

    def step(self, text: Any) -> None:
        if text is None:
            return
        number = Decimal(text)
        self._sum = EXACT_CONTEXT.add(self._sum, number)
        if number < self._smallest:
            self._smallest = number
        if number > self._largest:
            self._largest = number

    def finalize(self) -> Any:
        if self._smallest > self._largest:
            return "[null, null, null]"
        return json.dumps([f"{number:f}" for number in (self._sum, self._smallest, self._largest)])


class Ends:
    """Aggregate [null, first, last] of texts in alphabetical order; capitals come first among equals."""

    def __init__(self) -> None:
        self._first: tuple[str, str] | None = None
        self._last: tuple[str, str] = ("", "")

    def step(self, text: Any) -> None:
        if text is None:
            return
        sort_key = lower(text), text
        if self._first is None or sort_key < self._first:
            self._first = sort_key
        if sort_key > self._last:
            self._last = sort_key

    def finalize(self) -> Any:
        return json.dumps([None, self._first[1], self._last[1]] if self._first else [None, None, None])
