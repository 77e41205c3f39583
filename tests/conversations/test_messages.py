"""Messages through the API: valid texts and positions, stored values, and the beginning of replies."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.app import App, open_app
from tests.support.client import Client
from tests.support.concurrency import gather_outcomes
from tests.support.scripted_llm import (
    MODEL,
    READ,
    ScriptedLLM,
    finished_reply,
    open_app_with_llm,
    read,
    send,
    start_reply,
)

MESSAGES = """query Messages($id: ID!, $first: Int, $after: String, $last: Int) { conversation(id: $id) {
  title preview messageCount lastMessageAt
  messages(first: $first, after: $after, last: $last) { totalCount nodes { id role text status model
    parent { id } createdBy { email } } pageInfo { hasNextPage endCursor } } } }"""
CSV = "item,price\nink,3.50\npen,1.20"


async def conversation(client: Client, id: str, **arguments: Any) -> dict[str, Any]:
    results: dict[str, Any] = (await client.run(MESSAGES, id=id, **arguments))["conversation"]
    return results


async def test_the_first_message_begins_a_conversation(app: App) -> None:
    ann = await app.person()
    text = f"  Costs of\n\tMay:\r\n{CSV}\n" + "and more " * 50
    payload = await ann.mutate(
        "sendMessage",
        "{ conversation { id title model } message { id text role status model } reply { id role status text model"
        " parent { id } } messageEdge { cursor node { id } } replyEdge { cursor node { id } } }",
        text=text,
    )
    message, reply = payload["message"], payload["reply"]
    assert payload["conversation"]["title"] == "Costs of May"
    assert message == {"id": message["id"], "text": text, "role": "USER", "status": "COMPLETED", "model": None}
    assert reply == {
        "id": reply["id"],
        "role": "ASSISTANT",
        "status": "IN_PROGRESS",
        "text": "",
        "model": "offline",
        "parent": {"id": message["id"]},
    }
    assert (payload["messageEdge"]["node"]["id"], payload["replyEdge"]["node"]["id"]) == (message["id"], reply["id"])
    result = await conversation(ann, payload["conversation"]["id"], last=1)
    assert (result["messageCount"], result["preview"]) == (2, " ".join(text.split())[:139] + "…")
    assert result["lastMessageAt"] is not None


async def test_messages_follow_one_another(app: App) -> None:
    ann = await app.person()
    first = await send(ann, "One", wait=True)
    id_ = first["conversation"]["id"]
    second = await send(ann, "Two", conversationId=id_, wait=True)
    assert second["conversation"]["id"] == id_
    result = await conversation(ann, id_)
    nodes = result["messages"]["nodes"]
    ids = [first["message"]["id"], first["reply"]["id"], second["message"]["id"], second["reply"]["id"]]
    assert [node["id"] for node in nodes] == ids
    assert [node["parent"] and node["parent"]["id"] for node in nodes] == [None, *ids[:3]]
    assert [node["role"] for node in nodes] == ["USER", "ASSISTANT"] * 2
    assert [node["createdBy"] for node in nodes] == [{"email": "ann@example.com"}] * 4
    assert (result["messageCount"], result["title"], result["preview"]) == (4, "One", "Two")
    page = (await conversation(ann, id_, first=3))["messages"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (4, True)
    rest = (await conversation(ann, id_, after=page["pageInfo"]["endCursor"]))["messages"]
    assert [node["id"] for node in page["nodes"] + rest["nodes"]] == ids
    assert [node["id"] for node in (await conversation(ann, id_, last=2))["messages"]["nodes"]] == ids[2:]


async def test_a_conversation_without_a_title_takes_it_from_its_first_message(app: App) -> None:
    ann = await app.person()
    for title, expected in ((None, "Hello there"), ("Mine", "Mine")):
        payload = await ann.mutate("createConversation", "{ conversation { id } }", title=title)
        id_ = payload["conversation"]["id"]
        await send(ann, "Hello there", conversationId=id_, wait=True)
        await send(ann, "Second", conversationId=id_, wait=True)
        assert (await conversation(ann, id_))["title"] == expected


async def test_waiting_returns_the_whole_reply(app: App) -> None:
    ann = await app.person()
    payload = await ann.mutate(
        "sendMessage",
        "{ conversation { messageCount tables { nodes { name rowCount } } } reply { id status text finishReason usage"
        " { totalTokens } proposals { tableName status } } }",
        text=CSV,
        wait=True,
    )
    reply = payload["reply"]
    assert (reply["status"], reply["finishReason"], reply["usage"]) == ("COMPLETED", "stop", None)
    assert reply["text"].startswith("No language model is configured")
    assert reply["proposals"] == [{"tableName": "Table 1", "status": "APPLIED"}]
    assert payload["conversation"] == {"messageCount": 2, "tables": {"nodes": [{"name": "Table 1", "rowCount": 2}]}}
    assert (await read(ann, reply["id"]))["text"] == reply["text"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The text is empty. Send 1 to 200,000 characters."),
        (" \n\t\u3000", "The text is empty. Send 1 to 200,000 characters."),
        ("x" * 200_001, "The text has 200,001 characters. Send at most 200,000."),
        ("a\0b", "The text contains a NUL character. Remove it."),
    ],
)
async def test_an_invalid_text_is_refused_with_its_field(app: App, text: str, message: str) -> None:
    ann = await app.person()
    error = await ann.refused("sendMessage", text=text)
    assert (error["extensions"]["code"], error["message"]) == ("BAD_USER_INPUT", message)
    assert error["extensions"]["fieldErrors"] == [{"field": "text", "message": message}]
    assert (await ann.run("{ conversations { totalCount } }")) == {"conversations": {"totalCount": 0}}


async def test_a_text_is_kept_to_the_last_character(llm_app: App, scripted_llm: ScriptedLLM) -> None:
    ann = await llm_app.person()
    text = ("\ufeff👩‍👩‍👧 é\u0301 中文\r\n\u2028\x1f" * 20_000)[:200_000]
    reply = await start_reply(ann, text)
    query = "query M($id: ID!) { message(id: $id) { parent { text } } }"
    assert (await ann.run(query, id=reply))["message"]["parent"]["text"] == text
    scripted_llm.finish()


async def test_of_twenty_messages_at_once_one_is_taken(llm_app: App, scripted_llm: ScriptedLLM) -> None:
    ann = await llm_app.person()
    id_ = (await ann.mutate("createConversation", "{ conversation { id } }"))["conversation"]["id"]
    passed, codes = await gather_outcomes(*(send(ann, f"Number {n}", conversationId=id_) for n in range(20)))
    assert (len(passed), codes) == (1, ["CONFLICT"] * 19)
    error = await ann.refused("sendMessage", text="One more", conversationId=id_)
    assert error["message"] == "The last reply is still being written. Wait for its end, or stop it with stopReply."
    assert (await conversation(ann, id_))["messageCount"] == 2
    scripted_llm.say("Done.")
    scripted_llm.finish()
    assert (await finished_reply(llm_app, ann, passed[0]["reply"]["id"]))["text"] == "Done."
    await send(ann, "Now it goes", conversationId=id_)
    scripted_llm.finish()
    result = await conversation(ann, id_)
    assert (result["messageCount"], result["messages"]["totalCount"]) == (4, 4)


async def test_one_key_sends_once(llm_app: App, scripted_llm: ScriptedLLM) -> None:
    ann = await llm_app.person()
    passed, codes = await gather_outcomes(*(send(ann, idempotencyKey="key") for _ in range(20)))
    assert codes == []
    assert len({(p["conversation"]["id"], p["message"]["id"], p["reply"]["id"]) for p in passed}) == 1
    scripted_llm.say("Hello!")
    scripted_llm.finish()
    reply = passed[0]["reply"]["id"]
    await finished_reply(llm_app, ann, reply)
    again = await send(ann, "Something else", idempotencyKey="key", wait=True)
    assert again["reply"] == {"id": reply, "status": "COMPLETED", "text": "Hello!"}
    assert (await ann.run("{ conversations { totalCount } }")) == {"conversations": {"totalCount": 1}}
    assert len(scripted_llm.requests) == 1


async def test_the_model_is_one_that_the_server_offers(llm_app: App, scripted_llm: ScriptedLLM) -> None:
    ann = await llm_app.person()
    error = await ann.refused("sendMessage", text="Hello", model="gpt-9")
    message = f"This server has no model 'gpt-9'. Choose one of: {MODEL}."
    assert error["extensions"]["fieldErrors"] == [{"field": "model", "message": message}]
    scripted_llm.finish()
    reply = await finished_reply(llm_app, ann, await start_reply(ann, model=MODEL))
    assert (reply["model"], scripted_llm.requests[0]["model"]) == (MODEL, MODEL)


async def test_a_model_that_is_gone_is_replaced_by_the_servers_own(
    database_url: str, tmp_path: Path, scripted_llm: ScriptedLLM
) -> None:
    async with open_app(database_url, tmp_path) as before:
        ann = await before.person()
        old = await send(ann, wait=True)
    async with open_app_with_llm(scripted_llm.server, database_url, tmp_path) as after:
        again = after.client()
        again.token = ann.token
        scripted_llm.finish()
        reply = await finished_reply(after, again, await start_reply(again, conversationId=old["conversation"]["id"]))
        assert (reply["status"], reply["model"], scripted_llm.requests[0]["model"]) == ("COMPLETED", MODEL, MODEL)


async def test_unknown_ids_are_refused(app: App) -> None:
    ann, eve = await app.person("ann"), await app.person("eve")
    sent = await send(ann, CSV, wait=True)
    query = "query T($id: ID!) { conversation(id: $id) { tables { nodes { id } } } }"
    (table,) = (await ann.run(query, id=sent["conversation"]["id"]))["conversation"]["tables"]["nodes"]
    for client, arguments in (
        (eve, {"conversationId": sent["conversation"]["id"]}),
        (eve, {"tableId": table["id"]}),
        (ann, {"conversationId": "nonsense"}),
        (ann, {"conversationId": sent["message"]["id"]}),
        (ann, {"tableId": sent["conversation"]["id"]}),
    ):
        error = await client.refused("sendMessage", text="Hello", **arguments)
        assert error["extensions"]["code"] == "NOT_FOUND", arguments
    assert (await conversation(ann, sent["conversation"]["id"]))["messageCount"] == 2
    assert (await eve.run("{ conversations { totalCount } }"))["conversations"]["totalCount"] == 0


async def test_a_member_reads_a_shared_conversation_and_says_nothing_in_it(app: App) -> None:
    ann, bob, eve = [await app.person(name) for name in ("ann", "bob", "eve")]
    shared = await app.organization(ann, bob)
    id_ = (
        await ann.mutate(
            "createConversation", "{ conversation { id } }", organizationId=shared, visibility="ORGANIZATION"
        )
    )["conversation"]["id"]
    sent = await send(ann, "Hello", conversationId=id_, wait=True)
    assert await conversation(bob, id_) == await conversation(ann, id_)
    assert (await read(bob, sent["reply"]["id"])) == (await read(ann, sent["reply"]["id"]))
    assert await eve.run(READ, id=sent["reply"]["id"]) == {"message": None}
    for client, code in ((bob, "FORBIDDEN"), (eve, "NOT_FOUND")):
        assert (await client.refused("sendMessage", text="Hi", conversationId=id_))["extensions"]["code"] == code
        assert (await client.refused("stopReply", messageId=sent["reply"]["id"]))["extensions"]["code"] == code
    assert (await conversation(ann, id_))["messageCount"] == 2


async def test_messages_cost_the_same_reads_however_many_there_are(app: App) -> None:
    ann = await app.person()
    short, long = [(await send(ann, CSV, wait=True))["conversation"]["id"] for _ in range(2)]
    for _ in range(4):
        await send(ann, CSV, conversationId=long, wait=True)
    await app.product.worker.stop()  # it reads too
    query = """query M($id: ID!) { conversation(id: $id) { messages(first: 100) { nodes { text createdBy { name }
        parent { text } conversation { title } error { code } usage { totalTokens }
        proposals { tableName status columns { name } table { name columns { name } } } } } } }"""

    async def reads(id: str) -> tuple[int, int]:
        app.reads.clear()
        nodes = (await ann.run(query, id=id))["conversation"]["messages"]["nodes"]
        return len(nodes), len(app.reads)

    few, many = await reads(short), await reads(long)
    assert (few[0], many[0]) == (2, 10)
    assert many[1] == few[1] <= 8, app.reads
