"""Columns drawn with spaces, logs, orders, and entries of several fields."""

import time

import pytest

from tables.grids import find_grids
from tests.tables.grids import header, only, rows

STATEMENT = """\
Date        Text                  Out        In
01 Apr 2026 Opening balance                 4.18
02 Apr 2026 Rent               950.00
04 Apr 2026 Salary Northwind              310.40
"""


def test_columns_drawn_with_spaces_are_told_apart_where_no_line_writes() -> None:
    grid = only(STATEMENT)
    assert grid.kind == "aligned"
    assert header(grid) == ["Date", "Text", "Out", "In"]
    assert rows(grid) == [
        ["01 Apr 2026", "Opening balance", None, "4.18"],
        ["02 Apr 2026", "Rent", "950.00", None],
        ["04 Apr 2026", "Salary Northwind", None, "310.40"],
    ]


def test_every_drawn_cell_stands_where_its_span_says() -> None:
    for row in only(STATEMENT).rows:
        assert [found.text for found in row if found] == [STATEMENT[f.start : f.end] for f in row if f]


def test_a_title_of_two_words_stays_one_column() -> None:
    grid = only("Item      Unit price  Left\nBolt      5           10\nNut       7           12\n")
    assert header(grid) == ["Item", "Unit price", "Left"]


def test_wide_characters_take_two_places() -> None:
    text = "菜品          数量    金额\n酸辣土豆丝    1       18.00\n可乐          4       16.00\n"
    assert rows(only(text)) == [["酸辣土豆丝", "1", "18.00"], ["可乐", "4", "16.00"]]


def test_a_line_above_that_is_drawn_otherwise_is_left_out() -> None:
    text = "Statement                Page 1\nOil      1.50\nSalt     0.80\nRice     2.10\n"
    assert rows(only(text)) == [["Oil", "1.50"], ["Salt", "0.80"], ["Rice", "2.10"]]


@pytest.mark.parametrize(
    "text",
    [
        "We met.  It was fine.\nThen we left.  It rained.\nThe end.  Or nearly.\n",
        "def f(a):\n    return a  # the one\n    pass  # nothing\n",
        "Name:    Ann\nRole:    Boss\n",
        "one  two\n",
    ],
)
def test_prose_and_code_with_two_spaces_are_not_drawn_columns(text: str) -> None:
    assert [grid.kind for grid in find_grids(text) if grid.kind == "aligned"] == []


def test_a_log_has_time_level_writer_and_message() -> None:
    grid = only(
        "2026-05-03T08:14:02Z INFO  gateway  request 200\n"
        "2026-05-03T08:14:05Z WARN  gateway  request 404\n"
        "2026-05-03T08:14:11Z ERROR [mail] refused, try later\n"
    )
    assert header(grid) == ["Time", "Level", "Component", "Message"]
    assert rows(grid)[2] == ["2026-05-03T08:14:11Z", "ERROR", "mail", "refused, try later"]


def test_a_log_in_which_nobody_is_named_has_no_column_for_it() -> None:
    text = "".join(f"2026-05-03 08:14:0{n},123 DEBUG done\n" for n in range(3))
    assert header(only(text)) == ["Time", "Level", "Message"]


def test_an_order_has_quantities_and_items() -> None:
    grid = only("Please send:\n\n12 x Helmet, white\n3 x Ladder\n\nThanks")
    assert header(grid) == ["Quantity", "Item"]
    assert rows(grid) == [["12", "Helmet, white"], ["3", "Ladder"]]
    assert header(only("- 3 Stk. Lampe\n- 2 pcs Kabel\n")) == ["Quantity", "Unit", "Item"]


def test_entries_of_several_fields_are_rows_and_not_one_record() -> None:
    grid = only("Mon: Yoga, 18:00, Room 2\nTue: Fit, 17:30, Room 1\nWed: Pilates, 19:00, Hall\n")
    assert rows(grid)[2] == ["Wed", "Pilates", "19:00", "Hall"]


def test_a_name_with_a_comma_is_one_field() -> None:
    grid = only("- Bolt, 40 mm: 220 pcs, bin A3\n- Nut: 410 pcs, bin A4\n- Fuse: 64 pcs, bin B2\n")
    assert rows(grid)[0] == ["Bolt, 40 mm", "220 pcs", "bin A3"]


@pytest.mark.parametrize(
    "text",
    [
        "a: " + " " * 90_000,
        "12 x" + " " * 90_000,
        ("x  " * 130 + "\n") * 200,
        "a: " + "b, " * 30_000,
        "2026-01-01T00:00:00Z" + " " * 90_000,
        "a  b\n" * 15_000,
    ],
)
def test_no_text_takes_long(text: str) -> None:
    started = time.process_time()
    find_grids(text)
    assert time.process_time() - started < 2
