"""Replies to messages with a tableId: a model extracts the table's rows, which appear while it answers."""

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from integrations.llm.catalog import Catalog, catalog_of
from integrations.llm.routing import ModelRouter
from settings.settings import Settings
from tests.extraction.__main__ import figures_of_model
from tests.extraction.online import model_report, read_online
from tests.extraction.scoring import Expected, samples
from tests.support.app import App
from tests.support.client import Client
from tests.support.loopback.provider_faults import error, fault_server
from tests.support.loopback.scripted_extraction import Extractor
from tests.support.scripted_llm import MODEL, send, start_reply

pytestmark = pytest.mark.usefixtures("quick_extraction")
SAID = "Add tea for 4.10, and cake."
ROWS: Any = [{"c1": ("tea", "tea"), "c2": ("4.10", "4.10")}, {"c1": ("cake", "cake")}]
COLUMNS = [{"name": "Item", "type": "TEXT", "isUnique": True}, {"name": "Price", "type": "DECIMAL"}]
EXTRACTION = {"rows": ROWS, "prose": "Tea and cake are noted."}
FOLLOW = """subscription F($id: ID!) { replyStream(messageId: $id) { __typename ... on ReplyProposal {
  proposal { isComplete status changes { kind } } } } }"""
SHOW = "query T($id: ID!) { table(id: $id) { rows { nodes { values cells { source { quote grounding } } } } } }"


async def table(client: Client) -> str:
    created = await client.mutate("createTable", "{ table { id } }", name="Stock", columns=COLUMNS)
    id: str = created["table"]["id"]
    return id


async def test_rows_for_the_named_table_show_while_they_are_read_and_then_are_in_it(
    extraction_app: App, extractor: Extractor
) -> None:
    ann = await extraction_app.person()
    extractor.gate, id = asyncio.Event(), await table(ann)
    reply = await start_reply(ann, SAID, tableId=id)
    seen: list[tuple[bool, str, int]] = []
    async with aclosing(extraction_app.follow(ann, FOLLOW, id=reply)) as events:
        async for event in events:
            if proposal := event["replyStream"].get("proposal"):
                seen.append((proposal["isComplete"], proposal["status"], len(proposal["changes"])))
                extractor.gate.set()
    assert seen[0] == (False, "PENDING", 3)
    assert seen[-1] == (True, "APPLIED", 5)
    rows = (await ann.run(SHOW, id=id))["table"]["rows"]["nodes"]
    assert [row["values"] for row in rows] == [{"c1": "tea", "c2": "4.10"}, {"c1": "cake"}]
    assert rows[0]["cells"][1]["source"] == {"quote": "4.10", "grounding": "EXACT"}
    requested = extractor.requests[1]["messages"][1]["content"]
    assert requested == SAID, "the assistant's own words are read only when the person gave no row"


async def test_no_second_call_is_made_when_no_table_is_named_or_nothing_is_to_be_extracted(
    extraction_app: App, extractor: Extractor
) -> None:
    ann = await extraction_app.person()
    id = await table(ann)
    sent = await send(ann, SAID, wait=True)
    conversation = sent["conversation"]["id"]
    await ann.mutate("updateConversation", "{ conversation { id } }", id=conversation, extraction="OFF")
    await send(ann, SAID, wait=True, conversationId=conversation, tableId=id)
    assert len(extractor.requests) == 2
    assert (await ann.run(SHOW, id=id))["table"]["rows"]["nodes"] == []


async def test_the_proposals_of_a_stopped_reply_stay_pending(extraction_app: App, extractor: Extractor) -> None:
    ann = await extraction_app.person()
    extractor.gate, id = asyncio.Event(), await table(ann)
    reply = await start_reply(ann, SAID, tableId=id)
    async with aclosing(extraction_app.follow(ann, FOLLOW, id=reply)) as events:
        async for event in events:
            if event["replyStream"]["__typename"] == "ReplyProposal":
                break
    await ann.mutate("stopReply", "{ message { id } }", messageId=reply)
    query = "query M($id: ID!) { message(id: $id) { status text proposals { isComplete status changes { id } } } }"
    message = (await ann.run(query, id=reply))["message"]
    assert (message["status"], message["text"]) == ("STOPPED", extractor.prose)
    (proposal,) = message["proposals"]
    assert (proposal["isComplete"], proposal["status"], len(proposal["changes"])) == (True, "PENDING", 3)
    assert (await ann.run(SHOW, id=id))["table"]["rows"]["nodes"] == []


async def test_the_corpus_is_measured_with_a_model_and_failures_are_counted(
    extractor: Extractor,
) -> None:
    first, second, *_ = [sample for sample in samples() if sample.tables]
    expected = first.tables[0]
    extractor.columns = {"name": "x", "columns": [{"name": name, "type": "TEXT"} for name in expected.columns]}
    extractor.rows = [
        {f"c{n + 1}": (cell, cell) for n, cell in enumerate(row) if cell is not None} for row in expected.rows
    ]
    async with fault_server(extractor.play, extractor.play, error(400, "no schemas here")) as server:
        catalog = catalog_of(None, key="sk-test", base_url=server.base_url, model=MODEL, context_window=8_000)
        model, notes = ModelRouter(catalog), list[str]()
        read = await read_online(model, catalog.offers[0], [first, second], at_once=1, note=notes.append)
        await model.close()
    assert read.tables == {first.name: [Expected(expected.columns, expected.rows)], second.name: []}
    assert (list(read.problems), [note.split(":")[0] for note in notes]) == ([second.name], [first.name, second.name])
    page = model_report(catalog.offers[0], [first, second], read)
    assert page.startswith(f"{MODEL} at {server.base_url}: 2 texts in ")
    assert " s, 200 tokens read and 20 written" in page
    assert "1 of them were read to their end; 0 were not asked." in page


async def test_without_a_model_there_are_only_the_readers_figures() -> None:
    assert Catalog().is_offline
    assert await figures_of_model(Settings(_env_file=None), []) == ""
