"""Revisions: the history of a table, undo that restores exactly, and the stream of changes."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from auth.viewer import Viewer
from db.core.base import Visibility, now
from db.core.engine import Database
from db.core.session import Session
from db.models.organizations import Organization
from db.models.revisions import Revision
from db.models.users import User
from db.retention.erasure import erase
from resolvers.core.ids import global_id
from resolvers.tables import revisions
from tests.support.tables.statement_count import counted
from tests.support.tables.table_client import ITEM, NUMBER, Refused, TableClient, cell
from tests.support.world import World

UNIQUE: list[dict[str, Any]] = [{"name": "Code", "type": "INTEGER", "isUnique": True}]


def content(table: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a table without their versions."""
    return [{name: value for name, value in row.items() if name != "version"} for row in table["rows"]["nodes"]]


async def test_undoing_restores_exactly_and_can_be_undone(sheet: TableClient) -> None:
    one, two = (await sheet.add({"Item": "Taxi", "Number": 1}, {"Item": "Bus", "Number": 2}))["rows"]
    states = [await sheet.table()]
    changes: list[Callable[[], Awaitable[Any]]] = [
        lambda: sheet.update(cell(one, ITEM, "Cab"), cell(two, NUMBER, None)),
        lambda: sheet.delete(one["id"]),
        lambda: sheet.add({"Item": "Tram"}),
        lambda: sheet.update(cell(two, ITEM, "Coach")),
    ]
    for change in changes:
        await change()
        states.append(await sheet.table())
    assert states[-1]["revision"] == 6
    for back in (3, 2, 1, 0):
        undone = await sheet.undo(back + 3)
        assert undone["revision"]["source"] == "UNDO"
        assert content(await sheet.table()) == content(states[back]), back
    for forth in (1, 2, 3, 4):
        await sheet.undo(11 - forth)
        assert content(await sheet.table()) == content(states[forth]), forth
    table = await sheet.table()
    assert (table["revision"], table["rowCount"]) == (14, 2)


async def test_a_row_that_comes_back_has_its_editor_and_time(sheet: TableClient, world: World, tmp_path: Path) -> None:
    ann, bob = sheet.viewer, await world.person("bob")
    organization = await world.organization(admin=ann)
    await world.join(organization, bob)
    shared = await TableClient.new(
        world,
        tmp_path,
        viewer=bob,
        product=sheet.product,
        organizationId=global_id(Organization, organization),
        visibility=Visibility.ORGANIZATION.value,
    )
    await shared.add({"Item": "Taxi"})
    document = """query R($id: ID!) { table(id: $id) { rows { nodes { id position createdAt
      cells { value editedBy { email } } } } } }"""
    before = await shared.run(document, id=shared.id)
    row = before["table"]["rows"]["nodes"][0]
    anns = shared.seen_by(ann)
    await anns.delete(row["id"])
    await anns.undo(3)
    assert await shared.run(document, id=shared.id) == before
    assert row["cells"][0]["editedBy"] == {"email": "bob@example.com"}


async def test_what_changed_again_later_is_a_conflict_unless_forced(sheet: TableClient) -> None:
    one, two = (await sheet.add({"Item": "Taxi"}, {"Item": "Bus"}))["rows"]
    await sheet.update(cell(one, ITEM, "Cab"), cell(two, ITEM, "Tram"))
    await sheet.update(cell(one, ITEM, "Limousine"))
    before = await sheet.table()
    for number, places in (
        (3, [(one["id"], ITEM, "Limousine", "Taxi")]),
        (2, [(two["id"], ITEM, "Tram", None), (one["id"], ITEM, "Limousine", None)]),
    ):
        with pytest.raises(Refused) as refused:
            await sheet.undo(number)
        assert refused.value.code == "CONFLICT"
        keys = ("rowId", "column", "currentValue", "yourValue")
        assert [tuple(c[key] for key in keys) for c in refused.value.first["conflicts"]] == places
    assert await sheet.table() == before
    await sheet.undo(3, force=True)
    assert [row["values"] for row in (await sheet.table())["rows"]["nodes"]] == [{ITEM: "Taxi"}, {ITEM: "Bus"}]


async def test_a_cell_of_a_deleted_row_is_a_conflict_and_is_left_out_by_force(sheet: TableClient) -> None:
    row = (await sheet.add({"Item": "Taxi"}))["rows"][0]
    await sheet.update(cell(row, ITEM, "Cab"))
    await sheet.delete(row["id"])
    with pytest.raises(Refused) as refused:
        await sheet.undo(3)
    assert refused.value.code == "CONFLICT"
    before = await sheet.table()
    with pytest.raises(Refused, match="There is nothing to undo: the changes of revision 3"):
        await sheet.undo(3, force=True)
    assert await sheet.table() == before


async def test_a_row_that_came_back_and_was_changed_since_is_a_conflict(sheet: TableClient) -> None:
    one, two = (await sheet.add({"Item": "Taxi"}, {"Item": "Bus"}))["rows"]
    await sheet.delete(one["id"])
    await sheet.undo(3)  # revision 4 brings the row back
    await sheet.update(cell(two, ITEM, "Tram"))
    await sheet.undo(4)  # another row was changed, which is no conflict
    await sheet.undo(6)
    await sheet.update(cell(one, NUMBER, 7))
    before = await sheet.table()
    for number in (4, 7):
        with pytest.raises(Refused) as refused:
            await sheet.undo(number)
        assert refused.value.code == "CONFLICT"
        assert [(c["rowId"], c["column"]) for c in refused.value.first["conflicts"]] == [(one["id"], NUMBER)]
    assert await sheet.table() == before
    await sheet.undo(7, force=True)
    assert [row["values"] for row in (await sheet.table())["rows"]["nodes"]] == [{ITEM: "Tram"}]


async def test_the_version_of_a_row_goes_on_when_it_comes_back(sheet: TableClient) -> None:
    row = (await sheet.add({"Item": "Taxi"}))["rows"][0]
    versions = [row["version"]]
    for _ in range(2):
        await sheet.delete(row["id"])
        await sheet.undo((await sheet.table())["revision"])
        versions.append((await sheet.table())["rows"]["nodes"][0]["version"])
    assert versions == [1, 2, 3]
    await sheet.update(cell(row, ITEM, "Cab", version=3))
    with pytest.raises(Refused) as refused:
        await sheet.update(cell(row, ITEM, "Bus", version=3))
    assert (refused.value.code, refused.value.first["conflicts"][0]["currentValue"]) == ("CONFLICT", "Cab")


async def test_undoing_twice_is_refused_and_changes_nothing_more(sheet: TableClient) -> None:
    row = (await sheet.add({"Item": "Taxi"}))["rows"][0]
    await sheet.update(cell(row, ITEM, "Cab"))
    await sheet.undo(3)
    for force in (False, True):
        with pytest.raises(Refused, match="There is nothing to undo: the changes of revision 3") as refused:
            await sheet.undo(3, force=force)
        assert (refused.value.code, refused.value.fields) == ("BAD_USER_INPUT", ["revision"])
    assert (await sheet.table())["revision"] == 4


async def test_undoing_does_not_break_a_rule(world: World, tmp_path: Path) -> None:
    sheet = await TableClient.new(world, tmp_path, UNIQUE)
    row = (await sheet.add({"Code": 1}))["rows"][0]
    await sheet.delete(row["id"])
    await sheet.add({"Code": 1})
    for force in (False, True):
        with pytest.raises(Refused) as refused:
            await sheet.undo(3, force=force)
        assert refused.value.fields == ["revision"]
    assert (await sheet.table())["rowCount"] == 1


async def test_the_first_revision_and_unknown_ones_are_not_undone(sheet: TableClient) -> None:
    for number, code in ((1, "BAD_USER_INPUT"), (2, "NOT_FOUND"), (0, "NOT_FOUND"), (-1, "NOT_FOUND")):
        with pytest.raises(Refused) as refused:
            await sheet.undo(number)
        assert (refused.value.code, refused.value.fields) == (code, ["revision"])
    assert (await sheet.table())["revision"] == 1


async def test_a_version_seen_before_an_undo_is_stale_after_it(sheet: TableClient) -> None:
    row = (await sheet.add({"Item": "Taxi"}))["rows"][0]
    seen = (await sheet.update(cell(row, ITEM, "Cab")))["rows"][0]
    await sheet.undo(3)
    with pytest.raises(Refused) as refused:
        await sheet.update(cell(row, ITEM, "Bus", version=seen["version"]))
    assert refused.value.first["conflicts"][0]["currentValue"] == "Taxi"


async def test_history_is_that_of_a_row_or_a_column_when_asked(sheet: TableClient) -> None:
    one, two = (await sheet.add({"Item": "Taxi"}, {"Item": "Bus"}))["rows"]
    await sheet.update(cell(one, ITEM, "Cab"))
    await sheet.update(cell(two, NUMBER, 2))
    await sheet.update(cell(one, NUMBER, 1))
    await sheet.delete(two["id"])
    document = """query H($id: ID!, $row: ID, $column: ID) { table(id: $id) { history(rowId: $row, column: $column) {
      totalCount nodes { number } } } }"""
    for arguments, numbers in (
        ({}, [6, 5, 4, 3, 2, 1]),
        ({"row": one["id"]}, [5, 3, 2]),
        ({"row": two["id"]}, [6, 4, 2]),
        ({"column": NUMBER}, [5, 4, 1]),
        ({"row": one["id"], "column": ITEM}, [3, 2]),
        ({"column": "c99"}, []),
    ):
        history = (await sheet.run(document, id=sheet.id, **arguments))["table"]["history"]
        assert [node["number"] for node in history["nodes"]] == numbers, arguments
        assert history["totalCount"] == len(numbers), arguments
    await check_changes_of_one(sheet, two["id"])
    of_row = await sheet.run(
        "query R($id: ID!) { node(id: $id) { ... on Row { history { nodes { number } } } } }", id=one["id"]
    )
    assert [node["number"] for node in of_row["node"]["history"]["nodes"]] == [5, 3, 2]


async def check_changes_of_one(sheet: TableClient, row_id: str) -> None:
    """Of what a revision did, that to one row or cell alone, wherever in it that stands."""
    document = """query C($id: ID!, $of: ID!, $row: ID, $column: ID) { table(id: $id) { history(rowId: $of) {
      nodes { number changes(first: 1, rowId: $row, column: $column) { kind rowId column new } } } } }"""

    async def changes(**of: str) -> dict[int, list[tuple[Any, ...]]]:
        result = (await sheet.run(document, id=sheet.id, of=row_id, **of))["table"]["history"]["nodes"]
        assert {change["rowId"] for node in result for change in node["changes"]} == {row_id}
        return {node["number"]: [(change["kind"], change["new"]) for change in node["changes"]] for node in result}

    gone, added = ("ROW_DELETED", None), ("ROW_ADDED", {"position": 2, "values": {ITEM: "Bus"}})
    assert await changes(row=row_id) == {6: [gone], 4: [("CELL_CHANGED", 2)], 2: [added]}
    assert await changes(row=row_id, column=ITEM) == {6: [gone], 4: [], 2: [("ROW_ADDED", "Bus")]}
    with pytest.raises(Refused) as refused:
        await changes(column=ITEM)
    assert refused.value.fields == ["column"]


async def test_history_costs_as_many_statements_as_one_revision(
    sheet: TableClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = """query H($id: ID!) { table(id: $id) { history(first: 100) { nodes { number summary
      actor { email } changes { kind old new source { message { text } } } } } } }"""
    one = await counted(sheet, database, monkeypatch, document, id=sheet.id)
    row = (await sheet.add({"Item": "Taxi"}))["rows"][0]
    for n in range(10):
        await sheet.update(cell(row, NUMBER, n))
    assert await counted(sheet, database, monkeypatch, document, id=sheet.id) == one == 4


async def test_of_many_changes_the_first_are_shown(sheet: TableClient) -> None:
    await sheet.add(*({"Number": n} for n in range(150)))
    document = """query H($id: ID!) { table(id: $id) { history(first: 1) { nodes { a: changes { new }
      b: changes(first: 2) { new } c: changes(first: 5000) { new } } } } }"""
    (revision,) = (await sheet.run(document, id=sheet.id))["table"]["history"]["nodes"]
    numbers = {name: [change["new"]["values"][NUMBER] for change in revision[name]] for name in revision}
    assert numbers == {"a": [*range(100)], "b": [0, 1], "c": [*range(150)]}
    for first in (-1, 5_001):
        with pytest.raises(Refused) as refused:
            await sheet.run(document.replace("first: 2", f"first: {first}"), id=sheet.id)
        assert refused.value.fields == ["first"]


async def test_a_follower_gets_every_revision_in_order(sheet: TableClient) -> None:
    row = (await sheet.add({"Number": 0}))["rows"][0]
    events: list[dict[str, Any]] = []

    async def follow(after: int | None, until: int) -> list[int]:
        async with asyncio.timeout(20), aclosing(sheet.follow(after)) as revisions:
            numbers = []
            async for revision in revisions:
                numbers.append(revision["number"])
                events.append(revision)
                if revision["number"] == until:
                    break
            return numbers

    followers = [asyncio.create_task(follow(after, 12)) for after in (0, 2, None)]
    await asyncio.sleep(0.05)
    await asyncio.gather(*(sheet.update(cell(row, NUMBER, n)) for n in range(1, 11)))
    assert await asyncio.gather(*followers) == [[*range(1, 13)], [*range(3, 13)], [*range(3, 13)]]
    assert await follow(11, 12) == [12]
    assert sheet.product.hub._waiting == {}
    assert {event["summary"] for event in events if event["number"] > 2} == {"1 cell changed"}


async def test_more_revisions_than_a_batch_are_all_told(sheet: TableClient) -> None:
    row = (await sheet.add({"Number": 0}))["rows"][0]
    await asyncio.gather(*(sheet.update(cell(row, NUMBER, n)) for n in range(1, 121)))
    async with asyncio.timeout(20), aclosing(sheet.follow(0)) as stream:
        numbers = []
        async for revision in stream:
            numbers.append(revision["number"])
            if len(numbers) == 122:
                break
    assert numbers == [*range(1, 123)]


async def test_a_place_that_the_table_has_not_reached_is_refused(sheet: TableClient) -> None:
    for after in (2, -1):
        with pytest.raises(Refused) as refused:
            await anext(aiter(sheet.follow(after)))
        assert (refused.value.code, refused.value.fields) == ("BAD_USER_INPUT", ["after"])


async def test_a_place_whose_successors_are_not_kept_any_more_is_refused(sheet: TableClient, world: World) -> None:
    row = (await sheet.add({"Number": 0}))["rows"][0]
    await sheet.update(cell(row, NUMBER, 1))

    def forget(until: int, session: Session) -> None:
        erase(session, Revision, Revision.number <= until, limit=1_000)

    async def check(after: int) -> None:
        async with asyncio.timeout(20):
            with pytest.raises(Refused, match="Read the table again") as refused:
                await anext(aiter(sheet.follow(after)))
        assert (refused.value.code, refused.value.fields) == ("BAD_USER_INPUT", ["after"])

    await world.database.write(partial(forget, 2), Viewer.system())
    await check(1)
    async with asyncio.timeout(20), aclosing(sheet.follow(2)) as stream:
        assert (await anext(stream))["number"] == 3
    await world.database.write(partial(forget, 3), Viewer.system())
    await check(2)


async def test_whoever_is_gone_stays_who_did_it(sheet: TableClient, world: World) -> None:
    await sheet.add({"Item": "Taxi"})
    superuser = replace(await world.person("root"), is_superuser=True)

    def deactivate(session: Session) -> None:
        session.get_for_update(User, sheet.viewer.user_id or UUID(int=0)).deactivated_at = now()

    await world.database.write(deactivate, superuser)
    document = """query H($id: ID!) { table(id: $id) { history { nodes { actor { email } } }
      rows { nodes { cells { editedBy { email } } } } } }"""
    table = (await sheet.seen_by(superuser).run(document, id=sheet.id))["table"]
    ann = {"email": "ann@example.com"}
    assert [node["actor"] for node in table["history"]["nodes"]] == [ann, ann]
    assert table["rows"]["nodes"][0]["cells"][0]["editedBy"] == ann


async def test_a_follower_is_shut_out_when_the_table_is(
    sheet: TableClient, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revisions, "IDLE_SECONDS", 0.05)
    ann, bob = sheet.viewer, await world.person("bob")
    organization = await world.organization(admin=ann, members=[bob])
    shared = await TableClient.new(
        world,
        tmp_path,
        viewer=ann,
        product=sheet.product,
        organizationId=global_id(Organization, organization),
        visibility="ORGANIZATION",
    )
    async with asyncio.timeout(20), aclosing(shared.seen_by(bob).follow(0)) as stream:
        assert (await anext(stream))["number"] == 1
        await shared.mutate("updateTable", "{ table { id } }", id=shared.id, visibility="PRIVATE")
        with pytest.raises(Refused) as refused:
            await anext(stream)
    assert refused.value.code == "NOT_FOUND"
    async with asyncio.timeout(20), aclosing(sheet.follow(1)) as stream:
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.02)
        await sheet.mutate("deleteTable", "{ deletedId }", id=sheet.id)
        with pytest.raises(Refused) as refused:
            await waiting
    assert refused.value.code == "NOT_FOUND"
