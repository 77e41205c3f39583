"""Exports into sheets that exist, through GraphQL: modes, what they change, and changes of people."""

from typing import Any

import pytest

from auth.viewer import Viewer
from tests.support.in_process_product import InProcessProduct
from tests.support.loopback.sheets import LoopbackSheets
from tests.support.loopback.spreadsheets import Spreadsheet
from tests.support.sheet_story import SHOW, START, SheetStory

HEADER = ["Item", "Price", "Paid", "Day"]
CELLS = [["Rent", 1200, True, 46143], ["Food", 310.5, False], ["Fun", "", "", 46145]]


async def test_upsert_writes_three_cells_and_a_change_by_hand_is_named_and_mended(story: SheetStory) -> None:
    async with story.product.working():
        created = await story.export()
        assert (created["status"], created["changedCells"], created["sheetName"]) == ("COMPLETED", 13, "Costs")
        assert created["spreadsheetUrl"] == f"https://docs.google.com/spreadsheets/d/{created['spreadsheetId']}/edit"
        assert story.sheet.values() == [HEADER, *CELLS]

        await story.change((0, "Price", "1250"), (1, "Paid", True), (2, "Day", "2026-05-04"))
        done = await story.export("UPSERT", spreadsheetId=created["spreadsheetUrl"], keyColumns=["Item"])
        assert (done["status"], done["changedCells"], done["conflict"]) == ("COMPLETED", 3, None)
        rows = [["Rent", 1250, True, 46143], ["Food", 310.5, True], ["Fun", "", "", 46146]]
        assert story.sheet.values() == [HEADER, *rows]

        story.sheet.type_in("B3", 99)
        failed = await story.export("UPSERT")
        assert (failed["status"], failed["error"]["code"]) == ("FAILED", "CONFLICT")
        assert failed["conflict"] == "Costs: B3 (Price)"
        assert failed["conflict"] in failed["error"]["message"]
        assert story.sheet.at("B3").plain == 99

        mended = await story.export("UPSERT", onConflict="OVERWRITE")
        assert (mended["status"], mended["changedCells"]) == ("COMPLETED", 1)
        assert mended["conflict"] == "Costs: B3 (Price)"
        assert story.sheet.values() == [HEADER, *rows]
        assert (await story.export("UPSERT"))["changedCells"] == 0


async def test_replace_knows_the_last_export_although_rows_were_deleted_and_restored(story: SheetStory) -> None:
    async with story.product.working():
        await story.export()
        deletion = await story.delete(1)
        await story.add([{"Item": "Gym", "Price": "20"}])
        done = await story.export("REPLACE")
        assert (done["status"], done["conflict"]) == ("COMPLETED", None)
        assert story.sheet.values() == [HEADER, CELLS[0], CELLS[2], ["Gym", 20]]
        await story.undo(deletion)
        story.sheet.type_in("A2", "Mine")
        failed = await story.export("REPLACE")
        assert (failed["status"], failed["conflict"]) == ("FAILED", "Costs: A2 (Item)")
        await story.export("REPLACE", onConflict="OVERWRITE")
        assert story.sheet.values() == [HEADER, *CELLS, ["Gym", 20]]


async def test_append_adds_the_rows_again(story: SheetStory) -> None:
    async with story.product.working():
        await story.export()
        done = await story.export("APPEND")
        assert (done["status"], done["changedCells"]) == ("COMPLETED", 9)
    assert story.sheet.values() == [HEADER, *CELLS, *CELLS]


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("spreadsheetId", {"mode": "UPSERT"}),
        ("spreadsheetId", {"mode": "CREATE", "spreadsheetId": "x" * 44}),
        ("spreadsheetId", {"mode": "APPEND", "spreadsheetId": "https://example.com/spreadsheets/d/abc"}),
        ("keyColumns", {"mode": "REPLACE", "spreadsheetId": "x" * 44, "keyColumns": ["Item"]}),
        ("keyColumns", {"mode": "UPSERT", "spreadsheetId": "x" * 44, "keyColumns": ["Nothing"]}),
        ("keepUpdated", {"mode": "APPEND", "spreadsheetId": "x" * 44, "keepUpdated": True}),
        ("mode", {"mode": "REPLACE", "destination": "CSV"}),
        ("keepUpdated", {"mode": "CREATE", "destination": "XLSX", "keepUpdated": True}),
    ],
)
async def test_options_that_contradict_each_other_are_refused_and_nothing_is_begun(
    story: SheetStory, field: str, options: dict[str, Any]
) -> None:
    story.google.add(Spreadsheet("Shared", id="x" * 44), None)
    arguments = story.input(**options)
    result = await story.product.ask(story.viewer, START, input=arguments)
    (error,) = result.errors
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert [one["field"] for one in error["extensions"]["fieldErrors"]] == [field]
    assert await story.product.counts() == (0, 0)


async def test_upsert_takes_the_only_unique_column_as_key_and_columns_by_id(story: SheetStory) -> None:
    document = "query T($id: ID!) { table(id: $id) { columns { id name } } }"
    columns = (await story.product.get(story.viewer, document, id=story.table))["columns"]
    async with story.product.working():
        await story.export()
        await story.change((0, "Price", "1"))
        assert (await story.export("UPSERT"))["changedCells"] == 1
        await story.change((0, "Price", "2"))
        assert (await story.export("UPSERT", keyColumns=[columns[0]["id"]]))["changedCells"] == 1


async def test_an_export_of_somebody_else_tells_what_people_changed_too(
    story: SheetStory, bob: Viewer, product: InProcessProduct, google: LoopbackSheets
) -> None:
    async with product.working():
        created = await story.export()
        assert await product.get(bob, SHOW, id=created["id"]) is None
        arguments = story.input("UPSERT", spreadsheetId=story.spreadsheet)
        assert (await product.refused(bob, START, input=arguments))[0] == "NOT_FOUND"
    assert google.count("spreadsheets.batchUpdate") == 2
