"""Mutation extractTable: extraction by readers or a model, into new and existing tables."""

import asyncio
from typing import Any

import pytest

from db.core.session import Session
from db.models.messages import Message, MessageStatus
from jobs.extraction.extractions import LATEST, UNFINISHED
from jobs.extraction.table_extraction import UNSTRUCTURED
from resolvers.core.ids import decode_or_none
from tests.support.app import App
from tests.support.client import Client, Refused
from tests.support.loopback.scripted_extraction import Extractor
from tests.support.processes.waiting import until
from tests.support.scripted_llm import send

PRICES = """Here are the prices:

| Artikel | Prix (€) | Anzahl |
|---|---|---|
| Tee | 4,10 € | 2 |
| Kuchen | 9,90 € | x |
"""
PROSE = "Tee 茶 costs €4,10, and we took two. Cake is 9.90."
COLUMNS = [
    {"name": "artikel", "type": "TEXT", "isUnique": True},
    {"name": "Prix", "type": "DECIMAL"},
    {"name": "Anzahl", "type": "INTEGER"},
]
EXTRACTION = {
    "rows": [
        {"c1": ("Tee 茶", "Tee 茶"), "c2": ("4.10", "€4,10"), "c3": ("two", "two")},
        {"c1": ("Cake", "Cake"), "c2": ("9.90", "9.90")},
    ],
    "corrections": {0: ("2", "two")},
}
SELECTION = """{ proposal { id status isComplete problem tableName message { id } table { id } columns { key name type }
  changes { id kind column old new problem overwritesHuman
    source { start end quote grounding message { id text } } } } }"""


async def extract(client: Client, **arguments: Any) -> dict[str, Any]:
    payload: dict[str, Any] = (await client.mutate("extractTable", SELECTION, **arguments))["proposal"]
    return payload


def cells(proposal: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(c["column"], c["new"], c["problem"]) for c in proposal["changes"] if c["kind"] == "CELL_CHANGED"]


def check_sources(proposal: dict[str, Any]) -> None:
    for change in proposal["changes"]:
        if source := change["source"]:
            assert source["grounding"] == "EXACT"
            assert source["message"]["text"][source["start"] : source["end"]] == source["quote"]


async def test_the_readers_tables_become_the_columns_that_are_wanted(app: App) -> None:
    ann = await app.person()
    sent = await send(ann, PRICES, wait=True)
    read = await extract(ann, messageIds=[sent["message"]["id"]], columns=COLUMNS, name="Prices")
    assert (read["status"], read["isComplete"], read["tableName"], read["table"]) == ("PENDING", True, "Prices", None)
    assert cells(read) == [
        ("c1", "Tee", None),
        ("c2", "4.10", None),
        ("c3", 2, None),
        ("c1", "Kuchen", None),
        ("c2", "9.90", None),
        ("c3", "x", "“x” is not a number: write it as 1234.50."),
    ]
    check_sources(read)
    assert read["message"] is None


async def test_an_existing_table_defines_the_columns_and_keeps_entered_values(app: App) -> None:
    ann = await app.person()
    created = await ann.mutate("createTable", "{ table { id } }", name="Stock", columns=COLUMNS)
    table = created["table"]["id"]
    await ann.mutate(
        "addRows", "{ table { id } }", tableId=table, rows=[{"artikel": "Tee", "Prix": "4.10", "Anzahl": 9}]
    )
    sent = await send(ann, PRICES, wait=True)
    arguments = {
        "conversationId": sent["conversation"]["id"],
        "tableId": table,
        "mode": "AUTO",
        "idempotencyKey": "once",
    }
    read = await extract(ann, **arguments)
    again = await extract(ann, **arguments)
    assert again == read
    assert [(c["column"], c["old"], c["new"], c["overwritesHuman"]) for c in read["changes"]][:1] == [
        ("c3", 9, 2, True)
    ]
    assert read["status"] == "PENDING"
    displayed = await ann.run("query T($id: ID!) { table(id: $id) { revision rows { nodes { values } } } }", id=table)
    assert displayed["table"]["rows"]["nodes"] == [
        {"values": {"c1": "Tee", "c2": "4.10", "c3": 9}},
        {"values": {"c1": "Kuchen", "c2": "9.90"}},
    ]


async def test_key_columns_are_taken_by_name_and_by_key(app: App) -> None:
    ann = await app.person()
    columns = [{"name": "Artikel", "type": "TEXT"}, {"name": "Anzahl", "type": "INTEGER"}]
    created = await ann.mutate("createTable", "{ table { id } }", name="Stock", columns=columns)
    table = created["table"]["id"]
    await ann.mutate("addRows", "{ table { id } }", tableId=table, rows=[{"Artikel": "Tee", "Anzahl": 9}])
    sent = await send(ann, "| Artikel | Anzahl |\n|---|---|\n| Tee | 2 |\n", wait=True)
    for key_columns in (["artikel"], ["c1"]):
        read = await extract(ann, messageIds=[sent["message"]["id"]], tableId=table, keyColumns=key_columns)
        assert [(c["kind"], c["column"], c["old"], c["new"]) for c in read["changes"]] == [("CELL_CHANGED", "c2", 9, 2)]
    without_key = await extract(ann, messageIds=[sent["message"]["id"]], tableId=table)
    assert "ROW_ADDED" in [change["kind"] for change in without_key["changes"]]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "conversationId"),
    ({"mode": "OFF"}, "mode"),
    ({"messageIds": []}, "conversationId"),
    ({"conversationId": True, "messageIds": []}, "messageIds"),
    ({"conversationId": True, "columns": []}, "columns"),
    ({"conversationId": True, "columns": COLUMNS, "keyColumns": ["nothing"]}, "keyColumns.0"),
    ({"conversationId": True, "keyColumns": ["artikel"]}, "keyColumns"),
    ({"conversationId": True, "columns": [*COLUMNS, COLUMNS[0]]}, "columns.3.name"),
]


async def test_an_invalid_request_is_refused_before_anything_is_created(app: App) -> None:
    ann, eve = await app.person(), await app.person("eve")
    sent = await send(ann, PRICES, wait=True)
    conversation, other = sent["conversation"]["id"], await send(ann, "Hello", wait=True)
    for arguments, field in WRONG:
        named = arguments | ({"conversationId": conversation} if arguments.get("conversationId") else {})
        with pytest.raises(Refused) as refused:
            await extract(ann, **named)
        (error,) = refused.value.errors
        fields = [mistake["field"] for mistake in error["extensions"]["fieldErrors"]]
        assert (error["extensions"]["code"], fields) == ("BAD_USER_INPUT", [field])
    for client, named in (
        (eve, {"conversationId": conversation}),
        (eve, {"messageIds": [sent["message"]["id"]]}),
        (ann, {"conversationId": conversation, "messageIds": [other["message"]["id"]]}),
    ):
        with pytest.raises(Refused) as refused:
            await extract(client, **named)
        assert refused.value.codes == ["NOT_FOUND"]
    result = await ann.run("query C($id: ID!) { conversation(id: $id) { tables { totalCount } } }", id=conversation)
    assert result["conversation"]["tables"]["totalCount"] == 1  # that of the reply


async def test_a_model_reads_prose_into_the_columns_that_are_wanted(extraction_app: App, extractor: Extractor) -> None:
    ann = await extraction_app.person()
    sent = await send(ann, PROSE, wait=True)
    read = await extract(ann, messageIds=[sent["message"]["id"]], columns=COLUMNS)
    assert cells(read) == [
        ("c1", "Tee 茶", None),
        ("c2", "4.10", None),
        ("c3", 2, None),
        ("c1", "Cake", None),
        ("c2", "9.90", None),
    ]
    check_sources(read)
    assert [change["source"]["quote"] for change in read["changes"] if change["source"]][:3] == [
        "Tee 茶",
        "4,10",
        "two",
    ]
    assert extractor.requests[1]["response_format"]["json_schema"]["strict"] is True
    assert extractor.requests[1]["messages"][1] == {"role": "user", "content": PROSE}
    spent = await ann.run("{ me { usage { inputTokens outputTokens } } }")
    assert spent["me"]["usage"] == {"inputTokens": 300, "outputTokens": 30}


async def test_a_model_finds_the_columns_when_none_are_given(extraction_app: App, extractor: Extractor) -> None:
    extractor.columns = {
        "name": "Prices",
        "columns": [{"name": "Item", "type": "TEXT"}, {"name": "Price", "type": "odd"}],
    }
    ann = await extraction_app.person()
    sent = await send(ann, PROSE, wait=True)
    read = await extract(ann, conversationId=sent["conversation"]["id"], mode="AUTO")
    assert [(column["name"], column["type"]) for column in read["columns"]] == [("Item", "TEXT"), ("Price", "TEXT")]
    assert (read["status"], read["tableName"], read["problem"]) == ("APPLIED", "Prices", None)


async def test_a_model_that_gives_no_rows_leaves_it_to_the_readers(extraction_app: App, extractor: Extractor) -> None:
    ann = await extraction_app.person()
    sent = await send(ann, PRICES, wait=True)
    extractor.refuses = True
    read = await extract(ann, messageIds=[sent["message"]["id"]], columns=COLUMNS)
    assert [new for _, new, _ in cells(read)] == ["Tee", "4.10", 2, "Kuchen", "9.90", "x"]
    assert read["problem"] == UNSTRUCTURED


async def test_messages_that_are_not_read_are_reported(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = await app.person()
    sent = await send(ann, PRICES, wait=True)
    arguments = {"conversationId": sent["conversation"]["id"], "columns": COLUMNS}
    monkeypatch.setattr("jobs.extraction.extractions.MAX_MESSAGES", 1)
    read = await extract(ann, **arguments)
    assert (read["changes"], read["problem"]) == ([], LATEST)  # the reply says nothing of the columns
    monkeypatch.undo()
    reply_id = decode_or_none(sent["reply"]["id"], Message)
    assert reply_id is not None

    def unfinished(session: Session) -> None:
        session.get(Message, reply_id).status = MessageStatus.IN_PROGRESS

    await app.backend.database.write(unfinished, await app.viewer(ann))
    read = await extract(ann, **arguments)
    assert (len(cells(read)), read["problem"]) == (6, UNFINISHED)


async def test_a_rejected_proposal_stops_its_extraction_and_is_charged(
    extraction_app: App, extractor: Extractor
) -> None:
    ann = await extraction_app.person()
    sent, extractor.gate = await send(ann, PROSE, wait=True), asyncio.Event()
    arguments = {"messageIds": [sent["message"]["id"]], "columns": COLUMNS, "wait": False}
    read = await extract(ann, **arguments)

    await until(lambda: len(extractor.requests) == 2)
    assert (await ann.refused("applyProposal", id=read["id"]))["extensions"]["code"] == "CONFLICT"
    selection = "{ proposal { status isComplete changes { id } } }"
    rejected = (await ann.mutate("rejectProposal", selection, id=read["id"]))["proposal"]
    assert rejected == {"status": "REJECTED", "isComplete": True, "changes": []}
    assert extractor.exchange is not None
    await asyncio.wait_for(extractor.exchange.hung_up.wait(), 5)

    async def settled() -> bool:
        usage = (await ann.run("{ me { usage { inputTokens outputTokens } } }"))["me"]["usage"]
        return bool(usage["inputTokens"] > 100)  # of what was broken off, an estimate

    await until(settled)
