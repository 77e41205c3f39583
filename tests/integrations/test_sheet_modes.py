"""Modes of exports into a sheet that exists: REPLACE, APPEND and UPSERT, and changes that people made."""

from typing import Any

import pytest

from integrations.google.changes import SheetConflict
from integrations.google.sheets import SheetMode, SheetsFailure
from tables.types.columns import Column, Value
from tests.support.sheet_desk import CELLS, COLUMNS, HEADER, ROWS, Desk, T, table

GYM: list[Value] = ["Gym", "20", True, None]


def changed(*places: tuple[int, int, Value]) -> list[list[Value]]:
    rows = [list(row) for row in ROWS]
    for row, column, value in places:
        rows[row][column] = value
    return rows


def test_upsert_writes_only_the_cells_that_differ_and_reads_the_sheet_once(desk: Desk) -> None:
    desk.google.calls.clear()
    desk.google.payloads.clear()
    done = desk.write(SheetMode.UPSERT, table(changed((0, 1, "1250"), (1, 2, True), (2, 3, None))))
    assert (done.changed_cells, done.conflict, done.sheet_name) == (3, None, "Costs")
    assert desk.sheet.values() == [HEADER, ["Rent", 1250, True, 46143], ["Food", 310.5, True], ["Fun"]]
    assert desk.google.calls == ["token", "permissions.list", *["spreadsheets.get"] * 2, "spreadsheets.batchUpdate"]
    assert max(desk.google.payloads[2:]) < 700
    desk.last = table(changed((0, 1, "1250"), (1, 2, True), (2, 3, None)))
    assert desk.write(SheetMode.UPSERT, desk.last).changed_cells == 0
    assert desk.google.count("spreadsheets.batchUpdate") == 1


def test_upsert_leaves_everything_else_alone(desk: Desk) -> None:
    sheet = desk.sheet
    sheet.columns = 8
    sheet.type_in("F1", "Mine")
    sheet.type_in("F2", "=B2*2")
    sheet.comment("B2", "check this")
    sheet.cells[1, 1] = sheet.cells[1, 1]._replace(format={"textFormat": {"bold": True}})
    sheet.rows = 9
    sheet.type_in("A7", "Total")
    sheet.type_in("B7", "=SUM(B2:B4)")
    done = desk.write(SheetMode.UPSERT, table([*changed((0, 1, "1")), ["Gym", "20", None, "2026-06-01"]]))
    assert done.changed_cells == 4
    assert sheet.cells != desk.sheet.cells
    after = desk.sheet
    assert after.at("B2").plain == 1
    assert (after.at("B2").note, after.at("B2").format) == ("check this", {"textFormat": {"bold": True}})
    assert (after.at("F2").value, after.at("B7").value) == (
        {"formulaValue": "=B2*2"},
        {"formulaValue": "=SUM(B2:B4)"},
    )
    assert [after.at(f"{letter}8").plain for letter in "ABCD"] == ["Gym", 20, None, 46174]
    assert (after.pattern("B8"), after.pattern("D8")) == ("#,##0.00 [$EUR]", "yyyy-mm-dd")
    assert after.at("C8").rule is not None
    assert after.rows == 9


def test_upsert_into_a_sheet_of_people_leaves_their_formulas(desk: Desk) -> None:
    desk.sheet.type_in("B3", "=300+10")
    done = desk.write(SheetMode.UPSERT, table(), base=None)
    assert (done.changed_cells, desk.sheet.at("B3").value) == (0, {"formulaValue": "=300+10"})


def test_columns_are_found_where_people_moved_them(desk: Desk) -> None:
    sheet = desk.sheet
    sheet.columns = 5
    for row in range(1, 5):
        item, day = sheet.at(f"A{row}").plain, sheet.at(f"D{row}").plain
        sheet.type_in(f"A{row}", day)
        sheet.type_in(f"D{row}", item)
    done = desk.write(SheetMode.UPSERT, table([*changed((2, 1, "7")), ["Gym", None, True, None]]))
    assert done.changed_cells == 3
    assert desk.sheet.values()[3:] == [[46145, 7, "", "Fun"], ["", "", True, "Gym"]]


def test_a_column_renamed_or_added_in_the_table_is_so_in_the_sheet(desk: Desk) -> None:
    columns = [*COLUMNS[:3], Column("c4", "Date", T.DATE), Column("c9", "Note", T.TEXT)]
    done = desk.write(SheetMode.UPSERT, table([[*row, "n"] for row in ROWS], columns))
    assert done.changed_cells == 5
    assert desk.sheet.values()[0] == ["Item", "Price", "Paid", "Date", "Note"]
    assert [row[4] for row in desk.sheet.values()[1:]] == ["n", "n", "n"]
    assert desk.sheet.bold_rows == {0}


@pytest.mark.parametrize(
    ("rows", "edits", "code", "says"),
    [
        (changed((1, 0, "Rent")), {}, "BAD_KEYS", "Several rows of the table have the same Item: “Rent”"),
        (changed((1, 0, None)), {}, "BAD_KEYS", "1 rows of the table have no Item, first row 2"),
        (ROWS, {"A3": "Rent"}, "BAD_KEYS", "“Rent” in rows 2 and 3"),
        (ROWS, {"B1": "Cost"}, "MISSING_HEADER", "has no header “Price”; it has “Item”, “Cost”, “Paid”, “Day”"),
        (ROWS, {"A1": None}, "MISSING_HEADER", "has no header “Item”"),
        (ROWS, {"C1": "Price"}, "AMBIGUOUS_HEADER", "2 columns with the header “Price”"),
        (ROWS, dict.fromkeys(["A1", "B1", "C1", "D1"]), "MISSING_HEADER", "has no headers, but there are values"),
    ],
)
def test_an_upsert_that_cannot_be_right_is_refused_before_anything_is_written(
    desk: Desk, rows: list[list[Value]], edits: dict[str, Any], code: str, says: str
) -> None:
    for position, value in edits.items():
        desk.sheet.type_in(position, value)
    failure = desk.refused(SheetMode.UPSERT, table(rows))
    assert (failure.code, failure.retryable) == (code, False)
    assert says in failure.message


@pytest.mark.parametrize("mode", [SheetMode.UPSERT, SheetMode.REPLACE])
def test_cells_that_people_changed_are_named_and_overwritten_only_on_request(desk: Desk, mode: SheetMode) -> None:
    desk.sheet.type_in("B3", 999)
    desk.sheet.type_in("D2", "=TODAY()")
    failure = desk.refused(mode, table(changed((2, 1, "5"))))
    assert isinstance(failure, SheetConflict)
    assert failure.conflict == "Costs: D2 (Day), B3 (Price)"
    assert failure.conflict in failure.message
    done = desk.write(mode, table(changed((2, 1, "5"))), overwrites=True)
    assert (done.changed_cells, done.conflict) == (3, failure.conflict)
    assert desk.sheet.values() == [HEADER, CELLS[0], CELLS[1], ["Fun", 5, "", 46145]]


@pytest.mark.parametrize("mode", [SheetMode.UPSERT, SheetMode.REPLACE])
def test_a_change_of_people_that_the_table_has_too_is_no_conflict(desk: Desk, mode: SheetMode) -> None:
    desk.sheet.type_in("B3", 311)
    assert desk.write(mode, table(changed((1, 1, "311")))).changed_cells == 0


def test_a_row_that_people_deleted_is_named_and_added_again_on_request(desk: Desk) -> None:
    desk.sheet.move_rows(1, -1)
    failure = desk.refused(SheetMode.UPSERT, table())
    assert isinstance(failure, SheetConflict)
    assert failure.conflict == "Costs: the row of “Rent”, which is no longer there"
    desk.write(SheetMode.UPSERT, table(), overwrites=True)
    assert desk.sheet.values() == [HEADER, *CELLS[1:], CELLS[0]]


def test_many_changes_are_counted_and_the_first_are_named(desk: Desk) -> None:
    rows: list[list[Value]] = [[f"Row {n}", str(n), None, None] for n in range(30)]
    desk.last = table(rows)
    desk.write(SheetMode.REPLACE, table(rows), base=None)
    for n in range(30):
        desk.sheet.type_in(f"B{n + 2}", -1)
    failure = desk.refused(SheetMode.UPSERT, table(rows))
    assert isinstance(failure, SheetConflict)
    assert failure.conflict.endswith("B21 (Price) and 10 more")


def test_replace_makes_the_table_the_whole_sheet_and_writes_what_differs(desk: Desk) -> None:
    rows = [*changed((0, 1, "1250")), GYM]
    done = desk.write(SheetMode.REPLACE, table(rows))
    assert done.changed_cells == 4
    assert desk.sheet.values() == [HEADER, ["Rent", 1250, True, 46143], *CELLS[1:], ["Gym", 20, True]]
    assert desk.sheet.pattern("B5") == "#,##0.00 [$EUR]"
    assert (desk.sheet.basic_filter or {})["range"]["endRowIndex"] == 5
    desk.last = table(rows)
    done = desk.write(SheetMode.REPLACE, table(rows[3:]))
    assert desk.sheet.values() == [HEADER, ["Gym", 20, True]]
    assert (desk.sheet.at("C3").rule, desk.sheet.rows) == (None, 5)


def test_replace_of_a_sheet_of_people_or_of_one_that_is_not_there(desk: Desk) -> None:
    desk.sheet.columns, desk.sheet.rows = 9, 20
    desk.sheet.type_in("H12", "old")
    desk.write(SheetMode.REPLACE, table(), base=None)
    assert desk.sheet.values() == [HEADER, *CELLS]
    done = desk.write(SheetMode.REPLACE, table(name="New"), base=None)
    assert (done.sheet_name, [one.title for one in desk.google.spreadsheets[desk.id].sheets]) == (
        "New",
        ["Costs", "New"],
    )
    new = desk.google.spreadsheets[desk.id].sheets[1]
    assert (new.values(), new.frozen_rows, new.bold_rows) == ([HEADER, *CELLS], 1, {0})


def test_cells_of_people_that_replace_would_empty_are_a_conflict(desk: Desk) -> None:
    desk.sheet.columns, desk.sheet.rows = 9, 20
    desk.sheet.type_in("H12", "mine")
    failure = desk.refused(SheetMode.REPLACE, table())
    assert isinstance(failure, SheetConflict)
    assert failure.conflict == "Costs: H12"


def test_append_adds_rows_below_the_last_and_once_for_each_job(desk: Desk) -> None:
    for job, length in (("one", 7), ("one", 7), ("two", 10)):
        done = desk.write(SheetMode.APPEND, table(), job=job)
        assert done.changed_cells == 9
        assert len(desk.sheet.values()) == length
    assert desk.sheet.values() == [HEADER, *CELLS * 3]
    assert (desk.sheet.rows, desk.sheet.pattern("D10"), desk.sheet.at("C8").rule is not None) == (
        10,
        "yyyy-mm-dd",
        True,
    )


def test_an_append_that_is_repeated_finds_its_rows_where_people_moved_them(desk: Desk) -> None:
    desk.write(SheetMode.APPEND, table())
    desk.sheet.move_rows(1, 2)
    desk.sheet.type_in("A2", "mine")
    desk.write(SheetMode.APPEND, table([*changed((0, 1, "9")), GYM]))
    assert desk.sheet.values()[6:] == [["Rent", 9, True, 46143], *CELLS[1:], ["Gym", 20, True]]
    desk.write(SheetMode.APPEND, table(ROWS[:1]))
    assert desk.sheet.values()[6:] == [CELLS[0]]
    assert desk.sheet.values()[1] == ["mine"]


def test_append_follows_the_header_and_writes_that_of_an_empty_sheet(desk: Desk) -> None:
    sheet = desk.google.spreadsheets[desk.id].sheet
    sheet.cells.clear()
    assert desk.write(SheetMode.APPEND, table(), job="empty").changed_cells == 13
    assert desk.sheet.values() == [HEADER, *CELLS]
    swapped = [COLUMNS[1], COLUMNS[0], *COLUMNS[2:]]
    desk.write(SheetMode.APPEND, table([["1", "A", None, None]], swapped), job="swapped")
    assert desk.sheet.values()[-1] == ["A", 1]
    desk.sheet.type_in("B1", "Cost")
    assert desk.refused(SheetMode.APPEND, table(), job="renamed").code == "MISSING_HEADER"


@pytest.mark.parametrize("mode", [SheetMode.UPSERT, SheetMode.APPEND])
def test_a_sheet_that_is_not_there_is_refused_with_those_that_are(desk: Desk, mode: SheetMode) -> None:
    failure = desk.refused(mode, table(name="May"), base=None)
    assert failure.code == "NO_SHEET"
    assert "no sheet “May”. Pass one of its sheets as sheetName: “Costs”." in failure.message


def test_a_spreadsheet_that_google_does_not_show_is_refused_with_the_address_to_share_it_with(desk: Desk) -> None:
    desk.id = "x" * 44
    with pytest.raises(SheetsFailure) as caught:
        desk.write(SheetMode.REPLACE, table())
    assert (caught.value.code, caught.value.retryable) == ("NO_ACCESS", False)
    assert "Share it with " in caught.value.message


def test_a_large_sheet_is_read_and_changed_in_pieces(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.google.remote_sheet.MAX_CELLS_READ", 40)
    rows: list[list[Value]] = [[f"Row {n}", str(n), n % 2 == 0, None] for n in range(57)]
    desk.write(SheetMode.REPLACE, table(rows), base=None)
    desk.last = table(rows)
    later = [*rows]
    later[50] = ["Row 50", "-1", None, "2026-05-01"]
    assert desk.write(SheetMode.UPSERT, table(later)).changed_cells == 3
    assert desk.sheet.values()[51] == ["Row 50", -1, "", 46143]
    desk.write(SheetMode.APPEND, table([["End", None, None, None]]))
    assert desk.sheet.values()[58] == ["End"]
