"""Forks: a copy of one branch as a conversation of the viewer, without the rest."""

import asyncio
from typing import Any

from tests.support.app import App
from tests.support.client import Client
from tests.support.conversations.branches import edit_message, exchange_ids, finished, read_branch
from tests.support.scripted_llm import ScriptedLLM, finished_reply, send, start_reply

FORK = """{ conversation { id title systemPrompt temperature maxTokens extraction visibility messageCount preview
  owner { email } tables { totalCount } messages { totalCount nodes { id role text status parent { id } siblings
  usage { totalTokens } proposals { id } createdBy { email } } } } conversationEdge { node { id } } }"""
TABLE = "item,price\nink,3.50\npen,1.20"


async def fork(client: Client, id: str, **arguments: Any) -> dict[str, Any]:
    payload = await client.mutate("forkConversation", FORK, id=id, **arguments)
    forked: dict[str, Any] = payload["conversation"]
    assert payload["conversationEdge"]["node"]["id"] == forked["id"] != id
    return forked


async def test_a_fork_has_one_branch_and_goes_on_by_itself(app: App) -> None:
    ann = await app.person()
    one = await send(ann, TABLE, wait=True)
    id_ = one["conversation"]["id"]
    await ann.mutate(
        "updateConversation", "{ conversation { id } }", id=id_, systemPrompt="Brief.", temperature=0.5, maxTokens=9
    )
    two = await send(ann, "Two", conversationId=id_, wait=True)
    other = await edit_message(app, ann, two["message"]["id"], "Zwei")
    before = await read_branch(ann, id_)
    forked = await fork(ann, id_, title="Another")
    nodes = forked["messages"]["nodes"]
    assert [node["text"] for node in nodes] == [node["text"] for node in before["nodes"]]
    assert [node["role"] for node in nodes] == ["USER", "ASSISTANT"] * 2
    assert [node["parent"] and node["parent"]["id"] for node in nodes] == [None, *[node["id"] for node in nodes[:3]]]
    assert [node["siblings"] for node in nodes] == [[node["id"]] for node in nodes]
    assert {node["usage"] for node in nodes} == {None}
    assert all(node["proposals"] == [] and node["status"] == "COMPLETED" for node in nodes)
    stored = {"title": "Another", "systemPrompt": "Brief.", "temperature": 0.5, "maxTokens": 9, "preview": "Zwei"}
    assert {name: forked[name] for name in stored} == stored
    assert (forked["messageCount"], forked["messages"]["totalCount"], forked["tables"]["totalCount"]) == (4, 4, 0)
    await send(ann, "On", conversationId=forked["id"], wait=True)
    assert (await read_branch(ann, forked["id"]))["totalCount"] == 6
    assert await read_branch(ann, id_) == before
    early = await fork(ann, id_, messageId=two["message"]["id"])
    assert [node["text"] for node in early["messages"]["nodes"]][2:] == ["Two"]
    assert early["title"] == "item, price", "a paste without words has the name of its columns"
    again = await ann.mutate(
        "regenerateReply", "{ reply { id } }", messageId=early["messages"]["nodes"][2]["id"]
    )  # what was copied without its reply can be answered
    await finished_reply(app, ann, again["reply"]["id"])
    assert exchange_ids(other)[0] not in [node["id"] for node in nodes]


async def test_every_reader_of_a_conversation_may_fork_it(app: App) -> None:
    ann, bob, eve = [await app.person(name) for name in ("ann", "bob", "eve")]
    shared = await app.organization(ann, bob)
    begun = await ann.mutate(
        "createConversation", "{ conversation { id } }", organizationId=shared, visibility="ORGANIZATION"
    )
    id_ = begun["conversation"]["id"]
    sent = await send(ann, "One", conversationId=id_, wait=True)
    other = await send(ann, "Elsewhere", wait=True)
    forked = await fork(bob, id_)
    assert (forked["owner"]["email"], forked["visibility"], forked["messageCount"]) == (
        "bob@example.com",
        "PRIVATE",
        2,
    )
    assert [node["createdBy"]["email"] for node in forked["messages"]["nodes"]] == ["bob@example.com"] * 2
    for client, arguments, code in (
        (eve, {"id": id_}, "NOT_FOUND"),
        (app.client(), {"id": id_}, "UNAUTHENTICATED"),
        (bob, {"id": id_, "messageId": other["reply"]["id"]}, "NOT_FOUND"),
        (ann, {"id": id_, "messageId": other["reply"]["id"]}, "NOT_FOUND"),
        (ann, {"id": sent["reply"]["id"]}, "NOT_FOUND"),
        (ann, {"id": id_, "title": "x" * 201}, "BAD_USER_INPUT"),
    ):
        assert (await client.refused("forkConversation", **arguments))["extensions"]["code"] == code, arguments
    counts = [(await c.run("{ conversations { totalCount } }"))["conversations"]["totalCount"] for c in (bob, eve)]
    assert counts == [2, 0]


async def test_one_key_forks_once_and_unfinished_replies_are_not_copied(
    llm_app: App, scripted_llm: ScriptedLLM
) -> None:
    ann = await llm_app.person()
    scripted_llm.say("Done.")
    scripted_llm.finish()
    one = await finished(llm_app, ann, await send(ann, "One"))
    id_ = one["conversation"]["id"]
    forks = await asyncio.gather(*(fork(ann, id_, idempotencyKey="key") for _ in range(20)))
    assert len({forked["id"] for forked in forks}) == 1
    assert (await ann.run("{ conversations { totalCount } }"))["conversations"]["totalCount"] == 2
    running = await start_reply(ann, "Two", conversationId=id_)
    assert (await ann.refused("forkConversation", id=id_))["extensions"]["code"] == "CONFLICT"
    assert (await fork(ann, id_, messageId=one["reply"]["id"]))["messageCount"] == 2
    scripted_llm.finish()
    await finished_reply(llm_app, ann, running)


async def test_a_fork_leaves_the_tables_and_writes_to_them_on_request(app: App) -> None:
    ann = await app.person()
    one = await send(ann, TABLE, wait=True)
    id_ = one["conversation"]["id"]
    rows = "query T($id: ID!) { conversation(id: $id) { tables { nodes { id rowCount } } } }"
    (table,) = (await ann.run(rows, id=id_))["conversation"]["tables"]["nodes"]
    forked = await fork(ann, id_)
    assert (await ann.run(rows, id=forked["id"]))["conversation"]["tables"]["nodes"] == []
    more = TABLE.replace("ink", "nib").replace("pen", "cap")
    await send(ann, more, conversationId=forked["id"], tableId=table["id"], wait=True)
    assert (await ann.run(rows, id=forked["id"]))["conversation"]["tables"]["nodes"] == []
    assert (await ann.run(rows, id=id_))["conversation"]["tables"]["nodes"] == [
        {"id": table["id"], "rowCount": table["rowCount"] + 2}
    ]
    assert (await read_branch(ann, id_))["totalCount"] == 2
