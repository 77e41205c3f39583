"""Numbers, amounts and percents: what people's texts mean."""

from decimal import Decimal

import pytest

from tables.types.numbers import plain_number
from tables.types.types import CellError, from_json, parse
from tests.support.tables.column_samples import column

NUMBERS = [
    ("1234", "1234"),
    ("-5", "-5"),
    ("−5", "-5"),
    ("+5", "5"),
    ("(12.50)", "-12.50"),
    ("12.50", "12.50"),
    ("12,50", "12.50"),
    ("1,234.50", "1234.50"),
    ("1.234,50", "1234.50"),
    ("1.234.567", "1234567"),
    ("1,234,567", "1234567"),
    ("1 234 567,8", "1234567.8"),
    ("1\u00a0234,5", "1234.5"),
    ("1\u202f234,5", "1234.5"),
    ("1'234.50", "1234.50"),
    ("1’234.50", "1234.50"),
    ("12,34,567.50", "1234567.50"),
    ("0.125", "0.125"),
    ("0,125", "0.125"),
    ("1234.567", "1234.567"),
    (".5", "0.5"),
    ("-0.00", "0.00"),
    ("007", "7"),
    ("5-", "-5"),
    ("- 5", "-5"),
    ("1'250.–", "1250"),
    ("1 250,—", "1250"),
    ("1.250,--", "1250"),
    ("1e5", "100000"),
    ("-1.5E-03", "-0.0015"),
    ("2,5e+2", "250"),
    (".5e1", "5"),
    ("1e-37", "0." + "0" * 36 + "1"),
    ("٣٫٥", "3.5"),
    ("۱۲۳", "123"),
    ("१२३", "123"),
    ("１，２３４．５", "1234.5"),
    ("\u200e−5", "-5"),
    ("\ufeff12", "12"),
    ("１２３", "123"),
    (12, "12"),
    (12.5, "12.5"),
    (1e-7, "0.0000001"),
    (Decimal("12.50"), "12.50"),
]


@pytest.mark.parametrize(("raw", "value"), NUMBERS)
def test_a_number_is_read_however_it_is_written(raw: object, value: str) -> None:
    assert parse(column("DECIMAL"), raw) == value
    assert parse(column("DECIMAL", format=","), raw) == value


@pytest.mark.parametrize(
    "raw",
    [
        *("abc", "1.2.3", "1,2,3", "12,34,56", "1.234,567,8", "1e", "5²", "5.", "--5", "1 2", "€5", "5%", "$"),
        *(
            "1 234 56",
            "(5",
            "0 123",
            "1e40",
            "1.2e",
            "5--",
            "-5-",
            "1.250.-",
            "9" * 39,
            "1" * 70,
            True,
            [1],
            {"a": 1},
            float("nan"),
            float("inf"),
            1e40,
            1e17,
            -1e16,
        ),
    ],
)
def test_what_is_no_number_is_refused(raw: object) -> None:
    with pytest.raises(CellError):
        parse(column("DECIMAL"), raw)


@pytest.mark.parametrize(
    ("text", "format", "value"),
    [("1.234", None, "1.234"), ("1.234", ",", "1234"), ("1,234", None, "1234"), ("1,234", ",?", "1.234")],
)
def test_the_columns_decimal_mark_decides_what_can_be_read_both_ways(text: str, format: str | None, value: str) -> None:
    assert parse(column("DECIMAL", format=format), text) == value


def test_a_canonical_value_from_a_program_stands_for_itself() -> None:
    german = column("CURRENCY", format="EUR ,")
    assert parse(german, "1.125") == "1125"
    assert from_json(german, "1.125") == "1.125"
    assert from_json(german, "1.125,50 €") == "1125.50"
    assert from_json(german, 7) == "7"
    with pytest.raises(CellError):
        from_json(german, "1" * 39)


@pytest.mark.parametrize(("raw", "value"), [("5.0", 5), (5.0, 5), ("1,000", 1000), (2**53 - 1, 2**53 - 1), ("-7", -7)])
def test_whole_numbers_are_integers(raw: object, value: int) -> None:
    assert parse(column("INTEGER"), raw) == value


@pytest.mark.parametrize("raw", [5.5, "5.5", "1.000", 2**53, True, "12 %", []])
def test_what_is_not_clearly_a_whole_number_is_refused(raw: object) -> None:
    with pytest.raises(CellError):
        parse(column("INTEGER"), raw)


@pytest.mark.parametrize(
    "text",
    ["€-12.50", "-€12.50", "- 12,50 €", "(12.50 €)", "(€12.50)", "€(12.50)", "EUR -12.50", "-12.50EUR", "-12.50"],
)
def test_a_currency_stands_before_or_after_its_amount(text: str) -> None:
    assert parse(column("CURRENCY", format="EUR"), text) == "-12.50"


@pytest.mark.parametrize(
    "text", ["$5", "5 USD", "5 XXX", "$5 EUR", "€5 USD", "1€5", "€ 5 € 6", "5 €/h", "5 eurs", "5 usd"]
)
def test_another_currency_is_refused(text: str) -> None:
    with pytest.raises(CellError):
        parse(column("CURRENCY", format="EUR"), text)


@pytest.mark.parametrize(
    ("format", "text"), [("CAD", "$5"), ("JPY", "¥5"), ("CNY", "¥5"), ("SEK", "5 kr"), ("INR", "Rs. 5"), (None, "5 zł")]
)
def test_a_sign_that_several_currencies_share_is_the_columns(format: str | None, text: str) -> None:
    assert parse(column("CURRENCY", format=format), text) == "5"


AMOUNTS = [
    *[
        ("EUR", text, "12.50")
        for text in ("€12.50", "12,50 €", "EUR 12.50", "12.50EUR", "12,50\u00a0€", "€\u202f12,50", "+€12.50")
    ],
    *[
        ("EUR", text, "-5")
        for text in ("-€5", "€-5", "€ -5", "- 5 €", "(5 €)", "€(5)", "5- €", "€5-", "−5 EUR", "5 €-")
    ],
    *[
        ("EUR", text, "5")
        for text in ("5 Euro", "5 euros", "euro 5", "5 eur", "€5 EUR", "5,- €", "5.-- €", "٥ €", "5\u200e€")
    ],
    *[("USD", text, "5") for text in ("$5", "US$ 5", "5 USD", "usd 5", "$5 USD", "＄5")],
    *[("CHF", text, "1250") for text in ("CHF 1'250.–", "1’250.- CHF", "SFr. 1'250", "Fr. 1250.—", "CHF 1 250")],
    *[("JPY", text, "1200") for text in ("¥1,200.–", "￥1200", "1200円", "JPY 1200", "¥1200 JPY")],
    *[("CNY", text, "1200") for text in ("¥1200", "1200元", "RMB 1200", "1200 CNY")],
    *[("SEK ,", text, "1250") for text in ("1.250 kr", "kr 1.250,-", "1 250 SEK", "1.250 kr.")],
    *[("BRL", text, "10") for text in ("R$ 10", "R$10", "10 BRL")],
    *[("CAD", text, "10") for text in ("$10 CAD", "C$10", "$10")],
    *[("INR", text, "1234567.89") for text in ("₹12,34,567.89", "Rs. 12,34,567.89", "INR 1,234,567.89")],
    *[("EUR", text, None) for text in ("$5", "5 USD", "£5", "5 kr", "€", "-€", "EUR", "5 € 5", "abc")],
    *[("AUD", text, None) for text in ("US$5", "$5 USD", "C$5")],
]


@pytest.mark.parametrize(("format", "text", "value"), AMOUNTS)
def test_an_amount_is_read_with_its_currency_or_refused_with_another(format: str, text: str, value: str | None) -> None:
    of = column("CURRENCY", format=format)
    if value is not None:
        assert parse(of, text) == value
        return
    with pytest.raises(CellError, match=r"another currency than|is not a number: write it as"):
        parse(of, text)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("12.5%", "12.5"),
        ("12,5 %", "12.5"),
        ("%5", "5"),
        ("(5%)", "-5"),
        ("7", "7"),
        (0.5, "0.5"),
        ("5 percent", "5"),
        ("5 Prozent", "5"),
        ("5,5 pour cent", "5.5"),
        ("5 por ciento", "5"),
        ("百分之5", "5"),
        ("٪٥", "5"),
        ("1e1 %", "10"),
    ],
)
def test_a_percent_is_the_number_before_its_sign(raw: object, value: str) -> None:
    assert parse(column("PERCENT"), raw) == value


def test_a_number_has_at_most_38_digits_however_it_is_written() -> None:
    nines = "9" * 38
    assert [plain_number(number) for number in (int(nines), -int(nines))] == [nines, f"-{nines}"]
    for text in (nines, f"0.{nines}", f"1.{nines[1:]}"):
        assert plain_number(Decimal(text)) == text
    for number in (int(nines) + 1, -int(nines) - 1, Decimal(f"9.{nines}"), Decimal("1E+38"), Decimal(f"0.1{nines}")):
        assert plain_number(number) is None
    for odd in (float("nan"), float("inf"), Decimal("NaN"), Decimal("1E+999999")):
        assert plain_number(odd) is None
    assert [plain_number(number) for number in (1e37, 0.1, -0.0, 5)] == [f"1{'0' * 37}", "0.1", "0.0", "5"]
