"""Columns changed, moved and deleted: cells are converted, or nothing is changed."""

import time
from pathlib import Path
from typing import Any

import pytest

from db.core.session import Session
from db.models.tables import Row, Table
from db.tables.editing.edits import Edit
from resolvers.core.ids import decode_id, global_id
from tests.support.tables.table_client import ITEM, NUMBER, PRICE, TAGS, Refused, TableClient, cell
from tests.support.world import World

CHANGED = "{ table { revision } column { key name type position isRequired isUnique options format default } revision "
CHANGED += "{ number summary } }"


async def change(sheet: TableClient, key: str, **arguments: Any) -> dict[str, Any]:
    changed: dict[str, Any] = await sheet.mutate("updateColumn", CHANGED, tableId=sheet.id, key=key, **arguments)
    return changed


async def refused(sheet: TableClient, mutation: str, /, **arguments: Any) -> Refused:
    """Return the error of a refused mutation, after a check that the table has not changed."""
    before = await sheet.table()
    with pytest.raises(Refused) as caught:
        await sheet.mutate(mutation, "{ table { id } }", tableId=sheet.id, **arguments)
    assert await sheet.table() == before
    return caught.value


async def values(sheet: TableClient, key: str) -> list[Any]:
    return [row["values"].get(key) for row in (await sheet.rows(first=100))["nodes"]]


async def test_another_type_converts_every_cell_and_comes_back(sheet: TableClient) -> None:
    await sheet.add({"Item": "1.50"}, {"Item": "2"}, {"Number": 7}, {"Item": "1,000"})
    before = await sheet.table()
    changed = await change(sheet, ITEM, type="DECIMAL")
    assert changed["revision"] == {"number": 3, "summary": "1 cell changed, 1 column changed"}
    assert await values(sheet, ITEM) == ["1.50", "2", None, "1000"]
    await change(sheet, NUMBER, type="TEXT")
    assert await values(sheet, NUMBER) == [None, None, "7", None]
    await sheet.undo(4)
    await sheet.undo(3)
    after = await sheet.table()
    assert after["columns"] == before["columns"]
    assert [row["values"] for row in after["rows"]["nodes"]] == [row["values"] for row in before["rows"]["nodes"]]


async def test_every_cell_that_does_not_fit_is_named_and_nothing_changes(sheet: TableClient) -> None:
    rows = (await sheet.add({"Item": "12"}, {"Item": "twelve"}, {"Item": "13"}, {"Item": "a lot"}))["rows"]
    error = await refused(sheet, "updateColumn", key=ITEM, type="INTEGER", name="Count")
    assert error.code == "BAD_USER_INPUT"
    assert error.first["cellCount"] == 2
    assert [(c["rowId"], c["value"]) for c in error.first["cells"]] == [
        (rows[1]["id"], "twelve"),
        (rows[3]["id"], "a lot"),
    ]
    assert all("is not a number" in c["message"] for c in error.first["cells"])
    assert "2 cells do not fit the new definition of Count" in error.first["message"]


async def test_cells_are_read_in_the_order_of_the_table(world: World, tmp_path: Path) -> None:
    sheet = await TableClient.new(world, tmp_path)
    rows = (await sheet.add(*({"Item": f"about {n}"} for n in range(9))))["rows"]
    await sheet.update(*(cell(rows[n], ITEM, f"nearly {n}") for n in (0, 7, 3)))

    def ids(session: Session) -> list[str]:
        if session.driver.dialect.name == "postgresql":  # which stores changed rows behind all others
            for scan in ("enable_indexscan", "enable_bitmapscan", "enable_indexonlyscan"):
                session.driver.fetch(f"SELECT set_config('{scan}', 'off', true)", ())
        return [global_id(Row, id_) for id_ in Edit.of(session, decode_id(sheet.id, Table)).values(ITEM)]

    assert await world.database.write(ids, sheet.viewer) == [row["id"] for row in rows]
    error = await refused(sheet, "updateColumn", key=ITEM, type="INTEGER")
    assert [c["rowId"] for c in error.first["cells"]] == [row["id"] for row in rows]


async def test_rules_are_checked_for_the_rows_that_are_there(sheet: TableClient) -> None:
    rows = (await sheet.add({"Item": "a", "Number": 1}, {"Item": "a"}, {"Item": "b", "Number": 5}))["rows"]
    for arguments, at in (
        ({"key": ITEM, "isUnique": True}, [rows[1]["id"]]),
        ({"key": NUMBER, "isRequired": True}, [rows[1]["id"]]),
        ({"key": NUMBER, "maximum": "4"}, [rows[2]["id"]]),
        ({"key": ITEM, "pattern": "[a]"}, [rows[2]["id"]]),
        ({"key": ITEM, "type": "SELECT", "options": ["b"]}, [rows[0]["id"], rows[1]["id"]]),
    ):
        error = await refused(sheet, "updateColumn", **arguments)
        assert [c["rowId"] for c in error.first["cells"]] == at, arguments
    await sheet.update(cell(rows[1], ITEM, "c"), cell(rows[1], NUMBER, 2))
    assert (await change(sheet, ITEM, isUnique=True))["column"]["isUnique"] is True
    assert (await change(sheet, NUMBER, isRequired=True, maximum="5"))["column"]["isRequired"] is True
    with pytest.raises(Refused):
        await sheet.update(cell(rows[0], ITEM, "b"))


async def test_a_rename_keeps_values_history_and_sources(sheet: TableClient) -> None:
    row = (await sheet.add({"Item": "Taxi"}))["rows"][0]
    await sheet.update(cell(row, ITEM, "Cab"))
    changed = await change(sheet, ITEM, name=" What ")
    assert (changed["column"]["key"], changed["column"]["name"]) == (ITEM, "What")
    document = "query H($id: ID!, $column: ID) { table(id: $id) { history(column: $column) { nodes { number } } } }"
    history = (await sheet.run(document, id=sheet.id, column=ITEM))["table"]["history"]["nodes"]
    assert [revision["number"] for revision in history] == [4, 3, 1]
    assert await values(sheet, ITEM) == ["Cab"]


async def test_what_is_not_named_stays_and_null_takes_a_rule_away(sheet: TableClient) -> None:
    await change(sheet, ITEM, maxLength=5, default="none")
    assert (await change(sheet, ITEM, name=None, isRequired=None))["revision"] is None
    with pytest.raises(Refused):
        await sheet.add({"Item": "too long"})
    changed = await change(sheet, ITEM, maxLength=None)
    assert changed["column"]["default"] == "none"
    await sheet.add({"Item": "too long"}, {})
    assert await values(sheet, ITEM) == ["too long", "none"]


async def test_rules_of_the_old_type_go_with_it_and_the_default_is_converted(sheet: TableClient) -> None:
    await change(sheet, ITEM, maxLength=5, pattern="[0-9.]+", default="1.5")
    changed = await change(sheet, ITEM, type="CURRENCY", format="EUR")
    assert changed["column"] | {"position": 0} == {
        "key": ITEM,
        "name": "Item",
        "type": "CURRENCY",
        "position": 0,
        "isRequired": False,
        "isUnique": False,
        "options": None,
        "format": "EUR",
        "default": "1.5",
    }
    error = await refused(sheet, "updateColumn", key=ITEM, type="DATE")
    assert error.fields == ["default"]


async def test_texts_tell_together_how_their_dates_and_numbers_are_written(sheet: TableClient) -> None:
    texts = {"31/12/2025": "2025-12-31", "03/04/2025": "2025-04-03"}
    await sheet.add(*({"Item": text} for text in texts))
    assert (await change(sheet, ITEM, type="DATE"))["column"]["format"] == "DMY"
    assert await values(sheet, ITEM) == list(texts.values())
    await sheet.undo(3)
    assert await values(sheet, ITEM) == list(texts)
    rows = (await sheet.rows(first=9))["nodes"]
    await sheet.update(*(cell(row, ITEM, text) for row, text in zip(rows, ["1.234 €", "€ 5,50"], strict=True)))
    assert (await change(sheet, ITEM, type="CURRENCY"))["column"]["format"] == "EUR ,"
    assert await values(sheet, ITEM) == ["1234", "5.50"]
    await sheet.undo(6)
    await sheet.update(cell(rows[0], ITEM, "$5"))
    assert (await refused(sheet, "updateColumn", key=ITEM, type="CURRENCY")).fields == ["format"]
    error = await refused(sheet, "updateColumn", key=ITEM, type="CURRENCY", format="USD")
    assert [cell["value"] for cell in error.first["cells"]] == ["€ 5,50"]


async def test_a_slow_pattern_is_refused_on_the_texts_that_it_is_slow_on(sheet: TableClient) -> None:
    rows = (await sheet.add({"Item": "a,b,c,d,e,f,g,h,i,j,k,P"}, *({"Item": "1," * 400} for _ in range(30))))["rows"]
    begun = time.process_time()
    error = await refused(sheet, "updateColumn", key=ITEM, pattern="(.*?,){11}P")
    assert time.process_time() - begun < 2
    assert [cell["rowId"] for cell in error.first["cells"]] == [row["id"] for row in rows[1:]]
    assert "takes too long on such a text" in error.first["message"]


async def test_a_table_has_at_most_twenty_columns_with_a_pattern(world: World, tmp_path: Path) -> None:
    columns = [{"name": f"C{n}", "type": "TEXT", "pattern": "a"} for n in range(20)]
    wide = await TableClient.new(world, tmp_path, columns=[*columns, {"name": "Free", "type": "TEXT"}])
    assert (await refused(wide, "updateColumn", key="c21", pattern="a")).fields == ["pattern"]
    added = await refused(wide, "addColumn", column={"name": "More", "type": "TEXT", "pattern": "a"})
    assert added.fields == ["column.pattern"]


async def test_what_a_column_cannot_be_is_refused_with_its_field(sheet: TableClient) -> None:
    for arguments, field in (
        ({"key": "c99", "name": "X"}, "key"),
        ({"key": ITEM, "name": "number"}, "name"),
        ({"key": ITEM, "name": ""}, "name"),
        ({"key": ITEM, "minimum": "1"}, "minimum"),
        ({"key": ITEM, "pattern": "(a+"}, "pattern"),
        ({"key": NUMBER, "maxLength": 3}, "maxLength"),
        ({"key": PRICE, "format": "EUR"}, "format"),
        ({"key": TAGS, "options": []}, "options"),
        ({"key": NUMBER, "default": "many"}, "default"),
    ):
        assert (await refused(sheet, "updateColumn", **arguments)).fields == [field], arguments


async def test_columns_move_and_come_back(sheet: TableClient) -> None:
    before = (await sheet.table())["columns"]
    moved = await sheet.mutate(
        "moveColumn",
        "{ table { columns { key } } column { key } revision { number } }",
        tableId=sheet.id,
        key="c7",
        position=1,
    )
    assert [column["key"] for column in moved["table"]["columns"]] == ["c1", "c7", "c2", "c3", "c4", "c5", "c6"]
    assert (moved["column"], moved["revision"]) == ({"key": "c7"}, {"number": 2})
    for position in (-1, 7):
        assert (await refused(sheet, "moveColumn", key="c1", position=position)).fields == ["position"]
    assert (await refused(sheet, "moveColumn", key="c9", position=0)).fields == ["key"]
    await sheet.undo(2)
    assert (await sheet.table())["columns"] == before


async def test_a_deleted_column_comes_back_with_its_cells_and_its_key_is_not_used_again(sheet: TableClient) -> None:
    row = (await sheet.add({"Item": "Taxi", "Number": 1}))["rows"][0]
    await sheet.update(cell(row, NUMBER, 2))
    before = await sheet.table()
    deleted = await sheet.mutate(
        "deleteColumn", "{ table { columns { key } } deletedKey revision { number } }", tableId=sheet.id, key=NUMBER
    )
    assert deleted["deletedKey"] == NUMBER
    assert NUMBER not in [column["key"] for column in deleted["table"]["columns"]]
    assert await values(sheet, NUMBER) == [None]
    added = await sheet.mutate(
        "addColumn", "{ column { key } }", tableId=sheet.id, column={"name": "Number", "type": "TEXT"}
    )
    assert added["column"]["key"] == "c8"
    assert (await refused(sheet, "undoRevision", revision=4)).fields == ["revision"]
    await sheet.undo(5)
    await sheet.undo(4)
    after = await sheet.table()
    assert after["columns"] == before["columns"]
    assert after["rows"] == before["rows"]


async def test_the_last_column_stays(world: World, tmp_path: Path) -> None:
    sheet = await TableClient.new(world, tmp_path, columns=[{"name": "Only", "type": "TEXT"}])
    assert (await refused(sheet, "deleteColumn", key="c1")).fields == ["key"]


async def test_nobody_else_changes_a_column(sheet: TableClient, world: World) -> None:
    stranger = sheet.seen_by(await world.person("eve"))
    before = await sheet.table()
    for name, arguments in (
        ("updateColumn", {"name": "Mine"}),
        ("moveColumn", {"position": 0}),
        ("deleteColumn", {}),
    ):
        with pytest.raises(Refused) as error:
            await stranger.mutate(name, "{ table { id } }", tableId=sheet.id, key=ITEM, **arguments)
        assert error.value.code == "NOT_FOUND"
    assert await sheet.table() == before
