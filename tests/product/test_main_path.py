"""The whole story: sign up, paste, watch, get a table, correct it, undo, take it away. As a stranger does it."""

import csv
import io
import json
import signal
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import openpyxl
import pytest

from tests.support.client import Client, Refused
from tests.support.loopback.sheets import LoopbackSheets as Google
from tests.support.processes.main_path import LONG, MODEL_REPLY
from tests.support.processes.product_process import ROOT, Product, running

EXAMPLE = ROOT / "examples" / "expense_report"
PASTED = EXAMPLE.with_suffix(".txt").read_text(encoding="utf-8")
(EXPECTED,) = json.loads(EXAMPLE.with_suffix(".json").read_text(encoding="utf-8"))["tables"]


STREAM = """subscription Follow($id: ID!, $after: Int) { replyStream(messageId: $id, after: $after) { __typename
  ... on ReplyDelta { offset text }
  ... on ReplyProposal { proposal { tableName status table { id } } }
  ... on ReplyEnded { message { id text status error { code message retryable } } } } }"""
TABLE = """query Table($id: ID!) { table(id: $id) { id name revision rowCount conversation { id }
  columns { key name type format }
  rows(first: 100) { totalCount nodes { id version values cells { value text column { key }
    source { start end quote grounding message { text } } editedBy { email } } } } } }"""
HISTORY = """query History($id: ID!) { table(id: $id) { history(first: 10) { nodes {
  number source summary actor { email } changes { kind rowId column old new } } } } }"""
EXPORT = "{ id status progress { done total } url rowCount revision spreadsheetId error { code message } }"
EXPORTING = f"subscription Exporting($id: ID!) {{ exportProgress(exportId: $id) {EXPORT} }}"


async def _events(stream: AsyncIterator[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [event[name] async for event in stream]


def _text(events: list[dict[str, Any]]) -> str:
    """Return the text of a client after these events, each written at its offset."""
    text = ""
    for event in events:
        if event["__typename"] == "ReplyDelta":
            text = text[: event["offset"]] + event["text"]
    return text


async def _say(client: Client, text: str, **arguments: Any) -> dict[str, Any]:
    selection = "{ conversation { id title } message { id text } reply { id status text } replyEdge { cursor } }"
    payload: dict[str, Any] = await client.mutate("sendMessage", selection, text=text, **arguments)
    return payload


async def _export(client: Client, table_id: str, destination: str) -> dict[str, Any]:
    payload = await client.mutate("startExport", f"{{ export {EXPORT} }}", tableId=table_id, destination=destination)
    events = await _events(client.follow(EXPORTING, id=payload["export"]["id"]), "exportProgress")
    last = events[-1]
    assert last["status"] == "COMPLETED", last
    return last


async def _table(client: Client, id: str) -> dict[str, Any]:
    table: dict[str, Any] = (await client.run(TABLE, id=id))["table"]
    return table


async def test_the_whole_story_without_any_set_up(offline_product: Product, http: httpx.AsyncClient) -> None:
    client = Client(offline_product.url, http)
    assert (await client.run("{ me { id } serverInfo { message offline models } }")) == {
        "me": None,
        "serverInfo": {"message": "API is running", "offline": True, "models": ["offline"]},
    }
    signed = await client.sign_up("ann@example.com")
    assert signed["user"]["name"] == "Ann Lee"
    assert (await client.run("{ me { email } }")) == {"me": {"email": "ann@example.com"}}

    sent = await _say(client, PASTED)
    assert (sent["message"]["text"], sent["reply"]["status"]) == (PASTED, "IN_PROGRESS")
    events = await _events(client.follow(STREAM, id=sent["reply"]["id"], after=0), "replyStream")
    ended = events[-1]["message"]
    assert ended["status"] == "COMPLETED"
    assert _text(events) == ended["text"]
    assert "OPENAI_API_KEY" in ended["text"]
    *displayed, proposal = [event["proposal"] for event in events if event["__typename"] == "ReplyProposal"]
    assert displayed == [{"tableName": EXPECTED["name"], "status": "PENDING", "table": None}]
    assert (proposal["tableName"], proposal["status"]) == (EXPECTED["name"], "APPLIED")

    # A late subscriber gets exactly the missing text, over either transport.
    stored = len(ended["text"]) // 2
    for follow in (client.follow, client.follow_sse):
        late = await _events(follow(STREAM, id=sent["reply"]["id"], after=stored), "replyStream")
        assert late[0] == {"__typename": "ReplyDelta", "offset": stored, "text": ended["text"][stored:]}
        assert late[-1]["__typename"] == "ReplyEnded"

    table_id = proposal["table"]["id"]
    table = await _table(client, table_id)
    assert table["conversation"] == {"id": sent["conversation"]["id"]}
    assert [(c["name"], c["type"], c["format"]) for c in table["columns"]] == [
        (c["name"], c["type"], c["format"]) for c in EXPECTED["columns"]
    ]
    keys = [column["key"] for column in table["columns"]]
    assert [[row["values"].get(key) for key in keys] for row in table["rows"]["nodes"]] == EXPECTED["rows"]
    for row in table["rows"]["nodes"]:
        for cell in row["cells"]:
            source = cell["source"]
            assert source["grounding"] == "EXACT"
            assert source["message"]["text"][source["start"] : source["end"]] == source["quote"]

    # Correct a cell, see who did it, and undo it.
    row, amount = table["rows"]["nodes"][1], keys[3]
    cells = [{"rowId": row["id"], "column": amount, "value": "18.40", "expectedVersion": row["version"]}]
    changed = await client.mutate(
        "updateCells",
        "{ table { revision } rows { version values } revision { number source summary } }",
        tableId=table_id,
        cells=cells,
    )
    assert changed["rows"][0]["values"][amount] == "18.40"
    with pytest.raises(Refused) as stale:
        await client.mutate(
            "updateCells", "{ table { revision } }", tableId=table_id, cells=[cells[0] | {"value": "1"}]
        )
    assert stale.value.codes == ["CONFLICT"]
    edited = (await _table(client, table_id))["rows"]["nodes"][1]["cells"][3]
    assert (edited["value"], edited["source"], edited["editedBy"]) == ("18.40", None, {"email": "ann@example.com"})
    undone = await client.mutate(
        "undoRevision",
        "{ table { revision } revision { number source } }",
        tableId=table_id,
        revision=changed["revision"]["number"],
    )
    assert undone["revision"]["source"] == "UNDO"
    restored = await _table(client, table_id)
    assert [r["values"] for r in restored["rows"]["nodes"]] == [r["values"] for r in table["rows"]["nodes"]]
    assert restored["rows"]["nodes"][1]["cells"][3]["source"] == row["cells"][3]["source"]
    history = (await client.run(HISTORY, id=table_id))["table"]["history"]["nodes"]
    numbers = sorted(revision["number"] for revision in history)
    assert numbers == list(range(1, restored["revision"] + 1))

    # Take it away.
    workbook = await _export(client, table_id, "XLSX")
    assert (workbook["rowCount"], workbook["revision"]) == (5, restored["revision"])
    sheet = openpyxl.load_workbook(io.BytesIO(await _download(client, workbook["url"]))).worksheets[0]
    header, *rows = sheet.iter_rows()
    assert [cell.value for cell in header] == [column["name"] for column in EXPECTED["columns"]]
    assert all(cell.font.bold for cell in header)
    assert sheet.freeze_panes == "A2"
    assert [row[3].value for row in rows] == [24.9, 18, 86.4, 1150, 12.75]
    assert isinstance(rows[0][0].value, datetime)
    spreadsheet = await _download(client, (await _export(client, table_id, "CSV"))["url"])
    lines = list(csv.reader(io.StringIO(spreadsheet.decode("utf-8-sig"))))
    assert lines[3] == ["2025-03-11", "Dinner with Ana | João", "Meals", "86.40", "true"]

    with pytest.raises(Refused) as unset:
        await _export(client, table_id, "GOOGLE_SHEETS")
    assert "GOOGLE_SERVICE_ACCOUNT_FILE" in str(unset.value)


async def _download(client: Client, url: str) -> bytes:
    answer = await client.http.get(httpx.URL(client.url).join(url))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].startswith("attachment")
    return answer.content


async def test_a_stranger_sees_nothing_of_it(offline_product: Product, http: httpx.AsyncClient) -> None:
    ann, eve = Client(offline_product.url, http), Client(offline_product.url, http)
    await ann.sign_up("ann.who.shares.nothing@example.com")
    await eve.sign_up("eve@example.com")
    sent = await _say(ann, PASTED, wait=True)
    assert sent["reply"]["status"] == "COMPLETED"
    (table,) = (await ann.run("{ tables { nodes { id revision } } }"))["tables"]["nodes"]
    seen = await eve.run(
        "query Seen($c: ID!, $m: ID!, $t: ID!) { conversation(id: $c) { id } message(id: $m) { id }"
        " table(id: $t) { id } node(id: $t) { id } conversations { totalCount } tables { totalCount } }",
        c=sent["conversation"]["id"],
        m=sent["reply"]["id"],
        t=table["id"],
    )
    nothing = {"totalCount": 0}
    hidden = dict.fromkeys(["conversation", "message", "table", "node"])
    assert seen == {**hidden, "conversations": nothing, "tables": nothing}
    for name, arguments in (
        ("sendMessage", {"text": "hello", "conversationId": sent["conversation"]["id"]}),
        ("stopReply", {"messageId": sent["reply"]["id"]}),
        ("addRows", {"tableId": table["id"], "rows": [{"c1": "x"}]}),
        ("startExport", {"tableId": table["id"], "destination": "CSV"}),
    ):
        with pytest.raises(Refused) as refused:
            await eve.mutate(name, "{ __typename }", **arguments)
        assert refused.value.codes == ["NOT_FOUND"], name
    with pytest.raises(Refused) as refused:
        await _events(eve.follow(STREAM, id=sent["reply"]["id"], after=0), "replyStream")
    assert refused.value.codes == ["NOT_FOUND"]
    after = await ann.run(
        "query After($c: ID!) { conversation(id: $c) { messageCount } tables { nodes { id revision } }"
        " exports { totalCount } }",
        c=sent["conversation"]["id"],
    )
    assert after == {"conversation": {"messageCount": 2}, "tables": {"nodes": [table]}, "exports": nothing}


async def test_with_a_model_and_google_sheets(model_product: Product, google: Google, http: httpx.AsyncClient) -> None:
    client = Client(model_product.url, http)
    await client.sign_up("ann@example.com")
    assert (await client.run("{ serverInfo { offline models } }")) == {
        "serverInfo": {"offline": False, "models": ["gpt-test"]}
    }
    sent = await _say(client, "What have I spent?")
    events = await _events(client.follow(STREAM, id=sent["reply"]["id"], after=0), "replyStream")
    assert _text(events) == events[-1]["message"]["text"] == MODEL_REPLY
    assert len([event for event in events if event["__typename"] == "ReplyDelta"]) > 3
    *_, proposal = [event["proposal"] for event in events if event["__typename"] == "ReplyProposal"]
    table = await _table(client, proposal["table"]["id"])
    assert [[cell["text"] for cell in row["cells"]] for row in table["rows"]["nodes"]] == [
        ["Café", "3.20 EUR"],
        ["茶", "4.10 EUR"],
    ]
    assert table["rows"]["nodes"][1]["cells"][1]["source"]["message"]["text"] == MODEL_REPLY
    export = await _export(client, table["id"], "GOOGLE_SHEETS")
    values = google.spreadsheets[export["spreadsheetId"]].sheet.values()
    assert values == [["Item", "Price"], ["Café", 3.2], ["茶", 4.1]]
    assert export["spreadsheetId"] in export["url"]


async def test_a_provider_that_fails_leaves_a_message_that_says_so(http: httpx.AsyncClient, tmp_path: Path) -> None:
    with running(tmp_path, OPENAI_API_KEY="sk-secret", OPENAI_BASE_URL="http://127.0.0.1:9/v1") as product:
        client = Client(product.url, http)
        await client.sign_up("ann@example.com")
        sent = await _say(client, "Hello?")
        events = await _events(client.follow(STREAM, id=sent["reply"]["id"], after=0), "replyStream")
        failed = events[-1]["message"]
        assert (failed["status"], failed["text"]) == ("FAILED", "")
        assert (failed["error"]["code"], failed["error"]["retryable"]) == ("CONNECT_FAILED", True)
        assert "127.0.0.1" not in failed["error"]["message"]
        assert not any("sk-secret" in line for line in product.lines)


async def test_a_killed_server_leaves_the_text_that_was_there(model_product: Product, http: httpx.AsyncClient) -> None:
    client = Client(model_product.url, http)
    await client.sign_up("killed@example.com")
    sent = await _say(client, "Say something long")
    stored = ""
    async for event in client.follow(STREAM, id=sent["reply"]["id"], after=0):
        stored += event["replyStream"]["text"]
        if len(stored) > 2_500:
            break
    model_product.stop(signal.SIGKILL)
    await _let_its_lease_run_out(model_product.database_url)
    model_product.start()
    client.url = model_product.wait_until_ready()
    events = await _events(client.follow(STREAM, id=sent["reply"]["id"], after=0), "replyStream")
    remaining = events[-1]["message"]
    assert remaining["status"] == "INTERRUPTED"
    assert remaining["text"] == _text(events)
    # Checkpoints are a second apart, in which about a thousand characters come.
    assert len(stored) - 1_500 < len(remaining["text"])
    assert LONG.startswith(remaining["text"])


async def _let_its_lease_run_out(database_url: str) -> None:
    """As if the seconds had passed in which another process leaves a job alone; SQLite has no other process."""
    if database_url.startswith("postgresql"):
        connection = await asyncpg.connect(database_url)
        done = await connection.execute("UPDATE jobs SET leased_until = now() WHERE status = 'RUNNING'")
        await connection.close()
        assert done == "UPDATE 1"


async def test_a_reply_is_stopped_and_keeps_its_text(model_product: Product, http: httpx.AsyncClient) -> None:
    client = Client(model_product.url, http)
    await client.sign_up("stopping@example.com")
    sent = await _say(client, "Say something long")
    with pytest.raises(Refused) as busy:
        await _say(client, "And more", conversationId=sent["conversation"]["id"])
    assert busy.value.codes == ["CONFLICT"]
    events = []
    async for event in client.follow(STREAM, id=sent["reply"]["id"], after=0):
        events.append(event["replyStream"])
        if len(events) == 5:
            stopped = await client.mutate("stopReply", "{ message { status text } }", messageId=sent["reply"]["id"])
    assert stopped["message"]["status"] == "STOPPED"
    assert stopped["message"]["text"] == _text(events) == events[-1]["message"]["text"]
    assert 0 < len(_text(events)) < len(LONG)
