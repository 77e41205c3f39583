"""Rows: added, corrected, deleted; conflicts, idempotency, many writers at once."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from db.core.engine import Database
from tests.support.tables.statement_count import counted
from tests.support.tables.table_client import DAY, ITEM, NUMBER, PRICE, Refused, TableClient, cell
from tests.support.world import World


async def test_rows_are_added_by_key_and_by_name(sheet: TableClient) -> None:
    added = await sheet.add({"Item": "Taxi", "number": 2, "c3": "12.50", "Day": "31.12.2025"}, {})
    assert added["table"] == {"rowCount": 2}
    assert added["rejected"] == []
    assert added["revision"] == {"number": 2, "summary": "2 rows added"}
    first, second = added["rows"]
    assert first["values"] == {ITEM: "Taxi", NUMBER: 2, PRICE: "12.50", DAY: "2025-12-31"}
    assert first["cells"][2] == {
        "value": "12.50",
        "text": "12.50",
        "column": {"key": PRICE},
        "source": None,
        "editedBy": {"email": "ann@example.com"},
    }
    assert (second["values"], second["version"], second["cells"][0]["editedBy"]) == ({}, 1, None)


async def test_a_row_that_is_not_valid_keeps_all_others_out(strict: TableClient) -> None:
    rows: list[Any] = [
        {"Name": "Ann"},
        {"Code": 1},
        {"Name": "Ann", "Nmae": "x"},
        {"Name": "Ann", "Size": "XL", "Code": "much"},
        "Ann",
        {"Name": "Ann", "c1": "Bob"},
        {"Name": "Annannannann"},
    ]
    with pytest.raises(Refused) as refused:
        await strict.add(*rows)
    assert refused.value.fields == [
        "rows.1.Name",
        "rows.2.Nmae",
        "rows.3.Code",
        "rows.3.Size",
        "rows.4",
        "rows.5.c1",
        "rows.6.Name",
    ]
    table = await strict.table()
    assert (table["revision"], table["rowCount"]) == (1, 0)


async def test_rows_that_are_not_valid_are_skipped_when_asked(strict: TableClient) -> None:
    arguments = [{"Name": "Ann", "Code": "1.0"}, {}, {"Name": "Bob", "Code": 1}, {"Name": "Cas", "Code": 2}]
    added = await strict.add(*arguments, onError="SKIP_INVALID")
    assert [row["values"] for row in added["rows"]] == [
        {"c1": "Ann", "c2": "1.0", "c3": "M"},
        {"c1": "Cas", "c2": "2", "c3": "M"},
    ]
    assert added["rejected"] == [
        {"index": 1, "fieldErrors": [{"field": "rows.1.Name", "message": "Name is required: give it a value."}]},
        {
            "index": 2,
            "fieldErrors": [
                {
                    "field": "rows.2.Code",
                    "message": "Code is unique, and another row has this value: give another.",
                }
            ],
        },
    ]
    nothing = await strict.add({}, onError="SKIP_INVALID")
    assert (nothing["rows"], nothing["revision"]) == ([], None)
    assert (await strict.table())["revision"] == 2


async def test_the_same_key_adds_rows_once(strict: TableClient) -> None:
    arguments = [{"Name": "Ann", "Code": 1}, {"Code": 2}, {"Name": "Bob", "Code": 1}]
    created = [await strict.add(*arguments, onError="SKIP_INVALID", idempotencyKey="k") for _ in range(3)]
    assert created[0] == created[1] == created[2]
    assert [row["index"] for row in created[0]["rejected"]] == [1, 2]
    table = await strict.table()
    assert (table["revision"], table["rowCount"]) == (2, 1)


async def test_a_table_has_room_for_so_many_rows(sheet: TableClient, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused) as refused:
        await sheet.add(*[{}] * 5_001)
    assert refused.value.fields == ["rows"]
    monkeypatch.setattr("db.tables.editing.edits.MAX_ROWS", 2)
    await sheet.add({}, {})
    with pytest.raises(Refused) as refused:
        await sheet.add({})
    assert refused.value.first["message"] == "A table has at most 2 rows, not 3: add the others to another table."
    assert (await sheet.table())["rowCount"] == 2


async def test_a_cell_changes_with_its_row_and_says_who_did_it(sheet: TableClient) -> None:
    row = (await sheet.add({"Item": "Taxi", "Price": "12.50"}))["rows"][0]
    changed = await sheet.update(cell(row, PRICE, 13, version=1), cell(row, ITEM, "Bus"))
    assert changed["table"] == {"revision": 3}
    assert changed["revision"] == {"number": 3, "summary": "2 cells changed"}
    (now,) = changed["rows"]
    assert (now["version"], now["values"]) == (2, {ITEM: "Bus", PRICE: "13"})
    same = await sheet.update(cell(now, ITEM, "Bus"))
    assert (same["revision"], same["rows"][0]["version"]) == (None, 2)
    emptied = await sheet.update(cell(now, ITEM, None))
    assert emptied["rows"][0]["values"] == {PRICE: "13"}
    assert (await sheet.table())["history"]["nodes"][0]["changes"] == [
        {"kind": "CELL_CHANGED", "rowId": row["id"], "column": ITEM, "old": "Bus", "new": None, "source": None}
    ]


async def test_a_stale_edit_of_a_cell_is_a_conflict_with_the_current_cell(sheet: TableClient) -> None:
    one, two = (await sheet.add({"Item": "Taxi", "Number": 4}, {"Item": "Bus"}))["rows"]
    await sheet.update(cell(one, ITEM, "Cab", version=1))
    before = await sheet.table()
    with pytest.raises(Refused) as refused:
        await sheet.update(cell(two, ITEM, "Tram", version=1), cell(one, ITEM, "Limousine", version=1))
    assert refused.value.code == "CONFLICT"
    assert refused.value.first["conflicts"] == [
        {
            "rowId": one["id"],
            "column": ITEM,
            "expectedVersion": 1,
            "currentVersion": 2,
            "currentValue": "Cab",
            "currentText": "Cab",
            "yourValue": "Limousine",
            "editedBy": {"id": sheet.user_id, "name": "Ann Example", "email": "ann@example.com"},
            "row": {"id": one["id"], "version": 2, "position": 1, "values": {ITEM: "Cab", NUMBER: 4}},
        }
    ]
    assert await sheet.table() == before
    assert (await sheet.update(cell(one, ITEM, "Cab", version=1)))["revision"] is None


async def test_edits_of_different_cells_of_a_row_merge(sheet: TableClient) -> None:
    row = (await sheet.add({"Item": "Taxi", "Number": 1}))["rows"][0]
    await sheet.update(cell(row, ITEM, "Cab", version=1))
    merged = await sheet.update(cell(row, NUMBER, 2, version=1))
    assert merged["rows"][0]["values"] == {ITEM: "Cab", NUMBER: 2}
    with pytest.raises(Refused) as refused:
        await sheet.update(cell(row, ITEM, "Bus", version=1))
    assert refused.value.code == "CONFLICT"


async def test_edits_that_make_no_sense_are_refused_with_their_place(strict: TableClient) -> None:
    row, other = (await strict.add({"Name": "Ann", "Code": 1}, {"Name": "Bob", "Code": 2}))["rows"]
    for cells, fields in (
        ([cell(row, "c9", 1)], ["cells.0.column"]),
        ([cell(row, "c2", "many"), cell(row, "c1", None)], ["cells.0.value", "cells.1.value"]),
        ([cell(row, "c1", "A"), cell(row, "c1", "B")], ["cells.1"]),
        ([cell(row, "c1", "A", version=9)], ["cells.0.expectedVersion"]),
        ([cell(row, "c2", "2.0")], ["cells.0.value"]),
        ([{"rowId": row["id"], "column": "c1"}], ["cells.0.value"]),
    ):
        with pytest.raises(Refused) as refused:
            await strict.update(*cells)
        assert (refused.value.code, refused.value.fields) == ("BAD_USER_INPUT", fields), cells
    exchanged = await strict.update(cell(row, "c2", 2), cell(other, "c2", 1))
    assert [one["values"]["c2"] for one in exchanged["rows"]] == ["2", "1"]


async def test_rows_of_other_tables_are_not_found(sheet: TableClient, world: World, tmp_path: Path) -> None:
    other = await TableClient.new(world, tmp_path, viewer=sheet.viewer, product=sheet.product)
    theirs = (await other.add({"Item": "Taxi"}))["rows"][0]
    mine = (await sheet.add({"Item": "Taxi"}))["rows"][0]
    for attempt, field in (
        (sheet.update(cell(mine, ITEM, "x"), cell(theirs, ITEM, "x")), "cells.1.rowId"),
        (sheet.delete(mine["id"], theirs["id"]), "rowIds.1"),
        (sheet.update(cell(mine, ITEM, "x"), cell({"id": sheet.id}, ITEM, "x")), "cells.1.rowId"),
        (sheet.delete(mine["id"], "nonsense"), "rowIds.1"),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert (refused.value.code, refused.value.fields) == ("NOT_FOUND", [field])
    assert [(await one.table())["revision"] for one in (sheet, other)] == [2, 2]


async def test_the_same_key_changes_cells_once(sheet: TableClient) -> None:
    row = (await sheet.add({"Number": 1}))["rows"][0]
    first = await sheet.update(cell(row, NUMBER, 2, version=1), idempotencyKey="k")
    await sheet.update(cell(row, NUMBER, 3))
    again = await sheet.update(cell(row, NUMBER, 2, version=1), idempotencyKey="k")
    assert again["revision"] == first["revision"]
    assert again["rows"][0]["values"] == {NUMBER: 3}


async def test_deleted_rows_are_gone(sheet: TableClient) -> None:
    rows = (await sheet.add({"Item": "a"}, {"Item": "b"}, {"Item": "c"}))["rows"]
    deleted = await sheet.delete(rows[0]["id"], rows[2]["id"])
    assert deleted == {
        "table": {"rowCount": 1},
        "deletedIds": [rows[0]["id"], rows[2]["id"]],
        "revision": {"number": 3},
    }
    assert [row["values"] for row in (await sheet.rows())["nodes"]] == [{ITEM: "b"}]
    assert (await sheet.delete())["revision"] is None
    with pytest.raises(Refused) as refused:
        await sheet.delete(rows[0]["id"])
    assert refused.value.code == "NOT_FOUND"


async def test_twenty_writers_at_once_make_revisions_without_gaps(sheet: TableClient) -> None:
    row = (await sheet.add({"Number": 0}))["rows"][0]
    writes = [sheet.update(cell(row, NUMBER, n)) if n % 2 else sheet.add({"Number": n}) for n in range(1, 21)]
    created = await asyncio.gather(*writes)
    assert sorted(one["revision"]["number"] for one in created) == list(range(3, 23))
    table = await sheet.table()
    assert (table["revision"], table["rowCount"]) == (22, 11)
    assert [revision["number"] for revision in table["history"]["nodes"]] == list(range(22, 0, -1))
    positions = await sheet.run(
        "query P($id: ID!) { table(id: $id) { rows { nodes { position version } } } }", id=sheet.id
    )
    nodes = positions["table"]["rows"]["nodes"]
    assert [node["position"] for node in nodes] == list(range(1, 12))
    assert nodes[0]["version"] == 11


async def test_of_twenty_writers_of_one_version_one_wins(sheet: TableClient) -> None:
    row = (await sheet.add({"Number": 0}))["rows"][0]
    created = await asyncio.gather(
        *(sheet.update(cell(row, NUMBER, n, version=1)) for n in range(1, 21)), return_exceptions=True
    )
    refused = [one for one in created if isinstance(one, Refused)]
    assert [one.code for one in refused] == ["CONFLICT"] * 19
    (won,) = [one for one in created if isinstance(one, dict)]
    assert (await sheet.rows())["nodes"][0]["values"] == won["rows"][0]["values"]


async def test_cells_of_many_rows_cost_as_many_statements_as_of_one(
    sheet: TableClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = """query C($id: ID!) { table(id: $id) { rows(first: 100) { nodes { id values cells { text
      column { name } source { message { text } } editedBy { email } } } } } }"""
    await sheet.add({"Item": "Taxi"})
    one = await counted(sheet, database, monkeypatch, document, id=sheet.id)
    await sheet.add(*[{"Item": f"Taxi {n}", "Number": n} for n in range(50)])
    assert await counted(sheet, database, monkeypatch, document, id=sheet.id) == one == 4


async def test_five_thousand_rows_go_in_at_once(sheet: TableClient) -> None:
    added = await sheet.mutate(
        "addRows",
        "{ table { rowCount } }",
        tableId=sheet.id,
        rows=[{"Item": f"Row {n}", "Number": n} for n in range(5_000)],
    )
    assert added == {"table": {"rowCount": 5_000}}


@pytest.mark.parametrize(
    ("mutation", "arguments", "field"),
    [
        ("updateCells", {"cells": []}, "cells"),
        ("addRows", {"rows": []}, "rows"),
        ("upsertRows", {"rows": [], "keyColumns": ["Item"]}, "rows"),
    ],
)
async def test_an_empty_batch_is_refused(
    sheet: TableClient, mutation: str, arguments: dict[str, Any], field: str
) -> None:
    with pytest.raises(Refused, match=f"`{field}` is empty: send 1 to 5,000.") as caught:
        await sheet.mutate(mutation, "{ table { id } }", tableId=sheet.id, **arguments)
    assert (caught.value.code, caught.value.fields) == ("BAD_USER_INPUT", [field])
