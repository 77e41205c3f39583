"""Field errors: an answer names every mistake of an input, and nothing is written."""

from typing import Any

import pytest

from errors import BadUserInput, Mistakes
from tests.support.app import App
from tests.support.client import Client, Refused

LONG = "x" * 30_000
COLUMNS = [
    {"name": "", "type": "TEXT", "minimum": "1", "pattern": "("},
    {"name": "Day", "type": "DATE", "maxLength": 3, "format": "XYZ", "options": ["a"]},
    {"name": "day", "type": "DECIMAL", "minimum": "9", "maximum": "1"},
]
CASES: list[tuple[str, dict[str, Any], list[str]]] = [
    (
        "createConversation",
        {"title": LONG, "systemPrompt": LONG, "model": "no", "temperature": 3, "maxTokens": 0},
        ["model", "title", "systemPrompt", "temperature", "maxTokens"],
    ),
    (
        "createTable",
        {"name": " ", "columns": COLUMNS},
        ["name"]
        + [f"columns.0.{name}" for name in ("name", "minimum", "pattern")]
        + [f"columns.1.{name}" for name in ("options", "maxLength", "format")]
        + [f"columns.2.{name}" for name in ("name", "minimum")],
    ),
    ("createItem", {"title": " ", "description": LONG}, ["title", "description"]),
    ("updateProfile", {"firstName": LONG, "lastName": LONG}, ["firstName", "lastName"]),
    ("changePassword", {"currentPassword": "no", "newPassword": "short"}, ["currentPassword", "newPassword"]),
    ("sendMessage", {"text": " ", "model": "no"}, ["model", "text"]),
    (
        "importTable",
        {"name": "A", "text": "a,b", "delimiter": "ab", "headerRow": -1, "skipRows": -1, "decimalMark": "x"},
        ["delimiter", "headerRow", "skipRows", "decimalMark"],
    ),
]
ROWS = """query R($id: ID!, $filter: RowFilter, $sort: [RowSort!]) {
  table(id: $id) { rows(filter: $filter, sort: $sort) { nodes { id } } } }"""


def fields(error: dict[str, Any]) -> list[str]:
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    return [each["field"] for each in error["extensions"]["fieldErrors"]]


async def state(ann: Client) -> Any:
    return await ann.run("{ me { name conversations { totalCount } items { totalCount } } tables { totalCount } }")


async def test_every_mistake_of_an_input_has_its_field(app: App) -> None:
    ann = await app.person()
    before = await state(ann)
    for name, arguments, expected in CASES:
        assert fields(await ann.refused(name, **arguments)) == expected, name
    assert await state(ann) == before


async def test_a_sign_up_with_three_mistakes_names_them_all(app: App) -> None:
    arguments = {"email": "nobody", "password": "short", "firstName": LONG}
    error = await app.client().refused("signUp", **arguments)
    assert fields(error) == ["email", "password", "firstName"]
    assert error["message"].endswith("There are 2 more mistakes: see `fieldErrors`.")


async def test_a_site_and_a_module_with_several_mistakes(app: App) -> None:
    ann = await app.person()
    target = {"organizationId": await app.organization(ann)}
    assert fields(await ann.refused("createSite", name="", address=LONG, **target)) == ["name", "address"]
    site = (await ann.mutate("createSite", "{ site { id } }", name="Roof", **target))["site"]["id"]
    assert fields(await ann.refused("updateSite", id=site, name="", address=LONG)) == ["name", "address"]
    module = {"siteId": site, "name": "", "kind": LONG, "serialNumber": LONG}
    assert fields(await ann.refused("createModule", **module)) == ["name", "kind", "serialNumber"]
    item = {"title": "", "siteId": site, "organizationId": await app.organization(ann)}
    assert fields(await ann.refused("createItem", **item)) == ["title", "siteId"]
    node = "query S($id: ID!) { site(id: $id) { name address modules { totalCount } } }"
    assert (await ann.run(node, id=site))["site"] == {"name": "Roof", "address": None, "modules": {"totalCount": 0}}


async def test_cells_filters_and_sorts_name_every_mistake(app: App) -> None:
    ann = await app.person()
    columns = [{"name": "Code", "type": "INTEGER", "isUnique": True}, {"name": "Note", "type": "TEXT"}]
    table = (await ann.mutate("createTable", "{ table { id } }", name="A", columns=columns))["table"]["id"]
    rows = [{"Code": 1}, {"Code": 2}, {"Code": 3}]
    added = await ann.mutate("addRows", "{ rows { id } }", tableId=table, rows=rows)
    one, two, three = [row["id"] for row in added["rows"]]
    cells = [{"rowId": one, "column": "Code", "value": 3}, {"rowId": two, "column": "Code", "value": 3}]
    assert fields(await ann.refused("updateCells", tableId=table, cells=cells)) == ["cells.0.value", "cells.1.value"]
    absent = [{"rowId": one, "column": "Code"}, {"rowId": two, "column": "Code"}, {"rowId": three, "column": "Code"}]
    assert len(fields(await ann.refused("updateCells", tableId=table, cells=absent))) == 3
    tests: list[dict[str, Any]] = [
        {"column": "Code", "op": "CONTAINS", "value": 1},
        {"column": "Code", "op": "EQ", "value": "x"},
        {"column": "Nothing", "op": "EQ", "value": 1},
        {"column": "Code"},
    ]
    with pytest.raises(Refused) as refused:
        await ann.run(ROWS, id=table, filter={"or": tests}, sort=[{"column": "No"}, {"column": "Note"}])
    names = ["op", "value", "column", "op"]
    expected = [f"filter.or.{n}.{name}" for n, name in enumerate(names)]
    assert fields(refused.value.errors[0]) == [*expected, "sort.0.column"]


async def test_a_conversation_begins_with_its_temperature_and_length(app: App) -> None:
    ann = await app.person()
    selection = "{ conversation { temperature maxTokens } }"
    created = await ann.mutate("createConversation", selection, temperature=0.4, maxTokens=200)
    assert created["conversation"] == {"temperature": 0.4, "maxTokens": 200}
    plain = await ann.mutate("createConversation", selection)
    assert plain["conversation"] == {"temperature": None, "maxTokens": None}


def test_one_mistake_is_raised_as_it_is_and_other_errors_pass() -> None:
    original = BadUserInput.of("name", "No.")
    with pytest.raises(BadUserInput) as caught, Mistakes():
        raise original
    assert caught.value is original
    check = Mistakes()
    check.add("name", "No.")
    with pytest.raises(KeyError), check:
        raise KeyError
