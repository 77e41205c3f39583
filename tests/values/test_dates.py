"""Dates and moments: what people's texts mean."""

import pytest

from tables.types.types import CellError, parse
from tests.support.tables.column_samples import column


@pytest.mark.parametrize(
    "text",
    [
        *("2025-12-31", "2025/12/31", "2025.12.31", "31.12.2025", "31/12/2025", "12/31/2025", "31-12-2025", "31.12.25"),
        *("31 Dec 2025", "31. Dezember 2025", "31 décembre 2025", "31 de diciembre de 2025", "31-Dec-2025"),
        *(
            "December 31, 2025",
            "Dec 31st, 2025",
            "Dec. 31 2025",
            "2025年12月31日",
            " 2025-12-31 ",
            "2025-12-31T00:00:00Z",
        ),
    ],
)
def test_a_date_is_read_in_every_way_it_is_written(text: str) -> None:
    assert parse(column("DATE"), text) == "2025-12-31"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1er février 2024", "2024-02-01"),
        ("3. März 2024", "2024-03-03"),
        ("5 août 2024", "2024-08-05"),
        ("May 4, 2024", "2024-05-04"),
    ],
)
def test_months_have_names_with_accents_or_without(text: str, value: str) -> None:
    assert parse(column("DATE"), text) == value


@pytest.mark.parametrize(
    "text",
    [
        *("4 March 2025", "4. März 2025", "4 mars 2025", "4 de marzo de 2025", "2025年3月4日", "2025 年 3 月 4 号"),
        *(
            "Tuesday, 4 March 2025",
            "Tue 4 Mar 2025",
            "Dienstag, den 4. März 2025",
            "mardi 4 mars 2025",
            "le 4 mars 2025",
        ),
        *(
            "mar 4 mars 2025",
            "mar. 4 2025",
            "martes, 4 de marzo de 2025",
            "2025年3月4日 星期二",
            "2025年3月4日（周二）",
        ),
        *("4-Mar-25", "4 Mar '25", "Mar 4, '25", "2025-Mar-04", "2025 March 4", "04/Mar/2025", "the 4th of March 2025"),
        *(
            "20250304",
            "2025-3-4",
            "２０２５年３月４日",
            "٢٠٢٥-٠٣-٠٤",
            "2025–03–04",
            "2025-03-04 Tue",
            "\u200e2025-03-04",
        ),
        *("Tue 03/04/2025", "Di, 04.03.2025", "4.3.2025 (mardi)"),
    ],
)
def test_a_date_is_read_in_five_languages_with_or_without_its_day_of_the_week(text: str) -> None:
    assert parse(column("DATE"), text) == "2025-03-04"


def test_a_day_of_the_week_that_fits_neither_order_tells_nothing() -> None:
    with pytest.raises(CellError, match="2025-03-04 or 2025-04-03"):
        parse(column("DATE"), "Monday 03/04/2025")


@pytest.mark.parametrize(
    ("text", "value"),
    [("31.12.69", "1969-12-31"), ("31/12/68", "2068-12-31"), ("3/14/25", "2025-03-14"), ("14-Mar-99", "1999-03-14")],
)
def test_a_year_of_two_digits_is_between_1969_and_2068(text: str, value: str) -> None:
    assert parse(column("DATE"), text) == value


@pytest.mark.parametrize(
    ("format", "text", "value"),
    [
        ("DMY", "4. 3. 2025", "2025-03-04"),
        ("DMY", "4/3/25", "2025-03-04"),
        ("MDY", "3/4/25", "2025-03-04"),
        ("MDY", "3-4-2025", "2025-03-04"),
    ],
)
def test_days_and_months_have_one_digit_or_two(format: str, text: str, value: str) -> None:
    assert parse(column("DATE", format=format), text) == value


@pytest.mark.parametrize(
    ("format", "value"), [("DMY", "2025-04-03"), ("DMY?", "2025-04-03"), ("MDY", "2025-03-04"), ("MDY?", "2025-03-04")]
)
def test_the_columns_order_decides_between_day_and_month(format: str, value: str) -> None:
    assert parse(column("DATE", format=format), "03/04/2025") == value
    assert parse(column("DATE", format=format), "2025-12-31") == "2025-12-31"


@pytest.mark.parametrize("format", [None, "YMD", "nonsense"])
def test_without_an_order_a_date_with_two_meanings_is_refused_and_both_are_named(format: str | None) -> None:
    with pytest.raises(CellError, match="2025-03-04 or 2025-04-03"):
        parse(column("DATE", format=format), "03/04/2025")


@pytest.mark.parametrize(
    ("format", "raw"),
    [
        ("DMY", "12/31/2025"),
        (None, "2025-02-30"),
        (None, "31 Foo 2025"),
        (None, "Sunday"),
        (None, "3月4日"),
        (None, "2025-13-01"),
        (None, "20251301"),
        (None, "March 2025"),
        (None, "2025"),
        (None, "12:30"),
        (None, "4 mars 25 mars 2025"),
        (None, "0000-01-01"),
        (None, 20251231),
        (None, "1.2.10"),
        (None, "2025-12-31T10:00:00Z"),
    ],
)
def test_what_is_no_date_is_refused(format: str | None, raw: object) -> None:
    with pytest.raises(CellError):
        parse(column("DATE", format=format), raw)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2025-12-31T10:00:00Z", "2025-12-31T10:00:00Z"),
        ("2025-12-31 10:00", "2025-12-31T10:00:00Z"),
        ("2025-12-31T10:00:00.5+02:00", "2025-12-31T08:00:00.500000Z"),
        ("2025-12-31T23:30:00-0100", "2026-01-01T00:30:00Z"),
        ("31.12.2025, 14:30 Uhr", "2025-12-31T14:30:00Z"),
        ("Dec 31, 2025 at 2:30 PM", "2025-12-31T14:30:00Z"),
        ("12/31/2025 12:00 am", "2025-12-31T00:00:00Z"),
        ("2025-12-31", "2025-12-31T00:00:00Z"),
        ("2025-12-31T10:00:00+02", "2025-12-31T08:00:00Z"),
        ("2025-12-31 10:00 UTC+2", "2025-12-31T08:00:00Z"),
        ("2025-12-31T10:00:00−05:30", "2025-12-31T15:30:00Z"),
        ("31 December 2025 3pm", "2025-12-31T15:00:00Z"),
        ("31 December 2025, 3:05 p.m.", "2025-12-31T15:05:00Z"),
        ("31 décembre 2025 à 10h30", "2025-12-31T10:30:00Z"),
        ("31. Dezember 2025 um 14.30 Uhr", "2025-12-31T14:30:00Z"),
        ("31 de diciembre de 2025 a las 10:30", "2025-12-31T10:30:00Z"),
        ("2025年12月31日15:30", "2025-12-31T15:30:00Z"),
        ("2025年12月31日 下午3:30", "2025-12-31T15:30:00Z"),
        ("Wed, 31 Dec 2025 10:00:00 +0100", "2025-12-31T09:00:00Z"),
        ("Wed Dec 31 2025 10:00:00 GMT+0100 (Central European Standard Time)", "2025-12-31T09:00:00Z"),
        ("31/Dec/2025:10:00:00 +0000", "2025-12-31T10:00:00Z"),
        ("２０２５-１２-３１ １０:００", "2025-12-31T10:00:00Z"),
    ],
)
def test_a_moment_is_kept_in_utc(text: str, value: str) -> None:
    assert parse(column("DATETIME"), text) == value


@pytest.mark.parametrize(
    "text",
    [
        "10:00",
        "2025-12-31 25:00",
        "2025-12-31 13:00 PM",
        "03/04/2025 10:00",
        "9999-12-31T23:00:00-02:00",
        "1000-01-01T00:00:00+02:00",
        "2025-12-31 10:00+99:00",
        "2025-12-31 10",
        "2025-12-31 24:00",
        "2025-12-31 10:60",
    ],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(CellError):
        parse(column("DATETIME"), text)
