"""Undoing across changes of a column's definition: values come back as what they meant, or nothing is undone."""

import pytest

from tests.support.tables.table_client import Refused, TableClient, cell

SHEET_COLUMNS = [{"name": "Code", "type": "TEXT"}, {"name": "Note", "type": "TEXT"}]
SHEET_ROWS = [{"Code": "1"}, {"Code": "2"}, {"Code": "3"}]  # revision 2; a test begins with revision 3


async def redefine(sheet: TableClient, **changes: object) -> None:
    await sheet.mutate("updateColumn", "{ table { id } }", tableId=sheet.id, key="c1", **changes)


async def codes(sheet: TableClient) -> list[object]:
    return [row["values"].get("c1") for row in (await sheet.table())["rows"]["nodes"]]


async def refused(sheet: TableClient, revision: int) -> str:
    """The reason; the table is as it was."""
    before = await sheet.table()
    with pytest.raises(Refused) as refusal:
        await sheet.undo(revision, force=True)
    assert await sheet.table() == before
    assert refusal.value.code == "BAD_USER_INPUT"
    return str(refusal.value.first["message"])


async def test_a_row_that_comes_back_has_the_type_that_its_column_has_by_now(sheet: TableClient) -> None:
    await sheet.delete((await sheet.table())["rows"]["nodes"][0]["id"])
    await redefine(sheet, type="INTEGER")
    await sheet.undo(3)
    assert await codes(sheet) == [1, 2, 3]


async def test_a_cell_that_comes_back_does_not_break_the_type_of_its_column(sheet: TableClient) -> None:
    row = (await sheet.table())["rows"]["nodes"][0]
    await sheet.update(cell(row, "c1", "old"))
    await sheet.update(cell(row, "c1", "7"))
    await redefine(sheet, type="DECIMAL")
    assert "“old” is not a number" in await refused(sheet, 4)
    await sheet.undo(3, force=True)
    assert await codes(sheet) == ["1", "2", "3"]


async def test_what_was_added_since_is_converted_with_its_column(sheet: TableClient) -> None:
    await redefine(sheet, type="INTEGER")
    await sheet.add({"Code": 4})
    await sheet.undo(3)
    assert await codes(sheet) == ["1", "2", "3", "4"]


async def test_a_name_is_undone_without_the_type_that_came_later(sheet: TableClient) -> None:
    await redefine(sheet, name="Number")
    await redefine(sheet, type="INTEGER")
    await sheet.undo(3)
    first = (await sheet.table())["columns"][0]
    assert (first["name"], first["type"], await codes(sheet)) == ("Code", "INTEGER", [1, 2, 3])


async def test_a_name_that_another_column_has_by_now_does_not_come_back(sheet: TableClient) -> None:
    await redefine(sheet, name="Number")
    await sheet.mutate("addColumn", "{ table { id } }", tableId=sheet.id, column={"name": "code", "type": "TEXT"})
    assert "Another column is named Code now" in await refused(sheet, 3)


async def test_rules_that_come_back_hold_for_what_was_entered_since(sheet: TableClient) -> None:
    await redefine(sheet, isUnique=True, isRequired=True)
    await redefine(sheet, isUnique=False, isRequired=False)
    (added,) = (await sheet.add({"Code": "1"}))["rows"]
    assert "unique" in await refused(sheet, 4)
    await sheet.update(cell(added, "c1", None))
    assert "required" in await refused(sheet, 4)
    await sheet.update(cell(added, "c1", "4"))
    await sheet.undo(4)
    assert await codes(sheet) == ["1", "2", "3", "4"]
