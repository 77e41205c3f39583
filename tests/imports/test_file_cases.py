"""Real PDFs and workbooks, attached: the cells and names that readers find in their text."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from integrations.documents.pdf import text_of
from integrations.documents.sheet_text import workbook_text
from tables.grids import find_grids

CASES = Path(__file__).parent / "cases" / "files"
NAMES = sorted(path.name for path in CASES.iterdir() if path.suffix in {".pdf", ".xlsx", ".ods"})
# Part of the cells of a PDF; the others are as the readers of Markdown have them.
RECALL = 0.98
# Answers that leave out words of the header.
HEADERS = {"camelot-dev__clockwise_table_1.pdf": 0.2, "multiline-headers.xlsx": 0.5}


def plain(text: Any) -> str:
    return " ".join(str(text or "").replace("’", "'").split()).removesuffix(" USD").removesuffix(".00")


def found_cells(rows: list[list[str]], grids: list[list[list[str]]]) -> tuple[int, int]:
    """Return how many of the expected cells stand in the rows of one grid, and how many are expected."""
    expected = [Counter(cell for cell in map(plain, row) if cell) for row in rows]
    best = 0
    for grid in grids:
        cells = [Counter(filter(None, row)) for row in grid]
        best = max(best, sum(max(((row & other).total() for other in cells), default=0) for row in expected))
    return best, sum(row.total() for row in expected)


@pytest.mark.usefixtures("documents_in_process")
@pytest.mark.parametrize("name", NAMES)
def test_cells_and_names_of_a_file_are_found(name: str) -> None:
    with (CASES / name).open("rb") as source:
        text = text_of(source) if name.endswith(".pdf") else workbook_text(source)
    grids = [
        (
            [plain(title if isinstance(title, str) else title.text) for title in grid.header],
            [[plain(cell.text) if cell else "" for cell in row] for row in grid.rows],
        )
        for grid in find_grids(text)
    ]
    result = expected = 0
    tables = json.loads((CASES / f"{name}.expected.json").read_text())["tables"]
    for table in tables:
        right, required = found_cells(table["rows"], [rows for _, rows in grids])
        result, expected = result + right, expected + required
    assert result >= (RECALL if name.endswith(".pdf") else 0.5) * expected, (result, expected, text[:3_000])
    names = Counter(filter(None, (plain(column) for table in tables for column in table["columns"])))
    displayed = Counter(name for header, _ in grids for name in header)
    assert (names & displayed).total() >= HEADERS.get(name, 0.7) * names.total(), (names - displayed, text[:3_000])
