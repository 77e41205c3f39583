"""Tables found in pasted text: every format, its place in the text, and what is no table."""

import csv
import io
import json
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tables.grids import MAX_COLUMNS, MAX_ROWS, MAX_TEXT, Grid, Span, find_grids
from tables.readers import json_nodes, lists, markdown, marks


def header(grid: Grid) -> list[str]:
    return [title if isinstance(title, str) else title.text for title in grid.header]


def rows(grid: Grid) -> list[list[str | None]]:
    return [[found.text if found else None for found in row] for row in grid.rows]


def only(text: str) -> Grid:
    (grid,) = find_grids(text)
    return grid


def meanings(kind: str, raw: str) -> set[str]:
    """What a quote stands for in a format."""
    if kind == "json":
        return {raw, json_nodes.unescape(raw)} if "\\" in raw else {raw}
    if kind == "delimited":
        return {raw, raw.replace('""', '"')}
    if kind == "markdown":
        return {markdown.unescape(raw)}
    return {lists.unescape(raw), marks.checked(raw)} if kind == "list" else {raw}


def check_places(text: str) -> None:
    grids = find_grids(text)
    for grid in grids:
        spans = [found for row in (grid.header, *grid.rows) for found in row if isinstance(found, Span)]
        assert all(found.text in meanings(grid.kind, text[found.start : found.end]) for found in spans)
        assert all(grid.start <= found.start < found.end <= grid.end for found in spans)
        assert {len(row) for row in grid.rows} == {len(grid.header)}
    assert all(a.end <= b.start for a, b in pairwise(grids))


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
    assert [text[found.start : found.end] for found in grid.rows[0] if found] == ["a \\| b", "3"]


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
    assert header(grid) == ["a", "b", "c"]
    assert rows(grid) == [["1", "x\ny", None], ["-2.50", None, '{"z": [1, 2]}']]
    found = grid.rows[0][1]
    assert found is not None
    assert text[found.start : found.end] == "x\\ny"


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


def test_the_heading_of_a_list_is_not_a_pair() -> None:
    record, points = find_grids("Date: 5 May\nPlace: Rome\nDecisions:\n- go on\n- stop")
    assert header(record) == ["Date", "Place"]
    assert (points.name, rows(points)) == ("Decisions", [["go on"], ["stop"]])


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


def test_labels_that_every_item_repeats_name_the_columns() -> None:
    grid = only("- Report - Owner: Ann - Due: 2024-05-01\n- Call - Owner: Bob - Due: 2024-05-02\n")
    assert header(grid) == ["Item", "Owner", "Due"]
    assert rows(grid) == [["Report", "Ann", "2024-05-01"], ["Call", "Bob", "2024-05-02"]]


def test_a_plain_list_of_two_items_is_one_column_without_the_numbers() -> None:
    grid = only("1) Wash, dry and iron\n2) Fold\n   it well\n")
    assert (header(grid), rows(grid)) == (["Item"], [["Wash, dry and iron"], ["Fold it well"]])
    assert find_grids("- only one") == []


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
    assert rows(only("- fruit\n  - apple\n  - pear\n- bread\n")) == [["fruit\n- apple\n- pear"], ["bread"]]


# What is no table


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Roses are red, violets are blue\nSugar is sweet, and so are you",
        "I bought apples, pears.\nI sold figs, plums.\nI ate rice, beans.",
        "On Monday, 5 people came.\nOn Friday, 7 people came.",
        "Note: call John\nand tell him about it.",
        "Note: call John",
        "Alice: Hi, how are you today?\nBob: I am fine, thank you.\nAlice: Good to hear that.",
        "The plan: ship it.\nThe risk: time.",
        "We met at 10:30, then had lunch.\nSee https://a.b/c: good.",
        "10:30 Start\n11:00 Budget: all of it\n12:15 Lunch",
        "https://a.b/c?x=1\nhttps://a.b/d",
        "2024-01-01 10:00:00,123 INFO start\n2024-01-01 10:00:01,456 INFO stop",
        "INFO: Started\nINFO: Waiting\nERROR: no luck",
        '2024-01-01 INFO {"a": 1, "b": 2}\n2024-01-01 INFO {"a": 2, "b": 3}',
        '127.0.0.1 - - [01/Jan/2024] "GET /a, b" 200\n127.0.0.1 - - [01/Jan/2024] "GET /c, d" 200',
        "def f(a, b):\n    return g(a, b)\n\nfor x in y:\n    print(x, y)",
        "```python\na,b = 1,2\nc,d = 3,4\n```",
        "body {\n  color: red;\n  width: 5px;\n}",
        "const x = {\n  a: 1,\n  b: 2,\n};",
        "for (i = 0; i < n; i++) {\n  a[i] = b; c = d;\n}",
        "cat x | grep y\nps aux | wc -l",
        "Hello Bob,\nHello Al,",
        "12,50\n13,99",
        "1,234\n5,678",
        "See [1], [2] and {x}.",
        "* * *\n- - -",
        "3. first\n7. second",
        "a | b",
    ],
)
def test_prose_code_and_logs_are_no_tables(text: str) -> None:
    assert find_grids(text) == []


# Limits


def test_a_grid_has_at_most_so_many_rows_and_columns() -> None:
    many = only("a,b\n" + "x,1\n" * (MAX_ROWS + 10))
    assert len(many.rows) == MAX_ROWS
    wide = only("\n".join("\t".join(f"{row}x{i}" for i in range(MAX_COLUMNS + 10)) for row in range(3)))
    assert {len(row) for row in wide.rows} == {MAX_COLUMNS}


def test_what_is_past_the_limit_is_not_read() -> None:
    assert find_grids("x" * MAX_TEXT + "\n\na,b\n1,2\n3,4") == []


_HOSTILE = ["|", "|-|-|\n", "|a|b\n--|--\n", '"', '"x\n",', '"""a,\n', ',"a""\n', "[", "[1,", '{"a":[{', '["']
_HOSTILE += [":", "a: b\n", "- [ ] a\n", " - [ ] a\n  - b\n", "1. a, b\n", "\n", "\t\n", ";\n", "a,b\n", "```\n"]


@pytest.mark.parametrize("pattern", [*_HOSTILE, "[" * 49 + "1,", "- a" + " " * 9_999 + "b\n"])
def test_hostile_text_of_full_length_takes_less_than_a_second(pattern: str) -> None:
    text = (pattern * (MAX_TEXT // len(pattern) + 1))[:MAX_TEXT]
    before = time.process_time()
    find_grids(text)
    assert time.process_time() - before < 1


def test_a_staircase_of_items_takes_less_than_a_second() -> None:
    text = "".join(" " * i + "- a\n" for i in range(600))
    before = time.process_time()
    find_grids(text)
    assert time.process_time() - before < 1


# Any text

_PIECES = ["|", "-", "|-|", ",", ";", "\t", "\n", "\r\n", "\n\n", '"', '""', "[", "]", "{", "}", ":", ": ", " - "]
_PIECES += ["- ", "1. ", "[x] ", "# ", "**", "`", "```\n", "\\", "\\|", "<br>", "due ", "Total", '{"a":1}', "> "]
_PIECES += [
    " ",
    "12,50",
    "2024-05-01",
    "a",
    "Name",
    "😀",
    "👩‍👩‍👧",
    "张三",
    "مرحبا",
    "é",
    "\u2028",
    "\ufeff",
    "\\ud83d",
]


@given(st.lists(st.sampled_from(_PIECES), max_size=60).map("".join))
def test_every_span_of_every_grid_is_a_quote_of_the_text(text: str) -> None:
    check_places(text)


_LETTERS = st.text(st.sampled_from("abzÄß张三مرحبا😀🪑 1.7-'/%€,;|\"\t:"), min_size=1, max_size=12)
_CELLS = _LETTERS.map(lambda text: f"k{text}k")
_TITLES = ["Name", "Größe", "数量", "الاسم"]


def tables(cells: st.SearchStrategy[str]) -> st.SearchStrategy[list[list[str]]]:
    return st.integers(2, 4).flatmap(
        lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=5)
    )


@given(tables(st.one_of(_CELLS, st.just(""), _CELLS.map(lambda text: f"{text}\n{text}"))), st.sampled_from(",;\t"))
def test_what_is_written_as_csv_comes_back(table: list[list[str]], delimiter: str) -> None:
    table = [["k", *row[1:]] for row in table]
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([_TITLES[: len(table[0])], *table])
    grid = only(f"As promised:\n\n{file.getvalue()}\nThat is all.")
    assert header(grid) == _TITLES[: len(table[0])]
    assert rows(grid) == [[text or None for text in row] for row in table]
    check_places(file.getvalue())


@given(tables(st.one_of(_CELLS, st.just(""))))
def test_what_is_written_as_markdown_comes_back(table: list[list[str]]) -> None:
    table = [["k", *row[1:]] for row in table]
    titles = _TITLES[: len(table[0])]
    lines = [titles, ["---"] * len(titles), *([text.replace("|", "\\|") for text in row] for row in table)]
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    grid = only(f"As promised:\n\n{text}\n\nThat is all.")
    assert header(grid) == titles
    assert rows(grid) == [[text or None for text in row] for row in table]
    check_places(text)


_STRINGS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@given(tables(_STRINGS), st.booleans(), st.sampled_from([None, 2]))
def test_what_is_written_as_json_comes_back(table: list[list[str]], ascii_only: bool, indent: int | None) -> None:
    table = [["k", *row[1:]] for row in table]
    titles = _TITLES[: len(table[0])]
    text = json.dumps([dict(zip(titles, row, strict=True)) for row in table], ensure_ascii=ascii_only, indent=indent)
    grid = only(f"As promised: {text}, that is all.")
    assert header(grid) == titles
    assert rows(grid) == [[text if text.strip() else None for text in row] for row in table]
    check_places(text)
