"""Fixtures of extraction: the scores of the corpus."""

import pytest

from tests.extraction.report import read_offline, scores
from tests.extraction.scoring import Score, samples


@pytest.fixture(scope="module")
def scores_by_name() -> dict[str, Score]:
    corpus = list(samples())
    return scores(corpus, {sample.name: read_offline(sample.text) for sample in corpus})
