"""Deletion and restoration of conversations, with their messages and optionally their tables."""

import asyncio
from typing import Any

from tests.support.app import App
from tests.support.client import Client
from tests.support.processes.waiting import until
from tests.support.scripted_llm import ScriptedLLM, read, send, start_reply, texts_of

TABLE = "item,price\nink,3.50\npen,1.20"
GONE = "{ deletedId deletedTableIds }"
SEEN = """query Seen($id: ID!, $message: ID!) { conversation(id: $id) { messageCount messages { totalCount } }
  message(id: $message) { text } conversations { nodes { id } } tables { nodes { id } } }"""
TABLES = "query T($id: ID!) { conversation(id: $id) { tables { nodes { id } } } }"


async def tables_of(client: Client, id: str) -> list[str]:
    return [node["id"] for node in (await client.run(TABLES, id=id))["conversation"]["tables"]["nodes"]]


async def visible_parts(client: Client, text: dict[str, Any]) -> Any:
    return await client.run(SEEN, id=text["conversation"]["id"], message=text["message"]["id"])


async def test_a_conversation_goes_with_its_messages_and_comes_back_with_them(app: App) -> None:
    ann = await app.person()
    sent = await send(ann, TABLE, wait=True)
    id_ = sent["conversation"]["id"]
    before = await visible_parts(ann, sent)
    assert len(before["tables"]["nodes"]) == 1
    assert await ann.mutate("deleteConversation", GONE, id=id_) == {"deletedId": id_, "deletedTableIds": []}
    gone = await visible_parts(ann, sent)
    assert gone == {"conversation": None, "message": None, "conversations": {"nodes": []}, "tables": before["tables"]}
    listed = await ann.run("{ conversations(includeDeleted: true) { nodes { id isActive } } }")
    assert listed["conversations"]["nodes"] == [{"id": id_, "isActive": False}]
    for name, arguments in (
        ("sendMessage", {"conversationId": id_, "text": "x"}),
        ("editMessage", {"messageId": sent["message"]["id"], "text": "x"}),
        ("rateMessage", {"messageId": sent["reply"]["id"], "rating": "UP"}),
        ("forkConversation", {"id": id_}),
        ("deleteConversation", {"id": id_}),
    ):
        assert (await ann.refused(name, **arguments))["extensions"]["code"] == "NOT_FOUND", name
    await ann.mutate("restore", "{ node { id } }", id=id_)
    assert await visible_parts(ann, sent) == before


async def test_restoring_brings_back_only_tables_that_were_deleted_together(app: App) -> None:
    ann = await app.person()
    sent = await send(ann, TABLE, wait=True)
    id_ = sent["conversation"]["id"]
    await send(ann, "Now another:\n\n" + TABLE.replace("ink", "nib"), conversationId=id_, wait=True)
    one, two = await tables_of(ann, id_)
    await ann.mutate("deleteTable", "{ deletedId }", id=one)
    assert (await ann.mutate("deleteConversation", GONE, id=id_, withTables=True))["deletedTableIds"] == [two]
    assert (await visible_parts(ann, sent))["tables"]["nodes"] == []
    await ann.mutate("restore", "{ node { id } }", id=id_)
    assert await tables_of(ann, id_) == [two]
    await ann.mutate("restore", "{ node { id } }", id=one)
    assert sorted(await tables_of(ann, id_)) == sorted([one, two])


async def test_a_table_of_another_user_stays(app: App) -> None:
    ann, bob, eve = [await app.person(name) for name in ("ann", "bob", "eve")]
    shared = await app.organization(ann, bob)
    begun = await bob.mutate(
        "createConversation", "{ conversation { id } }", organizationId=shared, visibility="ORGANIZATION"
    )
    id_ = begun["conversation"]["id"]
    for client in (ann, bob):
        await send(client, f"For {client.token}:\n\n{TABLE}"[-60:], conversationId=id_, wait=True)
    both = await tables_of(ann, id_)
    assert len(both) == 2
    for client, code in ((eve, "NOT_FOUND"), (app.client(), "UNAUTHENTICATED")):
        assert (await client.refused("deleteConversation", id=id_))["extensions"]["code"] == code
    theirs = await ann.mutate("createConversation", "{ conversation { id } }", organizationId=shared)
    await ann.mutate(
        "updateConversation", "{ conversation { id } }", id=theirs["conversation"]["id"], visibility="ORGANIZATION"
    )
    error = await bob.refused("deleteConversation", id=theirs["conversation"]["id"], withTables=True)
    assert error["extensions"]["code"] == "FORBIDDEN"
    (own,) = (await bob.mutate("deleteConversation", GONE, id=id_, withTables=True))["deletedTableIds"]
    left = (await ann.run("{ tables { nodes { id owner { email } } } }"))["tables"]["nodes"]
    assert [node["owner"]["email"] for node in left] == ["ann@example.com"]
    assert own in both
    assert own != left[0]["id"]
    assert (await ann.run("{ conversations { totalCount } }"))["conversations"]["totalCount"] == 1


async def test_a_reply_that_is_being_written_ends_and_does_not_hold_the_conversation(
    llm_app: App, scripted_llm: ScriptedLLM
) -> None:
    ann = await llm_app.person()
    reply = await start_reply(ann)
    scripted_llm.say("Once")

    async def asked() -> bool:
        return bool(scripted_llm.server.exchanges)

    await until(asked)
    (listed,) = (await ann.run("{ conversations { nodes { id } } }"))["conversations"]["nodes"]
    await ann.mutate("deleteConversation", GONE, id=listed["id"])
    async with asyncio.timeout(5):
        await scripted_llm.server.exchanges[0].hung_up.wait()

    async def over() -> bool:
        return texts_of(llm_app) == {}

    await until(over)
    await ann.mutate("restore", "{ node { id } }", id=listed["id"])

    async def stopped() -> bool:
        return bool((await read(ann, reply))["status"] == "STOPPED")

    await until(stopped)
