"""An ordinary model's reply: a careless table with remarks gives the right table, from the person's own words."""

import pytest

from tests.extraction.__main__ import read_written_replies
from tests.extraction.report import plain
from tests.extraction.scoring import GROUPS, HELD_OUT, Expected, Sample, Score, prose_samples, samples, score
from tests.extraction.sloppy_reply import read_with_reply, sloppy_reply

REPLIES = 2  # to each text; `make eval` has more
SAMPLES, PROSE = list(samples()), list(prose_samples())
FLOORS = dict.fromkeys(GROUPS, (0.99, 0.99)) | {HELD_OUT: (0.96, 0.97)}  # precision, recall


def tables_of(sample: Sample, number: int) -> list[Expected]:
    return [plain(table) for tables in read_with_reply(sample, number) for table in tables]


def total_of(chosen: list[Sample]) -> Score:
    replies = ((sample, number) for sample in chosen for number in range(REPLIES))
    return sum((score(sample.tables, tables_of(sample, number)) for sample, number in replies), Score())


@pytest.mark.parametrize("group", GROUPS)
def test_the_tables_of_careless_replies_are_right(group: str) -> None:
    total = total_of([sample for sample in SAMPLES if sample.group == group])
    precision, recall = FLOORS[group]
    assert total.precision >= precision
    assert total.recall >= recall


def test_a_careless_reply_to_prose_gives_the_table_that_no_reader_finds() -> None:
    total = total_of(PROSE)
    assert total.precision >= 0.97
    assert total.recall >= 0.97


@pytest.mark.parametrize(
    "sample", [sample for sample in SAMPLES + PROSE if not sample.tables], ids=lambda sample: sample.name
)
def test_remarks_on_a_text_without_a_table_make_none(sample: Sample) -> None:
    assert [tables_of(sample, number) for number in range(REPLIES)] == [[]] * REPLIES


def test_replies_in_the_manner_of_chat_models_are_read() -> None:
    results = read_written_replies()
    total = sum((result for _, result in results), Score())
    assert total.precision >= 0.98
    assert total.recall >= 0.98
    assert [sample.name for sample, result in results if not sample.tables and result.read_count] == []


def test_replies_differ_by_their_number_and_are_the_same_each_time() -> None:
    sample = next(sample for sample in SAMPLES if sample.tables)
    replies = [sloppy_reply(sample, number) for number in range(20)]
    assert len(set(replies)) == 20
    assert replies == [sloppy_reply(sample, number) for number in range(20)]
