"""A column's rules: bounds, lengths, options, and patterns that are answered quickly."""

import time
from contextlib import nullcontext, suppress
from decimal import Decimal

import pytest

from tables.types.patterns import Matcher, PatternError, compile_pattern
from tables.types.types import CellError, validate
from tests.support.tables.column_samples import column


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


REFUSED = [
    *(
        "(",
        "a{2,1}",
        "[b-a]",
        r"\L<x>",
        "(?<=a+)*+?",
        "x" * 201,
        "(?x) a",
        "(?i-x:a)(?#b)",
        "(?R)?a",
        "(a)(?1)",
        "(?P<n>a)(?&n)",
    ),
    *("(?:a{65535}){65535}", "a{2000000000}", "((a{99}){99}){99}", "(a) {50}{50}"),
]
CATASTROPHIC = [
    *("(a+)+$", "(x|x|xy)*y", "(a*)*b", "a*a*a*a*a*a*b", ".*.*.*.*.*.*[xyz]", "(?=(a+)+$)b", "(?<=(a|aa)+)b"),
    *(
        r"(a*)\1\1\1b",
        "((a{1,30}){1,30})+b",
        r"(?:a?){40}a{40}",
        "(.*?,){11}P",
        "(?p)(a|aa)+b",
        "(?:(?:a|b)*(?:a|c)*)*[de]",
    ),
    *(r"([a-z]+\s?)*\d", r"(?:[a-z]+ ?){e<=9}x", "(?i)(ß|ss|S)*[xyz]", r"(.+)+(.+)+(.+)+\dx"),
]
SUBJECTS = [text * (1_000 // len(text)) for text in ("a", "x", "a,", "ab", "ß", "de", "foo ")]


@pytest.mark.parametrize("pattern", REFUSED)
def test_what_cannot_be_compiled_or_not_cheaply_is_refused(pattern: str) -> None:
    begun = time.process_time()
    with pytest.raises(PatternError, match=r"correct it|shorten it|leave them out|smaller numbers"):
        compile_pattern(pattern)
    assert time.process_time() - begun < 0.1


@pytest.mark.parametrize("pattern", CATASTROPHIC)
def test_a_pattern_gets_so_much_time_and_no_more(pattern: str) -> None:
    compile_pattern(pattern)
    matcher = Matcher(pattern)
    begun = time.process_time()
    for text in SUBJECTS * 20:
        with suppress(PatternError):
            matcher.matches(text)
    assert time.process_time() - begun < 0.5


def test_slow_texts_among_others_are_the_only_ones_refused() -> None:
    mixed = column("TEXT", pattern="(.*?,){11}P")
    for n in range(2_000):
        is_slow = n % 100 == 5
        with pytest.raises(CellError, match="takes too long on such a text") if is_slow else nullcontext():
            validate(mixed, "1," * 400 if is_slow else "a,b,c,d,e,f,g,h,i,j,k,P")


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("[A-Z]{2}-[0-9]{4}", "AB-1234"),
        ("(foo|bar)*", "foobarfoo"),
        (r"(\d{1,3}\.){3}\d{1,3}", "10.0.0.1"),
        ("[A-Z]+(-[A-Z]+)*", "A-BC-D"),
        (r"(\w+ ?)*", "some ordinary words"),
        (r"[]*+]+", "*+]"),
        (r"\p{Lu}\p{L}+", "Éa"),
        ("(?i)abc", "ABC"),
        ("^a.c$", "abc"),
        (r"(?<year>\d{4})-(?P=year)", "2025-2025"),
        ("a{", "a{"),
    ],
)
def test_an_ordinary_pattern_is_accepted(pattern: str, text: str) -> None:
    assert Matcher(pattern).matches(text)
    assert not Matcher(pattern).matches(f"{text}\n")
    assert not Matcher(pattern).matches(f"~{text}")
