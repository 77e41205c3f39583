"""Rows of every column type, and the expected result of filters and sorts on them in plain Python."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from tests.support.tables.table_client import AT, DAY, ITEM, NUMBER, PAID, PRICE, TAGS

VALUES: list[dict[str, Any]] = [
    {ITEM: "taxi", NUMBER: 10, PRICE: "12.50", PAID: True, DAY: "2025-12-31", AT: "2025-12-31T10:00:00Z"},
    {ITEM: "Taxi", NUMBER: 9, PRICE: "12.5", PAID: False, DAY: "2025-01-02", AT: "2025-12-31T10:00:00.500000Z"},
    {ITEM: "bus 100%", NUMBER: -3, PRICE: "-7", TAGS: ["a", "b"]},
    {ITEM: "Bus_1", NUMBER: 2, PRICE: "100", PAID: True, TAGS: ["a"], AT: "2025-12-31T09:59:59.999999Z"},
    {},
    {ITEM: "100", NUMBER: 9007199254740991, PRICE: "0.10", DAY: "1999-12-31", TAGS: ["ab", "a, b"]},
    {ITEM: "zug", NUMBER: 0, PRICE: "9.99", PAID: False, DAY: "2025-01-02", TAGS: ["b", "a"]},
    {NUMBER: 9, PRICE: "1234567890.12", PAID: False},
    {ITEM: "Taxi\u00e9", PRICE: "0", TAGS: ["B"]},
]

KEYS: dict[str, Callable[[Any], Any]] = {
    ITEM: lambda value: (value.lower(), value),
    NUMBER: lambda value: value,
    PRICE: Decimal,
    PAID: lambda value: value,
    DAY: lambda value: value,
    AT: lambda value: value.rstrip("Z"),
    TAGS: lambda value: ([item.lower() for item in value], value),
}


def found(rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [row["values"] for row in rows["nodes"]]


def is_(column: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"column": column, "op": op, "value": value}


def where(column: str, test: Callable[[Any], bool]) -> list[dict[str, Any]]:
    """Return the rows whose cell is filled and passes the test."""
    return [row for row in VALUES if column in row and test(row[column])]


def compared(column: str, value: Any) -> Iterable[tuple[str, list[dict[str, Any]]]]:
    key = KEYS[column]

    def low(arguments: Any) -> Any:
        """Texts are compared without their case."""
        return key(arguments)[0] if column == ITEM else key(arguments)

    yield "EQ", where(column, lambda arguments: key(arguments) == key(value))
    yield "NE", [row for row in VALUES if row not in where(column, lambda arguments: key(arguments) == key(value))]
    yield "LT", where(column, lambda arguments: low(arguments) < low(value))
    yield "LTE", where(column, lambda arguments: low(arguments) <= low(value))
    yield "GT", where(column, lambda arguments: low(arguments) > low(value))
    yield "GTE", where(column, lambda arguments: low(arguments) >= low(value))


COMPARED = [
    (ITEM, "Taxi"),
    (ITEM, "c"),
    (NUMBER, 9),
    (NUMBER, 9007199254740991),
    (PRICE, "12.500"),
    (PRICE, "9"),
    (PRICE, "0.1"),
    (DAY, "2025-01-02"),
    (AT, "2025-12-31T10:00:00Z"),
]


def in_order(*orders: tuple[str, bool]) -> list[dict[str, Any]]:
    """Return the rows sorted by (column, descending), empty cells last, ties in their own order."""

    def compare(left: dict[str, Any], right: dict[str, Any]) -> int:
        for column, descending in orders:
            if (column in left) != (column in right):
                return -1 if column in left else 1
            if column in left and (a := KEYS[column](left[column])) != (b := KEYS[column](right[column])):
                return -1 if (a < b) != descending else 1
        return 0

    return sorted(VALUES, key=cmp_to_key(compare))


ORDERS = [
    *([(column, descending)] for column in KEYS for descending in (False, True)),
    [(PAID, False), (NUMBER, True)],
    [(DAY, True), (PAID, True), (ITEM, False)],
    [(PRICE, False), (AT, True)],
]
