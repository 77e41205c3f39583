"""Values of every type as values of every other: converted or refused, never lost or worth something else."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import product

from tables.columns import NUMERIC_TYPES, Column, ColumnType, Value
from tables.conversion import convert
from tables.types import CellError

HELD: dict[ColumnType, list[Value]] = {
    ColumnType.TEXT: ["hello", "7", "1.50", "yes", "2026-01-31", "a@b.co", "https://x.org", "a, b", "007"],
    ColumnType.INTEGER: [0, 1, -5, 2**53 - 1],
    ColumnType.DECIMAL: ["1.50", "-0.25", "1.125", "1000"],
    ColumnType.CURRENCY: ["12.50", "1.125"],
    ColumnType.PERCENT: ["7.5", "1.125"],
    ColumnType.BOOLEAN: [True, False],
    ColumnType.DATE: ["2026-01-31"],
    ColumnType.DATETIME: ["2026-01-31T10:00:00Z", "2026-01-31T00:00:00Z"],
    ColumnType.SELECT: ["a", "7"],
    ColumnType.MULTI_SELECT: [["a", "b"], ["x, y"], ["7"]],
    ColumnType.EMAIL: ["a@b.co"],
    ColumnType.URL: ["https://x.org"],
}
FORMATS: dict[ColumnType, list[str | None]] = {ColumnType.CURRENCY: ["EUR", "EUR ,"]}


def columns(type: ColumnType) -> list[Column]:
    """With decimal points, and with decimal commas."""
    formats = FORMATS.get(type, [None, ","] if type in NUMERIC_TYPES else [None])
    return [Column("c1", "n", type, format=format) for format in formats]


def converted() -> Iterator[tuple[Column, Column, Value, Value]]:
    for one, other in product(ColumnType, ColumnType):
        for source, target, value in product(columns(one), columns(other), HELD[one]):
            try:
                yield source, target, value, convert(source, target, value)
            except CellError:
                continue


def test_numbers_are_worth_the_same_however_they_are_written() -> None:
    numbers = [each for each in converted() if {each[0].type, each[1].type} <= NUMERIC_TYPES]
    assert len(numbers) > 100
    for source, target, value, result in numbers:
        assert Decimal(str(result)) == Decimal(str(value)), (source, target, value)


def test_nothing_is_lost_and_what_shows_a_type_comes_back_from_text() -> None:
    text = Column("c1", "n", ColumnType.TEXT)
    pairs = set()
    for source, target, value, result in converted():
        assert result is not None, (source, target, value)
        pairs.add((source.type, target.type))
        if target.type is ColumnType.TEXT:
            assert convert(text, source, result) == value, (source, value)
    assert {(type, type) for type in ColumnType} | {(type, ColumnType.TEXT) for type in ColumnType} <= pairs
