"""Branches through the API: edits and new replies become siblings, and each branch continues independently."""

import asyncio
from typing import Any

import pytest

from tests.support.app import App
from tests.support.client import Client, Refused
from tests.support.concurrency import gather_outcomes
from tests.support.conversations.branches import BRANCH, edit_message, exchange_ids, finished, read_branch
from tests.support.scripted_llm import EXCHANGE, MODEL, ScriptedLLM, finished_reply, send

REPLY = "{ conversation { id } reply { id status model siblings } }"


async def ids(client: Client, id: str, **arguments: Any) -> list[str]:
    return [node["id"] for node in (await read_branch(client, id, **arguments))["nodes"]]


async def test_an_edit_becomes_a_sibling_and_nothing_is_lost(app: App) -> None:
    ann = await app.person()
    one = await send(ann, "One", wait=True)
    id_ = one["conversation"]["id"]
    two = await send(ann, "Two", conversationId=id_, wait=True)
    other = await edit_message(app, ann, two["message"]["id"], "Two, but different")
    assert other["conversation"]["id"] == id_
    beside = [two["message"]["id"], other["message"]["id"]]
    page = await read_branch(ann, id_)
    assert [node["id"] for node in page["nodes"]] == exchange_ids(one, other)
    assert [node["siblings"] for node in page["nodes"]] == [
        [one["message"]["id"]],
        [one["reply"]["id"]],
        beside,
        [other["reply"]["id"]],
    ]
    before = await read_branch(ann, id_, leafId=two["reply"]["id"])
    assert [node["id"] for node in before["nodes"]] == exchange_ids(one, two)
    assert (before["nodes"][2]["text"], before["nodes"][2]["siblings"], before["totalCount"]) == ("Two", beside, 4)
    result = (await ann.run(BRANCH, id=id_))["conversation"]
    assert (result["messageCount"], result["preview"]) == (6, "Two, but different")
    everything = "query A($id: ID!) { conversation(id: $id) { allMessages { totalCount nodes { id } } } }"
    displayed = (await ann.run(everything, id=id_))["conversation"]["allMessages"]
    assert [node["id"] for node in displayed["nodes"]] == exchange_ids(one, two, other)
    assert displayed["totalCount"] == 6


async def test_the_first_message_may_be_edited_too(app: App) -> None:
    ann = await app.person()
    one = await send(ann, "One", wait=True)
    id_ = one["conversation"]["id"]
    other = await edit_message(app, ann, one["message"]["id"], "Uno")
    page = await read_branch(ann, id_)
    assert [node["id"] for node in page["nodes"]] == exchange_ids(other)
    assert page["nodes"][0]["siblings"] == [one["message"]["id"], other["message"]["id"]]
    assert await ids(ann, id_, leafId=one["reply"]["id"]) == exchange_ids(one)


async def test_a_reply_is_written_again_beside_the_first(app: App) -> None:
    ann = await app.person()
    one = await send(ann, "One", wait=True)
    id_, first = one["conversation"]["id"], one["reply"]["id"]
    again = await finished(app, ann, await ann.mutate("regenerateReply", REPLY, messageId=first))
    second = again["reply"]["id"]
    assert again["conversation"]["id"] == id_
    assert again["reply"] == {"id": second, "status": "IN_PROGRESS", "model": "offline", "siblings": [first, second]}
    assert await ids(ann, id_) == [one["message"]["id"], second]
    third = (await ann.mutate("regenerateReply", REPLY, messageId=one["message"]["id"]))["reply"]
    assert third["siblings"] == [first, second, third["id"]]
    assert await ids(ann, id_, leafId=first) == exchange_ids(one)


async def test_a_branch_continues_after_the_given_parent(app: App) -> None:
    ann = await app.person()
    one = await send(ann, "One", wait=True)
    id_ = one["conversation"]["id"]
    two = await send(ann, "Two", conversationId=id_, wait=True)
    back = await send(ann, "Back", conversationId=id_, parentId=one["reply"]["id"], wait=True)
    on = await send(ann, "On", conversationId=id_, wait=True)
    assert await ids(ann, id_) == exchange_ids(one, back, on)
    # A parent says by itself in which conversation it is.
    more = await send(ann, "More", parentId=two["reply"]["id"], wait=True)
    assert more["conversation"]["id"] == id_
    assert await ids(ann, id_) == exchange_ids(one, two, more)
    assert await ids(ann, id_, throughId=back["message"]["id"]) == exchange_ids(one) + exchange_ids(
        back
    ) + exchange_ids(on)
    assert await ids(ann, id_, throughId=one["message"]["id"]) == exchange_ids(one, two) + exchange_ids(more)
    assert await ids(ann, id_, throughId=on["reply"]["id"]) == exchange_ids(one, back, on)
    assert await ids(ann, id_, leafId=two["message"]["id"]) == [*exchange_ids(one), two["message"]["id"]]


async def test_the_model_gets_only_the_messages_of_the_branch(llm_app: App, scripted_llm: ScriptedLLM) -> None:
    ann = await llm_app.person()

    async def said(payload: dict[str, Any], reply: str) -> dict[str, Any]:
        scripted_llm.say(reply)
        scripted_llm.finish()
        return await finished(llm_app, ann, payload)

    one = await said(await send(ann, "One"), "First.")
    id_ = one["conversation"]["id"]
    two = await said(await send(ann, "Two", conversationId=id_), "Second.")
    await said(await ann.mutate("editMessage", EXCHANGE, messageId=two["message"]["id"], text="Zwei"), "Zweitens.")
    await said(await ann.mutate("regenerateReply", REPLY, messageId=two["reply"]["id"], model=MODEL), "Again.")
    await said(await send(ann, "Three", conversationId=id_), "Third.")
    messages = [[turn["content"] for turn in requested["messages"][1:]] for requested in scripted_llm.requests]
    assert messages == [
        ["One"],
        ["One", "First.", "Two"],
        ["One", "First.", "Zwei"],
        ["One", "First.", "Two"],
        ["One", "First.", "Two", "Again.", "Three"],
    ]


async def test_branches_are_answered_at_the_same_time_but_each_one_reply_at_a_time(
    llm_app: App, scripted_llm: ScriptedLLM
) -> None:
    ann = await llm_app.person()
    scripted_llm.finish()
    one = await finished(llm_app, ann, await send(ann, "One"))
    id_, reply = one["conversation"]["id"], one["reply"]["id"]
    two = await send(ann, "Two", conversationId=id_)
    running = two["reply"]["id"]
    passed, codes = await gather_outcomes(
        *(send(ann, f"Number {n}", conversationId=id_, parentId=running) for n in range(10)),
        *(send(ann, f"Number {n}", conversationId=id_) for n in range(10)),
    )
    assert (passed, codes) == ([], ["CONFLICT"] * 20)
    other = await send(ann, "Other", conversationId=id_, parentId=reply)
    third = await ann.mutate("editMessage", EXCHANGE, messageId=two["message"]["id"], text="Third")
    assert {other["reply"]["status"], third["reply"]["status"]} == {"IN_PROGRESS"}
    for _ in range(3):
        scripted_llm.finish()
    for payload in (two, other, third):
        assert (await finished_reply(llm_app, ann, payload["reply"]["id"]))["status"] == "COMPLETED"
    assert (await ann.run(BRANCH, id=id_))["conversation"]["messageCount"] == 8


async def test_one_key_edits_and_regenerates_once(llm_app: App, scripted_llm: ScriptedLLM) -> None:
    ann = await llm_app.person()
    scripted_llm.finish()
    one = await finished(llm_app, ann, await send(ann, "One"))
    message, reply = one["message"]["id"], one["reply"]["id"]

    def edited() -> Any:
        return ann.mutate("editMessage", EXCHANGE, messageId=message, text="Uno", idempotencyKey="key")

    def again() -> Any:
        return ann.mutate("regenerateReply", REPLY, messageId=reply, idempotencyKey="key")

    for repeated in (edited, again):
        passed = await asyncio.gather(*(repeated() for _ in range(20)))
        assert len({payload["reply"]["id"] for payload in passed}) == 1
        scripted_llm.finish()
        await finished(llm_app, ann, passed[0])
    assert (await ann.run(BRANCH, id=one["conversation"]["id"]))["conversation"]["messageCount"] == 5
    assert len(scripted_llm.requests) == 3


async def test_only_users_with_write_access_create_branches(app: App) -> None:
    ann, bob, eve = [await app.person(name) for name in ("ann", "bob", "eve")]
    shared = await app.organization(ann, bob)
    begun = await ann.mutate(
        "createConversation", "{ conversation { id } }", organizationId=shared, visibility="ORGANIZATION"
    )
    id_ = begun["conversation"]["id"]
    one = await send(ann, "One", conversationId=id_, wait=True)
    message, reply = exchange_ids(one)
    for client, code in ((bob, "FORBIDDEN"), (eve, "NOT_FOUND"), (app.client(), "UNAUTHENTICATED")):
        for name, arguments in (
            ("editMessage", {"messageId": message, "text": "Mine"}),
            ("regenerateReply", {"messageId": reply}),
            ("sendMessage", {"parentId": reply, "text": "Mine"}),
            ("sendMessage", {"conversationId": id_, "parentId": reply, "text": "Mine"}),
        ):
            assert (await client.refused(name, **arguments))["extensions"]["code"] == code, name
    assert await ids(bob, id_) == await ids(ann, id_) == exchange_ids(one)
    assert (await eve.run(BRANCH, id=id_)) == {"conversation": None}


async def test_invalid_values_are_refused_with_a_reason(app: App) -> None:
    ann = await app.person()
    one, other = await send(ann, "One", wait=True), await send(ann, "Other", wait=True)
    id_, message, reply = one["conversation"]["id"], *exchange_ids(one)
    foreign = other["reply"]["id"]
    refused = [
        ("editMessage", {"messageId": reply, "text": "x"}, "BAD_USER_INPUT", "messageId"),
        ("editMessage", {"messageId": message, "text": " "}, "BAD_USER_INPUT", "text"),
        ("editMessage", {"messageId": id_, "text": "x"}, "NOT_FOUND", None),
        ("regenerateReply", {"messageId": reply, "model": "gpt-9"}, "BAD_USER_INPUT", "model"),
        ("regenerateReply", {"messageId": "nonsense"}, "NOT_FOUND", None),
        ("sendMessage", {"text": "x", "conversationId": id_, "parentId": foreign}, "NOT_FOUND", "parentId"),
        ("sendMessage", {"text": "x", "parentId": id_}, "NOT_FOUND", None),
    ]
    for name, values, code, field in refused:
        error = await ann.refused(name, **values)
        assert error["extensions"]["code"] == code, values
        assert [item["field"] for item in error["extensions"].get("fieldErrors", [])] == ([field] if field else [])
    for arguments, code in (
        ({"leafId": message, "throughId": message}, "BAD_USER_INPUT"),
        ({"leafId": other["reply"]["id"]}, "NOT_FOUND"),
        ({"throughId": other["reply"]["id"]}, "NOT_FOUND"),
        ({"leafId": id_}, "NOT_FOUND"),
    ):
        with pytest.raises(Refused) as caught:
            await read_branch(ann, id_, **arguments)
        assert caught.value.codes == [code], arguments
    assert (await ann.run(BRANCH, id=id_))["conversation"]["messageCount"] == 2


async def test_a_branch_is_read_by_pages_in_both_directions(app: App) -> None:
    ann = await app.person()
    one = await send(ann, "One", wait=True)
    id_ = one["conversation"]["id"]
    two = await send(ann, "Two", conversationId=id_, wait=True)
    other = await edit_message(app, ann, two["message"]["id"], "Zwei")
    three = await send(ann, "Three", conversationId=id_, wait=True)
    whole = exchange_ids(one, other, three)

    async def page(**arguments: Any) -> tuple[list[str], bool, bool, str, str]:
        result = await read_branch(ann, id_, **arguments)
        info = result["pageInfo"]
        assert result["totalCount"] == 6
        displayed = [node["id"] for node in result["nodes"]]
        return displayed, info["hasPreviousPage"], info["hasNextPage"], info["startCursor"], info["endCursor"]

    displayed, before, more, _, end = await page(first=4)
    assert (displayed, before, more) == (whole[:4], False, True)
    assert (await page(first=4, after=end))[:3] == (whole[4:], True, False)
    displayed, before, more, start, _ = await page(last=3)
    assert (displayed, before, more) == (whole[3:], True, False)
    displayed, before, more, start, _ = await page(last=2, before=start)
    assert (displayed, before, more) == (whole[1:3], True, True)
    assert (await page(last=5, before=start))[:3] == (whole[:1], False, True)
    assert (await page(first=0))[:3] == ([], False, True)
    # A cursor is a place: what the branches have in common is not read again when the branch is changed.
    assert (await read_branch(ann, id_, leafId=two["reply"]["id"], after=end))["nodes"] == []
    empty = (await ann.mutate("createConversation", "{ conversation { id } }"))["conversation"]["id"]
    nothing = await read_branch(ann, empty)
    assert (nothing["totalCount"], nothing["nodes"], nothing["pageInfo"]["hasNextPage"]) == (0, [], False)


async def test_siblings_cost_the_same_reads_however_many_there_are(app: App) -> None:
    ann = await app.person()
    one = await send(ann, "One", wait=True)
    id_ = one["conversation"]["id"]
    for n in range(3):
        await send(ann, f"More {n}", conversationId=id_, wait=True)
    message = (await read_branch(ann, id_))["nodes"][4]["id"]
    query = "query S($id: ID!) { conversation(id: $id) { messages(first: 100) { nodes { siblings } } } }"

    async def reads() -> int:
        app.reads.clear()
        await ann.run(query, id=id_)
        return len([sql for sql in app.reads if "FROM jobs" not in sql])  # the worker reads too

    few = await reads()
    for n in range(3):
        await edit_message(app, ann, message, f"Else {n}")
    assert await reads() == few == 5
