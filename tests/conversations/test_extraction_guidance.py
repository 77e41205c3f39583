"""extractTable with wishes: instructions, examples, several tables, a second pass and doubtful quotes."""

import json
from typing import Any

import pytest

from tests.support.app import App
from tests.support.client import Client, Refused
from tests.support.loopback.scripted_extraction import Extractor, Row
from tests.support.scripted_llm import send

TEXT = "Tea costs 4.10 and cake costs 9.90. Ann drinks tea, Bob eats cake."
PRICES = {
    "name": "Prices",
    "columns": [
        {"name": "Item", "type": "TEXT", "currency": None},
        {"name": "Price", "type": "CURRENCY", "currency": "EUR"},
    ],
}
PEOPLE = {"name": "People", "columns": [{"name": "Who", "type": "TEXT"}, {"name": "What", "type": "TEXT"}]}
TEA: Row = {"c1": ("Tea", "Tea"), "c2": ("4.10", "4.10")}
CAKE: Row = {"c1": ("cake", "cake"), "c2": ("9.90", "9.90")}
EXTRACTION = {"rows": [TEA, CAKE]}
COLUMNS = [{"name": "Item", "type": "TEXT"}, {"name": "Price", "type": "DECIMAL", "description": "Net, in euros."}]
SELECTION = """{ proposal { id } proposals { id tableName status problem columns { name type format }
  table { rows(first: 9) { nodes { values } } }
  changes { kind new status source { quote grounding origin } } } }"""


async def extract(app: App, name: str = "ann", **arguments: Any) -> tuple[Client, list[dict[str, Any]]]:
    """Return a new person who said TEXT and the proposals of an extraction of it."""
    ann = await app.person(name)
    sent = await send(ann, TEXT, wait=True)
    payload = await ann.mutate("extractTable", SELECTION, messageIds=[sent["message"]["id"]], **arguments)
    assert payload["proposals"][0]["id"] == payload["proposal"]["id"]
    proposals: list[dict[str, Any]] = payload["proposals"]
    return ann, proposals


def cells(proposal: dict[str, Any]) -> list[tuple[Any, str, str]]:
    return [
        (change["new"], change["status"], change["source"]["grounding"])
        for change in proposal["changes"]
        if change["kind"] == "CELL_CHANGED"
    ]


async def test_instructions_examples_and_descriptions_reach_the_model(
    extraction_app: App, extractor: Extractor
) -> None:
    example = {"text": "Milk is 2", "rows": [{"Item": "Milk", "Price": 2}]}
    await extract(extraction_app, columns=COLUMNS, instructions="One row per drink.", examples=[example])
    system = extractor.requests[1]["messages"][0]["content"]
    assert "One row per drink." in system
    assert "Milk is 2" in system
    assert json.dumps(example["rows"]) in system
    assert "c2: Price (decimal); Net, in euros." in system


async def test_several_tables_of_one_text_are_several_proposals(extraction_app: App, extractor: Extractor) -> None:
    extractor.tables = [PRICES, PEOPLE]
    _, (prices, people) = await extract(extraction_app, mode="AUTO")
    assert (prices["tableName"], people["tableName"]) == ("Prices", "People")
    assert [(column["type"], column["format"]) for column in prices["columns"]] == [("TEXT", None), ("CURRENCY", "EUR")]
    assert [row["values"] for row in prices["table"]["rows"]["nodes"]] == [
        {"c1": "Tea", "c2": "4.10"},
        {"c1": "cake", "c2": "9.90"},
    ]
    assert people["table"] is not None


async def test_a_second_pass_asks_for_what_was_missed_and_takes_no_row_twice(
    extraction_app: App, extractor: Extractor
) -> None:
    extractor.first_rows = 1
    _, (once,) = await extract(extraction_app, columns=COLUMNS)
    assert [new for new, _, _ in cells(once)] == ["Tea", "4.10"]
    extractor.first_rows = 1
    _, (twice,) = await extract(extraction_app, "bob", columns=COLUMNS, passes=2)
    assert [new for new, _, _ in cells(twice)] == ["Tea", "4.10", "cake", "9.90"]


async def test_a_row_that_the_model_gives_twice_is_one(extraction_app: App, extractor: Extractor) -> None:
    extractor.rows = [TEA, TEA, CAKE, TEA]
    _, (proposal,) = await extract(extraction_app, columns=COLUMNS)
    assert [new for new, _, _ in cells(proposal)] == ["Tea", "4.10", "cake", "9.90"]


async def test_a_quote_that_says_something_else_is_asked_for_again_and_then_waits(
    extraction_app: App, extractor: Extractor
) -> None:
    extractor.rows = [{"c1": ("Tea", "Tea"), "c2": ("5.00", "4.10")}, {**CAKE, "c2": ("9.50", "9.90")}]
    extractor.corrections = {0: ("4.10", "4.10"), 1: ("9.50", "9.90")}
    _, (proposal,) = await extract(extraction_app, columns=COLUMNS, mode="AUTO")
    assert len(extractor.requests) == 3, "the reply, the rows, and the doubtful cells once"
    assert cells(proposal) == [
        ("Tea", "APPLIED", "EXACT"),
        ("4.10", "APPLIED", "EXACT"),
        ("cake", "APPLIED", "EXACT"),
        ("9.50", "PENDING", "MISMATCH"),
    ]
    assert [row["values"] for row in proposal["table"]["rows"]["nodes"]] == [
        {"c1": "Tea", "c2": "4.10"},
        {"c1": "cake"},
    ]


async def test_a_value_that_is_nowhere_in_the_text_is_the_assistant_s_and_waits(
    extraction_app: App, extractor: Extractor
) -> None:
    extractor.rows = [TEA, {"c1": ("Tip", "Tip of the guests"), "c2": ("2.00", "2.00")}]
    _, (proposal,) = await extract(extraction_app, columns=COLUMNS, mode="AUTO")
    assert cells(proposal)[2:] == [("Tip", "PENDING", "NONE"), ("2.00", "PENDING", "NONE")]
    assert [row["values"] for row in proposal["table"]["rows"]["nodes"]] == [{"c1": "Tea", "c2": "4.10"}]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"instructions": "x" * 2_001}, "instructions"),
        ({"passes": 3}, "passes"),
        ({"examples": [{"text": "x", "rows": []}] * 6}, "examples"),
        ({"examples": [{"text": "x", "rows": [1]}]}, "examples.0.rows"),
    ],
)
async def test_wishes_have_limits(extraction_app: App, arguments: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        await extract(extraction_app, columns=COLUMNS, **arguments)
    assert [mistake["field"] for mistake in refused.value.errors[0]["extensions"]["fieldErrors"]] == [field]
