"""Conversations shared in an organization: members read and follow them, the owner and admins write."""

import asyncio
from typing import Any

import pytest

from tests.support.app import App
from tests.support.client import Client, Refused
from tests.support.processes.running_app import listening
from tests.support.scripted_llm import FOLLOW, ScriptedLLM, joined_text, read, send

SEEN = """query Seen($id: ID!) { conversation(id: $id) { title messageCount
  messages { nodes { id status siblings } } } }"""


async def receive(client: Client, id: str, first: asyncio.Event) -> list[dict[str, Any]]:
    """Collect the events of a reply on a socket; `first` is set after the first one."""
    events = []
    async for event in client.follow(FOLLOW, id=id):
        events.append(event["replyStream"])
        first.set()
    return events


async def test_a_member_follows_over_a_socket_and_writes_nothing(llm_app: App, scripted_llm: ScriptedLLM) -> None:
    ann, bob, eve = [await llm_app.person(name) for name in ("ann", "bob", "eve")]
    shared = await llm_app.organization(ann, bob)
    arguments = {"organizationId": shared, "visibility": "ORGANIZATION", "title": "Trip"}
    conversation = (await ann.mutate("createConversation", "{ conversation { id } }", **arguments))["conversation"][
        "id"
    ]
    sent = await send(ann, "Who pays?", conversationId=conversation)
    message, reply = sent["message"]["id"], sent["reply"]["id"]
    scripted_llm.say("Everybody ")
    async with listening(llm_app) as there, asyncio.timeout(20):
        there.token = bob.token
        arrived = asyncio.Event()
        following = asyncio.create_task(receive(there, reply, arrived))
        await arrived.wait()
        before = await bob.run(SEEN, id=conversation)
        for name, refused in (
            ("sendMessage", {"conversationId": conversation, "text": "Me?"}),
            ("sendMessage", {"parentId": message, "text": "Me?"}),
            ("editMessage", {"messageId": message, "text": "Me?"}),
            ("regenerateReply", {"messageId": reply}),
            ("stopReply", {"messageId": reply}),
            ("updateConversation", {"id": conversation, "title": "Mine"}),
            ("shareConversation", {"conversationId": conversation}),
            ("deleteConversation", {"id": conversation}),
        ):
            assert (await there.refused(name, **refused))["extensions"]["code"] == "FORBIDDEN", name
        assert await bob.run(SEEN, id=conversation) == before == await ann.run(SEEN, id=conversation)
        there.token = eve.token
        with pytest.raises(Refused) as caught:
            await receive(there, reply, asyncio.Event())
        assert caught.value.codes == ["NOT_FOUND"]
        scripted_llm.say("a part.")
        scripted_llm.finish()
        events = await following
    assert joined_text(events) == "Everybody a part."
    assert events[-1]["message"] == {"id": reply, "text": "Everybody a part.", "status": "COMPLETED"}
    assert (await read(bob, reply))["text"] == "Everybody a part."
    assert len(scripted_llm.requests) == 1
