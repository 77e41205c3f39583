"""Tables found in any text: what is no table, limits, places, and what is written comes back."""

import csv
import io
import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tables.grids import MAX_COLUMNS, MAX_ROWS, MAX_TEXT, Span, find_grids
from tables.readers import lists, marks
from tables.readers.markup import json_nodes, markdown
from tests.support.tables.grid_views import header, only, rows


def meanings(kind: str, raw: str) -> set[str]:
    """Return the values that a quote in a format may stand for."""
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
        spans = [result for row in (grid.header, *grid.rows) for result in row if isinstance(result, Span)]
        assert all(result.text in meanings(grid.kind, text[result.start : result.end]) for result in spans)
        assert all(grid.start <= result.start < result.end <= grid.end for result in spans)
        assert {len(row) for row in grid.rows} == {len(grid.header)}
    assert all(a.end <= b.start for a, b in pairwise(grids))


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


def test_as_many_rows_as_fit_are_read_from_columns_drawn_with_spaces() -> None:
    table = only("".join(f"{f'Lot {n}':10}{'Oat bran':12}{n:6}\n" for n in range(MAX_ROWS)))
    assert len(table.rows) == MAX_ROWS


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


@settings(deadline=None)
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


@settings(deadline=None)
@given(tables(st.one_of(_CELLS, st.just(""), _CELLS.map(lambda text: f"{text}\n{text}"))), st.sampled_from(",;\t"))
def test_what_is_written_as_csv_comes_back(table: list[list[str]], delimiter: str) -> None:
    table = [["k", *row[1:]] for row in table]
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([_TITLES[: len(table[0])], *table])
    grid = only(f"As promised:\n\n{file.getvalue()}\nThat is all.")
    assert header(grid) == _TITLES[: len(table[0])]
    assert rows(grid) == [[text or None for text in row] for row in table]
    check_places(file.getvalue())


@settings(deadline=None)
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


@settings(deadline=None)
@given(tables(_STRINGS), st.booleans(), st.sampled_from([None, 2]))
def test_what_is_written_as_json_comes_back(table: list[list[str]], ascii_only: bool, indent: int | None) -> None:
    table = [["k", *row[1:]] for row in table]
    titles = _TITLES[: len(table[0])]
    text = json.dumps([dict(zip(titles, row, strict=True)) for row in table], ensure_ascii=ascii_only, indent=indent)
    grid = only(f"As promised: {text}, that is all.")
    assert header(grid) == titles
    assert rows(grid) == [[text if text.strip() else None for text in row] for row in table]
    check_places(text)


def test_a_second_header_with_its_rule_begins_a_second_table() -> None:
    first, second = find_grids(
        "| A | B |\n|---|---|\n| 1 | 2 |\n\n| 3 | 4 |\n\n| C | D | E |\n|---|---|---|\n| 5 | 6 | 7 |\n"
    )
    assert [[cell and cell.text for cell in row] for row in first.rows] == [["1", "2"], ["3", "4"]]
    assert [title if isinstance(title, str) else title.text for title in second.header] == ["C", "D", "E"]
    assert [[cell and cell.text for cell in row] for row in second.rows] == [["5", "6", "7"]]
