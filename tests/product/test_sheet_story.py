"""Tables that go to Google and come back, with real processes: exported, changed, linked, imported, killed."""

import csv
import io
import json
import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from email import message_from_bytes, policy
from typing import Any
from urllib.parse import urlsplit

import httpx
import openpyxl

from tests.reports.client import create_report, finished_report, read_page
from tests.support.browser_at_google import Browser, account_of
from tests.support.client import Client
from tests.support.loopback.google_state import HOLD, Fault
from tests.support.loopback.spreadsheets import Sheet
from tests.support.loopback.webhook_receiver import receiving
from tests.support.processes.sheet_site import Site
from tests.support.processes.waiting import until
from tests.support.tables.exported_files import exported

COLUMNS: list[dict[str, Any]] = [
    {"name": "Item", "type": "TEXT", "isUnique": True},
    {"name": "Price", "type": "CURRENCY", "format": "EUR"},
    {"name": "Share", "type": "PERCENT"},
    {"name": "Paid", "type": "BOOLEAN"},
    {"name": "Day", "type": "DATE"},
    {"name": "At", "type": "DATETIME"},
    {"name": "State", "type": "SELECT", "options": ["open", "closed"]},
]
ROWS: list[dict[str, Any]] = [
    {"Item": "Rent", "Price": "1200", "Share": "60", "Paid": True, "Day": "2026-05-01", "State": "open"},
    {"Item": "007", "Price": "310.50", "Share": "7.5", "Paid": False, "At": "2026-05-01T18:00:00Z"},
    {"Item": "=1+1", "Day": "2026-05-03", "State": "closed"},
]
EXPORT = "{ id status spreadsheetId changedCells conflict rowCount url error { code message } }"
SHOW = f"query E($id: ID!) {{ export(id: $id) {EXPORT} }}"
TABLE = """query T($id: ID!) { table(id: $id) { revision columns { key name type format }
  sheetLinks { status lastRevision } rows(first: 100) { nodes { id values } } } }"""


class Story:
    """Table of one person, and the spreadsheets that it is exported to."""

    def __init__(self, site: Site, client: Client, table: str) -> None:
        self.site, self.client, self.table = site, client, table

    async def shown(self, table: str | None = None) -> Any:
        return (await self.client.run(TABLE, id=table or self.table))["table"]

    async def start(self, mode: str = "CREATE", **options: Any) -> str:
        arguments = {"tableId": self.table, "destination": "GOOGLE_SHEETS", "mode": mode, **options}
        return str((await self.client.mutate("startExport", "{ export { id } }", **arguments))["export"]["id"])

    async def ended(self, export: str) -> Any:
        """Return an export when it is over; the server may be away meanwhile."""

        async def look() -> Any:
            try:
                result = (await self.client.run(SHOW, id=export))["export"]
            except httpx.TransportError:
                return None
            return result if result["status"] in ("COMPLETED", "FAILED") else None

        return await until(look, 60)

    async def export(self, mode: str = "CREATE", **options: Any) -> Any:
        return await self.ended(await self.start(mode, **options))

    async def change(self, *changes: tuple[int, str, Any]) -> None:
        rows = (await self.shown())["rows"]["nodes"]
        cells = [{"rowId": rows[row]["id"], "column": column, "value": value} for row, column, value in changes]
        await self.client.mutate("updateCells", "{ revision { number } }", tableId=self.table, cells=cells)

    async def is_synced(self) -> bool:
        state = await self.shown()
        return all(link["lastRevision"] == state["revision"] for link in state["sheetLinks"])

    def sheet(self, export: Any) -> Sheet:
        """Return the sheet of an export as it is now."""
        return self.site.google.spreadsheets[export["spreadsheetId"]].sheet


async def rows_by_name(story: Story, table: str | None = None) -> list[dict[str, Any]]:
    state = await story.shown(table)
    names = {column["key"]: column["name"] for column in state["columns"]}
    return [{names[key]: amount(value) for key, value in row["values"].items()} for row in state["rows"]["nodes"]]


def plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def amount(value: Any) -> Any:
    """Return a number as such: 1300 is 1300.00 in a column with two decimals."""
    try:
        return value if isinstance(value, bool) else Decimal(value)
    except (InvalidOperation, TypeError):
        return value


async def connected(site: Site, http: httpx.AsyncClient, name: str) -> Story:
    """Return the story of a new person with a connected account and a table of three rows."""
    client = Client(site.server.url, http)
    await client.sign_up(f"{name}@example.com")
    assert (await Browser(client).connect()).status_code == 200
    created = await client.mutate("createTable", "{ table { id } }", name="Costs", columns=COLUMNS)
    story = Story(site, client, created["table"]["id"])
    await client.mutate("addRows", "{ revision { number } }", tableId=story.table, rows=ROWS)
    return story


async def test_a_table_goes_to_google_and_comes_back(site: Site, http: httpx.AsyncClient) -> None:
    story = await connected(site, http, "ann")
    client, account = story.client, await account_of(story.client)
    assert account is not None
    assert account["email"] == "ann@gmail.example"
    first = await story.export()
    assert (first["status"], first["rowCount"], first["error"]) == ("COMPLETED", 3, None)
    sheet, file = story.sheet(first), site.google.drive[first["spreadsheetId"]]
    assert (file.owner, sheet.frozen_rows, sheet.pattern("E2")) == ("ann@gmail.example", 1, "yyyy-mm-dd")
    assert sheet.values() == [
        ["Item", "Price", "Share", "Paid", "Day", "At", "State"],
        ["Rent", 1200, 0.6, True, 46143, "", "open"],
        ["007", 310.5, 0.075, False, "", 46143.75],
        ["=1+1", "", "", "", 46145, "", "closed"],
    ]

    # Three changed cells are three written cells; one changed by hand is named, then mended on request.
    await story.change((0, "Price", "1250"), (1, "Paid", True), (2, "State", "open"))
    into = {"spreadsheetId": first["spreadsheetId"]}
    assert (await story.export("UPSERT", **into))["changedCells"] == 3
    story.sheet(first).type_in("B3", 99)
    await story.change((0, "Price", "1300"))
    refused = await story.export("UPSERT", **into)
    assert (refused["status"], refused["error"]["code"]) == ("FAILED", "CONFLICT")
    assert "B3 (Price)" in refused["conflict"]
    assert [story.sheet(first).at(name).plain for name in ("B2", "B3")] == [1250, 99]
    mended = await story.export("UPSERT", **into, onConflict="OVERWRITE", keepUpdated=True)
    assert (mended["changedCells"], [story.sheet(first).at(name).plain for name in ("B2", "B3")]) == (2, [1300, 310.5])

    # A linked sheet follows by itself.
    await story.change((0, "Share", "61"))
    await client.mutate("addRows", "{ revision { number } }", tableId=story.table, rows=[{"Item": "Gym"}])
    await until(story.is_synced, 30)
    assert (story.sheet(first).at("C2").plain, story.sheet(first).at("A5").plain) == (0.61, "Gym")

    source = {"url": f"https://docs.google.com/spreadsheets/d/{first['spreadsheetId']}/edit"}
    back = await client.mutate("importTable", "{ table { id } }", googleSheet=source, name="Back")
    assert await rows_by_name(story, back["table"]["id"]) == await rows_by_name(story)
    columns = (await story.shown(back["table"]["id"]))["columns"]
    assert [one["type"] for one in columns] == [column["type"] for column in COLUMNS]
    assert columns[1]["format"] == "EUR"


async def test_a_table_becomes_files_mails_reports_and_webhooks(site: Site, http: httpx.AsyncClient) -> None:
    story = await connected(site, http, "bea")
    client, table = story.client, story.table
    async with receiving("503 Busy", "200 OK") as receiver:
        events = ["EXPORT_FINISHED", "REPORT_READY"]
        await client.mutate("createWebhook", "{ secret }", url=receiver.url, events=events)
        columns = [{"column": "c5"}, {"column": "c1", "header": "What"}, {"column": "c2", "format": "0.0"}]
        template = await client.mutate(
            "createExportTemplate",
            "{ exportTemplate { id } }",
            name="Short",
            destination="XLSX",
            tableId=table,
            sheetName="Mine",
            columns=columns,
        )
        chosen = template["exportTemplate"]["id"]
        book = openpyxl.load_workbook(io.BytesIO(await exported(client, table, destination="XLSX", templateId=chosen)))
        assert book.sheetnames == ["Mine"]
        assert [[plain(cell.value) for cell in row] for row in book["Mine"]][:2] == [
            ["Day", "What", "Price"],
            ["2026-05-01T00:00:00", "Rent", 1200],
        ]
        text = (await exported(client, table, destination="CSV")).decode("utf-8-sig")
        assert [row["Item"] for row in csv.DictReader(io.StringIO(text))] == ["Rent", "007", "'=1+1"]
        objects = json.loads(await exported(client, table, destination="JSON"))
        assert [one["Price"] for one in objects] == ["1200", "310.50", None]
        report = await create_report(client, await personal_organization(client), "TABLE_SUMMARY", tableId=table)
        ready = await finished_report(client, report)
        assert "Costs" in (await read_page(client, ready))[0]
        letters = await until(lambda: mails(site, "bea@example.com", 5), 20)
        links = [link for letter in letters for link in re.findall(rf"^    ({site.server.url}/\S+)$", letter, re.M)]
        kinds = sorted(urlsplit(link).path.split("/")[1] for link in links)
        assert kinds == ["exports", "exports", "exports", "reports"]
        assert [(await http.get(link)).status_code for link in links] == [200] * 4
        # The first delivery was refused, and is repeated after six seconds.
        await until(lambda: len(receiver.requests) == 5, 20)
    types = sorted(json.loads(body)["type"] for _, body in receiver.requests)
    assert types == ["export.finished"] * 4 + ["report.ready"]
    identities = {headers["webhook-id"] for headers, _ in receiver.requests}
    assert len(identities) == 4


async def personal_organization(client: Client) -> str:
    nodes = (await client.run("{ organizations { nodes { id isPersonal } } }"))["organizations"]["nodes"]
    return str(next(node["id"] for node in nodes if node["isPersonal"]))


def mails(site: Site, address: str, count: int) -> list[str] | None:
    """Return the plain texts of the mails to an address, when there are that many."""
    texts = []
    for path in sorted((site.files.parent / "mail").glob("*.eml")):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        body = message.get_body(("plain",))
        if message["To"] == address and body is not None:
            texts.append(str(body.get_content()))
    return texts if len(texts) == count else None


async def test_processes_that_are_killed_leave_one_spreadsheet_and_whole_files(
    site: Site, http: httpx.AsyncClient
) -> None:
    story = await connected(site, http, "cy")
    google = site.google
    first = await story.export()
    story.sheet(first).type_in("I1", "of a person")
    lines = "".join(f"item {n},{n / 4}\n" for n in range(6_000))
    large = (await story.client.mutate("importTable", "{ table { id } }", text=f"Item,Price\n{lines}", name="Large"))[
        "table"
    ]["id"]
    before = set(google.spreadsheets)
    header, *rows = story.sheet(first).values()

    # The process is killed after Google has done what was asked, and in the middle of a file.
    google.faults += [Fault("files.create", HOLD), Fault("spreadsheets.batchUpdate", HOLD)]
    created, appended = await story.start(), await story.start("APPEND", spreadsheetId=first["spreadsheetId"])
    await until(lambda: not any(fault.times for fault in google.faults), 30)
    file = await story.client.mutate("startExport", "{ export { id } }", tableId=large, destination="XLSX")
    await until(lambda: any(site.files.glob(".*.part")), 30)
    site.kill_jobs()
    google.released.set()
    site.restart_jobs()
    done = await story.ended(created)
    assert (done["status"], set(google.spreadsheets) - before) == ("COMPLETED", {done["spreadsheetId"]})
    assert story.sheet(done).values() == [header[:7], *rows]
    assert (await story.ended(appended))["status"] == "COMPLETED"
    assert story.sheet(first).values() == [header, *rows, *rows]
    export = await story.ended(file["export"]["id"])
    content = (await http.get(export["url"])).content
    sheet = openpyxl.load_workbook(io.BytesIO(content), read_only=True).active
    assert sheet is not None
    assert list(sheet.iter_rows(min_row=2, values_only=True)) == [(f"item {n}", n / 4) for n in range(6_000)]
    assert [path.name for path in site.files.iterdir() if path.name.startswith(".")] == []
    jobs = (await story.client.run("{ jobs(kind: EXPORT, first: 3) { nodes { attempts } } }"))["jobs"]["nodes"]
    assert [job["attempts"] for job in jobs] == [2, 2, 2]
