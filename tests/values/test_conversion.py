"""Values of every type as values of every other: converted or refused, never lost or worth something else."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import product

import pytest

from tables.types.columns import NUMERIC_TYPES, Column, ColumnType, Value
from tables.types.conversion import convert, rules_kept
from tables.types.types import CellError

# What becomes of a value in each other type that can hold it; every pair that is missing is refused.
BECOMES: list[tuple[ColumnType, Value, dict[str, Value]]] = [
    (ColumnType.TEXT, "hello", {"SELECT": "hello", "MULTI_SELECT": ["hello"]}),
    (
        ColumnType.TEXT,
        "7",
        {**dict.fromkeys(("DECIMAL", "CURRENCY", "PERCENT", "SELECT"), "7"), "INTEGER": 7, "MULTI_SELECT": ["7"]},
    ),
    (ColumnType.TEXT, "€7", {"CURRENCY": "7", "SELECT": "€7", "MULTI_SELECT": ["€7"]}),
    (ColumnType.TEXT, "7 %", {"PERCENT": "7", "SELECT": "7 %", "MULTI_SELECT": ["7 %"]}),
    (ColumnType.TEXT, "yes", {"BOOLEAN": True, "SELECT": "yes", "MULTI_SELECT": ["yes"]}),
    (
        ColumnType.TEXT,
        "31 Jan 2026",
        {
            "DATE": "2026-01-31",
            "DATETIME": "2026-01-31T00:00:00Z",
            "SELECT": "31 Jan 2026",
            "MULTI_SELECT": ["31 Jan 2026"],
        },
    ),
    (ColumnType.TEXT, "a@b.co", {"EMAIL": "a@b.co", "SELECT": "a@b.co", "MULTI_SELECT": ["a@b.co"]}),
    (
        ColumnType.TEXT,
        "https://x.org",
        {"URL": "https://x.org", "SELECT": "https://x.org", "MULTI_SELECT": ["https://x.org"]},
    ),
    (ColumnType.TEXT, "a, b", {"SELECT": "a, b", "MULTI_SELECT": ["a", "b"]}),
    (
        ColumnType.INTEGER,
        1,
        {
            **dict.fromkeys(("TEXT", "DECIMAL", "CURRENCY", "PERCENT", "SELECT"), "1"),
            "BOOLEAN": True,
            "MULTI_SELECT": ["1"],
        },
    ),
    (
        ColumnType.DECIMAL,
        "7.0",
        {**dict.fromkeys(("TEXT", "CURRENCY", "PERCENT", "SELECT"), "7.0"), "INTEGER": 7, "MULTI_SELECT": ["7.0"]},
    ),
    (
        ColumnType.DECIMAL,
        "7.5",
        {**dict.fromkeys(("TEXT", "CURRENCY", "PERCENT", "SELECT"), "7.5"), "MULTI_SELECT": ["7.5"]},
    ),
    (
        ColumnType.CURRENCY,
        "7.00",
        {
            "INTEGER": 7,
            "DECIMAL": "7.00",
            "PERCENT": "7.00",
            "TEXT": "7.00 EUR",
            "SELECT": "7.00 EUR",
            "MULTI_SELECT": ["7.00 EUR"],
        },
    ),
    (ColumnType.PERCENT, "7.5", {"TEXT": "7.5%", "SELECT": "7.5%", "MULTI_SELECT": ["7.5%"]}),
    (ColumnType.BOOLEAN, True, {"TEXT": "true", "SELECT": "true", "MULTI_SELECT": ["true"]}),
    (
        ColumnType.DATE,
        "2026-01-31",
        {
            **dict.fromkeys(("TEXT", "SELECT"), "2026-01-31"),
            "DATETIME": "2026-01-31T00:00:00Z",
            "MULTI_SELECT": ["2026-01-31"],
        },
    ),
    (
        ColumnType.DATETIME,
        "2026-01-31T00:00:00Z",
        {
            **dict.fromkeys(("TEXT", "SELECT"), "2026-01-31T00:00:00Z"),
            "DATE": "2026-01-31",
            "MULTI_SELECT": ["2026-01-31T00:00:00Z"],
        },
    ),
    (
        ColumnType.DATETIME,
        "2026-01-31T10:00:00Z",
        {**dict.fromkeys(("TEXT", "SELECT"), "2026-01-31T10:00:00Z"), "MULTI_SELECT": ["2026-01-31T10:00:00Z"]},
    ),
    (ColumnType.SELECT, "a, b", {"TEXT": "a, b", "MULTI_SELECT": ["a, b"]}),
    (ColumnType.MULTI_SELECT, ["a, b"], {"TEXT": '"a, b"', "SELECT": "a, b"}),
    (ColumnType.MULTI_SELECT, ["a", "b"], {"TEXT": "a, b"}),
    (ColumnType.EMAIL, "a@b.co", {"TEXT": "a@b.co", "SELECT": "a@b.co", "MULTI_SELECT": ["a@b.co"]}),
    (
        ColumnType.URL,
        "https://x.org",
        {"TEXT": "https://x.org", "SELECT": "https://x.org", "MULTI_SELECT": ["https://x.org"]},
    ),
]


@pytest.mark.parametrize(("type", "value", "becomes"), BECOMES)
def test_every_pair_of_types_converts_or_refuses(type: ColumnType, value: Value, becomes: dict[str, Value]) -> None:
    source = Column("c1", "n", type, format="EUR" if type is ColumnType.CURRENCY else None)
    assert convert(source, source, value) == value
    for target in set(ColumnType) - {type}:
        of = Column("c1", "n", target, format="EUR" if target is ColumnType.CURRENCY else None)
        if target.value in becomes:
            assert convert(source, of, value) == becomes[target.value], target
            continue
        with pytest.raises(CellError, match=r": (write|leave|send|this column holds)"):
            convert(source, of, value)


@pytest.mark.parametrize(
    ("type", "texts", "format"),
    [
        ("DECIMAL", ["1.234,50", "1.234", "x"], ","),
        ("DECIMAL", ["1.234", "5.678"], ".?"),
        ("DECIMAL", ["1,5", "1.5"], None),
        ("INTEGER", ["1.234.567", "1.234"], ","),
        ("PERCENT", ["1,5 %", "7"], ","),
        ("CURRENCY", ["€5", "6,50 €", "7"], "EUR ,"),
        ("CURRENCY", ["1.234 €"], "EUR ,?"),
        ("CURRENCY", ["5", "6"], None),
        ("DATE", ["31/12/2025", "03/04/2025"], "DMY"),
        ("DATE", ["12/31/2025", "03/04/2025", "soon"], "MDY"),
        ("DATE", ["03/04/2025"], None),
        ("DATE", ["31/12/2025", "12/31/2025"], None),
        ("DATE", ["2025-12-31"], None),
        ("DATE", ["03.04.2025"], "DMY"),
        ("DATETIME", ["31/12/2025 10:00", "03/04/2025 11:00"], "DMY"),
        ("SELECT", ["1,5"], None),
    ],
)
def test_texts_tell_together_how_they_are_written(type: str, texts: list[str], format: str | None) -> None:
    text = Column("c1", "n", ColumnType.TEXT)
    assert rules_kept(text, ColumnType(type), lambda: texts)["format"] == format


@pytest.mark.parametrize(("texts", "named"), [(["€5", "$6"], "EUR, USD"), (["5 kr"], "SEK or NOK or DKK or ISK")])
def test_amounts_in_several_currencies_need_to_be_told_which(texts: list[str], named: str) -> None:
    with pytest.raises(CellError, match=f"can be in {named}: give the currency as the format"):
        rules_kept(Column("c1", "n", ColumnType.TEXT), ColumnType.CURRENCY, lambda: texts)


def test_rules_that_the_other_type_has_too_stay() -> None:
    one = Column("c1", "n", ColumnType.CURRENCY, minimum=Decimal(1), maximum=Decimal(9), format="EUR ,")
    none = dict.fromkeys(("options", "minimum", "maximum", "max_length", "pattern", "format"))
    bounds = none | {"minimum": Decimal(1), "maximum": Decimal(9)}
    assert rules_kept(one, ColumnType.DECIMAL, list) == bounds | {"format": ","}
    assert rules_kept(replace(one, type=ColumnType.PERCENT, format="."), ColumnType.CURRENCY, list) == bounds
    assert rules_kept(one, ColumnType.TEXT, list) == none
    text = Column("c1", "n", ColumnType.SELECT, options=("a",), max_length=3, pattern="a*")
    assert rules_kept(text, ColumnType.MULTI_SELECT, list) == none | {
        "options": ("a",),
        "max_length": 3,
        "pattern": "a*",
    }
    assert rules_kept(text, ColumnType.EMAIL, list) == none | {"max_length": 3, "pattern": "a*"}
    day = Column("c1", "n", ColumnType.DATE, format="DMY?")
    assert rules_kept(day, ColumnType.DATETIME, list) == none | {"format": "DMY?"}
    assert rules_kept(day, ColumnType.INTEGER, list) == none


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
