"""Replies: the request to the model, its answer, and provider errors."""

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
from tests.conftest import SYSTEM
from tests.support.app import Site
from tests.support.client import Client
from tests.support.processes.waiting import until
from tests.support.scripted_llm import Dictation, begin, ended, follow, read, send

TABLE = "| Item | Price |\n|---|---|\n| Ink | €3.50 |\n| Pen | €1.20 |\n"
TABLES_OF = """query T($id: ID!) { conversation(id: $id) { tables { nodes { name rowCount rows { nodes { cells { text
    source { message { id } quote } } } } } } } }"""


async def tables_of(client: Client, conversation_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.run(TABLES_OF, id=conversation_id))["conversation"]["tables"]["nodes"]
    return found


async def test_a_model_is_sent_the_conversation_and_nothing_else(online: Site, dictation: Dictation) -> None:
    ann = await online.person()
    given = {"systemPrompt": "Antworte auf Deutsch.", "title": "Private title"}
    id_ = (await ann.mutate("createConversation", "{ conversation { id } }", **given))["conversation"]["id"]
    await ann.mutate("updateConversation", "{ conversation { id } }", id=id_, temperature=0.25, maxTokens=77)
    dictation.say("Guten ", "Tag! 👋")
    dictation.finish(tokens=(31, 5))
    first = await ended(online, ann, await begin(ann, "Hello", conversationId=id_))
    assert first["usage"] == {"inputTokens": 31, "outputTokens": 5, "totalTokens": 36}
    dictation.finish()
    await ended(online, ann, await begin(ann, " Noch\n einmal ", conversationId=id_))
    assert dictation.asked[1] == {
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
    assert {exchange.headers["authorization"] for exchange in dictation.server.exchanges} == {"Bearer sk-test-secret"}


async def test_tokens_are_estimated_where_the_provider_does_not_say(online: Site, dictation: Dictation) -> None:
    ann = await online.person()
    dictation.say("x" * 10)
    dictation.finish()
    reply = await ended(online, ann, await begin(ann, "Hi"))
    asked = estimate_tokens(f"{SYSTEM_PROMPT}\n\n{TABLES}") + estimate_tokens("Hi")
    assert reply["usage"] == {"inputTokens": asked, "outputTokens": 3, "totalTokens": asked + 3}
    assert (reply["status"], reply["finishReason"], reply["error"]) == ("COMPLETED", "stop", None)


@pytest.mark.parametrize("where", ["reply", "message"])
async def test_tables_are_read_from_the_reply_or_else_from_its_question(
    online: Site, dictation: Dictation, where: str
) -> None:
    ann = await online.person()
    dictation.say("Well: \n\n", *(TABLE if where == "reply" else "nothing to add."))
    dictation.finish()
    said = await send(ann, "What did I buy?" if where == "reply" else TABLE)
    events = await follow(online, ann, said["reply"]["id"])
    assert [event["__typename"] for event in events][-2:] == ["ReplyProposal", "ReplyEnded"]
    assert events[-2]["proposal"]["status"] == "APPLIED"
    (table,) = await tables_of(ann, said["conversation"]["id"])
    cells = [row["cells"] for row in table["rows"]["nodes"]]
    assert [[cell["text"] for cell in row] for row in cells] == [["Ink", "3.50 EUR"], ["Pen", "1.20 EUR"]]
    assert {cell["source"]["message"]["id"] for row in cells for cell in row} == {said[where]["id"]}


@pytest.mark.parametrize(
    ("mode", "proposed", "tables"), [("OFF", [], 0), ("REVIEW", ["PENDING"], 0), ("AUTO", ["APPLIED"], 1)]
)
async def test_the_extraction_mode_of_the_conversation_decides_about_tables(
    online: Site, dictation: Dictation, mode: str, proposed: list[str], tables: int
) -> None:
    dictation.say(TABLE)
    dictation.finish()
    assert await _extract(online, mode) == ("COMPLETED", proposed, tables)


@pytest.mark.parametrize(
    ("mode", "proposed", "tables"), [("OFF", [], 0), ("REVIEW", ["PENDING"], 0), ("AUTO", ["APPLIED"], 1)]
)
async def test_it_says_so_to_the_offline_assistant_too(site: Site, mode: str, proposed: list[str], tables: int) -> None:
    assert await _extract(site, mode) == ("COMPLETED", proposed, tables)


async def _extract(site: Site, mode: str) -> tuple[str, list[str], int]:
    """Return the status of a reply, those of its proposals and the number of tables."""
    ann = await site.person()
    id_ = (await ann.mutate("createConversation", "{ conversation { id } }", extraction=mode))["conversation"]["id"]
    reply = await ended(site, ann, await begin(ann, TABLE, conversationId=id_))
    statuses = [proposal["status"] for proposal in reply["proposals"]]
    return reply["status"], statuses, len(await tables_of(ann, id_))


async def test_the_line_at_which_a_reply_was_cut_is_not_taken_for_a_whole_one(
    online: Site, dictation: Dictation
) -> None:
    ann = await online.person()
    dictation.say(TABLE, "| Desk | €1")
    dictation.finish("length")
    said = await send(ann, "What did I buy?")
    reply = await ended(online, ann, said["reply"]["id"])
    assert (reply["status"], reply["finishReason"], reply["text"]) == ("COMPLETED", "length", TABLE + "| Desk | €1")
    assert (reply["error"]["code"], reply["error"]["retryable"]) == ("CUT_SHORT", False)
    (table,) = await tables_of(ann, said["conversation"]["id"])
    assert table["rowCount"] == 2


async def test_rows_go_to_the_table_that_was_named(online: Site, dictation: Dictation) -> None:
    ann = await online.person()
    for row in ("| Ink | €3.50 |", "| Pen | €1.20 |"):
        dictation.say(f"| Item | Price |\n|---|---|\n{row}\n")
        dictation.finish()
    dictation.say("No JSON, so that what the reply says is read without the model")
    dictation.finish()
    said = await send(ann)
    await ended(online, ann, said["reply"]["id"])
    query = "query T($id: ID!) { conversation(id: $id) { tables { nodes { id rowCount } } } }"
    (table,) = (await ann.run(query, id=said["conversation"]["id"]))["conversation"]["tables"]["nodes"]
    again = await send(ann, "More", conversationId=said["conversation"]["id"], tableId=table["id"])
    await ended(online, ann, again["reply"]["id"])
    found = (await ann.run(query, id=said["conversation"]["id"]))["conversation"]["tables"]["nodes"]
    assert found == [{"id": table["id"], "rowCount": 2}]


async def test_a_bug_ends_the_reply_and_is_shown_only_as_an_internal_error(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> offline.Answer:
        raise KeyError("secret")

    ann = await site.person()
    with monkeypatch.context() as patched:
        patched.setattr(offline, "answer", broken)
        said = await send(ann, wait=True)
    reply = await read(ann, said["reply"]["id"])
    assert (said["reply"]["status"], reply["status"], reply["text"]) == ("FAILED", "FAILED", "")
    message = "Something went wrong on the server: send the message again."
    assert reply["error"] == {"code": "INTERNAL_SERVER_ERROR", "message": message, "retryable": True}

    async def logged() -> list[type[BaseException] | None]:
        return [r.exc_info[0] for r in caplog.records if r.levelname == "ERROR" and r.exc_info]

    assert await until(logged) == [KeyError]  # the job is over a moment after the reply
    assert (await send(ann, conversationId=said["conversation"]["id"], wait=True))["reply"]["status"] == "COMPLETED"


async def test_losing_access_meanwhile_creates_no_table(online: Site, dictation: Dictation) -> None:
    ann, bob = await online.person("ann"), await online.person("bob")
    shared = await online.organization(ann, bob)
    payload = await bob.mutate("createConversation", "{ conversation { id } }", organizationId=shared)
    id_ = await begin(bob, conversationId=payload["conversation"]["id"])
    dictation.say(TABLE)

    async def is_there() -> bool:
        return bool((await read(ann, id_))["text"] == TABLE)

    await until(is_there)
    nodes = (await bob.run("{ me { memberships { nodes { id organization { id } } } } }"))["me"]["memberships"]["nodes"]
    (membership,) = [node["id"] for node in nodes if node["organization"]["id"] == shared]

    def remove(session: Session) -> None:
        session.get(Membership, decode_id(membership, Membership)).deleted_at = now()

    await online.backend.database.write(remove, SYSTEM)
    dictation.finish()
    reply = await ended(online, ann, id_)
    shown = [{"tableName": "Table 1", "status": "PENDING"}]  # while they still had access
    assert (reply["status"], reply["text"], reply["proposals"]) == ("COMPLETED", TABLE, shown)
    assert await tables_of(ann, payload["conversation"]["id"]) == []
