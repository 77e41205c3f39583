"""A perfect model's structured answers: the way from them to proposed tables loses next to nothing."""

from tests.extraction.online import read_online
from tests.extraction.perfect_model import perfect_model
from tests.extraction.scoring import Score, prose_samples, samples, score


async def test_the_answers_of_a_perfect_model_become_the_expected_tables() -> None:
    texts = [*samples(), *prose_samples()]
    model, offer = perfect_model(texts)
    tables = (await read_online(model, offer, texts)).tables
    total = sum((score(sample.tables, tables[sample.name]) for sample in texts), Score())
    assert total.precision >= 0.99
    assert total.recall >= 0.99
    assert total.names_right == total.names_expected
    assert [tables[sample.name] for sample in texts if not sample.tables if tables[sample.name]] == []
