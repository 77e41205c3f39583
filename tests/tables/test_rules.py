"""A column's rules: bounds, lengths, options, and patterns that are answered quickly."""

from decimal import Decimal

import pytest

from tables.patterns import PatternError, compile_pattern
from tables.types import CellError, validate
from tests.tables.columns import column


@pytest.mark.parametrize("type", ["INTEGER", "DECIMAL", "CURRENCY", "PERCENT"])
def test_numbers_stay_between_their_bounds(type: str) -> None:
    bounded = column(type, minimum=Decimal("1"), maximum=Decimal("2.5"))
    validate(bounded, "2.5" if type != "INTEGER" else 2)
    validate(bounded, None)
    with pytest.raises(CellError, match=r"Amount is at most 2\.5: 3 is too large"):
        validate(bounded, "3" if type != "INTEGER" else 3)
    with pytest.raises(CellError, match="Amount is at least 1: 0 is too small"):
        validate(bounded, "0" if type != "INTEGER" else 0)


def test_texts_keep_to_length_options_and_pattern() -> None:
    code = column("TEXT", max_length=4, pattern="[A-Z]+")
    validate(code, "ABCD")
    for wrong in ("ABCDE", "abc", "AB1"):
        with pytest.raises(CellError):
            validate(code, wrong)
    with pytest.raises(CellError, match="choose one of a, b"):
        validate(column("MULTI_SELECT", options=("a", "b")), ["a", "c"])
    with pytest.raises(CellError, match="1,000 characters"):
        validate(column("TEXT", pattern="x*"), "x" * 1_001)
    with pytest.raises(CellError, match="not a regular expression"):
        validate(column("TEXT", pattern="("), "x")


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+", "(a*)*b", "((a+))+", "(a|aa)+", "(?:x{1,9}){2,}", "(a+){3}", "([)]+)*", r"(\w+\s?)*", "(", "x" * 201],
)
def test_a_pattern_that_can_take_forever_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        compile_pattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["[A-Z]{2}-[0-9]{4}", "(foo|bar)?", "(a+)?", r"(\(+)", "[(+)]+", "(ab)+", r"[]*+]+", "(a{1}|b)", "(x+){0,1}"],
)
def test_an_ordinary_pattern_is_accepted(pattern: str) -> None:
    assert compile_pattern(pattern).pattern == pattern
