"""Imports from Google spreadsheets: values by their formats, as oneself and with the service account."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from auth.viewer import Viewer
from db.core.session import Session
from db.models.users import User
from tests.support.app import App, open_app
from tests.support.browser_at_google import Browser, account_of
from tests.support.client import Client
from tests.support.loopback.google_state import CLIENT_ID, PERSON, LoopbackSheets
from tests.support.loopback.service_account import EMAIL
from tests.support.loopback.spreadsheets import CellState, Sheet, Spreadsheet

SYSTEM = Viewer.system()
SHOWN = """{ table { name rows { nodes { values } } } columns { key name type format }
  rowCount rejectedCount sheet format headerRow notes }"""
EURO = {"type": "CURRENCY", "pattern": "[$€-407]#,##0.00"}
FORMATS: list[dict[str, str] | None] = [
    None,
    {"type": "DATE", "pattern": "dd.mm.yyyy"},
    {"type": "DATE_TIME"},
    {"type": "PERCENT", "pattern": "0.0%"},
    EURO,
    None,
    {"type": "NUMBER", "pattern": "#,##0"},
]
HEADER = ["Item", "Day", "At", "Share", "Cost", "Paid", "Count"]
ROWS: list[list[Any]] = [
    ["Rent", 46143, 46143.5, 0.075, 1200.5, True, 3],
    ["=text", 1, 46143.25, 1, -3, False, 1234567],
    ["007", -1, None, None, None, None, None],
]


def budget(title: str = "Budget") -> Spreadsheet:
    """Return a spreadsheet with a column of each type below a header."""
    result = Spreadsheet(title)
    cells = result.sheet.cells
    cells |= {(0, column): CellState({"stringValue": name}) for column, name in enumerate(HEADER)}
    for row, values in enumerate(ROWS, 1):
        for column, value in enumerate(values):
            kind = {str: "stringValue", bool: "boolValue"}.get(type(value), "numberValue")
            stated = FORMATS[column]
            if value is not None:
                cells[row, column] = CellState({kind: value}, {"numberFormat": stated} if stated else {})
    return result


def address(spreadsheet: Spreadsheet) -> str:
    return f"https://docs.google.com/spreadsheets/d/{spreadsheet.id}/edit#gid={spreadsheet.sheet.sheet_id}"


async def verify(app: App, client: Client) -> None:
    viewer = await app.viewer(client)

    def unit(session: Session) -> None:
        assert viewer.user_id is not None
        session.get(User, viewer.user_id).is_email_verified = True

    await app.backend.database.write(unit, SYSTEM)


async def sent(client: Client, url: str, **more: Any) -> dict[str, Any]:
    arguments = {name: more.pop(name) for name in ("sheet", "range") if name in more}
    return dict(await client.mutate("importTable", SHOWN, googleSheet={"url": url, **arguments}, **more))


async def refused(client: Client, url: str, **more: Any) -> tuple[str, str, str]:
    """Return the code, the field and the message of the error."""
    arguments = {name: more.pop(name) for name in ("sheet", "range") if name in more}
    error = await client.refused("importTable", googleSheet={"url": url, **arguments}, **more)
    fields = error["extensions"].get("fieldErrors") or [{"field": ""}]
    return error["extensions"]["code"], fields[0]["field"], error["message"]


@asynccontextmanager
async def with_service_account(
    database_url: str, directory: Path, google: LoopbackSheets, **more: Any
) -> AsyncIterator[App]:
    file = google.service_account(directory)
    settings = {"google_service_account_file": file, "google_sheets_url": google.url, **more}
    async with open_app(database_url, directory, **settings) as app:
        yield app


async def test_a_sheet_becomes_a_table_with_types_by_its_formats(app: App, google: LoopbackSheets) -> None:
    ann = await app.person("ann")
    browser = Browser(ann)
    await browser.connect()
    created = await sent(ann, address(google.add(budget(), PERSON, CLIENT_ID)))
    assert [(column["name"], column["type"]) for column in created["columns"]] == [
        ("Item", "TEXT"),
        ("Day", "DATE"),
        ("At", "DATETIME"),
        ("Share", "PERCENT"),
        ("Cost", "CURRENCY"),
        ("Paid", "BOOLEAN"),
        ("Count", "INTEGER"),
    ]
    keys = [column["key"] for column in created["columns"]]
    rows = [[row["values"].get(key) for key in keys] for row in created["table"]["rows"]["nodes"]]
    assert rows == [
        ["Rent", "2026-05-01", "2026-05-01T12:00:00Z", "7.5", "1200.50", True, 3],
        ["=text", "1899-12-31", "2026-05-01T06:00:00Z", "100.0", "-3.00", False, 1234567],
        ["007", "1899-12-29", None, None, None, None, None],
    ]
    assert (created["table"]["name"], created["sheet"], created["format"]) == ("Budget", "Sheet1", "GOOGLE_SHEETS")
    assert (created["columns"][4]["format"], created["rowCount"], created["headerRow"]) == ("EUR", 3, 1)


async def test_a_dropdown_becomes_a_column_of_its_options(app: App, google: LoopbackSheets) -> None:
    ann = await app.person("ann")
    await Browser(ann).connect()
    book = google.add(Spreadsheet("Tasks"), PERSON, CLIENT_ID)
    lists = [
        ["open", "closed"],
        ["open", "closed"],
        ["1", "2"],
        [],
        ["a"] * 2,
        ["x" * 201],
        [f"o{n}" for n in range(201)],
    ]
    texts = [["open", "done", "1", "open", "a", "x", "o1"], ["", "open", "2", "open", "a", "x", "o2"]]
    for column, options in enumerate(lists, 1):
        condition = {"type": "ONE_OF_LIST", "values": [{"userEnteredValue": option} for option in options]}
        rule = {"condition": condition if options else {"type": "BOOLEAN"}}
        book.sheet.cells[0, column] = CellState({"stringValue": f"Name {column}"})
        for row in (1, 2):
            text = texts[row - 1][column - 1]
            book.sheet.cells[row, column] = CellState({"stringValue": text} if text else None, rule=rule)
    columns = (await sent(ann, address(book)))["columns"]
    assert [column["type"] for column in columns] == ["SELECT", "TEXT", "SELECT", "TEXT", "TEXT", "TEXT", "TEXT"]
    answer = await ann.run("{ tables { nodes { columns { options } } } }")
    assert [column["options"] for column in answer["tables"]["nodes"][0]["columns"]][:3] == [
        ["open", "closed"],
        None,
        ["1", "2"],
    ]


async def test_a_range_a_sheet_and_an_address_choose_the_cells(app: App, google: LoopbackSheets) -> None:
    browser = Browser(await app.person("ann"))
    await browser.connect()
    book = google.add(budget(), PERSON, CLIENT_ID)
    second = Sheet("It's 2", sheet_id=77)
    second.cells = {(r, c): CellState({"stringValue": f"{r}{c}"}) for r in range(5) for c in range(3)}
    book.sheets.append(second)
    ann, url = browser.client, f"https://docs.google.com/spreadsheets/d/{book.id}/edit"

    async def names(where: str, **more: Any) -> tuple[list[str], int]:
        created = await sent(ann, where, dryRun=True, **more)
        return [column["name"] for column in created["columns"]], created["rowCount"]

    assert await names(book.id, range="A1:B3") == (["Item", "Day"], 2)
    assert await names(url, range="b:$C") == (["Day", "At"], 3)
    assert await names(url, range="3:2", hasHeader=False) == ([f"Column {n}" for n in range(1, 8)], 2)
    assert await names(f"{url}#gid=77", hasHeader=True) == (["00", "01", "02"], 4)
    assert await names(url, sheet="it's 2", range="B2:C9999999", hasHeader=True) == (["11", "12"], 3)


@pytest.mark.parametrize(
    ("more", "field", "says"),
    [
        ({"sheet": "June"}, "sheet", "has no sheet 'June'. It has: Sheet1."),
        ({"range": "A1:B2:C3"}, "range", "'A1:B2:C3' is no range. Write one such as A1:F200, A:F or 2:100."),
        ({"range": "Sheet1!A1"}, "range", "is no range"),
        ({"range": ":"}, "range", "is no range"),
        ({"range": "AB1:AC2"}, "range", "is outside of the sheet, which has 1,000 rows and 26 columns."),
        ({"range": "A2000:B2001"}, "range", "is outside of the sheet"),
        ({"range": "Z900:Z901"}, "url", "Nothing to import: no row has a value."),
    ],
)
async def test_what_is_not_there_is_named(
    app: App, google: LoopbackSheets, more: dict[str, Any], field: str, says: str
) -> None:
    browser = Browser(await app.person("ann"))
    await browser.connect()
    result = await refused(browser.client, google.add(budget(), PERSON, CLIENT_ID).id, **more)
    assert result[:2] == ("BAD_USER_INPUT", f"googleSheet.{field}")
    assert says in result[2]


@pytest.mark.parametrize("url", ["", "https://evil.example/spreadsheets/d/1234567890ab", "1234", "../../../etc/passwd"])
async def test_an_address_of_something_else_is_sent_nowhere(app: App, google: LoopbackSheets, url: str) -> None:
    browser = Browser(await app.person("ann"))
    await browser.connect()
    calls = list(google.calls)
    assert (await refused(browser.client, url))[:2] == ("BAD_USER_INPUT", "googleSheet.url")
    assert google.calls == calls


async def test_with_the_scope_of_own_files_others_are_not_there(app: App, google: LoopbackSheets) -> None:
    browser = Browser(await app.person("ann"))
    await browser.connect()
    code, field, message = await refused(browser.client, google.add(budget(), PERSON).id)
    assert (code, field) == ("BAD_USER_INPUT", "googleSheet.url")
    assert "opens only spreadsheets that it created" in message
    assert "GOOGLE_OAUTH_SCOPES" in message


async def test_with_the_scope_of_spreadsheets_any_that_the_person_may_open_is_read(
    database_url: str, tmp_path: Path, google: LoopbackSheets
) -> None:
    settings = google.oauth_settings() | {"google_oauth_scopes": "drive.file spreadsheets"}
    async with open_app(database_url, tmp_path, **settings) as app:
        browser = Browser(await app.person("ann"))
        await browser.connect()
        assert (await sent(browser.client, google.add(budget(), PERSON).id))["rowCount"] == 3
        strange = google.add(budget(), "ben@gmail.example")
        assert f"{PERSON} cannot open or change this spreadsheet" in (await refused(browser.client, strange.id))[2]


async def test_the_service_account_reads_what_is_shared_with_it_and_with_the_person(
    database_url: str, tmp_path: Path, google: LoopbackSheets
) -> None:
    async with with_service_account(database_url, tmp_path, google) as app:
        ann = await app.person("ann")
        book = google.add(budget(), "ben@gmail.example")
        message = (await refused(ann, book.id))[2]
        assert "Confirm your e-mail address first" in message
        await verify(app, ann)
        assert f"{EMAIL} cannot open or change this spreadsheet" in (await refused(ann, book.id))[2]
        book.shared_with[EMAIL] = "writer"
        message = (await refused(ann, book.id))[2]
        assert "shared with" in message
        assert "but not with you. Share it with ann@example.com too" in message
        assert google.count("spreadsheets.get") == 0
        book.shared_with["ann@example.com"] = "reader"
        assert (await sent(ann, book.id))["rowCount"] == 3


async def test_a_connection_that_google_withdrew_is_shown_and_refused_from_then_on(
    app: App, google: LoopbackSheets
) -> None:
    browser = Browser(await app.person("ann"))
    await browser.connect()
    google.expire_tokens()
    book = google.add(budget(), PERSON, CLIENT_ID)
    assert (await sent(browser.client, book.id))["rowCount"] == 3  # with a token of the refresh token
    google.withdraw(PERSON)
    code, _, message = await refused(browser.client, book.id)
    assert (code, "Call connectGoogle again" in message) == ("UPSTREAM_FAILED", True)
    account = await account_of(browser.client)
    assert account is not None
    assert account["needsReconnect"] is True
    calls = list(google.calls)
    assert (await refused(browser.client, book.id))[0] == "FORBIDDEN"
    assert google.calls == calls
    await browser.connect()
    assert (await sent(browser.client, book.id))["rowCount"] == 3


async def test_a_quota_and_a_google_that_fails_are_waited_for_then_named(
    app: App, google: LoopbackSheets, monkeypatch: pytest.MonkeyPatch
) -> None:
    from integrations.google import sheet_reader
    from integrations.google.connection import Patience

    monkeypatch.setattr(
        sheet_reader.SheetReader.__init__,
        "__kwdefaults__",
        {"patience": Patience(connect=1, read=2, tries=2, first_wait=0.01, longest_wait=0.02, total=5)},
    )
    browser = Browser(await app.person("ann"))
    await browser.connect()
    book = google.add(budget(), PERSON, CLIENT_ID)
    google.fail("spreadsheets.get", 429, reason="RATE_LIMIT_EXCEEDED")
    assert (await sent(browser.client, book.id))["rowCount"] == 3
    google.fail("spreadsheets.get", 503, times=2)
    assert (await refused(browser.client, book.id))[0] == "UPSTREAM_FAILED"
    google.fail("spreadsheets.get", 429, reason="RATE_LIMIT_EXCEEDED", times=2)
    assert (await refused(browser.client, book.id))[0] == "RATE_LIMITED"


async def test_a_mistake_in_a_cell_a_hidden_sheet_and_two_sources_are_told(app: App, google: LoopbackSheets) -> None:
    browser = Browser(await app.person("ann"))
    await browser.connect()
    book = google.add(budget(), PERSON, CLIENT_ID)
    error = await browser.client.refused("importTable", text="a,b\n1,2", googleSheet={"url": book.id})
    assert error["extensions"]["fieldErrors"][0]["field"] == "file"
    for more in ({"format": "CSV"}, {"sheet": "Sheet1"}):
        error = await browser.client.refused("importTable", googleSheet={"url": book.id}, **more)
        assert error["extensions"]["fieldErrors"][0]["field"] in more
    error = await browser.client.refused("importTable", text="a,b\n1,2", format="GOOGLE_SHEETS")
    assert error["extensions"]["fieldErrors"][0]["field"] == "format"
