"""Columns drawn with spaces, logs, orders, and entries of several fields."""

import time

import pytest

from tables.grids import find_grids
from tests.support.tables.grid_views import header, only, rows

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
        assert [result.text for result in row if result] == [STATEMENT[f.start : f.end] for f in row if f]


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


SYSLOG = """\
May  4 10:00:01 mail-1 postfix[22]: queue empty
<13>May  4 10:00:02 mail-1 kernel: eth0: link up
2026-05-04T10:00:03+02:00 mail-2 (cron)[7]: done
"""


def test_lines_of_a_system_log_have_a_host_and_a_process() -> None:
    grid = only(SYSLOG)
    assert header(grid) == ["Time", "Host", "Process", "Message"]
    assert rows(grid) == [
        ["May  4 10:00:01", "mail-1", "postfix[22]", "queue empty"],
        ["May  4 10:00:02", "mail-1", "kernel", "eth0: link up"],
        ["2026-05-04T10:00:03+02:00", "mail-2", "(cron)[7]", "done"],
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "4 doors at $80 = $320\n1 survey = $50\n",
            [["4", "doors", "$80", "$320"], ["1", "survey", None, "$50"]],
        ),
        (
            "2 Türen à 80,00 €\n12 Griffe à 4,50 €\n",
            [["2", "Türen", "80,00 €"], ["12", "Griffe", "4,50 €"]],
        ),
        (
            "- 25 tulips\n- 3 bags of soil\n- 40 pots\n",
            [["25", "tulips"], ["3", "bags of soil"], ["40", "pots"]],
        ),
    ],
)
def test_bills_and_orders_are_read_line_by_line(text: str, expected: list[list[str | None]]) -> None:
    grid = only(text)
    assert (header(grid)[:2], rows(grid)) == (["Quantity", "Item"], expected)


def test_a_schedule_is_read_by_its_times() -> None:
    grid = only("Friday\n\n9:00-9:45 Yoga, Hall 1\n10:15-11:00 Chess, Hall 3\n14:00-15:30 Choir, Hall 1\n")
    assert header(grid) == ["Time", "Item", "Hall"]
    assert rows(grid)[1] == ["10:15-11:00", "Chess", "3"]


def test_what_all_items_have_in_brackets_is_a_column() -> None:
    grid = only("1) Roof: two tiles broken (until 3 May)\n2) Door: lock jams (until 9 May)\n")
    assert header(grid)[2] == "until"
    assert rows(grid) == [["Roof", "two tiles broken", "3 May"], ["Door", "lock jams", "9 May"]]


def test_a_colon_behind_a_chinese_character_needs_no_space() -> None:
    assert rows(only("姓名:李雷\n电话:139\n\n姓名:韩梅\n电话:138\n")) == [["李雷", "139"], ["韩梅", "138"]]


def test_sums_below_a_table_are_no_table_of_their_own() -> None:
    items = "Tea      2.00\nCake     3.50\nWater    1.20\n"
    assert len(find_grids(items + "\nTotal:  6.70\nVAT 7 %:  0.44\nCash:  10.00\n")) == 1
    assert len(find_grids(items + "\nSumme EUR   6,70\nMwSt 7%      0,44\n")) == 1
    assert len(find_grids("Total: 6.70\nVAT: 0.44\n")) == 1  # there is nothing else


@pytest.mark.parametrize(
    "text",
    [
        "10:32 Anna: are you there?\n10:33 Ben: yes\n10:34 Anna: see you\n",
        "9:00 we left.\n10:30 it rained.\n11:00 we came back.\n",
        "12:1 In the beginning\n12:2 There was light\n12:3 And it was good\n",
        "3 tickets at $60 and then we went home\n2 of us stayed at the door\n",
        "1 if a = 3\n2 if b = 4\n",
        "他说:好的，我们明天去。\n我说:不行，太远了。\n",
        "网址:http://example.com\n",
    ],
)
def test_talk_and_sentences_are_no_bills_and_schedules(text: str) -> None:
    assert find_grids(text) == []


@pytest.mark.parametrize(
    "text", ["- 2019 we moved\n- 2020 we stayed\n- 2021 we left\n", "- 1 open\n- 2 pour\n- 3 close\n"]
)
def test_years_and_ordinals_are_no_quantities(text: str) -> None:
    assert find_grids(text) == []


@pytest.mark.parametrize("part", ["1 a" + " " * 50_000, "- a" + " (" * 25_000, "9:00 " * 10_000, "王:" * 25_000])
def test_no_line_of_these_forms_takes_long(part: str) -> None:
    started = time.process_time()
    find_grids(f"{part}\n{part}\n{part}\n")
    assert time.process_time() - started < 1
