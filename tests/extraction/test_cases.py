"""Pasted texts after public reports, each with the one table that a person would make of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.reading.extraction import ProposedTable, propose

CASES = sorted((Path(__file__).parent / "cases" / "reading").glob("*.txt"))
_INVENTED = ("Column ", "Section")  # names that no text gives


def read(case: Path) -> tuple[str, ProposedTable, dict[str, Any]]:
    """Return the text, the only table read from it, and the expected table."""
    text = case.read_text(encoding="utf-8")
    expected = json.loads(case.with_suffix(".expected.json").read_text(encoding="utf-8"))
    (table,) = propose(text)
    return text, table, expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_values_then_types_then_names_are_the_expected_ones(case: Path) -> None:
    _, table, expected = read(case)
    values = [[cell.value if cell else None for cell in row] for row in table.rows]
    assert values == expected["rows"]
    assert [column.type.value for column in table.columns] == [column["type"] for column in expected["columns"]]
    named = [
        (result.name, column["name"])
        for result, column in zip(table.columns, expected["columns"], strict=True)
        if not column["name"].startswith(_INVENTED)
    ]
    assert all(result == name for result, name in named)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_every_quote_stands_where_it_says(case: Path) -> None:
    text, table, _ = read(case)
    cells = [cell for row in table.rows for cell in row if cell]
    assert all(text[cell.start : cell.end] == cell.quote for cell in cells)
