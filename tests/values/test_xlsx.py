"""XLSX, read back by another program's reader."""

import io
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape
from openpyxl.worksheet.worksheet import Worksheet

from errors import BadUserInput
from tables.types.types import Column, ColumnType, Value
from tables.writers.text import write_xlsx
from tables.writers.xlsx import MAX_COLUMNS, SheetStyle, safe_sheet_name
from tests.support.tables.column_samples import COLUMNS, FORMULAS, ROW, VALUES


def one_column(type: ColumnType = ColumnType.TEXT, **rules: Any) -> list[Column]:
    return [Column("c1", "Column", type, **rules)]


def sheet_of(columns: list[Column], rows: list[Mapping[str, Value]], name: str = "Table") -> Worksheet:
    target = io.BytesIO()
    assert write_xlsx(target, columns, iter(rows), name) == len(rows)
    sheet = load_workbook(target).active
    assert isinstance(sheet, Worksheet)
    return sheet


def test_xlsx_cells_have_the_types_of_their_columns() -> None:
    columns = [
        Column(c.key, c.name, c.type, c.position, format="EUR ," if c.name == "Currency" else None) for c in COLUMNS
    ]
    sheet = sheet_of(columns, [ROW, {}])
    cells = {column.type: sheet.cell(2, index + 1) for index, column in enumerate(columns)}
    assert {type: cell.value for type, cell in cells.items()} == {
        **VALUES,
        ColumnType.DECIMAL: -12.5,
        ColumnType.CURRENCY: 1234.5,
        ColumnType.PERCENT: 0.125,
        ColumnType.DATE: datetime(2025, 12, 31),  # noqa: DTZ001  # a sheet's dates have no zone
        ColumnType.DATETIME: datetime(2025, 12, 31, 10),  # noqa: DTZ001  # a sheet's dates have no zone
        ColumnType.MULTI_SELECT: 'a, "b, c"',
    }
    assert {type.value: cell.number_format for type, cell in cells.items() if cell.number_format != "General"} == {
        "INTEGER": "0",
        "DECIMAL": "0.00",
        "CURRENCY": "#,##0.00 [$EUR]",
        "PERCENT": "0.0%",
        "DATE": "yyyy-mm-dd",
        "DATETIME": "yyyy-mm-dd hh:mm:ss",
    }
    assert cells[ColumnType.BOOLEAN].data_type == "b"
    assert cells[ColumnType.URL].hyperlink is None


def test_xlsx_has_a_bold_frozen_header_and_columns_as_wide_as_their_texts() -> None:
    columns = [
        Column("c1", "Id", ColumnType.INTEGER),
        Column("c2", "Text", ColumnType.TEXT),
        Column("c3", "Long", ColumnType.TEXT),
    ]
    sheet = sheet_of(columns, [{"c1": 1, "c2": "x" * 20, "c3": "y" * 500}])
    assert [sheet.cell(1, index).value for index in (1, 2, 3)] == ["Id", "Text", "Long"]
    assert all(sheet.cell(1, index).font.bold for index in (1, 2, 3))
    assert not sheet.cell(2, 2).font.bold
    assert sheet.freeze_panes == "A2"
    assert [round(sheet.column_dimensions[letter].width) for letter in "ABC"] == [9, 23, 61]


@pytest.mark.parametrize("text", FORMULAS)
def test_xlsx_keeps_a_text_that_looks_like_a_formula_as_text(text: str) -> None:
    sheet = sheet_of([Column("c1", text, ColumnType.TEXT)], [{"c1": text}])
    for row in (1, 2):
        assert sheet.cell(row, 1).value == text.replace("\r", "_x000D_")
        assert sheet.cell(row, 1).data_type in {"s", "inlineStr"}
        assert sheet.cell(row, 1).quotePrefix


@pytest.mark.parametrize(
    "text",
    [
        "<r>x</r>",
        "<r><t>x</t></r><evil/></r>",
        "<b>&amp;",
        "  spaced ",
        "a\nb",
        "😀",
        "x" * 32_767,
        "_x0041_",
        "http://x.y",
        "12",
    ],
)
def test_xlsx_keeps_a_text_to_the_letter(text: str) -> None:
    value = sheet_of(one_column(), [{"c1": text}]).cell(2, 1).value
    assert value == text.replace("_x0041_", "_x005F_x0041_")


def test_xlsx_replaces_the_one_thing_that_no_file_can_hold() -> None:
    assert unescape(str(sheet_of(one_column(), [{"c1": "a\uffffb\ud800c"}]).cell(2, 1).value)) == "a\uffffb\ufffdc"


@pytest.mark.parametrize(
    ("type", "value", "cell"),
    [
        (ColumnType.INTEGER, 999_999_999_999_999, 999_999_999_999_999),
        (ColumnType.INTEGER, 2**53 - 1, "9007199254740991"),
        (ColumnType.DECIMAL, "1234567890123.45", 1234567890123.45),
        (ColumnType.DECIMAL, "12345678901234.56", "12345678901234.56"),
        (ColumnType.DECIMAL, "0.10000000000000000000", 0.1),
        (ColumnType.CURRENCY, "99999999999999999.99", "99999999999999999.99"),
        (ColumnType.PERCENT, "0.1234567890123456", "0.1234567890123456%"),
        (ColumnType.DATE, "1900-02-28", "1900-02-28"),
        (ColumnType.DATE, "1900-03-01", datetime(1900, 3, 1)),  # noqa: DTZ001  # a sheet's dates have no zone
        (ColumnType.DATETIME, "1000-01-01T00:00:00Z", "1000-01-01T00:00:00Z"),
        (ColumnType.DATETIME, "2025-01-01T00:00:00.500000Z", datetime(2025, 1, 1, 0, 0, 0, 500_000)),  # noqa: DTZ001  # as above
        (ColumnType.BOOLEAN, False, False),
    ],
)
def test_xlsx_writes_as_text_what_a_sheet_would_change(type: ColumnType, value: Value, cell: object) -> None:
    assert sheet_of(one_column(type), [{"c1": value}]).cell(2, 1).value == cell


@given(st.decimals(-(10**9), 10**9, places=4, allow_nan=False))
@settings(deadline=None, max_examples=25)
def test_xlsx_holds_every_short_number_exactly(number: Any) -> None:
    value = sheet_of(one_column(ColumnType.DECIMAL), [{"c1": str(number)}]).cell(2, 1).value
    assert isinstance(value, int | float)
    assert f"{value:.15g}" == f"{float(number):.15g}"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Expenses", "Expenses"),
        ("a[b]c:d*e?f/g\\h", "a_b_c_d_e_f_g_h"),
        ("x" * 40, "x" * 31),
        ("😀" * 16, "😀" * 15),
        ("'quoted'", "quoted"),
        ("History", "History_"),
        ("", "Table"),
        ("''", "Table"),
        ("x" * 30 + "'y", "x" * 30),
    ],
)
def test_a_sheet_gets_a_name_that_spreadsheets_accept(name: str, safe: str) -> None:
    assert safe_sheet_name(name) == safe
    assert sheet_of(one_column(), [], name).title == safe


def test_a_table_wider_than_a_sheet_is_refused() -> None:
    columns = [Column(f"c{index}", "x", ColumnType.TEXT) for index in range(MAX_COLUMNS + 1)]
    target = io.BytesIO()
    with pytest.raises(BadUserInput, match="at most 16,384 columns"):
        write_xlsx(target, columns, [], "Table")
    assert target.getvalue() == b""


def test_a_cell_with_more_text_than_a_workbook_holds_is_refused_and_not_left_out() -> None:
    columns = [Column("c1", "Tags", ColumnType.MULTI_SELECT)]
    target = io.BytesIO()
    for items in (["x" * 32_768], ["🙂" * 16_384], ["a"] * 16_000):
        with pytest.raises(BadUserInput, match=r"^The text of 'Tags' in row 2 of the sheet is too long\."):
            write_xlsx(target, columns, [{"c1": items}], "Table")
        assert target.getvalue() == b""
    assert sheet_of(columns, [{"c1": ["🙂" * 16_383]}]).cell(2, 1).value == "🙂" * 16_383


def test_a_sheet_looks_as_its_style_says() -> None:
    columns = [Column("c1", "Price", ColumnType.CURRENCY, format="EUR"), Column("c2", "Day", ColumnType.DATE)]
    style = SheetStyle(freeze_header=False, formats={"c1": "0.000", "c2": "dd.mm.yy"}, widths={"c2": 42})
    target = io.BytesIO()
    write_xlsx(target, columns, [{"c1": "1.5", "c2": "2026-01-31"}], "Table", style)
    sheet: Any = load_workbook(target).active
    assert [sheet.cell(2, index).number_format for index in (1, 2)] == ["0.000", "dd.mm.yy"]
    assert (sheet.freeze_panes, round(sheet.column_dimensions["B"].width)) == (None, 43)
    target = io.BytesIO()
    assert write_xlsx(target, columns, [{"c1": "1.5"}], "Table", SheetStyle(include_header=False)) == 1
    sheet = load_workbook(target).active
    assert (sheet.cell(1, 1).value, sheet.max_row, sheet.freeze_panes) == (1.5, 1, None)


def test_a_table_longer_than_a_sheet_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tables.writers.xlsx.MAX_ROWS", 4)
    assert sheet_of(one_column(), [{}] * 3).title == "Table"
    target = io.BytesIO()
    with pytest.raises(BadUserInput, match="at most 4 rows, its header included"):
        write_xlsx(target, one_column(), [{}] * 4, "Table")
    assert target.getvalue() == b""


def test_rows_that_fail_leave_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def rows() -> Iterator[Mapping[str, Value]]:
        yield from ({"c1": str(number)} for number in range(500))
        raise ConnectionError("gone")

    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    with pytest.raises(ConnectionError):
        write_xlsx(tmp_path / "table.xlsx", one_column(), rows(), "Table")
    assert [path.name for path in tmp_path.rglob("*")] == ["scratch"]


def test_xlsx_goes_to_a_path_as_well(tmp_path: Path) -> None:
    assert write_xlsx(tmp_path / "table.xlsx", one_column(), ({"c1": str(n)} for n in range(1_000)), "Table") == 1_000
    with zipfile.ZipFile(tmp_path / "table.xlsx") as archive:
        assert archive.testzip() is None
    sheet = load_workbook(tmp_path / "table.xlsx").active
    assert isinstance(sheet, Worksheet)
    assert [row[0] for row in sheet.iter_rows(values_only=True)] == ["Column", *map(str, range(1_000))]
