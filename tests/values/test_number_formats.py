"""Number formats of spreadsheets: what a person sees of what is stored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.styles.numbers import is_date_format
from openpyxl.utils.datetime import from_excel

from tables.files.number_formats import BUILT_IN, read_format, show


@pytest.mark.parametrize(
    ("code", "stored", "displayed"),
    [
        ("General", "0.5", "0.5"),
        ("General", "5.0E0", "5"),
        ("General", "1E5", "100000"),
        ("General", "12345678901234567890", "12345678901234567890"),
        ("General", "-5", "-5"),
        ("General", "1E+300", "1E+300"),
        ("0.00", "5", "5.00"),
        ("#,##0.00", "1234.5", "1234.50"),
        ("0.00", "3.14159", "3.14159"),
        ("#,##0.0,", "1234567", "1234567"),
        ("0.00E+00", "1.5E-7", "0.00000015"),
        ("# ?/?", "0.5", "0.5"),
        ('0.0" kg"', "2.5", "2.5"),
        ('0.0"%"', "2.5", "2.5"),
        ("0%", "0.5", "50%"),
        ("0.0%", "7.0000000000000007E-2", "7.0%"),
        ("0%", "0.075", "7.5%"),
        ("0%;[Red]-0%", "-0.25", "-25%"),
        (BUILT_IN[10], "0.005", "0.50%"),
        ('#,##0.00\\ "€"', "1234.5", "1234.50 EUR"),
        ('_-* #,##0.00\\ "€"_-;\\-* #,##0.00\\ "€"_-;_-* "-"??\\ "€"_-;_-@_-', "-3", "-3.00 EUR"),
        ("[$€-407] #,##0.00", "3", "3.00 EUR"),
        ("#,##0.00 [$EUR]", "3", "3.00 EUR"),
        ("$#,##0", "3", "3 USD"),
        ("[$$-1009]#,##0.00", "3", "3.00 CAD"),
        ("[$¥-411]#,##0", "300", "300 JPY"),
        ("[$-409]#,##0", "300", "300"),
        ("#,##0 [$kr-41D]", "5", "5 SEK"),
        ("#,##0 [$¥]", "5", "5"),
        ("00000", "123", "00123"),
        ("00000", "1234567", "1234567"),
        ("00000", "1.5", "1.5"),
        ("000\\-00\\-0000", "12345678", "012-34-5678"),
        ("(000) 000-0000", "301234567", "(030) 123-4567"),
        ("0", "5", "5"),
        ("@", "100000", "100000"),
        ("yyyy-mm-dd", "45000", "2023-03-15"),
        ("d. mmmm yyyy", "45000.5", "2023-03-15T12:00:00Z"),
        ("[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", "45000", "2023-03-15"),
        ("mmm", "45000", "2023-03-15"),
        ("dd.mm.yyyy hh:mm", "45000.430555555555", "2023-03-15T10:20:00Z"),
        ("yyyy-mm-dd hh:mm:ss.000", "45000.50000578704", "2023-03-15T12:00:00.500Z"),
        ("h:mm AM/PM", "0.75", "18:00:00"),
        ("mm:ss", "0.5", "12:00:00"),
        ("h:mm", "45000.5", "2023-03-15T12:00:00Z"),
        ("[h]:mm:ss", "1.5", "36:00:00"),
        ("[mm]:ss", "-0.0625", "-1:30:00"),
        ("yyyy-mm-dd", "1", "1900-01-01"),
        ("yyyy-mm-dd", "59", "1900-02-28"),
        ("yyyy-mm-dd", "60", "1900-02-29"),
        ("yyyy-mm-dd", "61", "1900-03-01"),
        ("yyyy-mm-dd", "2958465", "9999-12-31"),
        ("yyyy-mm-dd", "2958466", "2958466"),
        ("yyyy-mm-dd", "-1", "-1"),
    ],
)
def test_a_number_is_what_its_format_shows_with_every_digit_stored(code: str, stored: str, displayed: str) -> None:
    assert show(stored, read_format(code)) == displayed


def test_the_calendar_of_1904_begins_there() -> None:
    day = read_format("yyyy-mm-dd")
    assert [show(text, day, is_1904=True) for text in ("0", "43538", "2957003", "2957004")] == [
        "1904-01-01", "2023-03-15", "9999-12-31", "2957004",
    ]  # fmt: skip


def test_what_was_calculated_has_the_digits_of_a_spreadsheet() -> None:
    general = read_format("General")
    assert show("0.30000000000000004", general, is_calculated=True) == "0.3"
    assert show("0.30000000000000004", general) == "0.30000000000000004"


@pytest.mark.parametrize("stored", ["", "x", "inf", "nan"])
def test_what_is_no_number_is_refused(stored: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  its text is Python's
        show(stored, read_format("0"))


@given(st.integers(61, 2_958_465))
def test_days_are_those_that_others_read(days: int) -> None:
    assert is_date_format("dd/mm/yy")
    assert show(str(days), read_format("dd/mm/yy")) == from_excel(days).date().isoformat()
