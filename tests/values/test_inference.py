"""Column types found in texts: the narrowest that fits them all, and never a code turned into a number."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tables.types.inference import ambiguous, infer
from tables.types.null_words import is_null
from tables.types.types import Column, ColumnType, parse


def found(texts: list[str | None], name: str = "Column") -> tuple[str, str | None]:
    column = infer(name, "c1", texts)
    assert (column.key, column.name) == ("c1", name)
    return column.type.value, column.format


@pytest.mark.parametrize(
    ("texts", "type", "format"),
    [
        ([], "TEXT", None),
        ([None, "", "  "], "TEXT", None),
        (["yes", None, "No"], "BOOLEAN", None),
        (["ja", "nein"], "BOOLEAN", None),
        (["[x]", "[ ]"], "BOOLEAN", None),
        (["是", "否"], "BOOLEAN", None),
        (["Y", "n"], "BOOLEAN", None),
        (["n", "n"], "TEXT", None),
        (["1", "0"], "INTEGER", None),
        (["1", "", "-20"], "INTEGER", None),
        (["5.0", "6.0"], "DECIMAL", None),
        (["1.5", "2"], "DECIMAL", None),
        (["1,5", "2"], "DECIMAL", ","),
        (["(12.50)", "−3"], "DECIMAL", None),
        (["1 234,5", "2"], "DECIMAL", ","),
        (["12%", "5,5 %"], "PERCENT", ","),
        (["12%", "5"], "TEXT", None),
        (["€12.50", "3"], "CURRENCY", "EUR"),
        (["1.234,50 €", "3 EUR"], "CURRENCY", "EUR ,"),
        (["12 CHF", "CHF 1'234.50"], "CURRENCY", "CHF"),
        (["$5", "US$6"], "CURRENCY", "USD"),
        (["$5 CAD", "CAD 6"], "CURRENCY", "CAD"),
        (["CHF 1'250.–", "12.50 Fr."], "CURRENCY", "CHF"),
        (["5,- €", "1.250 €"], "CURRENCY", "EUR ,"),
        (["5 eur"], "TEXT", None),
        (["5 percent", "6 %"], "PERCENT", None),
        (["١٢٫٥", "٣"], "DECIMAL", None),
        (["5-", "7"], "INTEGER", None),
        (["₹12,34,567.50"], "CURRENCY", "INR"),
        (["€5", "$5"], "TEXT", None),
        (["5 EUR", "6 USD"], "TEXT", None),
        (["100 kr", "2,50 kr"], "CURRENCY", "SEK ,"),
        (["¥1,200", "¥980"], "CURRENCY", "JPY .?"),
        (["¥12.50", "¥980.00"], "CURRENCY", "CNY ?"),
        (["5 Rs"], "TEXT", None),
        (["$ (1,234.50)", "$ -", "$ 12.00"], "CURRENCY", "USD"),
        (["1.2M", "950K", "3"], "INTEGER", None),
        (["$1.25B", "$300m"], "CURRENCY", "USD"),
        (["3,5 Mio.", "1,2 Mrd."], "INTEGER", ","),
        (["12,50 A", "3,20 B"], "DECIMAL", ","),
        (["1.5e-3", "6.02E23"], "DECIMAL", None),
        (["12", "N/A", "–"], "INTEGER", None),
        (["3.5", "NaN", "null"], "DECIMAL", None),
        (["2025-12-31", "-"], "DATE", "YMD"),
        (["9,833,517[3]", "12*", "7†"], "INTEGER", None),
        (["N/A", "-"], "TEXT", None),
        (["Ann", "N/A"], "TEXT", None),
        (["NO", "NO"], "TEXT", None),
        (["x", "y"], "TEXT", None),
        (["yes", "ja"], "TEXT", None),
        (["yes", "nein"], "TEXT", None),
        (["x", None, "x"], "BOOLEAN", None),
        (["x", "x"], "TEXT", None),
        (["да", "нет"], "BOOLEAN", None),
        (["sì", "no"], "BOOLEAN", None),
        (["Sim", "Não"], "BOOLEAN", None),
        (["T", "F"], "BOOLEAN", None),
        (["TRUE", "NA", "FALSE"], "BOOLEAN", None),
        (["✓", "✗"], "BOOLEAN", None),
        (["2025-12-31"], "DATE", "YMD"),
        (["2025年12月31日"], "DATE", "YMD"),
        (["31/12/2025", "01/02/2025"], "DATE", "DMY"),
        (["01/02/2025", "12/31/2025"], "DATE", "MDY"),
        (["03/04/2025", "05/06/2025"], "DATE", "DMY?"),
        (["03.04.2025"], "DATE", "DMY"),
        (["Tue 03/04/2025", "05/06/2025"], "DATE", "MDY"),
        (["4-Mar-25", "2025年3月4日"], "DATE", None),
        (["周二 2025-03-04"], "DATE", "YMD"),
        (["4 mars 2025 à 10h30"], "DATETIME", "DMY"),
        (["03/04/2025", "2025-01-02"], "DATE", "DMY?"),
        (["31/12/2025", "12/31/2025"], "TEXT", None),
        (["31. Dezember 2025", "1er février 2025"], "DATE", "DMY"),
        (["December 31, 2025"], "DATE", "MDY"),
        (["December 31, 2025", "31 Dec 2025"], "DATE", None),
        (["2025-12-31 10:00", "2025-12-31"], "DATETIME", "YMD"),
        (["31/12/2025 9:30 PM"], "DATETIME", "DMY"),
        (["ann@example.org"], "EMAIL", None),
        (["https://example.org", "http://a.b/c"], "URL", None),
        (["1", "two"], "TEXT", None),
        (["2025-12-31", "5"], "TEXT", None),
    ],
)
def test_the_narrowest_type_that_fits_every_text(texts: list[str | None], type: str, format: str | None) -> None:
    assert found(texts) == (type, format)


@pytest.mark.parametrize(
    ("texts", "type", "format", "values"),
    [
        (["1.234", "5.678"], "DECIMAL", ".?", ["1.234", "5.678"]),
        (["1,234", "5,678"], "INTEGER", ".?", [1234, 5678]),
        (["1.234", "1.234.567"], "INTEGER", ",", [1234, 1234567]),
        (["1.234", "2,5"], "DECIMAL", ",", ["1234", "2.5"]),
        (["1,234", "2.5"], "DECIMAL", None, ["1234", "2.5"]),
        (["1,234", "0,5"], "DECIMAL", ",", ["1.234", "0.5"]),
        (["1.234 €"], "CURRENCY", "EUR ,?", ["1234"]),
        (["$1,234"], "CURRENCY", "USD .?", ["1234"]),
        (["1.234 €", "99,50 €"], "CURRENCY", "EUR ,", ["1234", "99.50"]),
    ],
)
def test_the_other_texts_tell_what_the_decimal_mark_is(
    texts: list[str | None], type: str, format: str | None, values: list[object]
) -> None:
    assert found(texts) == (type, format)
    column = infer("Column", "c1", texts)
    assert [parse(column, text) for text in texts] == values
    assert ambiguous(column) is ((format or "").endswith("?"))


@pytest.mark.parametrize(
    "text",
    [
        *("007", "0123", "-05", "1234567890123456", "12345678901234567890", "030 1234567", "+49 151 12345678"),
        *("+4915112345678", "DE89 3704 0044 0532 0130 00", "DE89370400440532013000", "4111 1111 1111 1111"),
        *("192.168.100.200", "1.2.3", "1e5", "5²", "12/2025", "10:30", "1-2", "½", "A12", "0007 €", "1.2.10"),
        *("€ 007", "-007 €", "EUR 0012", "$ -01"),
    ],
)
def test_codes_stay_text_and_take_their_column_with_them(text: str) -> None:
    assert found(["12", text]) == ("TEXT", None)
    assert found([text, text]) == ("TEXT", None)


def test_amounts_stay_text_beside_one_with_leading_zeros() -> None:
    assert found(["€ 12", "€ 007"]) == found(["€ 007", "€ 008"]) == found(["€ 1", "-007 €"]) == ("TEXT", None)
    assert found(["€ 0.70", "€ 0"]) == ("CURRENCY", "EUR")


@pytest.mark.parametrize(
    "name",
    ["Phone", "Tel.", "Mobile number", "Home phone", "ZIP", "PLZ", "Postal code", "IBAN", "Card no.", "Account number"],
)
def test_numbers_under_the_name_of_a_code_stay_text(name: str) -> None:
    assert found(["612 345 678", "5551234"], name) == ("TEXT", None)


@pytest.mark.parametrize("name", ["Phone sales", "Price per phone", "Account", "VAT", "ID", "Serial revenue", "Amount"])
def test_numbers_under_another_name_are_numbers(name: str) -> None:
    assert found(["612", "55"], name) == ("INTEGER", None)


def test_fifteen_digits_are_a_number_and_sixteen_are_not() -> None:
    assert found(["123456789012345"]) == ("INTEGER", None)
    assert found(["1234567890123.45"]) == ("DECIMAL", None)
    assert found(["12345678901234.56"]) == ("TEXT", None)


pieces = st.sampled_from(
    [
        "1",
        "12",
        "1.234",
        "1,234",
        "0,5",
        "€",
        "$",
        "EUR",
        "%",
        "-",
        " ",
        "(",
        ")",
        "03/04/2025",
        "31.12.2025",
        "10:00",
        "x",
        "no",
        "a@b.de",
    ]
)
_SIGN = re.compile("[$€£¥₩₹₽₺₴₪฿₫₦₱₿₸₡₲₵₭₮]")  # `₩-` is no amount
texts = st.lists(
    st.none() | st.lists(pieces, max_size=3).map("".join) | st.text(max_size=6).filter(lambda t: "\0" not in t),
    max_size=6,
)


@given(texts)
@settings(deadline=None, max_examples=300)
def test_every_text_parses_in_the_type_that_is_found(texts: list[str | None]) -> None:
    column = infer("Column", "c1", texts)
    for text in texts:
        is_filled = bool(text and text.strip())
        assert parse(column, text) is None if not is_filled else True
        assert parse(column, text) is not None or not is_filled or is_null(_SIGN.sub("", text or "").strip())


@given(st.lists(st.integers(-(10**14), 10**14), min_size=1), st.sampled_from([".", ","]))
@settings(deadline=None, max_examples=100)
def test_amounts_survive_either_convention(cents: list[int], mark: str) -> None:
    displayed = [f"{cent / 100:,.2f}" for cent in cents if abs(cent) < 10**12] or ["0.00"]
    swapped = [text.translate(str.maketrans(".,", ",.")) if mark == "," else text for text in displayed]
    column = infer("Column", "c1", [f"{text} €" for text in swapped])
    assert column == Column("c1", "Column", ColumnType.CURRENCY, format="EUR ," if mark == "," else "EUR")
    read = [parse(column, f"{text} €") for text in swapped]
    assert read == [text.replace(",", "").replace("-0.00", "0.00") for text in displayed]
