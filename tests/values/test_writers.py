"""CSV, JSON and Markdown that people take away, read back where there is a reader."""

import csv
import io
import json
from collections.abc import Mapping

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tables.types.types import Column, ColumnType, Value
from tables.writers.text import unique_names, write_csv, write_json, write_markdown
from tests.support.tables.column_samples import COLUMNS, FORMULAS, ROW


def test_csv_has_a_header_and_one_line_per_row_in_rfc_4180() -> None:
    lines = list(write_csv(COLUMNS, [ROW, {}]))
    assert lines == [
        "Text,Integer,Decimal,Currency,Percent,Boolean,Date,Datetime,Select,Multi_Select,Email,Url\r\n",
        (
            '"a ""b"", c",-5,-12.50,1234.50,12.5%,true,2025-12-31,2025-12-31T10:00:00Z,Large,'
            '"a, ""b, c""",ann@example.org,https://example.org/\r\n'
        ),
        ",,,,,,,,,,,\r\n",
    ]


@pytest.mark.parametrize("text", FORMULAS)
def test_csv_takes_the_sting_out_of_formulas_in_texts_and_headers(text: str) -> None:
    lines = "".join(write_csv([Column("c1", text, ColumnType.TEXT)], [{"c1": text}]))
    assert list(csv.reader(io.StringIO(lines, newline=""))) == [[f"'{text}"], [f"'{text}"]]


@pytest.mark.parametrize(
    ("text", "written"),
    [("'=1+1", "''=1+1"), ("''@a", "'''@a"), ("'", "'"), ("'a", "'a"), ("''", "''"), ("a=1", "a=1"), ("=", "'=")],
)
def test_csv_adds_an_apostrophe_to_those_before_a_formula(text: str, written: str) -> None:
    """An import that removes one apostrophe gets the text back, and never a formula."""
    assert list(write_csv([Column("c1", text, ColumnType.TEXT)], [{"c1": text}])) == [f"{written}\r\n"] * 2


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@given(st.lists(st.tuples(texts, texts), max_size=5))
@example([("", "'@")])
@settings(deadline=None, max_examples=150)
def test_csv_reads_back_what_was_written(pairs: list[tuple[str, str]]) -> None:
    columns = [Column("c1", "A", ColumnType.TEXT), Column("c2", "B", ColumnType.TEXT)]
    written = "".join(write_csv(columns, ({"c1": a, "c2": b} for a, b in pairs)))
    # A text that has the apostrophe already gets another one, so that reading takes away only what writing added.
    first = tuple(formula[0] for formula in FORMULAS)
    safe = [[f"'{text}" if text.lstrip("'").startswith(first) else text for text in pair] for pair in pairs]
    assert list(csv.reader(io.StringIO(written, newline=""), strict=True)) == [["A", "B"], *safe]


def test_json_is_an_array_of_objects_under_unique_names() -> None:
    columns = [Column(f"c{index}", name, ColumnType.TEXT) for index, name in enumerate(["A", "A (2)", "A", "Ä"])]
    assert unique_names(columns) == ["A", "A (2)", "A (3)", "Ä"]
    later = [Column(f"c{index}", name, ColumnType.TEXT) for index, name in enumerate(["A", "A", "A (2)", "A (2)"])]
    assert unique_names(later) == ["A", "A (3)", "A (2)", "A (2) (2)"]  # a name that was given is kept
    rows: list[Mapping[str, Value]] = [{"c0": "x", "c1": 5, "c2": ["a"]}, {"c3": True}]
    assert json.loads("".join(write_json(columns, rows))) == [
        {"A": "x", "A (2)": 5, "A (3)": ["a"], "Ä": None},
        {"A": None, "A (2)": None, "A (3)": None, "Ä": True},
    ]
    assert json.loads("".join(write_json(columns, []))) == []


def test_markdown_escapes_what_would_break_the_table() -> None:
    columns = [Column("c1", "Item | kind", ColumnType.TEXT), Column("c2", "Price", ColumnType.CURRENCY, format="EUR")]
    lines = list(write_markdown(columns, [{"c1": "a|b\r\nc \\ <b> [x](y)", "c2": "12.50"}, {}]))
    assert lines == [
        "| Item \\| kind | Price |\n",
        "| --- | ---: |\n",
        "| a\\|b&#13;<br>c \\\\ \\<b> \\[x](y) | 12.50 EUR |\n",
        "|  |  |\n",
    ]
