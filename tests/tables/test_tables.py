"""Tables and columns: made, changed, deleted, listed; what others may."""

from pathlib import Path
from typing import Any

import pytest

from db.core.engine import Database
from db.models.organizations import Organization
from db.tables.tables import MAX_COLUMNS
from resolvers.core.ids import global_id
from tests.support.tables.statement_count import counted
from tests.support.tables.table_client import COLUMNS, ITEM, Refused, TableClient, cell
from tests.support.world import World


async def test_a_new_table_has_its_columns_and_one_revision(sheet: TableClient) -> None:
    table = await sheet.table()
    assert [(c["key"], c["name"], c["type"], c["position"]) for c in table["columns"]] == [
        (f"c{n + 1}", column["name"], column["type"], n) for n, column in enumerate(COLUMNS)
    ]
    (revision,) = table["history"]["nodes"]
    assert (revision["number"], revision["source"], revision["summary"]) == (1, "USER", "7 columns added")
    assert revision["actor"] == {"email": "ann@example.com"}
    assert [change["kind"] for change in revision["changes"]] == ["COLUMN_ADDED"] * 7
    assert revision["changes"][0]["new"]["name"] == "Item"


async def test_the_same_key_makes_one_table(sheet: TableClient) -> None:
    arguments = {"name": "Twice", "columns": COLUMNS[:1], "idempotencyKey": "k"}
    created = [
        await sheet.mutate("createTable", "{ table { id } tableEdge { cursor } }", **arguments) for _ in range(2)
    ]
    assert created[0] == created[1]
    listed = await sheet.run("{ tables { totalCount nodes { name } } }")
    assert listed["tables"] == {"totalCount": 2, "nodes": [{"name": "Twice"}, {"name": "Costs"}]}


async def test_tables_are_found_by_name_conversation_and_organization(sheet: TableClient) -> None:
    created = await sheet.mutate("createConversation", "{ conversation { id organization { id } } }", title="Trip")
    conversation = created["conversation"]
    await sheet.mutate(
        "createTable", "{ table { id } }", name="Trip costs", columns=COLUMNS[:1], conversationId=conversation["id"]
    )
    document = """query L($search: String, $conversation: ID, $organization: ID) { tables(search: $search,
      conversationId: $conversation, organizationId: $organization) { nodes { name conversation { title } } } }"""
    trip = {"name": "Trip costs", "conversation": {"title": "Trip"}}
    costs = {"name": "Costs", "conversation": None}
    for requested, result in (
        ({"search": "TRIP"}, [trip]),
        ({"conversation": conversation["id"]}, [trip]),
        ({"organization": conversation["organization"]["id"]}, [trip, costs]),
        ({"search": "none"}, []),
    ):
        assert (await sheet.run(document, **requested))["tables"]["nodes"] == result, requested
    within = "query C($id: ID!) { conversation(id: $id) { tables { nodes { name } } } }"
    listed = await sheet.run(within, id=conversation["id"])
    assert listed["conversation"]["tables"]["nodes"] == [{"name": "Trip costs"}]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"name": "  "}, "name"),
    ({"name": "x" * 101}, "name"),
    ({"name": "a\x00b"}, "name"),
    ({"name": "item"}, "name"),
    ({"type": "INTEGER", "options": ["a"]}, "options"),
    ({"type": "SELECT", "options": []}, "options"),
    ({"type": "TEXT", "minimum": "1"}, "minimum"),
    ({"type": "INTEGER", "minimum": "2", "maximum": "1"}, "minimum"),
    ({"type": "DECIMAL", "maximum": "NaN"}, "maximum"),
    ({"type": "DATE", "maxLength": 3}, "maxLength"),
    ({"type": "TEXT", "pattern": "("}, "pattern"),
    ({"type": "TEXT", "pattern": "(a{500}){500}"}, "pattern"),
    ({"type": "CURRENCY", "format": "euro"}, "format"),
    ({"type": "TEXT", "format": "EUR"}, "format"),
    ({"type": "INTEGER", "default": "many"}, "default"),
    ({"type": "INTEGER", "default": 5, "maximum": "3"}, "default"),
    ({"type": "INTEGER", "default": 5, "isUnique": True}, "default"),
]


async def test_a_column_that_cannot_be_is_refused_with_its_place(sheet: TableClient) -> None:
    for column, field in WRONG:
        arguments = {"tableId": sheet.id, "column": {"name": "New", "type": "TEXT"} | column}
        with pytest.raises(Refused) as refused:
            await sheet.mutate("addColumn", "{ column { key } }", **arguments)
        assert (refused.value.code, refused.value.fields) == ("BAD_USER_INPUT", [f"column.{field}"]), column
    assert (await sheet.table())["revision"] == 1


async def test_a_column_goes_where_it_is_put_and_back_out(sheet: TableClient) -> None:
    before = await sheet.table()
    selection = "{ table { columns { key } } column { key name format } revision { number summary } }"
    column = {"name": "Cost", "type": "CURRENCY", "format": "EUR", "default": "1.50"}
    added = await sheet.mutate("addColumn", selection, tableId=sheet.id, column=column, position=1)
    assert added["column"] == {"key": "c8", "name": "Cost", "format": "EUR"}
    assert [c["key"] for c in added["table"]["columns"]] == ["c1", "c8", "c2", "c3", "c4", "c5", "c6", "c7"]
    assert added["revision"] == {"number": 2, "summary": "1 column added, 7 columns changed"}
    row = (await sheet.add({"Item": "Taxi"}))["rows"][0]
    assert row["values"] == {"c1": "Taxi", "c8": "1.50"}

    with pytest.raises(Refused) as refused:
        await sheet.undo(2)
    assert refused.value.first["conflicts"] == [
        {
            "rowId": row["id"],
            "column": "c8",
            "expectedVersion": None,
            "currentVersion": 1,
            "currentValue": "1.50",
            "currentText": "1.50 EUR",
            "yourValue": None,
            "editedBy": {"id": sheet.user_id, "name": "Ann Example", "email": "ann@example.com"},
            "row": {"id": row["id"], "version": 1, "position": 1, "values": {"c1": "Taxi", "c8": "1.50"}},
        }
    ]
    undone = await sheet.undo(2, force=True)
    assert undone["revision"]["number"] == 4
    after = await sheet.table()
    assert after["columns"] == before["columns"]
    assert after["rows"]["nodes"][0]["values"] == {"c1": "Taxi"}
    await sheet.undo(4)
    again = await sheet.table()
    assert [c["key"] for c in again["columns"]] == ["c1", "c8", "c2", "c3", "c4", "c5", "c6", "c7"]
    assert again["rows"]["nodes"][0]["values"] == {"c1": "Taxi", "c8": "1.50"}


async def test_a_required_column_needs_an_empty_table(sheet: TableClient) -> None:
    column = {"name": "Who", "type": "TEXT", "isRequired": True}
    await sheet.add({"Item": "Taxi"})
    with pytest.raises(Refused) as refused:
        await sheet.mutate("addColumn", "{ column { key } }", tableId=sheet.id, column=column)
    assert refused.value.fields == ["column.isRequired"]


async def test_a_table_has_room_for_so_many_columns(sheet: TableClient) -> None:
    many = [{"name": f"N{n}", "type": "TEXT"} for n in range(MAX_COLUMNS + 1)]
    with pytest.raises(Refused) as refused:
        await sheet.mutate("createTable", "{ table { id } }", name="Wide", columns=many)
    assert refused.value.fields == ["columns"]
    full = await sheet.mutate("createTable", "{ table { id } }", name="Wide", columns=many[1:])
    with pytest.raises(Refused) as refused:
        await sheet.mutate("addColumn", "{ column { key } }", tableId=full["table"]["id"], column=many[0])
    assert refused.value.fields == ["column"]


async def test_a_name_and_a_visibility_change_and_come_back(sheet: TableClient) -> None:
    selection = "{ table { name visibility } revision { number summary } }"
    changed = await sheet.mutate("updateTable", selection, id=sheet.id, name="Trip", visibility="ORGANIZATION")
    assert changed == {
        "table": {"name": "Trip", "visibility": "ORGANIZATION"},
        "revision": {"number": 2, "summary": "table changed"},
    }
    assert (await sheet.mutate("updateTable", selection, id=sheet.id, name="Trip"))["revision"] is None
    await sheet.undo(2)
    table = await sheet.table()
    assert (table["name"], table["visibility"], table["revision"]) == ("Costs", "PRIVATE", 3)


async def test_a_deleted_table_is_gone_for_everybody(sheet: TableClient) -> None:
    row = (await sheet.add({"Item": "Taxi"}))["rows"][0]
    assert await sheet.mutate("deleteTable", "{ deletedId }", id=sheet.id) == {"deletedId": sheet.id}
    seen = await sheet.run(
        "query N($t: ID!, $r: ID!) { table(id: $t) { id } a: node(id: $r) { id } tables { totalCount } }",
        t=sheet.id,
        r=row["id"],
    )
    assert seen == {"table": None, "a": None, "tables": {"totalCount": 0}}
    with pytest.raises(Refused) as refused:
        await sheet.add({"Item": "Bus"})
    assert refused.value.code == "NOT_FOUND"


def everything_that_changes(sheet: TableClient, row: dict[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    named = {"tableId": sheet.id}
    return {
        "updateTable": ("{ table { id } }", {"id": sheet.id, "name": "Mine"}),
        "deleteTable": ("{ deletedId }", {"id": sheet.id}),
        "addColumn": ("{ column { key } }", {**named, "column": {"name": "X", "type": "TEXT"}}),
        "addRows": ("{ table { id } }", {**named, "rows": [{"Item": "x"}]}),
        "updateCells": ("{ table { id } }", {**named, "cells": [cell(row, ITEM, "x")]}),
        "deleteRows": ("{ table { id } }", {**named, "rowIds": [row["id"]]}),
        "undoRevision": ("{ table { id } }", {**named, "revision": 2}),
    }


@pytest.mark.parametrize(("who", "code"), [("eve", "NOT_FOUND"), ("bob", "FORBIDDEN"), ("nobody", "UNAUTHENTICATED")])
async def test_others_change_nothing(world: World, tmp_path: Path, who: str, code: str) -> None:
    """Eve is a stranger; Bob is in the organization that the table is shared with."""
    ann, bob, eve = [await world.person(name) for name in ("ann", "bob", "eve")]
    organization = await world.organization(admin=ann, members=[bob])
    sheet = await TableClient.new(world, tmp_path, viewer=ann)
    await _move(sheet, organization)
    row = (await sheet.add({"Item": "Taxi"}))["rows"][0]
    before = await sheet.table()
    theirs = sheet.seen_by({"eve": eve, "bob": bob, "nobody": None}[who])
    for name, (selection, arguments) in everything_that_changes(sheet, row).items():
        with pytest.raises(Refused) as refused:
            await theirs.mutate(name, selection, **arguments)
        assert refused.value.code == code, name
    assert await sheet.table() == before


async def _move(sheet: TableClient, organization: Any) -> None:
    """Another table in place of the sheet's, shared in an organization."""
    created = await sheet.mutate(
        "createTable",
        "{ table { id } }",
        name="Shared",
        columns=COLUMNS,
        organizationId=global_id(Organization, organization),
        visibility="ORGANIZATION",
    )
    sheet.id = created["table"]["id"]


async def test_a_stranger_sees_nothing(sheet: TableClient, world: World) -> None:
    row = (await sheet.add({"Item": "Taxi"}))["rows"][0]
    eve = sheet.seen_by(await world.person("eve"))
    seen = await eve.run(
        "query N($t: ID!, $r: ID!) { table(id: $t) { id } node(id: $r) { id } tables { totalCount nodes { id } } }",
        t=sheet.id,
        r=row["id"],
    )
    assert seen == {"table": None, "node": None, "tables": {"totalCount": 0, "nodes": []}}
    with pytest.raises(Refused) as refused:
        await anext(aiter(eve.follow()))
    assert refused.value.code == "NOT_FOUND"


async def test_a_list_costs_as_many_statements_as_one_of_it(
    sheet: TableClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = """{ tables { totalCount nodes { id name columns { key name } owner { email } organization { name }
      conversation { title } createdBy { email } updatedBy { email } proposals { id } } } }"""
    one = await counted(sheet, database, monkeypatch, document)
    for n in range(5):
        await sheet.mutate("createTable", "{ table { id } }", name=f"Table {n}", columns=COLUMNS)
    assert await counted(sheet, database, monkeypatch, document) == one == 6


async def test_two_changes_in_one_operation_see_each_other(sheet: TableClient) -> None:
    document = """mutation Two($a: AddColumnInput!, $b: AddColumnInput!) { a: addColumn(input: $a) { table { columns {
      name } } } b: addColumn(input: $b) { table { columns { name } } } }"""
    arguments = {n: {"tableId": sheet.id, "column": {"name": n.upper(), "type": "TEXT"}} for n in ("a", "b")}
    added = await sheet.run(document, **arguments)
    assert [[c["name"] for c in added[n]["table"]["columns"]][7:] for n in ("a", "b")] == [["A"], ["A", "B"]]
