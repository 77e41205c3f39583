"""Ids of columns, cells and revisions: unique, stable, and of one state of the table only."""

from pathlib import Path
from typing import Any

from db.models.organizations import Organization
from resolvers.core.ids import global_id
from tests.support.tables.table_client import ITEM, NUMBER, Refused, TableClient, cell
from tests.support.world import World

PARTS = """query P($id: ID!, $revision: Int) { table(id: $id) { columns { id key }
  rows(asOfRevision: $revision) { nodes { id cells { id value column { id key name } } } }
  history { nodes { id number changes { kind rowVersion column } } } } }"""


async def parts(sheet: TableClient, revision: int | None = None) -> dict[str, Any]:
    table: dict[str, Any] = (await sheet.run(PARTS, id=sheet.id, revision=revision))["table"]
    return table


def cells(table: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for row in table["rows"]["nodes"] for cell in row["cells"]]


async def test_every_part_has_an_id_of_its_own_that_stays(sheet: TableClient, world: World, tmp_path: Path) -> None:
    other = await TableClient.new(world, tmp_path, viewer=sheet.viewer, product=sheet.product)
    await sheet.add({"Item": "Taxi"}, {"Item": "Bus"})
    await other.add({"Item": "Taxi"})
    one, two = await parts(sheet), await parts(other)
    ids = [
        part["id"] for table in (one, two) for part in (*table["columns"], *cells(table), *table["history"]["nodes"])
    ]
    assert len(ids) == len(set(ids)) == 7 + 14 + 2 + 7 + 7 + 2
    columns = {column["key"]: column["id"] for column in one["columns"]}
    assert all(columns[cell["column"]["key"]] == cell["column"]["id"] for cell in cells(one))
    await sheet.mutate("updateColumn", "{ column { id } }", tableId=sheet.id, key="c1", name="Thing")
    await sheet.update(cell(one["rows"]["nodes"][0], ITEM, "Cab"))
    again = await parts(sheet)
    assert [part["id"] for part in (*again["columns"], *cells(again))] == [
        part["id"] for part in (*one["columns"], *cells(one))
    ]
    assert again["history"]["nodes"][2:] == one["history"]["nodes"]


async def test_an_earlier_state_has_other_ids_than_the_current_one(sheet: TableClient) -> None:
    await sheet.add({"Item": "Taxi"})
    await sheet.mutate("updateColumn", "{ column { id } }", tableId=sheet.id, key="c1", name="Thing")
    now, then, again = await parts(sheet), await parts(sheet, 2), await parts(sheet, 2)
    assert cells(then)[0]["column"]["name"] == "Item"
    assert then["rows"] == again["rows"]
    for old, new in zip(cells(then), cells(now), strict=True):
        assert (old["id"], old["column"]["id"]) != (new["id"], new["column"]["id"])
        assert old["id"] != new["id"]
        assert old["column"]["id"] != new["column"]["id"]


async def test_columns_that_belong_to_no_table_have_ids_too(sheet: TableClient) -> None:
    selection = "{ table { columns { id } } columns { id } }"
    text = "Name,Amount\nTea,3\n"
    first, second, result = [
        await sheet.mutate("importTable", selection, name="Costs", text=text, dryRun=dry) for dry in (True, True, False)
    ]
    ids = [column["id"] for payload in (first, second, result) for column in payload["columns"]]
    assert len(set(ids)) == 6
    assert result["table"]["columns"] == result["columns"]


async def test_a_revision_is_a_node_and_the_parts_of_rows_are_not(sheet: TableClient, world: World) -> None:
    await sheet.add({"Item": "Taxi"})
    table = await parts(sheet)
    node = "query N($id: ID!) { node(id: $id) { __typename ... on Revision { number } } }"
    revision = table["history"]["nodes"][0]["id"]
    assert (await sheet.run(node, id=revision))["node"] == {"__typename": "Revision", "number": 2}
    assert (await sheet.seen_by(await world.person("eve")).run(node, id=revision))["node"] is None
    for part in (table["columns"][0], cells(table)[0]):
        assert (await sheet.run(node, id=part["id"]))["node"] is None


async def test_a_change_has_the_version_of_its_row(sheet: TableClient) -> None:
    row = (await sheet.add({"Item": "Taxi"}))["rows"][0]
    await sheet.update(cell(row, ITEM, "Cab"), cell(row, NUMBER, 4))
    changed = (await sheet.update(cell(row, NUMBER, 5)))["rows"][0]
    await sheet.delete(row["id"])
    await sheet.undo(5)
    await sheet.mutate("updateTable", "{ table { id } }", id=sheet.id, name="Spending")
    versions = [
        [change["rowVersion"] for change in revision["changes"]]
        for revision in (await parts(sheet))["history"]["nodes"]
    ]
    assert versions[:-1] == [[None], [4], [3], [3], [2, 2], [1]]
    assert set(versions[-1]) == {None}
    assert changed["version"] == 3
    restored = (await sheet.rows())["nodes"][0]
    # The version of a change is what the next edit of the same row expects.
    await sheet.update(cell(restored, NUMBER, 6, version=4))
    assert (await sheet.rows())["nodes"][0]["values"] == {ITEM: "Cab", NUMBER: 6}


async def test_a_conflict_names_the_colleague_who_edited(sheet: TableClient, world: World, tmp_path: Path) -> None:
    bob = await world.person("bob")
    organization = await world.organization(admin=sheet.viewer)
    await world.join(organization, bob)
    shared = await TableClient.new(
        world,
        tmp_path,
        viewer=bob,
        product=sheet.product,
        organizationId=global_id(Organization, organization),
    )
    row = (await shared.add({"Item": "Taxi", "Price": "3.5"}))["rows"][0]
    admin = shared.seen_by(sheet.viewer)
    await admin.update(cell(row, "c3", "4.25"))
    try:
        await shared.update(cell(row, "c3", "9", version=1))
    except Refused as refused:
        (conflict,) = refused.first["conflicts"]
    assert conflict["editedBy"] == {"id": admin.user_id, "name": "Ann Example", "email": "ann@example.com"}
    assert (conflict["currentValue"], conflict["currentText"], conflict["yourValue"]) == ("4.25", "4.25", "9")
    assert conflict["row"]["values"] == {"c1": "Taxi", "c3": "4.25"}
