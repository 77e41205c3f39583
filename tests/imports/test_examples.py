"""The texts in examples/ that people would paste, and the tables that should come out of them."""

import json
from pathlib import Path

import pytest

from assistant.reading.extraction import ProposedTable, propose

FOLDER = Path(__file__).parents[2] / "examples"
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))


def read(name: str) -> tuple[str, object]:
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    return text, json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def plain(table: ProposedTable) -> dict[str, object]:
    return {
        "name": table.name,
        "columns": [{"name": c.name, "type": c.type, "format": c.format} for c in table.columns],
        "rows": [[cell.value if cell else None for cell in row] for row in table.rows],
    }


def test_every_example_says_what_should_come_out_of_it() -> None:
    assert [path.stem for path in sorted(FOLDER.glob("*.json"))] == NAMES
    assert len(NAMES) >= 4


@pytest.mark.parametrize("name", NAMES)
def test_what_a_person_pastes_becomes_the_table_they_expect(name: str) -> None:
    text, expected = read(name)
    assert {"tables": [plain(table) for table in propose(text)]} == expected


@pytest.mark.parametrize("name", NAMES)
def test_every_cell_is_quoted_from_its_place_in_the_text(name: str) -> None:
    text, _ = read(name)
    cells = [cell for table in propose(text) for row in table.rows for cell in row if cell]
    assert cells
    assert [text[cell.start : cell.end] for cell in cells] == [cell.quote for cell in cells]
    assert all(cell.quote.strip() for cell in cells)
