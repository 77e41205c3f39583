"""Workbooks, read as a person sees them: every cell of them is a text, a number, a date, or has a problem."""

import io
from typing import Any

import pytest
from openpyxl import Workbook

from integrations.documents.failures import DocumentRefused
from integrations.documents.sheet_text import workbook_text
from integrations.documents.workbooks import Cell, open_sheet
from tables.files.cell_kinds import ABOVE, LEFT
from tests.support.loopback.workbooks import book

PROBLEM = "The cell shows #DIV/0!, an error of its spreadsheet: correct or empty it there."
NO_RESULT = (
    "Formulas without a result in the file, whose cells are left empty: 2. Open the workbook in a spreadsheet program, "
    "save it and send that to import their results."
)
FORMATS = ("0.0%", "#,##0.00 [$€-407]", "yyyy-mm-dd", "00000", "@", "[h]:mm:ss")


def read(content: bytes, sheet: str | None = None) -> tuple[list[list[Cell]], list[str]]:
    """The rows, and the notes."""
    reader, rows = open_sheet(io.BytesIO(content), sheet)
    return list(rows), reader.notes()


@pytest.mark.parametrize(
    ("cell", "displayed"),
    [
        ("<c><v>5</v></c>", "5"),
        ('<c s="1"><v>0.5</v></c>', "50.0%"),
        ('<c s="2"><v>1234.5</v></c>', "1234.50 EUR"),
        ('<c s="3"><v>45000</v></c>', "2023-03-15"),
        ('<c s="4"><v>123</v></c>', "00123"),
        ('<c s="5"><v>123</v></c>', '"123'),
        ('<c s="6"><v>1.5</v></c>', "36:00:00"),
        ('<c s="99"><v>0.5</v></c>', "0.5"),
        ('<c t="s"><v>0</v></c>', '"shared'),
        ('<c t="inlineStr"><is><r><t>a </t></r><r><t>b</t></r><rPh><t>x</t></rPh></is></c>', '"a b'),
        ('<c t="inlineStr"><is><t>a_x000D__x005F_x0041_</t></is></c>', '"a\r_x0041_'),
        ('<c t="inlineStr"><is><t></t></is></c>', None),
        ('<c t="str"><f>T(A1)</f><v>a_x0009_b</v></c>', '"a\tb'),
        ('<c t="str"><f>""</f><v></v></c>', None),
        ('<c t="b"><v>1</v></c>', "true"),
        ('<c t="b"><v>0</v></c>', "false"),
        ('<c t="d"><v>2026-01-31T10:00:00</v></c>', "2026-01-31T10:00:00Z"),
        ('<c><f>0.1+0.2</f><v>0.30000000000000004</v></c>', "0.3"),
        ('<c t="e"><v>#DIV/0!</v></c>', {"problem": PROBLEM, "shown": "#DIV/0!"}),
    ],
)  # fmt: skip
def test_a_cell_is_what_a_person_sees_in_it(cell: str, displayed: Cell) -> None:
    rows, notes = read(book(["<c><v>1</v></c>" + cell], texts=["shared"], formats=FORMATS))
    assert rows == [["1", displayed] if displayed is not None else ["1"]]
    assert notes == []


def test_dates_of_the_other_calendar_are_the_same_days() -> None:
    assert read(book(['<c s="3"><v>43538</v></c>'], formats=FORMATS, is_1904=True))[0] == [["2023-03-15"]]


def test_a_formula_without_a_result_is_an_empty_cell_and_noted() -> None:
    rows = ["<c><v>1</v></c><c><f>A1*2</f><v></v></c>", "<c><v>2</v></c><c><f>A2*2</f></c><c><v>3</v></c>"]
    assert read(book(rows)) == ([["1"], ["2", None, "3"]], [NO_RESULT])


def test_hidden_rows_are_read_and_merged_cells_are_marked_and_both_are_noted() -> None:
    xml = (
        '<row r="2"><c r="C2"><v>1</v></c></row><row r="3" hidden="1"><c><v>2</v></c></row>'
        '<row r="4"><c r="A4"><v>3</v></c></row>'
    )
    rows = {"Sheet": ("visible", xml)}
    merged = '<mergeCells count="2"><mergeCell ref="C2:D3"/><mergeCell ref="E2:F2"/></mergeCells>'
    assert read(book(sheets=rows, after=merged)) == (
        [[None, None, "1", LEFT], ["2", None, ABOVE + "1", LEFT], ["3"]],
        [
            "Hidden rows that are read like the others: 1.",
            "Cells merged over rows, whose value is repeated in each row: 1.",
        ],
    )


def test_the_first_sheet_that_is_seen_and_has_rows_is_read_or_the_one_that_is_named() -> None:
    sheets = {
        "Lists": ("hidden", "<row><c><v>1</v></c></row>"),
        "Cover": ("visible", ""),
        "Data": ("visible", "<row><c><v>2</v></c></row>"),
    }
    content = book(sheets=sheets)
    noted = "Sheets that were not read: {}. To import one, name it as `sheet`."
    assert read(content) == ([["2"]], [noted.format("Lists (hidden), Cover")])
    assert read(content, "Lists") == ([["1"]], [noted.format("Cover, Data")])
    assert read(content, "Cover") == ([], [noted.format("Lists (hidden), Data")])
    assert workbook_text(io.BytesIO(content)) == "Data\n\n2"
    with pytest.raises(DocumentRefused) as refused:
        read(content, "data")
    assert str(refused.value) == "The workbook has no such sheet: it has Lists (hidden), Cover, Data."


def test_a_workbook_as_text_is_what_it_shows() -> None:
    rows = ['<c r="B1" t="inlineStr"><is><t>rate, now</t></is></c><c><v>0</v></c>',
            '<c r="B2" s="1"><v>0.5</v></c><c t="e"><v>#N/A</v></c><c><v>7</v></c>']  # fmt: skip
    displayed = "Sheet\n\n| rate, now | 0 |  |\n| --- | --- | --- |\n| 50.0% | #N/A | 7 |"
    assert workbook_text(io.BytesIO(book(rows, formats=FORMATS))) == displayed


def test_cells_stand_where_they_say_whatever_their_order() -> None:
    assert read(book(['<c r="C1"><v>3</v></c><c r="A1"><v>1</v></c><c><v>2</v></c>']))[0] == [["1", "2", "3"]]


def test_opposite_corners_of_a_sheet_cost_what_two_cells_do() -> None:
    result, target = Workbook(), io.BytesIO()
    sheet: Any = result.active
    sheet["A1"], sheet["XFD1048576"] = 1, 2
    result.save(target)
    assert read(target.getvalue())[0] == [["1"], [], [None] * 16_383 + ["2"]]
