"""Replies: the request to the model, its answer, and provider errors."""

from pathlib import Path
from typing import Any

import pytest

from assistant import offline
from assistant.prompt.prompt import TABLES
from db.billing.usage import estimate_tokens
from db.conversations.conversations import SYSTEM_PROMPT
from db.core.base import now
from db.core.session import Session
from db.models.memberships import Membership
from resolvers.core.ids import decode_id
from tests.support.app import App
from tests.support.client import Client
from tests.support.processes.waiting import until
from tests.support.scripted_llm import ScriptedLLM, finished_reply, follow, open_app_with_llm, read, send, start_reply
from tests.support.world import SYSTEM

TABLE = "| Item | Price |\n|---|---|\n| Ink | €3.50 |\n| Pen | €1.20 |\n"
TABLES_OF = """query T($id: ID!) { conversation(id: $id) { tables { nodes { name rowCount rows { nodes { cells { text
    source { message { id } quote } } } } } } } }"""


async def tables_of(client: Client, conversation_id: str) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = (await client.run(TABLES_OF, id=conversation_id))["conversation"]["tables"]["nodes"]
    return results


async def test_a_model_is_sent_the_conversation_and_nothing_else(llm_app: App, scripted_llm: ScriptedLLM) -> None:
    ann = await llm_app.person()
    arguments = {"systemPrompt": "Antworte auf Deutsch.", "title": "Private title"}
    id_ = (await ann.mutate("createConversation", "{ conversation { id } }", **arguments))["conversation"]["id"]
    await ann.mutate("updateConversation", "{ conversation { id } }", id=id_, temperature=0.25, maxTokens=77)
    scripted_llm.say("Guten ", "Tag! 👋")
    scripted_llm.finish(tokens=(31, 5))
    first = await finished_reply(llm_app, ann, await start_reply(ann, "Hello", conversationId=id_))
    assert first["usage"] == {"inputTokens": 31, "outputTokens": 5, "totalTokens": 36}
    scripted_llm.finish()
    await finished_reply(llm_app, ann, await start_reply(ann, " Noch\n einmal ", conversationId=id_))
    assert scripted_llm.requests[1] == {
        "model": "gpt-test",
        "messages": [
            {"role": "system", "content": f"Antworte auf Deutsch.\n\n{TABLES}"},
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Guten Tag! 👋"},
            {"role": "user", "content": " Noch\n einmal "},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.25,
        "max_tokens": 77,
    }
    assert {exchange.headers["authorization"] for exchange in scripted_llm.server.exchanges} == {
        "Bearer sk-test-secret"
    }


async def test_the_operator_s_temperature_and_length_are_those_of_conversations_without_their_own(
    scripted_llm: ScriptedLLM, sqlite_url: str, tmp_path: Path
) -> None:
    configured = {"openai_temperature": 0.0, "openai_max_output": 50}
    async with open_app_with_llm(scripted_llm.server, sqlite_url, tmp_path, **configured) as app:
        ann = await app.person()
        for own, expected in (({}, (0.0, 50)), ({"temperature": 1.5, "maxTokens": 20}, (1.5, 20))):
            created = await ann.mutate("createConversation", "{ conversation { id } }", **own)
            scripted_llm.finish()
            await finished_reply(app, ann, await start_reply(ann, "Hi", conversationId=created["conversation"]["id"]))
            body = scripted_llm.requests[-1]
            assert (body["temperature"], body["max_tokens"]) == expected


async def test_tokens_are_estimated_where_the_provider_does_not_say(llm_app: App, scripted_llm: ScriptedLLM) -> None:
    ann = await llm_app.person()
    scripted_llm.say("x" * 10)
    scripted_llm.finish()
    reply = await finished_reply(llm_app, ann, await start_reply(ann, "Hi"))
    requested = estimate_tokens(f"{SYSTEM_PROMPT}\n\n{TABLES}") + estimate_tokens("Hi")
    assert reply["usage"] == {"inputTokens": requested, "outputTokens": 3, "totalTokens": requested + 3}
    assert (reply["status"], reply["finishReason"], reply["error"]) == ("COMPLETED", "stop", None)


@pytest.mark.parametrize("where", ["reply", "message"])
async def test_tables_are_read_from_the_reply_or_else_from_its_question(
    llm_app: App, scripted_llm: ScriptedLLM, where: str
) -> None:
    ann = await llm_app.person()
    scripted_llm.say("Well: \n\n", *(TABLE if where == "reply" else "nothing to add."))
    scripted_llm.finish()
    sent = await send(ann, "What did I buy?" if where == "reply" else TABLE)
    events = await follow(llm_app, ann, sent["reply"]["id"])
    assert [event["__typename"] for event in events][-2:] == ["ReplyProposal", "ReplyEnded"]
    assert events[-2]["proposal"]["status"] == "APPLIED"
    (table,) = await tables_of(ann, sent["conversation"]["id"])
    cells = [row["cells"] for row in table["rows"]["nodes"]]
    assert [[cell["text"] for cell in row] for row in cells] == [["Ink", "3.50 EUR"], ["Pen", "1.20 EUR"]]
    assert {cell["source"]["message"]["id"] for row in cells for cell in row} == {sent[where]["id"]}


@pytest.mark.parametrize(
    ("mode", "proposed", "tables"), [("OFF", [], 0), ("REVIEW", ["PENDING"], 0), ("AUTO", ["APPLIED"], 1)]
)
async def test_the_extraction_mode_of_the_conversation_decides_about_tables(
    llm_app: App, scripted_llm: ScriptedLLM, mode: str, proposed: list[str], tables: int
) -> None:
    scripted_llm.say(TABLE)
    scripted_llm.finish()
    assert await _extract(llm_app, mode) == ("COMPLETED", proposed, tables)


@pytest.mark.parametrize(
    ("mode", "proposed", "tables"), [("OFF", [], 0), ("REVIEW", ["PENDING"], 0), ("AUTO", ["APPLIED"], 1)]
)
async def test_it_says_so_to_the_offline_assistant_too(app: App, mode: str, proposed: list[str], tables: int) -> None:
    assert await _extract(app, mode) == ("COMPLETED", proposed, tables)


async def _extract(app: App, mode: str) -> tuple[str, list[str], int]:
    """Return the status of a reply, those of its proposals and the number of tables."""
    ann = await app.person()
    id_ = (await ann.mutate("createConversation", "{ conversation { id } }", extraction=mode))["conversation"]["id"]
    reply = await finished_reply(app, ann, await start_reply(ann, TABLE, conversationId=id_))
    statuses = [proposal["status"] for proposal in reply["proposals"]]
    return reply["status"], statuses, len(await tables_of(ann, id_))


async def test_the_line_at_which_a_reply_was_cut_is_not_taken_for_a_whole_one(
    llm_app: App, scripted_llm: ScriptedLLM
) -> None:
    ann = await llm_app.person()
    scripted_llm.say(TABLE, "| Desk | €1")
    scripted_llm.finish("length")
    sent = await send(ann, "What did I buy?")
    reply = await finished_reply(llm_app, ann, sent["reply"]["id"])
    assert (reply["status"], reply["finishReason"], reply["text"]) == ("COMPLETED", "length", TABLE + "| Desk | €1")
    assert (reply["error"]["code"], reply["error"]["retryable"]) == ("CUT_SHORT", False)
    (table,) = await tables_of(ann, sent["conversation"]["id"])
    assert table["rowCount"] == 2


async def test_rows_go_to_the_table_that_was_named(llm_app: App, scripted_llm: ScriptedLLM) -> None:
    ann = await llm_app.person()
    for row in ("| Ink | €3.50 |", "| Pen | €1.20 |"):
        scripted_llm.say(f"| Item | Price |\n|---|---|\n{row}\n")
        scripted_llm.finish()
    scripted_llm.say("No JSON, so that what the reply says is read without the model")
    scripted_llm.finish()
    sent = await send(ann)
    await finished_reply(llm_app, ann, sent["reply"]["id"])
    query = "query T($id: ID!) { conversation(id: $id) { tables { nodes { id rowCount } } } }"
    (table,) = (await ann.run(query, id=sent["conversation"]["id"]))["conversation"]["tables"]["nodes"]
    again = await send(ann, "More", conversationId=sent["conversation"]["id"], tableId=table["id"])
    await finished_reply(llm_app, ann, again["reply"]["id"])
    result = (await ann.run(query, id=sent["conversation"]["id"]))["conversation"]["tables"]["nodes"]
    assert result == [{"id": table["id"], "rowCount": 2}]


async def test_a_bug_ends_the_reply_and_is_shown_only_as_an_internal_error(
    app: App, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> offline.Answer:
        raise KeyError("secret")

    ann = await app.person()
    with monkeypatch.context() as patched:
        patched.setattr(offline, "answer", broken)
        sent = await send(ann, wait=True)
    reply = await read(ann, sent["reply"]["id"])
    assert (sent["reply"]["status"], reply["status"], reply["text"]) == ("FAILED", "FAILED", "")
    message = "Something went wrong on the server. Send the message again."
    assert reply["error"] == {"code": "INTERNAL_SERVER_ERROR", "message": message, "retryable": True}

    async def logged() -> list[type[BaseException] | None]:
        return [r.exc_info[0] for r in caplog.records if r.levelname == "ERROR" and r.exc_info]

    assert await until(logged) == [KeyError]  # the job is over a moment after the reply
    assert (await send(ann, conversationId=sent["conversation"]["id"], wait=True))["reply"]["status"] == "COMPLETED"


async def test_losing_access_meanwhile_creates_no_table(llm_app: App, scripted_llm: ScriptedLLM) -> None:
    ann, bob = await llm_app.person("ann"), await llm_app.person("bob")
    shared = await llm_app.organization(ann, bob)
    payload = await bob.mutate("createConversation", "{ conversation { id } }", organizationId=shared)
    id_ = await start_reply(bob, conversationId=payload["conversation"]["id"])
    scripted_llm.say(TABLE)

    async def is_there() -> bool:
        return bool((await read(ann, id_))["text"] == TABLE)

    await until(is_there)
    nodes = (await bob.run("{ me { memberships { nodes { id organization { id } } } } }"))["me"]["memberships"]["nodes"]
    (membership,) = [node["id"] for node in nodes if node["organization"]["id"] == shared]

    def remove(session: Session) -> None:
        session.get(Membership, decode_id(membership, Membership)).deleted_at = now()

    await llm_app.backend.database.write(remove, SYSTEM)
    scripted_llm.finish()
    reply = await finished_reply(llm_app, ann, id_)
    displayed = [{"tableName": "Table 1", "status": "PENDING"}]  # while they still had access
    assert (reply["status"], reply["text"], reply["proposals"]) == ("COMPLETED", TABLE, displayed)
    assert await tables_of(ann, payload["conversation"]["id"]) == []
