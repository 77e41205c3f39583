"""Values, formats, rules and links of cells in Google Sheets, for each type of column."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from integrations.google.sheets import Sheets, SheetTable
from tables.types.columns import Column, ColumnType, Value
from tables.writers.sheet_cells import SheetColumn
from tests.support.loopback.sheets import LoopbackSheets
from tests.support.loopback.spreadsheets import Sheet

T = ColumnType
COLUMNS = [
    Column("a", "Text", T.TEXT),
    Column("b", "Whole", T.INTEGER),
    Column("c", "Exact", T.DECIMAL),
    Column("d", "Price", T.CURRENCY, format="EUR ,"),
    Column("e", "Yen", T.CURRENCY, format="JPY"),
    Column("f", "Share", T.PERCENT),
    Column("g", "Done", T.BOOLEAN),
    Column("h", "Day", T.DATE, format="DMY"),
    Column("i", "Moment", T.DATETIME),
    Column("j", "State", T.SELECT, options=("open", "closed")),
    Column("k", "Tags", T.MULTI_SELECT, options=("a", "b")),
    Column("l", "Mail", T.EMAIL),
    Column("m", "Page", T.URL),
]
NUMBERS: list[list[Value]] = [
    ["=1+1", 7, "0.125", "1234.5", "90", "7.25"],
    ["007", -(10**15), "-3", "0.005", None, "100"],
]
REST: list[list[Value]] = [
    [True, "2026-05-01", "2026-05-01T18:00:00Z", "open", ["a", "b"], "ann@example.com", "https://example.com/?q=1"],
    [False, "1899-12-30", "1000-01-01T00:00:01Z", "closed", [], None, None],
]
ROWS = [[*first, *rest] for first, rest in zip(NUMBERS, REST, strict=True)]
EXPECTED: list[list[Any]] = [
    ["=1+1", 7, 0.125, 1234.5, 90, 0.0725, True, 46143, 46143.75, "open", "a, b", "ann@example.com", REST[0][-1]],
    ["007", "-1000000000000000", -3, 0.005, "", 1, False, 0, -328716 + 1 / 86_400, "closed"],
]


def written(google: LoopbackSheets, sheets: Sheets, table: SheetTable, directory: Path) -> Sheet:
    created = sheets.write(directory.name, table, progress=lambda rows: None)
    return google.spreadsheets[created.id].sheet


def of(columns: list[Column], rows: list[list[Value]], **more: Any) -> SheetTable:
    values = [{column.key: value for column, value in zip(columns, row, strict=True)} for row in rows]
    return SheetTable("All", "All", [SheetColumn(one, one.name) for one in columns], len(rows), lambda: values, **more)


def test_each_type_is_what_it_is(google: LoopbackSheets, sheets: Sheets, tmp_path: Path) -> None:
    sheet = written(google, sheets, of(COLUMNS, ROWS), tmp_path)
    assert sheet.values() == [[column.name for column in COLUMNS], *EXPECTED]
    formats = [sheet.at(f"{letter}3").format.get("numberFormat") for letter in "ABCDEFGHIJKLM"]
    text = {"type": "TEXT"}
    assert formats == [
        text,
        {"type": "NUMBER", "pattern": "0"},
        None,
        {"type": "CURRENCY", "pattern": "#,##0.000 [$EUR]"},
        {"type": "CURRENCY", "pattern": "#,##0 [$JPY]"},
        {"type": "PERCENT", "pattern": "0.00%"},
        None,
        {"type": "DATE", "pattern": "yyyy-mm-dd"},
        {"type": "DATE_TIME", "pattern": "yyyy-mm-dd hh:mm:ss"},
        *[text] * 4,
    ]


def test_booleans_are_checkboxes_and_options_a_dropdown(google: LoopbackSheets, sheets: Sheets, tmp_path: Path) -> None:
    sheet = written(google, sheets, of(COLUMNS, ROWS), tmp_path)
    displayed = {"strict": True, "showCustomUi": True}
    assert sheet.at("G2").rule == {"condition": {"type": "BOOLEAN"}, **displayed}
    options = [{"userEnteredValue": "open"}, {"userEnteredValue": "closed"}]
    assert sheet.at("J3").rule == {"condition": {"type": "ONE_OF_LIST", "values": options}, **displayed}
    ruled = {target for target, cell in sheet.cells.items() if cell.rule}
    assert ruled == {(1, 6), (2, 6), (1, 9), (2, 9)}


@pytest.mark.parametrize(
    ("options", "is_dropdown"),
    [(500, True), (501, False), (("=A1", "b"), False), ((), False), (None, False), (("+1", "-1"), False)],
)
def test_a_dropdown_is_one_that_google_accepts(
    google: LoopbackSheets, sheets: Sheets, tmp_path: Path, options: Any, is_dropdown: bool
) -> None:
    listed = tuple(f"o{n}" for n in range(options)) if isinstance(options, int) else options
    sheet = written(google, sheets, of([Column("j", "State", T.SELECT, options=listed)], [["x"]]), tmp_path)
    assert (sheet.values(), sheet.at("A2").rule is not None) == ([["State"], ["x"]], is_dropdown)


def test_addresses_are_links(google: LoopbackSheets, sheets: Sheets, tmp_path: Path) -> None:
    sheet = written(google, sheets, of(COLUMNS, ROWS), tmp_path)
    links = {target: cell.format.get("textFormat", {}).get("link") for target, cell in sheet.cells.items()}
    assert {target: link for target, link in links.items() if link} == {
        (1, 11): {"uri": "mailto:ann@example.com"},
        (1, 12): {"uri": "https://example.com/?q=1"},
    }


def test_the_header_is_bold_and_frozen_and_the_looks_take_one_request(
    google: LoopbackSheets, sheets: Sheets, tmp_path: Path
) -> None:
    before = google.count("spreadsheets.batchUpdate")
    rows: list[list[Value]] = [["x" * 30, *row[1:]] for row in ROWS]
    sheet = written(google, sheets, of(COLUMNS, rows), tmp_path)
    assert google.count("spreadsheets.batchUpdate") - before == 2
    assert (sheet.frozen_rows, sheet.bold_rows, sheet.rows, sheet.columns) == (1, {0}, 3, 13)
    area = {"startRowIndex": 0, "endRowIndex": 3, "startColumnIndex": 0, "endColumnIndex": 13}
    assert sheet.basic_filter == {"range": {"sheetId": sheet.sheet_id, **area}}
    assert sorted(sheet.widths) == list(range(13))
    assert sheet.widths[0] > sheet.widths[1]


def test_a_header_format_and_width_of_ones_own(google: LoopbackSheets, sheets: Sheets, tmp_path: Path) -> None:
    table = of(COLUMNS, ROWS, freezes_header=False)
    own = [replace(one, header=one.header.upper(), width=123) for one in table.columns]
    own[7] = replace(own[7], pattern="dd.mm.yyyy")
    sheet = written(google, sheets, replace(table, columns=own), tmp_path)
    assert (sheet.values()[0][7], sheet.pattern("H2"), sheet.widths[7], sheet.frozen_rows) == (
        "DAY",
        "dd.mm.yyyy",
        123,
        0,
    )


def test_a_table_without_header_begins_with_its_rows(google: LoopbackSheets, sheets: Sheets, tmp_path: Path) -> None:
    sheet = written(google, sheets, of(COLUMNS, ROWS, includes_header=False), tmp_path)
    assert sheet.values() == EXPECTED
    assert (sheet.frozen_rows, sheet.bold_rows, sheet.basic_filter) == (0, set(), None)
    assert sheet.pattern("H1") == "yyyy-mm-dd"
