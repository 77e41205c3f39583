"""Real PDFs and workbooks, attached: the cells and names that readers find in their text."""

import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, Literal

import pytest

from integrations.documents.reader import DocumentReader
from tables.grids import find_grids

CASES = Path(__file__).parent / "cases" / "files"
NAMES = sorted(path.name for path in CASES.iterdir() if path.suffix in {".pdf", ".xlsx", ".ods"})
# Recall of PDFs; the others are as the readers of Markdown have them.
FLOOR = 0.9
# Two tables that stand directly below each other, which the reader of Markdown takes for one.
LOWER = {"tabulapdf__us-034.pdf": 0.5}


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


@pytest.mark.parametrize("name", NAMES)
async def test_cells_of_a_file_are_found(name: str) -> None:
    task: Literal["pdf", "text"] = "pdf" if name.endswith(".pdf") else "text"
    with tempfile.TemporaryFile() as source:
        source.write((CASES / name).read_bytes())
        text = await DocumentReader().text_of(task, source)
    grids = [[[plain(cell.text) if cell else "" for cell in row] for row in grid.rows] for grid in find_grids(text)]
    found = expected = 0
    for table in json.loads((CASES / f"{name}.expected.json").read_text())["tables"]:
        right, wanted = found_cells(table["rows"], grids)
        found, expected = found + right, expected + wanted
    floor = LOWER.get(name, FLOOR if task == "pdf" else 0.5)
    assert found >= floor * expected, (found, expected, text[:3_000])
