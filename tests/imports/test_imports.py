"""Imports as clients see them: types chosen from all rows, what does not fit shown, one revision, undone as one."""

import csv
import io
import json
from typing import Any

import pytest

from tests.support.app import App
from tests.support.client import Client, Refused
from tests.support.loopback.workbooks import book

ANSWER = """{ rowCount rejectedCount rejected { index fieldErrors { field message } } samples format encoding
  hasByteOrderMark delimiter hasHeader sheet notes columns { name type } revision { number summary source }
  table { id name rowCount } }"""
ROWS = """query Rows($id: ID!) { table(id: $id) { revision columns { key name type }
  rows(first: 100) { totalCount nodes { values } } } }"""
# What other programs change when they read it.
HOSTILE = [
    "007", "12345678901234567890", "-5", "1e5", "=1+1", "@x", "+49 30 1234", "'quoted", "'=1+1", "2026-01-31",
    "31.01.2026", "01/31/2026", "a,b;c\td|e", 'say "hi"', "two\nlines", "two\r\nlines", " spaces ", "🙂 família",
    "مرحبا بالعالم", "true", "NULL", "x" * 32_000, "<r>b</r>", "#REF!",
]  # fmt: skip


async def take_in(client: Client, content: bytes | str, file_name: str = "prices.csv", **arguments: Any) -> Any:
    sent = content.encode() if isinstance(content, str) else content
    return await client.upload("importTable", ANSWER, {"file": (file_name, sent)}, file=None, **arguments)


async def paste(client: Client, text: str, **arguments: Any) -> Any:
    return await client.mutate("importTable", ANSWER, text=text, **arguments)


async def table(client: Client, id: str) -> Any:
    return (await client.run(ROWS, id=id))["table"]


async def test_a_file_becomes_a_typed_table(app: App) -> None:
    ann = await app.person()
    content = "Größe;Preis;Am;Nr\n klein ;1.234,50;31.01.2026;007\ngroß;2,00;01.02.2026;008\n;;;\n".encode("cp1252")
    created = await take_in(ann, content, "Preise.csv")
    assert created == {
        "rowCount": 2,
        "rejectedCount": 0,
        "rejected": [],
        "samples": [
            {"c1": " klein ", "c2": "1234.50", "c3": "2026-01-31", "c4": "007"},
            {"c1": "groß", "c2": "2.00", "c3": "2026-02-01", "c4": "008"},
        ],
        "format": "CSV",
        "encoding": "cp1252",
        "hasByteOrderMark": False,
        "delimiter": ";",
        "hasHeader": True,
        "sheet": None,
        "notes": [
            (
                "The encoding was guessed by the letters in the file: cp1252. "
                "If letters are wrong, name another as `encoding`."
            )
        ],
        "columns": [
            {"name": "Größe", "type": "TEXT"},
            {"name": "Preis", "type": "DECIMAL"},
            {"name": "Am", "type": "DATE"},
            {"name": "Nr", "type": "TEXT"},
        ],
        "revision": {"number": 1, "summary": "2 rows added, 4 columns added", "source": "IMPORT"},
        "table": {"id": created["table"]["id"], "name": "Preise", "rowCount": 2},
    }
    result = await table(ann, created["table"]["id"])
    assert [row["values"] for row in result["rows"]["nodes"]] == created["samples"]


async def test_a_type_is_chosen_from_all_rows(app: App) -> None:
    ann = await app.person()
    numbers = [str(n) for n in range(3_000)]
    for last, type in (("1.5", "DECIMAL"), ("many", "TEXT"), ("n/a", "INTEGER"), ("3000", "INTEGER")):
        created = await paste(ann, "n\n" + "\n".join([*numbers, last]), dryRun=True, format="CSV")
        assert (created["columns"], created["rowCount"]) == ([{"name": "n", "type": type}], 3_001)
        assert (created["table"], created["revision"]) == (None, None)
    assert (await ann.run("{ tables { totalCount } }"))["tables"]["totalCount"] == 0


async def test_a_workbook_becomes_what_a_person_sees_in_it_and_its_errors_are_shown(app: App) -> None:
    ann = await app.person()
    names = ("Rate", "Price", "Exact", "Day", "Code", "Long", "Done", "Sum")
    header = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in names)
    row = (
        '<c s="1"><v>0.075</v></c><c s="2"><v>1.125</v></c><c s="3"><v>2.125</v></c><c s="4"><v>45000</v></c>'
        '<c s="5"><v>123</v></c><c><v>12345678901234567890</v></c><c t="b"><v>1</v></c>'
    )
    rows = [header, f"{row}<c><f>1</f><v>3</v></c>", f'{row}<c t="e"><v>#N/A</v></c>', f"{row}<c><f>A1</f></c>"]
    formats = ("0%", "#,##0.00 [$€-407]", "0.000", "dd.mm.yyyy", "00000")
    content = book(rows, formats=formats)
    dry = await take_in(ann, content, "a.xlsx", dryRun=True)
    types = ("PERCENT", "CURRENCY", "DECIMAL", "DATE", "TEXT", "TEXT", "BOOLEAN", "INTEGER")
    assert [tuple(column.values()) for column in dry["columns"]] == list(zip(names, types, strict=True))
    values = ["7.5", "1.125", "2.125", "2023-03-15", "00123", "12345678901234567890", True, 3]
    sample = {f"c{n}": value for n, value in enumerate(values, 1)}
    without_result = {key: value for key, value in sample.items() if key != "c8"}
    assert (dry["samples"], dry["rowCount"]) == ([sample, without_result], 2)
    (wrong,) = dry["rejected"]
    assert (wrong["index"], wrong["fieldErrors"][0]["field"]) == (1, "rows.1.Sum")
    assert wrong["fieldErrors"][0]["message"].startswith("The cell shows #N/A, an error of its spreadsheet")
    assert dry["notes"][0].startswith("Formulas without a result in the file, whose cells are left empty: 1.")
    with pytest.raises(Refused) as refused:
        await take_in(ann, content, "a.xlsx")
    assert "1 row does not fit, so none was imported" in str(refused.value)
    columns = [{"name": "Rate", "type": "PERCENT"}]
    created = await ann.mutate("createTable", "{ table { id } }", name="Rates", columns=columns)
    more = book([rows[0].partition("</c>")[0] + "</c>", '<c s="1"><v>0.5</v></c>'], formats=formats)
    done = await take_in(ann, more, "a.xlsx", tableId=created["table"]["id"])
    assert (done["samples"], done["sheet"], done["notes"]) == ([{"c1": "50"}], "Sheet", [])


async def test_rows_that_do_not_fit_a_table_are_shown_and_left_out_when_asked(app: App) -> None:
    ann = await app.person()
    columns = [{"name": "Item", "type": "TEXT", "isUnique": True}, {"name": "Price", "type": "DECIMAL"}]
    created = await ann.mutate("createTable", "{ table { id } }", name="Prices", columns=columns)
    id_ = created["table"]["id"]
    text = "price,item\n1.20,pen\ncheap,ink\n3.50,pen\n2,ink\n"
    wrong = "rows.1.Price", "“cheap” is not a number: write it as 1234.50."
    dry = await paste(ann, text, tableId=id_, dryRun=True)
    assert (dry["rowCount"], dry["rejectedCount"], dry["table"], dry["revision"]) == (2, 2, None, None)
    assert [row["index"] for row in dry["rejected"]] == [1, 2]
    assert dry["rejected"][0]["fieldErrors"] == [{"field": wrong[0], "message": wrong[1]}]
    assert dry["rejected"][1]["fieldErrors"][0]["field"] == "rows.2.Item"
    assert (await table(ann, id_))["revision"] == 1
    with pytest.raises(Refused) as refused:
        await paste(ann, text, tableId=id_)
    assert refused.value.codes == ["BAD_USER_INPUT"]
    assert (await table(ann, id_))["revision"] == 1
    done = await paste(ann, text, tableId=id_, onError="SKIP_INVALID", idempotencyKey="k")
    assert (done["rowCount"], done["rejectedCount"]) == (2, 2)
    assert [row["index"] for row in done["rejected"]] == [1, 2]
    again = await paste(ann, text, tableId=id_, onError="SKIP_INVALID", idempotencyKey="k")
    assert (again["rowCount"], again["revision"], again["table"]) == (2, done["revision"], done["table"])
    with pytest.raises(Refused) as refused:
        await paste(ann, "Item,Colour\na,red\n", tableId=id_)
    assert "The table has no columns Colour" in str(refused.value)


async def test_an_import_is_undone_as_one(app: App) -> None:
    ann = await app.person()
    id_ = (await paste(ann, "item,n\nink,1\n"))["table"]["id"]
    more = await paste(ann, "item,n\n" + "pen,2\n" * 1_500, tableId=id_)
    assert more["revision"] == {"number": 2, "summary": "1,500 rows added", "source": "IMPORT"}
    undone = await ann.mutate("undoRevision", "{ table { rowCount } }", tableId=id_, revision=2)
    assert undone["table"]["rowCount"] == 1


async def test_who_may_only_see_a_table_imports_nothing(app: App) -> None:
    ann, eve = await app.person("ann"), await app.person("eve")
    id_ = (await paste(ann, "item,n\nink,1\n"))["table"]["id"]
    with pytest.raises(Refused) as refused:
        await paste(eve, "item,n\npen,2\n", tableId=id_)
    assert refused.value.codes == ["NOT_FOUND"]
    assert (await table(ann, id_))["rows"]["totalCount"] == 1


async def test_a_new_table_has_its_place_and_one_that_is_there_keeps_its_own(app: App) -> None:
    ann, eve = await app.person("ann"), await app.person("eve")
    organization = await app.organization(ann)
    created = await ann.mutate("createConversation", "{ conversation { id } }", organizationId=organization)
    membership = {"conversationId": created["conversation"]["id"], "visibility": "ORGANIZATION"}
    id_ = (await paste(ann, "item,n\nink,1\n", **membership))["table"]["id"]
    seen = await ann.run("query T($id: ID!) { table(id: $id) { visibility conversation { id } } }", id=id_)
    assert seen["table"] == {"visibility": "ORGANIZATION", "conversation": {"id": membership["conversationId"]}}
    for person, arguments, code in (
        (eve, {"conversationId": membership["conversationId"], "dryRun": True}, "NOT_FOUND"),
        (eve, {"organizationId": organization}, "NOT_FOUND"),
        (ann, {"tableId": id_, "visibility": "PRIVATE"}, "BAD_USER_INPUT"),
        (ann, {"organizationId": id_}, "NOT_FOUND"),
    ):
        with pytest.raises(Refused) as refused:
            await paste(person, "item,n\nink,1\n", **arguments)
        assert refused.value.codes == [code]
    assert (await eve.run("{ tables { totalCount } }"))["tables"]["totalCount"] == 0
    assert (await ann.run("{ tables { totalCount } }"))["tables"]["totalCount"] == 1


async def test_what_other_programs_change_comes_back_as_it_was(app: App) -> None:
    """Through a file of another program, on each database; tests/test_round_trips.py has those of our own."""
    ann = await app.person()
    lines = io.StringIO()
    csv.writer(lines, delimiter="\t").writerows(
        [["id", "note"], *([text, "n" * (n % 2)] for n, text in enumerate(HOSTILE))]
    )
    columns = [{"name": "id", "type": "TEXT"}, {"name": "note", "type": "TEXT"}]
    done = await take_in(ann, lines.getvalue().encode("utf-16"), "h.tsv")
    assert done["columns"] == columns
    values = [row["values"] for row in (await table(ann, done["table"]["id"]))["rows"]["nodes"]]
    assert values == [{"c1": text} | ({"c2": "n"} if n % 2 else {}) for n, text in enumerate(HOSTILE)]


async def test_two_hundred_columns_fit_and_one_more_does_not(app: App) -> None:
    ann = await app.person()
    for width, fits in ((200, True), (201, False)):
        rows = [{f"n{n}": n for n in range(width)}]
        if fits:
            created = await paste(ann, json.dumps(rows), name="Wide", format="JSON")
            assert [c["type"] for c in created["columns"]] == ["INTEGER"] * 200
        else:
            with pytest.raises(Refused) as refused:
                await paste(ann, json.dumps(rows), name="Wide")
            assert "A table has at most 200 columns; this has 201." in str(refused.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[{]", "The JSON is not valid"),
        (b"[1, 2]", "The file is no JSON array of objects"),
        (b'[{"a": 1}', "The JSON"),
        (b"PK\x03\x04", "The file is a damaged ZIP or workbook"),
        (b"a\0b", "The file"),
        (
            b'a,b\n"' + b"x" * 140_000,
            "The file is no CSV at line 2 (field larger than field limit (131072)): close each",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(50), "The file is an old Office document, or one with a password"),
    ],
)
async def test_what_cannot_be_imported_is_refused(app: App, content: bytes, message: str) -> None:
    ann = await app.person()
    format = "JSON" if content[:1] == b"[" else None
    with pytest.raises(Refused) as refused:
        await take_in(ann, content, format=format)
    (error,) = refused.value.errors
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["message"].startswith(message)


async def test_a_value_that_differs_from_its_text_keeps_the_text_as_its_source(app: App) -> None:
    ann = await app.person()
    created = await take_in(ann, "Item;Price;Day\nInk;1.234,50;31.01.2026\nPen;n/a;01.02.2026\n")
    query = """query Cells($id: ID!) { table(id: $id) { rows(first: 5) { nodes { cells { text
      source { quote origin message { id } } } } } } }"""
    result = (await ann.run(query, id=created["table"]["id"]))["table"]["rows"]["nodes"]
    assert [[cell["source"] and cell["source"]["quote"] for cell in row["cells"]] for row in result] == [
        [None, "1.234,50", "31.01.2026"],
        [None, "n/a", "01.02.2026"],
    ]
    assert result[0]["cells"][1]["source"] == {"quote": "1.234,50", "origin": "FILE", "message": None}


async def test_a_client_names_what_the_content_does_not_tell(app: App) -> None:
    ann = await app.person()
    text = "Note\nn|size\na|1.500\nb|2.250\n\nCity|Pop\nOslo|5\n"
    arguments = {"delimiter": "|", "headerRow": 2, "decimalMark": ",", "dryRun": True}
    done = await ann.mutate("importTable", ANSWER.replace("sheet", "headerRow sheet"), text=text, **arguments)
    assert (done["headerRow"], done["delimiter"]) == (2, "|")
    assert [row["c2"] for row in done["samples"]] == [1500, 2250]
    assert any("Below the table stands another" in note for note in done["notes"])
    latin = "ime;grad\nŽeljko;Čačak\n".encode("iso8859_2")
    named = await take_in(ann, latin, dryRun=True, encoding="iso-8859-2", skipRows=1, headerRow=0)
    assert (named["hasHeader"], named["encoding"], named["rowCount"]) == (False, "iso8859-2", 1)
    for wrong in ({"encoding": "klingon"}, {"delimiter": ";;"}, {"headerRow": -1}, {"decimalMark": "'"}):
        with pytest.raises(Refused) as refused:
            await take_in(ann, latin, dryRun=True, **wrong)
        assert refused.value.codes == ["BAD_USER_INPUT"]
