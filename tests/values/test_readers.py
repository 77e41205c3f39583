"""Each format that tables are pasted in, and where its cells stand in the text."""

import pytest

from tables.grids import Span, find_grids
from tables.readers import lists
from tests.support.tables.grid_views import header, only, rows

# Delimited


def test_rows_between_prose_become_a_table_without_the_prose() -> None:
    text = (
        "Hi Anna,\n\nas promised, here they are:\nname,amount,date\nBob,12.50,2024-05-01\n"
        "Al,3,2024-05-02\n\nBest, Bob\n"
    )
    grid = only(text)
    assert (grid.kind, grid.name) == ("delimited", None)
    assert header(grid) == ["name", "amount", "date"]
    assert rows(grid) == [["Bob", "12.50", "2024-05-01"], ["Al", "3", "2024-05-02"]]
    assert text[grid.start : grid.end] == text[text.index("name,") : text.index("\n\nBest")]


def test_a_quoted_field_keeps_its_delimiters_quotes_and_line_breaks() -> None:
    text = 'id,note\n1,"a, b"\n2,"say ""hi"""\n3,"two\n\nlines"\n'
    grid = only(text)
    assert rows(grid) == [["1", "a, b"], ["2", 'say "hi"'], ["3", "two\n\nlines"]]
    last = grid.rows[1][1]
    assert last == Span('say "hi"', text.index('say ""'), text.index('say ""') + len('say ""hi""'))


def test_semicolons_go_with_decimal_commas() -> None:
    grid = only("Datum;Betrag\n01.02.2024;-12,50\n02.02.2024;1.200,00\n")
    assert header(grid) == ["Datum", "Betrag"]
    assert rows(grid) == [["01.02.2024", "-12,50"], ["02.02.2024", "1.200,00"]]


def test_tabs_keep_empty_cells() -> None:
    grid = only("Name\tQty\tNote\nA\t5\t\nB\t\tlate\n")
    assert rows(grid) == [["A", "5", None], ["B", None, "late"]]


def test_pipes_without_a_rule_are_a_delimiter() -> None:
    assert rows(only("Name | City\nBob | Berlin\nAl | Rome")) == [["Bob", "Berlin"], ["Al", "Rome"]]


def test_a_header_is_told_from_data() -> None:
    assert header(only("52.5,13.4\n48.1,11.6")) == ["Column 1", "Column 2"]
    assert header(only("Region,2022,2023\nNorth,5,6\nSouth,7,8")) == ["Region", "2022", "2023"]
    assert header(only(",Q1,Q2\nNorth,5,6")) == ["Column 1", "Q1", "Q2"]


def test_a_row_of_another_width_does_not_end_a_table_that_goes_on() -> None:
    assert rows(only("a,b,c\n1,2,3\n4,5\n6,7,8\n")) == [["1", "2", "3"], ["4", "5", None], ["6", "7", "8"]]
    wide = only("a,b\n1,2\n3,4,5\n6,7\n")
    assert header(wide) == ["a", "b", "Column 3"]
    assert rows(wide) == [["1", "2", None], ["3", "4", "5"], ["6", "7", None]]


def test_a_sentence_below_the_rows_is_not_a_row() -> None:
    assert rows(only("name,age\nBob,5\nAl,6\nThanks, Jo")) == [["Bob", "5"], ["Al", "6"]]


def test_spaced_rows_need_values_or_three_columns() -> None:
    assert rows(only("Item, Price\nPaper, 4.20\nPens, 3.10")) == [["Paper", "4.20"], ["Pens", "3.10"]]
    assert rows(only("Who, Where, What\nBob, Berlin, IT\nEve, Rome, HR"))[0] == ["Bob", "Berlin", "IT"]


def test_a_quoted_mail_and_windows_line_ends_and_a_byte_order_mark_are_no_content() -> None:
    assert rows(only("> a,b\n> 1,2\n> 3,4\n")) == [["1", "2"], ["3", "4"]]
    assert header(only("\ufeffa,b\r\n1,2\r\n3,4\r\n")) == ["a", "b"]


# Markdown


def test_a_markdown_table_has_the_name_of_the_heading_above() -> None:
    text = "Look:\n\n## Costs\n\n| Item | Cost |\n|:-----|-----:|\n| a \\| b | **3** |\n| `c` | |\n\nBye | now"
    grid = only(text)
    assert (grid.kind, grid.name) == ("markdown", "Costs")
    assert rows(grid) == [["a | b", "3"], ["c", None]]
    assert [text[result.start : result.end] for result in grid.rows[0] if result] == ["a \\| b", "3"]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("### The costs:", "The costs"),
        ("**Costs**", "Costs"),
        ("Costs in May:", "Costs in May"),
        ("Costs", "Costs"),
        ("Here are all the costs that I could find in May:", None),
        ("Hi Bob,", None),
        ("---", None),
    ],
)
def test_a_short_line_names_a_table_and_a_sentence_does_not(line: str, name: str | None) -> None:
    assert only(f"{line}\n| a | b |\n|---|---|\n| 1 | 2 |").name == name


def test_tables_drawn_by_database_shells_are_read() -> None:
    assert rows(only("+----+------+\n| id | name |\n+----+------+\n|  1 | Bob  |\n+----+------+")) == [["1", "Bob"]]
    assert rows(only(" id | name\n----+------\n  1 | Bob\n  2 | Al\n(2 rows)")) == [["1", "Bob"], ["2", "Al"]]


def test_pipes_around_every_line_need_no_rule() -> None:
    assert header(only("| a | b |\n| 1 | 2 |")) == ["a", "b"]


def test_a_row_with_too_many_cells_keeps_them() -> None:
    grid = only("| a | b |\n|---|---|\n| 1 | 2 | 3 |\n| 4 |")
    assert header(grid) == ["a", "b", "Column 3"]
    assert rows(grid) == [["1", "2", "3"], ["4", None, None]]


# JSON


def test_an_array_of_objects_in_prose_is_a_table_of_all_its_keys() -> None:
    text = 'He sent [{"a": 1, "b": "x\\ny"}, {"a": -2.50, "c": {"z": [1, 2]}}] and left.'
    grid = only(text)
    assert header(grid) == ["a", "b", "c.z"]
    assert rows(grid) == [["1", "x\ny", None], ["-2.50", None, "[1, 2]"]]
    result = grid.rows[0][1]
    assert result is not None
    assert text[result.start : result.end] == "x\\ny"


def test_an_object_of_scalars_is_one_row() -> None:
    grid = only('```json\n{"name": "Bob", "ok": true, "none": null}\n```')
    assert header(grid) == ["name", "ok", "none"]
    assert rows(grid) == [["Bob", "true", None]]


def test_arrays_inside_an_object_are_tables_named_by_their_keys() -> None:
    users, orders = find_grids('{"page": 1, "users": [{"n": "a"}], "orders": [{"id": 1}, {"id": 2}]}')
    assert (users.name, rows(users)) == ("users", [["a"]])
    assert (orders.name, rows(orders)) == ("orders", [["1"], ["2"]])


def test_objects_line_by_line_and_arrays_of_rows_are_tables() -> None:
    assert rows(only('{"a": 1}\n{"a": 2}\n')) == [["1"], ["2"]]
    matrix = only('{"values": [["n", "q"], ["a", 1], ["b", 2]]}')
    assert (header(matrix), rows(matrix)) == (["n", "q"], [["a", "1"], ["b", "2"]])


def test_a_truncated_array_keeps_its_complete_objects() -> None:
    assert rows(only('[{"a": 1, "b": 2},\n {"a": 3, "b": 4},\n {"a": 5, "b')) == [["1", "2"], ["3", "4"]]


def test_half_a_surrogate_pair_stays_as_it_is_written() -> None:
    assert rows(only('{"a": "\\ud83d\\ude00", "b": "\\ud83d", "c": "\\u0000"}')) == [["😀", "\\ud83d", "\\u0000"]]


# key: value


def test_a_block_of_pairs_is_a_record() -> None:
    grid = only("Hello,\n\n**Name:** Bob\nDate of birth: 1 May 1990\nSite:\thttps://a.b/c\n\nBye")
    assert grid.kind == "key_value"
    assert header(grid) == ["Name", "Date of birth", "Site"]
    assert rows(grid) == [["Bob", "1 May 1990", "https://a.b/c"]]


def test_blocks_with_the_same_keys_are_rows() -> None:
    text = "Staff:\nName: Bob\nAge: 5\n\nName: Al\nAge: 6\n---\nName: Cy\nAge:\nName: Di\nAge: 8\n"
    grid = only(text)
    assert header(grid) == ["Name", "Age"]
    assert rows(grid) == [["Bob", "5"], ["Al", "6"], ["Cy", None], ["Di", "8"]]
    assert grid.name == "Staff"


def test_records_in_yaml_and_in_chinese_are_read() -> None:
    assert rows(only("- name: Bob\n  age: 5\n- name: Al\n  age: 6\n")) == [["Bob", "5"], ["Al", "6"]]
    assert rows(only("姓名：张三\n年龄：5")) == [["张三", "5"]]


@pytest.mark.parametrize(
    "facts",
    [
        "Account: DE44 5001\nPeriod: March 2026\n",
        "Konto: 4417\nZeitraum: 1.3.2026 - 31.3.2026\nKontostand: 12,00 EUR\n\n",
        "Titulaire : Mme Roux\nAgence : Lyon\n\n",
        "账号：6222 0001\n币种：人民币\n",
        "From: Ann\nDate: 2 May 2026\nSubject: stock\n\nHere it is:\n\n",
    ],
)
@pytest.mark.parametrize("table", ["id;name\n1;Ann\n2;Bob\n", "| id | name |\n|---|---|\n| 1 | Ann |\n| 2 | Bob |\n"])
def test_facts_about_a_table_are_no_table_of_their_own(facts: str, table: str) -> None:
    assert rows(only(facts + table)) == [["1", "Ann"], ["2", "Bob"]]


@pytest.mark.parametrize(
    "head",
    [
        "From: Joan\nTo: Team\nDate: Mon, 2 Mar 2026\nSubject: Keys\n\nHello all.",
        "Von: Jan\nGesendet: 3. März 2026\nAn: Eva\nBetreff: Schlüssel\n\nHallo!",
        "发件人：王芳\n收件人：李强\n主题：会议\n\n你好",
    ],
)
def test_the_head_of_an_email_is_no_table(head: str) -> None:
    assert find_grids(head) == []


def test_facts_with_prose_between_them_and_a_table_are_a_record_of_their_own() -> None:
    record, _ = find_grids("Inspector: Mara\nFloors: 5\n\nI went through it with Tom.\n\nid;name\n1;Ann\n2;Bob\n")
    assert rows(record) == [["Mara", "5"]]


def test_the_heading_of_a_list_is_not_a_pair() -> None:
    record, points = find_grids("Date: 5 May\nPlace: Rome\nDecisions:\n- [ ] go on\n- [x] stop")
    assert header(record) == ["Date", "Place"]
    assert (points.name, rows(points)) == ("Decisions", [["go on", "false"], ["stop", "true"]])


# Lists


@pytest.mark.parametrize("mark", ["-", "*", "•", "–"])
@pytest.mark.parametrize("separator", [": ", " - ", " – ", " | ", ", ", "; ", "\t"])
def test_items_with_a_separator_have_columns(mark: str, separator: str) -> None:
    grid = only(f"{mark} milk{separator}2 l\n{mark} eggs{separator}12\n")
    assert header(grid) == ["Column 1", "Column 2"]
    assert rows(grid) == [["milk", "2 l"], ["eggs", "12"]]


def test_several_separators_split_into_several_columns() -> None:
    grid = only("To do:\n1. **Ann:** write, then send - due 12 May 2024\n2. **Bob**: call - due 3 June 2024.\n")
    assert (grid.name, header(grid)) == ("To do", ["Column 1", "Column 2", "due"])
    assert rows(grid) == [["Ann", "write, then send", "12 May 2024"], ["Bob", "call", "3 June 2024"]]


def test_items_are_counted_on_or_have_one_number() -> None:
    items = ["Ann - due 12 May 2024", "Bob - due 3 June 2024", "Cid - due 4 June 2024"]
    results = [
        [
            len(grid.rows)
            for grid in find_grids("".join(f"{n}. {item}\n" for n, item in zip(numbers, items, strict=True)))
        ]
        for numbers in ((1, 1, 1), (1, 2, 3), (7, 8, 9), (3, 3, 4), (1, 3, 5))
    ]
    assert results[:4] == [[3]] * 4
    assert results[4] != [3]


def test_labels_that_every_item_repeats_name_the_columns() -> None:
    grid = only("- Report - Owner: Ann - Due: 2024-05-01\n- Call - Owner: Bob - Due: 2024-05-02\n")
    assert header(grid) == ["Item", "Owner", "Due"]
    assert rows(grid) == [["Report", "Ann", "2024-05-01"], ["Call", "Bob", "2024-05-02"]]


@pytest.mark.parametrize(
    "text",
    [
        "- only one",
        "1) Wash, dry and iron\n2) Fold\n   it well\n",
        "- Milk\n- Eggs\n- Bread\n",
        "1. Open the lid.\n2. Pour the water, slowly.\n3. Close it.\n",
        "- **Weather**: bring an umbrella\n- **Money**: cards work nearly everywhere\n- **Time**: two days will do\n",
        "- Prices include tax.\n- Tell me if you need more.\n",
        "- Note: these figures are from last year and may have changed.\n- Source: the city's own page.\n",
    ],
)
def test_bullets_steps_and_remarks_are_no_table(text: str) -> None:
    assert find_grids(text) == []


def test_check_boxes_say_what_is_done() -> None:
    text = "- [ ] Buy milk\n- [x] Call Bob\n- [X] Sleep\n"
    grid = only(text)
    assert (header(grid), rows(grid)) == (
        ["Item", "Done"],
        [["Buy milk", "false"], ["Call Bob", "true"], ["Sleep", "true"]],
    )
    assert grid.rows[1][1] == Span("true", text.index("[x]"), text.index("[x]") + 3)


@pytest.mark.parametrize(
    "text",
    [
        "# House\n\n## Roof\n- [x] Tiles\n- [ ] Gutter\n\n## Cellar\n- [x] Dry\n",
        "# House\n\n- Roof\n  - [x] Tiles\n  - [ ] Gutter\n- Cellar\n  - [x] Dry\n",
    ],
)
def test_check_lists_under_headings_are_sections_of_one_table(text: str) -> None:
    grid = only(text)
    assert (grid.name, header(grid)) == ("House", ["Section", "Item", "Done"])
    assert rows(grid) == [["Roof", "Tiles", "true"], ["Roof", "Gutter", "false"], ["Cellar", "Dry", "true"]]


def test_nested_items_stay_with_their_item() -> None:
    assert lists.unescape("fruit\n  - apple\n  - pear") == "fruit\n- apple\n- pear"
