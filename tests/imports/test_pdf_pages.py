"""PDFs made for these tests: printed pages, letters and prose, each with the tables that a person sees in it."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from integrations.documents import pdf
from tables.grids import Grid, find_grids

CASES = Path(__file__).parent / "cases" / "pdfs"


def words(text: Any) -> str:
    return " ".join(str(text or "").split())


def texts(grid: Grid) -> tuple[list[str], list[Counter[str]]]:
    header = [words(title if isinstance(title, str) else title.text) for title in grid.header]
    return header, [Counter(filter(None, (words(cell.text) if cell else "" for cell in row))) for row in grid.rows]


def matching(rows: list[Counter[str]], others: list[Counter[str]]) -> int:
    return sum(max(((row & other).total() for other in others), default=0) for row in rows)


@pytest.mark.usefixtures("documents_in_process")
@pytest.mark.parametrize("path", sorted(CASES.glob("*.pdf")), ids=lambda path: path.name)
def test_tables_of_a_page_are_those_that_a_person_sees(path: Path) -> None:
    with path.open("rb") as file:
        results = [texts(grid) for grid in find_grids(pdf.text_of(file))]
    tables = json.loads(Path(f"{path}.expected.json").read_text())["tables"]
    assert len(results) == len(tables), results
    expected = [Counter(filter(None, map(words, row))) for table in tables for row in table["rows"]]
    rows = [row for _, rows in results for row in rows]
    required, arguments = sum(row.total() for row in expected), sum(row.total() for row in rows)
    assert matching(expected, rows) >= 0.95 * required, (expected, rows)
    assert matching(rows, expected) >= 0.95 * arguments, (expected, rows)
    names = Counter(filter(None, (words(name) for table in tables for name in table["columns"])))
    displayed = Counter(filter(None, (name for header, _ in results for name in header)))
    assert (names & displayed).total() >= 0.9 * names.total(), (names, displayed)
