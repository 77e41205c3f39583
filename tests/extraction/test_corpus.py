"""Floors for the scores of the readers on the corpus."""

import pytest

from tests.extraction.__main__ import MARK, PAGE, READERS
from tests.extraction.report import overview, read_offline, report, total
from tests.extraction.scoring import HELD_OUT, KNOWN, ONCE_HELD_OUT, Expected, Sample, Score, samples, score, shown

CORPUS = list(samples())
KINDS = {
    "receipt",
    "invoice",
    "inspection report",
    "price list",
    "meeting notes",
    "e-mail",
    "log",
    "bank statement",
    "schedule",
    "data print",
    "delimited",
    "export",
    "JSON",
    "list",
    "Markdown",
    "markup",
    "remarks",
}
LANGUAGES = {"en", "de", "fr", "es", "zh", "it", "pt", "ru", "ja", "ar", "ko", "nl", "pl", "fa", "he", "hi"}
FLOORS = {KNOWN: (0.99, 0.97), ONCE_HELD_OUT: (0.99, 0.99), HELD_OUT: (0.95, 0.91)}  # precision, recall


def test_the_corpus_has_every_kind_of_text_in_ten_languages_and_more() -> None:
    assert len(CORPUS) >= 300
    assert {sample.kind for sample in CORPUS} == KINDS
    assert {sample.language for sample in CORPUS} == LANGUAGES


def test_the_readers_find_most_cells_and_few_that_are_wrong(scores_by_name: dict[str, Score]) -> None:
    for group, (precision, recall) in FLOORS.items():
        result = total([sample for sample in CORPUS if sample.group == group], scores_by_name)
        assert (group, result.precision >= precision, result.recall >= recall) == (group, True, True)


@pytest.mark.parametrize("sample", [s for s in CORPUS if not s.tables], ids=lambda sample: sample.name)
def test_nothing_is_made_of_a_text_without_a_table(sample: Sample) -> None:
    assert read_offline(sample.text) == []


def test_the_page_shows_the_figures_of_today(scores_by_name: dict[str, Score]) -> None:
    figures = PAGE.read_text(encoding="utf-8").partition(MARK)[2]
    assert figures.endswith(report(CORPUS, scores_by_name))
    readers = overview({READERS: [(sample, scores_by_name[sample.name]) for sample in CORPUS]}).splitlines()
    assert set(readers) <= set(figures.splitlines())


def table(*rows: tuple[str | None, ...]) -> Expected:
    return Expected(tuple("abc"[: len(rows[0])]), rows)


@pytest.mark.parametrize(
    ("expected", "result", "right"),
    [
        (table(("1", "x"), ("2", "y")), table(("1", "x"), ("2", "y")), 4),
        (table(("1", "x"), ("2", "y")), table(("2", "y")), 2),
        (table(("1", "x"), ("2", "y")), table(("2", "y"), ("1", "x")), 2),
        (table(("1", "x")), table(("1", "z")), 1),
        (table(("1", None)), table(("1", None)), 1),
    ],
)
def test_cells_count_as_right_in_their_row_and_in_order(expected: Expected, result: Expected, right: int) -> None:
    assert score([expected], [result]).right == right


def test_a_table_too_much_costs_precision_and_a_missing_one_recall() -> None:
    one, other = table(("1", "x")), table(("2", "y"))
    assert score([one], [one, other]) == Score(2, 4, 2, 2, 2)
    assert score([one, other], [one]) == Score(2, 2, 4, 2, 4)


@pytest.mark.parametrize(("value", "text"), [("12.50", "12.5"), (12, "12"), (True, "true"), ("", None), (None, None)])
def test_values_that_are_the_same_are_shown_the_same(value: object, text: str | None) -> None:
    assert shown(value) == text
