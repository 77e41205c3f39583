"""Costs of the writers: beside a library alone in the same run, and in memory that has room for few rows."""

import tempfile
import tracemalloc

import pytest

from tests.benchmarks.writers import FLOORS, WRITERS, cpu_seconds

ROWS = {"CSV": 1_500, "JSON": 1_500, "XLSX": 200}
MAX_RATIO = 2.0  # 1.5 on a quiet machine, as `make bench` shows
MAX_MORE_BYTES = 150_000  # for seven times as many rows, whose values have twice that


@pytest.mark.parametrize("name", FLOORS)
def test_a_writer_costs_little_more_than_the_library_alone(name: str) -> None:
    rounds = [(cpu_seconds(name, ROWS[name]), cpu_seconds(FLOORS[name], ROWS[name])) for _ in range(4)]
    best, floor = (min(column) for column in zip(*rounds, strict=True))
    assert best < MAX_RATIO * floor


@pytest.mark.parametrize("name", ["CSV", "JSON", "MARKDOWN", "XLSX"])
def test_a_writer_holds_no_rows(name: str) -> None:
    peaks = []
    for count in (100, 100, 700):  # the first has the imports
        with tempfile.TemporaryFile() as file:
            tracemalloc.start()
            WRITERS[name](file, count)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[2] < peaks[1] + MAX_MORE_BYTES
