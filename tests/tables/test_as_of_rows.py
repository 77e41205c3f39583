"""The rows of an earlier revision are what the table had then, whatever has happened to it since."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from db.core.base import Visibility
from db.core.engine import Database
from db.models.organizations import Organization
from db.tables.history import delta_cache
from resolvers.core.ids import global_id
from resolvers.tables import as_of_rows
from tests.support.tables.random_edits import COLUMNS, STEPS, Story
from tests.support.tables.statement_count import counted
from tests.support.tables.table_client import ITEM, NUMBER, Refused, TableClient, cell
from tests.support.world import World

ROW = """{ id position version values createdAt cells { value text column { key name type position }
  source { quote } editedBy { email } } }"""
NOW = f"query N($id: ID!) {{ table(id: $id) {{ revision rows(first: 100) {{ totalCount nodes {ROW} }} }} }}"
THEN = f"""query T($id: ID!, $number: Int, $first: Int, $after: String, $last: Int, $before: String) {{
  table(id: $id) {{ rows(first: $first, after: $after, last: $last, before: $before, asOfRevision: $number) {{
    totalCount nodes {ROW} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }}"""
SHORT = "query S($id: ID!, $number: Int) { table(id: $id) { rows(asOfRevision: $number) { nodes { values } } } }"


async def then(sheet: TableClient, number: int, **requested: Any) -> dict[str, Any]:
    requested = requested or {"first": 100}
    rows: dict[str, Any] = (await sheet.run(THEN, id=sheet.id, number=number, **requested))["table"]["rows"]
    return rows


async def walked(sheet: TableClient, number: int, *, backwards: bool) -> list[dict[str, Any]]:
    """All rows of a revision, two at a time."""
    collected: list[dict[str, Any]] = []
    many, from_, more, edge = ("last", "before", "hasPreviousPage", "startCursor") if backwards else (
        "first", "after", "hasNextPage", "endCursor")  # fmt: skip
    cursor = None
    while True:
        rows = await then(sheet, number, **{many: 2, **({from_: cursor} if cursor else {})})
        collected = rows["nodes"] + collected if backwards else collected + rows["nodes"]
        if not rows["pageInfo"][more]:
            return collected
        cursor = rows["pageInfo"][edge]


async def test_every_revision_of_a_story_is_what_the_table_was(world: World, tmp_path: Path) -> None:
    sheet = await TableClient.new(world, tmp_path, columns=COLUMNS)
    story = Story(sheet, seed=0)
    await story.add([], ["c1", "c2"])
    states: dict[int, Any] = {}
    for step in range(STEPS):
        table = (await sheet.run(NOW, id=sheet.id))["table"]
        states[table["revision"]] = table["rows"]
        if step == STEPS // 2:  # what is kept from here on is brought up to date
            for number, rows in states.items():
                assert (await then(sheet, number))["nodes"] == rows["nodes"], number
        await story.step()
    for number, rows in states.items():
        result = await then(sheet, number)
        assert (result["nodes"], result["totalCount"]) == (rows["nodes"], rows["totalCount"]), number
    for number in (min(states), sorted(states)[len(states) // 2]):
        assert await walked(sheet, number, backwards=False) == states[number]["nodes"]
        assert await walked(sheet, number, backwards=True) == states[number]["nodes"]


async def test_rows_that_came_back_are_shown_once_and_as_they_were(sheet: TableClient) -> None:
    rows = (await sheet.add(*({"Item": str(n)} for n in range(5))))["rows"]
    await sheet.update(cell(rows[1], ITEM, "one"))
    before = (await sheet.run(NOW, id=sheet.id))["table"]["rows"]
    await sheet.delete(rows[1]["id"], rows[3]["id"])
    await sheet.undo(4)
    await sheet.update(cell(rows[1], ITEM, "late"), cell(rows[4], NUMBER, 9))
    await sheet.delete(rows[1]["id"])
    await sheet.add({"Item": "new"})
    assert (await then(sheet, 3))["nodes"] == before["nodes"]
    assert await walked(sheet, 3, backwards=True) == before["nodes"]
    assert [row["values"] for row in (await then(sheet, 4))["nodes"]] == [{ITEM: "0"}, {ITEM: "2"}, {ITEM: "4"}]
    assert (await then(sheet, 1))["nodes"] == []
    first = (await then(sheet, 1, first=1))["pageInfo"]
    assert first == {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}


async def test_the_time_of_the_last_change_is_that_of_then(sheet: TableClient) -> None:
    row = (await sheet.add({"Item": "Taxi"}))["rows"][0]
    await sheet.update(cell(row, ITEM, "Cab"))
    await sheet.update(cell(row, ITEM, "Bus"))
    document = """query U($id: ID!) { table(id: $id) { history { nodes { at } }
      rows(asOfRevision: 3) { nodes { values updatedAt } } } }"""
    table = (await sheet.run(document, id=sheet.id))["table"]
    assert table["rows"]["nodes"] == [{"values": {ITEM: "Cab"}, "updatedAt": table["history"]["nodes"][1]["at"]}]


async def test_a_revision_that_never_was_and_a_cursor_of_another_list_are_refused(sheet: TableClient) -> None:
    for number in (0, -1, 2):
        with pytest.raises(Refused, match="revision 1, its only one") as refused:
            await sheet.run(SHORT, id=sheet.id, number=number)
        assert (refused.value.code, refused.value.fields) == ("BAD_USER_INPUT", ["asOfRevision"])
    await sheet.add({"Item": "Taxi"})
    with pytest.raises(Refused, match="Choose one from 1 to 2"):
        await sheet.run(SHORT, id=sheet.id, number=3)
    with pytest.raises(Refused) as refused:
        await then(sheet, 1, first=1, after="WzEsMl0")
    assert refused.value.fields == ["after"]


async def test_who_may_not_see_the_table_any_more_sees_no_kept_state(
    sheet: TableClient, world: World, tmp_path: Path
) -> None:
    ann, bob = sheet.viewer, await world.person("bob")
    organization = global_id(Organization, await world.organization(admin=ann, members=[bob]))
    arguments: dict[str, Any] = {"organizationId": organization, "visibility": Visibility.ORGANIZATION.value}
    shared = await TableClient.new(world, tmp_path, viewer=ann, product=sheet.product, **arguments)
    row = (await shared.add({"Item": "Taxi"}))["rows"][0]
    await shared.delete(row["id"])
    bobs = shared.seen_by(bob)
    assert [row["values"] for row in (await then(bobs, 2))["nodes"]] == [{ITEM: "Taxi"}]
    await shared.mutate("updateTable", "{ table { id } }", id=shared.id, visibility="PRIVATE")
    assert await bobs.run(SHORT, id=shared.id, number=2) == {"table": None}


async def test_rows_are_of_one_moment_while_others_change_them(
    sheet: TableClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = (await sheet.add(*({"Number": 0} for _ in range(30))))["rows"]
    was = (await then(sheet, 2))["nodes"]

    async def change() -> None:
        for n in range(1, 6):
            await sheet.update(*(cell(row, NUMBER, n) for row in rows[:3]))
            await sheet.delete(rows[-n]["id"])

    monkeypatch.setattr(as_of_rows, "TRIES", 1_000)
    changing = asyncio.create_task(change())
    while not changing.done():
        assert (await then(sheet, 2))["nodes"] == was
    await changing


async def test_a_page_costs_as_many_statements_whatever_its_size_and_states_are_forgotten(
    sheet: TableClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = (await sheet.add(*({"Number": n} for n in range(20))))["rows"]
    await sheet.update(*(cell(row, NUMBER, 50) for row in rows))
    one = await counted(sheet, database, monkeypatch, THEN, id=sheet.id, number=2, first=1)
    assert await counted(sheet, database, monkeypatch, THEN, id=sheet.id, number=2, first=20) == one
    monkeypatch.setattr(delta_cache, "MAX_CACHED_ROWS", 20)
    await then(sheet, 1)
    assert [key[1] for key in sheet.product.backend.snapshots.deltas._entries] == [1]
