"""Files with several tables, and PDFs, imported: which table is taken, and what the notes say of the others."""

import io
import json
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from tests.support.app import App
from tests.support.client import Client, Refused

CASES = Path(__file__).parent / "cases"
ANSWER = "{ rowCount format encoding headerRow notes columns { key name type } samples table { name } }"
STACKED = "Stock\nItem,Count\nInk,3\nPen,5\n\nCity,Country,People\nOslo,Norway,700000\nBergen,Norway,280000\n"


async def import_file(person: Client, name: str, content: bytes, **arguments: Any) -> dict[str, Any]:
    done: dict[str, Any] = await person.upload(
        "importTable", ANSWER, {"file": (name, content)}, file=None, **{"dryRun": True, **arguments}
    )
    return done


def names(done: dict[str, Any]) -> list[str]:
    return [column["name"] for column in done["columns"]]


def side_by_side() -> bytes:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in (
        ["Name", "Age", None, "City", "Visits"],
        ["Ann", 31, None, "Oslo", 3],
        ["Ben", 42, None, "Rome", 5],
        ["Cyd", 27],
    ):
        sheet.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


@pytest.mark.parametrize(
    ("last", "count"),
    [
        (["Gym"], 3),
        ([None, None, None, "2026"], 3),
        (["Gym", "Car"], 4),
        (["Source: bank"], 2),
        (["All amounts are in euros and without taxes."], 2),
        (["(provisional)"], 2),
    ],
)
async def test_a_last_row_with_only_its_name_is_a_row_and_a_note_is_none(
    app: App, last: list[str | None], count: int
) -> None:
    book = Workbook()
    below: list[list[Any]] = [[text] for text in last] if last[0] else [[*last]]
    first: list[list[Any]] = [["Item", "Price", "Paid", "Year"], ["Rent", 1200, True, "2024"]]
    for row in (*first, ["Insurance", 310.5, False, "2025"], *below):
        book.worksheets[0].append(row)
    target = io.BytesIO()
    book.save(target)
    ann = await app.person()
    assert (await import_file(ann, "costs.xlsx", target.getvalue()))["rowCount"] == count


async def test_a_table_of_a_pdf_is_imported(app: App) -> None:
    ann = await app.person()
    content = (CASES / "pdfs" / "two_books.pdf").read_bytes()
    first = await import_file(ann, "museum.pdf", content, dryRun=False)
    assert (first["format"], first["rowCount"], first["table"]["name"]) == ("PDF", 4, "museum")
    assert names(first) == ["Month", "Visitors", "Revenue"]
    assert [column["type"] for column in first["columns"]] == ["TEXT", "INTEGER", "DECIMAL"]
    assert first["notes"] == [
        "Table 1 of 2 in the PDF, from page 1, was read.",
        "Other tables: 2, page 1 (“Ticket”, “Price”, “Sold”, …). To import one, name its number as tableIndex.",
    ]
    second = await import_file(ann, "museum.pdf", content, tableIndex=2)
    assert (names(second), second["rowCount"]) == (["Ticket", "Price", "Sold", "Share %"], 5)


@pytest.mark.parametrize(
    ("case", "arguments", "message"),
    [
        ("two_books.pdf", {"tableIndex": 3}, "The PDF has 2 tables, and no table 3: choose a tableIndex from 1 on."),
        ("minutes.pdf", {}, "No table was found in the PDF."),
        ("minutes.pdf", {"tableIndex": 0}, "Tables are counted from 1"),
        ("minutes.pdf", {"sheet": "A"}, "Only a workbook has sheets"),
    ],
)
async def test_a_table_that_a_pdf_does_not_have_is_refused(
    app: App, case: str, arguments: dict[str, Any], message: str
) -> None:
    ann = await app.person()
    with pytest.raises(Refused) as refused:
        await import_file(ann, case, (CASES / "pdfs" / case).read_bytes(), **arguments)
    assert refused.value.codes == ["BAD_USER_INPUT"]
    assert refused.value.errors[0]["message"].startswith(message)


async def test_a_text_that_begins_like_a_pdf_is_refused(app: App) -> None:
    ann = await app.person()
    error = await ann.refused("importTable", text="%PDF-1.4 and no more")
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["message"].startswith("The file is damaged")


@pytest.mark.parametrize(
    ("name", "content", "columns", "rows", "note"),
    [
        ("a.csv", STACKED.encode(), ["City", "Country", "People"], 2, "Below the table stands another"),
        ("a.xlsx", side_by_side(), ["City", "Visits"], 2, "Beside the table stands another"),
        (
            "a.md",
            b"One\n\n|a|b|\n|-|-|\n|1|2|\n\nTwo\n\n|City|Visits|\n|-|-|\n|Oslo|1|\n|Rome|2|\n",
            ["City", "Visits"],
            2,
            "",
        ),
    ],
)
async def test_a_table_of_a_file_is_chosen_by_its_index(
    app: App, name: str, content: bytes, columns: list[str], rows: int, note: str
) -> None:
    ann = await app.person()
    chosen = await import_file(ann, name, content, tableIndex=2)
    assert (names(chosen), chosen["rowCount"]) == (columns, rows)
    if note:
        first = await import_file(ann, name, content)
        assert any(messages.startswith(note) and "tableIndex, 2" in messages for messages in first["notes"]), first[
            "notes"
        ]
        assert "Table 2 of the file was read." in chosen["notes"]
    with pytest.raises(Refused) as refused:
        await import_file(ann, name, content, tableIndex=9)
    assert refused.value.codes == ["BAD_USER_INPUT"]


def equal(one: Any, other: Any) -> bool:
    """Return whether a value is what the text of a case says."""
    if one is None or other in {"", None}:
        return one is None and not str(other or "").strip("*")
    try:
        return Decimal(str(one)) == Decimal(str(other))
    except InvalidOperation:
        return str(one).casefold().replace("t", " ").removesuffix("z") == str(other).casefold().replace("t", " ")


@pytest.mark.parametrize(
    "case",
    sorted(path for path in (CASES / "files").iterdir() if path.suffix in {".csv", ".xlsx", ".ods"}),
    ids=lambda path: path.name,
)
async def test_the_first_table_of_a_real_file_is_imported(app: App, case: Path) -> None:
    ann = await app.person()
    table = json.loads(Path(f"{case}.expected.json").read_text())["tables"][0]
    done = await import_file(ann, case.name, case.read_bytes())
    rows = [[row.get(column["key"]) for column in done["columns"]] for row in done["samples"]]
    # A column of formulas without results is imported too, a repeated name is numbered, and one answer is shortened.
    same = sum(displayed == name or not name for displayed, name in zip(names(done), table["columns"], strict=False))
    assert 2 * same >= len(table["columns"]), names(done)
    for expected in table["rows"]:
        assert any(all(map(equal, row, expected)) for row in rows), (expected, rows)
