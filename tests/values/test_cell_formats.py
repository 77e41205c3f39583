"""Number formats that people set: those that spreadsheets understand are accepted, others refused."""

import pytest

from tables.writers.number_formats import is_number_format


@pytest.mark.parametrize(
    "text",
    [
        "0", "#,##0.00", "0.0%", "dd.mm.yyyy", "yyyy-mm-dd hh:mm:ss.000", "[h]:mm", "#,##0 [$EUR]", "[$-407]d. mmmm",
        '"Total" 0', "0;-0;\"zero\";@", "General", "h:mm AM/PM", "0.00E+00", "[Red]-0", "[>=100]0;0.0", "# ?/?",
        "#,##0.00 €", r"0\ \k\m", "_-* #,##0_-", "@", "[Color 12]0",
    ],
)  # fmt: skip
def test_a_format_that_spreadsheets_understand_is_accepted(text: str) -> None:
    assert is_number_format(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "0.00 EUR kg", '"open', "[", "0]", "[Pink]0", "0;0;0;0;0", "x" * 10, "0" * 256, "0\n", "0\x00", "[$", "\\",
        "=1+1", "[$a[b]]0", "<b>",
    ],
)  # fmt: skip
def test_a_format_that_would_damage_a_workbook_is_refused(text: str) -> None:
    assert not is_number_format(text)
