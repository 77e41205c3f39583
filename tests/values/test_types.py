"""Cells: what people's texts mean in each of the twelve types, and how values are shown."""

import time
from contextlib import suppress
from string import printable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tables.types.types import CellError, Column, ColumnType, Value, format_value, from_json, parse
from tests.support.tables.column_samples import column
from tests.support.tables.value_strategies import values

quick = settings(deadline=None, max_examples=60)


@pytest.mark.parametrize(
    "raw",
    [
        True,
        1,
        "1",
        "true",
        "Yes",
        "JA",
        "oui",
        "sí",
        "si",
        "x",
        "✓",
        "[x]",
        "[X]",
        *("y", "WAHR", "vrai", "VERDADERO", "是", "对", "真", "✔️", "✅", " 是 ", "１", "\u200eyes"),
    ],
)
def test_yes_in_five_languages_is_true(raw: object) -> None:
    assert parse(column("BOOLEAN"), raw) is True


@pytest.mark.parametrize(
    "raw",
    [
        False,
        0,
        "0",
        "FALSE",
        "no",
        "Nein",
        "non",
        "✗",
        "[ ]",
        *("N", "falsch", "FAUX", "Falso", "否", "错", "假", "❌", "０"),
    ],
)
def test_no_in_five_languages_is_false(raw: object) -> None:
    assert parse(column("BOOLEAN"), raw) is False


@pytest.mark.parametrize("raw", [2, -1, "maybe", "y z", 0.5, 1.0, [], {}])
def test_neither_yes_nor_no_is_refused(raw: object) -> None:
    with pytest.raises(CellError):
        parse(column("BOOLEAN"), raw)


def test_a_choice_is_one_of_the_options_whatever_its_case() -> None:
    size = column("SELECT", options=("Small", "Large"))
    assert parse(size, " large ") == "Large"
    assert parse(column("SELECT"), "Anything") == "Anything"
    with pytest.raises(CellError, match="choose one of Small, Large"):
        parse(size, "Huge")


def test_several_choices_are_a_list_without_doubles() -> None:
    tags = column("MULTI_SELECT", options=("a", "b", "c, d"))
    assert parse(tags, 'b; A\n"c, d", b') == ["b", "a", "c, d"]
    assert parse(tags, "b、A；a，b") == ["b", "a"]
    assert parse(tags, ["a", " ", "a"]) == ["a"]
    assert parse(tags, []) is None
    for raw in (5, [5], ["x"], "x"):
        with pytest.raises(CellError):
            parse(tags, raw)


@pytest.mark.parametrize("text", ["ann@example.org", "a.b+c@sub.example.co", "ü@例え.jp"])
def test_an_address_is_an_email(text: str) -> None:
    assert parse(column("EMAIL"), f" {text} ") == text


@pytest.mark.parametrize(
    "raw", ["ann", "ann@", "ann@example", "a b@example.org", "a@b@c.de", "a@" + "b" * 300 + ".de", 5]
)
def test_what_is_no_email_is_refused(raw: object) -> None:
    with pytest.raises(CellError):
        parse(column("EMAIL"), raw)


@pytest.mark.parametrize(
    "text", ["https://example.org", "http://a.b:80/c?d=e#f", "HTTPS://EXAMPLE.ORG/ä", "http://[::1]/"]
)
def test_a_web_address_is_a_url(text: str) -> None:
    assert parse(column("URL"), text) == text


@pytest.mark.parametrize("raw", ["example.org", "javascript:alert(1)", "https://", "https://a b", "mailto:a@b.de", 5])
def test_what_is_no_url_is_refused(raw: object) -> None:
    with pytest.raises(CellError):
        parse(column("URL"), raw)


@pytest.mark.parametrize("type", list(ColumnType))
@pytest.mark.parametrize("raw", [None, "", "  ", "\u00a0\n"])
def test_nothing_is_none_in_every_type(type: ColumnType, raw: object) -> None:
    assert parse(column(type), raw) is None
    assert format_value(column(type), None) == ""


@pytest.mark.parametrize("type", list(ColumnType))
def test_no_type_takes_a_nul_character_half_a_character_an_object_or_a_text_too_long(type: ColumnType) -> None:
    for raw in ("a\0b", "\ud800", {"a": 1}, "x" * 32_768, "😀" * 16_384, object(), 10**5_000, float("nan"), [[]]):
        with pytest.raises(CellError):
            parse(column(type), raw)


def test_a_text_is_kept_to_the_letter_and_holds_as_much_as_a_spreadsheets_cell() -> None:
    text = column("TEXT")
    assert parse(text, "  =1+1\t") == "  =1+1\t"
    assert parse(text, "x" * 32_767) == "x" * 32_767
    assert parse(text, 12.5) == "12.5"
    assert parse(text, True) == "true"


@pytest.mark.parametrize(
    ("of", "value", "displayed"),
    [
        (column("DECIMAL", format=","), "1234.50", "1234,50"),
        (column("CURRENCY", format="EUR"), "-12.50", "-12.50 EUR"),
        (column("CURRENCY", format="EUR ,?"), "-12.50", "-12,50 EUR"),
        (column("CURRENCY"), "12.50", "12.50"),
        (column("PERCENT"), "12.5", "12.5%"),
        (column("BOOLEAN"), True, "true"),
        (column("INTEGER"), 2025, "2025"),
        (column("MULTI_SELECT"), ["a", 'b "c"', "d, e"], 'a, "b ""c""", "d, e"'),
    ],
)
def test_a_value_is_shown_as_its_column_is_written(of: Column, value: Value, displayed: str) -> None:
    assert format_value(of, value) == displayed


formats = {
    ColumnType.CURRENCY: [None, "EUR", "EUR ,", "USD ,?"],
    ColumnType.DATE: [None, "DMY", "MDY?", "YMD"],
    ColumnType.DATETIME: [None, "DMY", "MDY?", "YMD"],
}


@pytest.mark.parametrize("type", list(ColumnType))
@given(data=st.data())
@quick
def test_what_is_shown_reads_back_as_the_same_value(type: ColumnType, data: st.DataObject) -> None:
    of = column(type, format=data.draw(st.sampled_from(formats.get(type, [None, ".", ",", ",?"]))))
    try:
        value = parse(of, data.draw(values[type]))
    except CellError:
        assert type is ColumnType.EMAIL
        return
    assert parse(of, format_value(of, value)) == value
    assert from_json(of, value) == value
    assert from_json(of, format_value(of, value)) == value


@pytest.mark.parametrize("type", list(ColumnType))
@given(
    raw=st.one_of(st.text(printable + "€−％年月日\0\ud800"), st.integers(), st.floats(), st.lists(st.text(max_size=3)))
)
@quick
def test_any_input_is_a_value_or_a_cell_error(type: ColumnType, raw: object) -> None:
    with suppress(CellError):
        value = parse(column(type), raw)
        assert value == from_json(column(type), value)


LONG = [
    *(" " * 32_000, "1" * 32_000, '"' * 32_000, "a@" * 16_000, "1," * 16_000, "%" * 32_000, ' ,"' * 10_000),
    *(
        "a@" + "b." * 15_000,
        "https://" + "a/" * 15_000,
        "1e" * 16_000,
        "\u200b" * 32_000,
        "٣" * 32_000,
        "€ " * 16_000,
    ),
    *("12:" * 10_000, "mar " * 8_000, '"a""' * 8_000, "、" * 32_000, "ﷺ" * 32_000, "-" * 32_000, "(" * 32_000),
]


@pytest.mark.parametrize("type", list(ColumnType))
@given(piece=st.text("1aA ,.;:-+()'\"@€$%/eE日年月上下午T\u200b٣mar\n", min_size=1, max_size=6))
@settings(deadline=None, max_examples=20)
def test_a_long_text_is_answered_at_once(type: ColumnType, piece: str) -> None:
    start = time.process_time()
    with suppress(CellError):
        parse(column(type), piece * (32_000 // len(piece)))
    assert time.process_time() - start < 0.05


@pytest.mark.parametrize("type", list(ColumnType))
def test_a_long_text_that_is_nearly_one_of_its_type_too(type: ColumnType) -> None:
    for text in LONG:
        start = time.process_time()
        with suppress(CellError):
            parse(column(type), text)
        assert time.process_time() - start < 0.05, text[:20]
