"""Files of the kinds that people import: the values first, then the types, then the names."""

import json
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pytest

from tests.support.app import App

CASES = Path(__file__).parent / "cases" / "reading"
ANSWER = """{ rowCount rejectedCount notes delimiter encoding headerRow columns { key name type } samples
  rejected { fieldErrors { message } } }"""


def expected(case: Path) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(case.with_suffix(".expected.json").read_text())
    return answer


def same(one: Any, other: Any) -> bool:
    """Return whether two values are equal, numbers by what they are worth."""
    if one == other:
        return True
    try:
        return Decimal(str(one)) == Decimal(str(other))
    except InvalidOperation:
        return False


@pytest.mark.parametrize(
    "case",
    sorted(path for path in CASES.iterdir() if not path.name.endswith(".expected.json")),
    ids=lambda path: path.name,
)
async def test_a_file_is_imported_as_a_person_reads_it(app: App, case: Path) -> None:
    ann = await app.person()
    required = expected(case)
    done = await ann.upload("importTable", ANSWER, {"file": (case.name, case.read_bytes())}, file=None, dryRun=True)
    rows = [[row.get(column["key"]) for column in done["columns"]] for row in done["samples"]]
    is_same = len(rows) == len(required["rows"]) and all(
        len(row) == len(line) and all(map(same, row, line)) for row, line in zip(rows, required["rows"], strict=True)
    )
    assert is_same, (rows, required["rows"], done)
    assert [column["type"] for column in done["columns"]] == [column["type"] for column in required["columns"]]
    assert [column["name"] for column in done["columns"]] == [column["name"] for column in required["columns"]]
