"""Tables of a text that grows: at every cut whole rows, which only become more."""

from itertools import pairwise

import pytest

from tables.grids import Grid, find_grids
from tables.partial_grids import grids_of_cut, grids_so_far
from tests.extraction.scoring import samples

Spans = list[list[tuple[str, int, int]]]

MARKDOWN = (
    "Here:\n\n| Item | Price |\n|---|---|\n| Ink | 3 |\n| Pen | 12.50 |\n| Cup | 4 |\n| Total | 19.50 |\n\nDone.\n"
)
QUOTED = 'name,note\nAnn,"one\n\ntwo, ""three"", four\nfive"\nBob,"x"\nCy,"a\nb"\n\nThat is all of them.\n'
RECORDS = "Name: Ann\nAge: 31\n\nName: Bob\nAge: 42\nCity: Rome\n\nName: Cy\nAge: 7\n\nThese are all.\n"
LISTED = "- Tea: 4.10 EUR\n- Cake: 12 EUR,\n  with cream\n- Salt: 1 EUR\n\nGoodbye to all of you.\n"
WRAPPED = (
    'Sure:\n```json\n{"total": 2, "at": {"x": 1, "y": 2}, "items": [\n  {"name": "a]", "of": {"p": 1, "q": 2}},\n'
    '  {"name": "b", "of": {"p": 3, "q": 4}, "more": [1, 2]}, {"name": "c\\"", "of": null}\n]}\n```\nThere you are.\n'
)
NESTED = (
    '{"first": [{"a": 1, "of": [{"x": 1}, {"x": 2}]}, {"a": 2, "of": [{"x": 3}, {"x": 4}]}], "then": "1",\n'
    ' "second": {"of": [{"b": 1, "c": 2}, {"b": 3, "c": 4}], "n": {"m": 0}}}\n'
)
LINES = '{"a": 1, "b": {"x": 1, "y": 2}}\n{"a": 2, "b": {"x": 3, "y": 4}}\n{"a": 3, "b": null}\n'
MATRIX = '[["name", "size"],\n ["bolt", 4],\n ["nut", 12]]\n'
TWO = "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\nAnd:\n\nx;y;z\n1;2;3\n4;5;6\n7;8;9\n\nBye to everybody.\n"
TEXTS = {
    "markdown": MARKDOWN,
    "quoted": QUOTED,
    "records": RECORDS,
    "list": LISTED,
    "wrapped JSON": WRAPPED,
    "nested JSON": NESTED,
    "JSON lines": LINES,
    "matrix": MATRIX,
    "two": TWO,
}


def spans(grid: Grid) -> Spans:
    return [[(cell.text, cell.start, cell.end) for cell in row if cell] for row in grid.rows]


def is_beginning(part: Grid, whole: Grid) -> bool:
    return spans(whole)[: len(part.rows)] == spans(part)


@pytest.mark.parametrize("name", TEXTS)
def test_at_every_cut_there_are_whole_rows_which_become_more_and_stay_as_they_are(name: str) -> None:
    text = TEXTS[name]
    whole = find_grids(text)
    looks = [[grid for grid in grids_so_far(text[:cut]) if grid.rows] for cut in range(len(text) + 1)]
    assert all(len(look) <= len(whole) and all(map(is_beginning, look, whole)) for look in looks), (
        "a row that the whole text does not have"
    )
    counts = [[len(grid.rows) for grid in look] for look in looks]
    assert all(sum(before) <= sum(after) for before, after in pairwise(counts))
    assert any(sum(count) for count in counts[: -len(text) // 4])
    assert [sum(count) for count in counts[-1:]] == [sum(len(grid.rows) for grid in whole)]


def test_the_texts_of_the_corpus_grow_by_whole_rows() -> None:
    """Cut behind each line and each bracket. Of some lists the first items are divided in another way than all are."""
    others = set()
    for sample in samples():
        whole = find_grids(sample.text)
        cuts = (n + 1 for n, mark in enumerate(sample.text) if mark in "\n}]")
        looks = [grid for cut in cuts for grid in grids_so_far(sample.text[:cut]) if grid.rows]
        if not all(any(is_beginning(grid, final) for final in whole) for grid in looks):
            others.add(sample.name)
    assert 20 * len(others) <= len(list(samples()))


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("| a | b |\n|---|---|\n| 1 | 2 |\n", 0),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4", 0),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n", 1),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\n", 1),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\nSo", 1),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\nSo.\n", 2),
        ('[{"a": 1, "b": 2}, {"a": 3, "b": 4}, {"a": 5', 2),
        ('{"at": {"x": 1, "y": 2}, "rows": [', 0),
        ("Tomatoes      8,99\nPetunia       8,94\n\n", 0),
        ("Tomatoes      8,99\nPetunia       8,94\nPot          12,50\n\n", 2),
        ("See [the page](https://example.com) and {this\n", 0),
    ],
)
def test_the_last_row_is_shown_when_nothing_can_be_added_to_it(text: str, rows: int) -> None:
    assert sum(len(grid.rows) for grid in grids_so_far(text)) == rows


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_that_is_broken_off_anywhere_keeps_all_that_was_shown_and_nothing_half(name: str) -> None:
    text = TEXTS[name]
    whole = find_grids(text)
    for cut in range(len(text) + 1):
        stored = [grid for grid in grids_of_cut(text[:cut]) if grid.rows]
        displayed = [grid for grid in grids_so_far(text[:cut]) if grid.rows]
        assert len(displayed) <= len(stored) <= len(whole)
        assert all(map(is_beginning, displayed, stored))
        assert all(map(is_beginning, stored, whole))
