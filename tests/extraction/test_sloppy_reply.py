"""An ordinary model's reply: a careless table with remarks gives the right table, from the person's own words."""

import pytest

from tests.extraction.report import plain
from tests.extraction.scoring import Sample, Score, samples, score
from tests.extraction.sloppy_reply import read_with_reply

FLOOR = 0.99  # of precision and of recall; measured 0.998 and 1.000
SAMPLES = list(samples())


def scored(chosen: list[Sample]) -> Score:
    return sum((score(s.tables, [plain(table) for table in read_with_reply(s)]) for s in chosen), Score())


def test_the_tables_of_a_careless_reply_are_right() -> None:
    total = scored(SAMPLES)
    assert total.precision >= FLOOR
    assert total.recall >= FLOOR


@pytest.mark.parametrize("sample", [sample for sample in SAMPLES if not sample.tables], ids=lambda sample: sample.name)
def test_remarks_on_a_text_without_a_table_make_none(sample: Sample) -> None:
    assert read_with_reply(sample) == []


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_an_exact_cell_quotes_what_the_person_wrote(sample: Sample) -> None:
    for table in read_with_reply(sample):
        for cell in (cell for row in table.rows for cell in row if cell and cell.source > 0):
            assert sample.text[cell.start : cell.end] == cell.quote
