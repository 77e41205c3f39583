"""Rows put in by key: inserted, updated, unchanged, rejected."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.support.tables.table_client import ITEM, NUMBER, Refused, TableClient
from tests.support.world import World

DONE = "{ table { rowCount revision } inserted updated unchanged rejected { index fieldErrors { field message } } "
DONE += "revision { number source summary } }"


async def upsert(sheet: TableClient, *rows: Any, by: list[str] | None = None, **arguments: Any) -> dict[str, Any]:
    keys = ["Item"] if by is None else by
    done: dict[str, Any] = await sheet.mutate(
        "upsertRows", DONE, tableId=sheet.id, keyColumns=keys, rows=list(rows), **arguments
    )
    return done


def counts(done: dict[str, Any]) -> tuple[int, int, int, int]:
    return done["inserted"], done["updated"], done["unchanged"], len(done["rejected"])


async def held(sheet: TableClient) -> list[dict[str, Any]]:
    return [row["values"] for row in (await sheet.rows(first=100))["nodes"]]


async def test_rows_are_added_changed_or_left_by_their_key(sheet: TableClient) -> None:
    await sheet.add({"Item": "Taxi", "Number": 1, "Price": "5.00"}, {"Item": "Bus", "Number": 2})
    done = await upsert(
        sheet,
        {"Item": "Taxi", "Price": "5.50"},
        {"c1": "Bus", "c2": "2"},
        {"Item": "Tram", "Number": 3},
    )
    assert counts(done) == (1, 1, 1, 0)
    assert done["revision"] == {"number": 3, "source": "USER", "summary": "1 cell changed, 1 row added"}
    assert await held(sheet) == [
        {ITEM: "Taxi", NUMBER: 1, "c3": "5.50"},
        {ITEM: "Bus", NUMBER: 2},
        {ITEM: "Tram", NUMBER: 3},
    ]
    await sheet.undo(3)
    assert [row[ITEM] for row in await held(sheet)] == ["Taxi", "Bus"]
    assert (await held(sheet))[0]["c3"] == "5.00"


async def test_the_same_rows_again_change_nothing(sheet: TableClient) -> None:
    rows = [{"Item": f"Item {n}", "Number": n, "Price": "1.0"} for n in range(20)]
    assert counts(await upsert(sheet, *rows)) == (20, 0, 0, 0)
    again = await upsert(sheet, *rows, {"Item": "Item 3", "Price": "1.00"}, onError="SKIP_INVALID")
    assert counts(again) == (0, 0, 20, 1)
    assert again["revision"] is None
    assert again["table"] == {"rowCount": 20, "revision": 2}


async def test_several_columns_are_a_key_and_values_count_as_what_they_mean(sheet: TableClient) -> None:
    await sheet.add({"Item": "Taxi", "Price": "1.0"}, {"Item": "Taxi", "Price": "2"})
    done = await upsert(sheet, {"Item": "Taxi", "Price": "1.00", "Number": 9}, by=["item", "c3"])
    assert counts(done) == (0, 1, 0, 0)
    assert [row.get(NUMBER) for row in await held(sheet)] == [9, None]


async def test_a_row_with_a_part_of_its_key_empty_has_no_key(sheet: TableClient) -> None:
    await sheet.add({"Item": "Taxi"}, {"Number": 1}, {"Item": "Taxi", "Number": 1}, {})
    before = await sheet.table()
    for row, empty in (({"Item": "Taxi"}, "Number"), ({"Number": 1, "Item": None}, "Item"), ({"Price": 1}, "Item")):
        with pytest.raises(Refused) as refused:
            await upsert(sheet, row, by=["Item", "Number"])
        assert refused.value.fields[0] == f"rows.0.{empty}"
    assert await sheet.table() == before
    done = await upsert(
        sheet, {"Item": "Taxi", "Number": 1, "Paid": True}, {"Item": "Taxi", "Number": 2}, by=["Item", "Number"]
    )
    assert counts(done) == (1, 1, 0, 0)
    assert [row.get("c4") for row in await held(sheet)] == [None, None, True, None, None]


async def test_a_row_that_cannot_be_placed_says_why(sheet: TableClient) -> None:
    await sheet.add({"Item": "Twin"}, {"Item": "Twin"}, {"Item": "Bus", "Number": 1})
    before = await sheet.table()
    rows = [
        {"Item": "Twin"},
        {"Number": 5},
        {"Item": "Bus", "Number": "many"},
        {"Item": "New"},
        {"Item": "New", "Number": 2},
        {"Item": "Bus", "Cost": 1},
        "no row",
    ]
    with pytest.raises(Refused) as refused:
        await upsert(sheet, *rows)
    fields = ["rows.0", "rows.1.Item", "rows.2.Number", "rows.4", "rows.5.Cost", "rows.6"]
    assert (refused.value.code, refused.value.fields) == ("BAD_USER_INPUT", fields)
    assert await sheet.table() == before
    done = await upsert(sheet, *rows, onError="SKIP_INVALID")
    assert counts(done) == (1, 0, 0, 6)
    assert [row["index"] for row in done["rejected"]] == [0, 1, 2, 4, 5, 6]


async def test_a_unique_column_stays_unique(world: World, tmp_path: Path) -> None:
    columns: list[dict[str, Any]] = [
        {"name": "Code", "type": "TEXT"},
        {"name": "Mail", "type": "EMAIL", "isUnique": True},
    ]
    sheet = await TableClient.new(world, tmp_path, columns=columns)
    await sheet.add({"Code": "a", "Mail": "a@example.com"}, {"Code": "b", "Mail": "b@example.com"})
    done = await upsert(
        sheet,
        {"Code": "a", "Mail": "b@example.com"},
        {"Code": "b", "Mail": "c@example.com"},
        {"Code": "d", "Mail": "c@example.com"},
        {"Code": "e", "Mail": "b@example.com"},
        by=["Code"],
        onError="SKIP_INVALID",
    )
    assert counts(done) == (1, 1, 0, 2)
    assert [row["c2"] for row in await held(sheet)] == ["a@example.com", "c@example.com", "b@example.com"]


async def test_bad_keys_are_refused(sheet: TableClient) -> None:
    for by, field in ((["Nothing"], "keyColumns.0"), (["Item", "c1"], "keyColumns.1"), ([], "keyColumns")):
        with pytest.raises(Refused) as refused:
            await upsert(sheet, {"Item": "x"}, by=by)
        assert refused.value.fields == [field]
    assert (await sheet.table())["revision"] == 1


async def test_the_same_key_of_a_request_puts_rows_in_once(sheet: TableClient) -> None:
    rows = [{"Item": "Taxi", "Number": 1}, {"Item": "Bus"}]
    await sheet.add({"Item": "Bus", "Number": 2})
    results = await asyncio.gather(*(upsert(sheet, *rows, idempotencyKey="k") for _ in range(20)))
    assert [counts(done) for done in results] == [(1, 0, 1, 0)] * 20
    assert {done["revision"]["number"] for done in results} == {3}
    assert (await sheet.table())["revision"] == 3


async def test_nobody_else_puts_rows_in(sheet: TableClient, world: World) -> None:
    stranger = sheet.seen_by(await world.person("eve"))
    with pytest.raises(Refused) as refused:
        await upsert(stranger, {"Item": "Taxi"})
    assert refused.value.code == "NOT_FOUND"
    assert (await sheet.table())["rowCount"] == 0


async def test_a_full_load_put_in_twice_is_one_revision(sheet: TableClient) -> None:
    rows = [{"Item": f"Item {n}", "Number": n, "Price": f"{n}.50", "Paid": n % 2 == 0} for n in range(5_000)]
    assert counts(await upsert(sheet, *rows)) == (5_000, 0, 0, 0)
    assert counts(await upsert(sheet, *rows)) == (0, 0, 5_000, 0)
    assert (await sheet.table())["revision"] == 2
