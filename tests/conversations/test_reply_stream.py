"""Reply streams: from any offset to the end, for every user with access; and stopping."""

import asyncio

import pytest

import resolvers.conversations.replies
from assistant.reply_log.log import MERGE_SECONDS
from db.core.base import now
from db.core.pagination import Window
from db.core.session import Session
from db.models.memberships import Membership
from db.organizations.organizations import of_user
from tests.support.app import App
from tests.support.client import Client, Refused
from tests.support.processes.waiting import until
from tests.support.scripted_llm import (
    FOLLOW,
    ScriptedLLM,
    follow,
    joined_text,
    read,
    send,
    start_reply,
    texts_of,
    wait_for_readers,
    wait_for_text,
)
from tests.support.world import SYSTEM

PIECES = ["Grüße ", "👩", "\u200d👩\u200d", "👧 ", "中", "文 e", "\u0301", "\n| a |", " b |\n", "🇩🇪", "\r\n", "Schluß"]
TEXT = "".join(PIECES)


async def code_of(app: App, client: Client, id: str) -> str:
    """Return the error code of a refused subscription."""
    with pytest.raises(Refused) as refused:
        await follow(app, client, id)
    (code,) = refused.value.codes
    return code


async def test_the_stream_is_the_stored_text_and_its_end(llm_app: App, scripted_llm: ScriptedLLM) -> None:
    ann = await llm_app.person()
    id_ = await start_reply(ann)
    following = asyncio.create_task(follow(llm_app, ann, id_))
    for piece in PIECES:
        scripted_llm.say(piece)
        await asyncio.sleep(2 * MERGE_SECONDS)  # pieces that come closer together may go out as one
    scripted_llm.finish()
    events = await following
    stored = await read(ann, id_)
    assert joined_text(events) == stored["text"] == TEXT
    deltas = [event for event in events if event["__typename"] == "ReplyDelta"]
    assert len(deltas) > 3
    assert {delta["messageId"] for delta in deltas} == {id_}
    assert events[-1] == {"__typename": "ReplyEnded", "message": {"id": id_, "text": TEXT, "status": "COMPLETED"}}


async def test_a_resumed_stream_gets_exactly_the_rest(llm_app: App, scripted_llm: ScriptedLLM) -> None:
    ann = await llm_app.person()
    id_ = await start_reply(ann)
    half = "".join(PIECES[:7])
    scripted_llm.say(*PIECES[:7])
    await wait_for_text(llm_app, ann, id_, half)
    places = [*range(len(half) + 1), len(half) + 1, 10_000, -1, -10_000]
    followers = [asyncio.create_task(follow(llm_app, ann, id_, position)) for position in places]
    await wait_for_readers(llm_app, len(places))
    scripted_llm.say(*PIECES[7:])
    scripted_llm.finish()
    for position, follower in zip(places, followers, strict=True):
        events = await follower
        is_held = 0 <= position <= len(half)
        assert events[0]["offset"] == (position if is_held else 0)
        assert joined_text(events, half[:position] if is_held else "") == TEXT, position


async def test_a_stream_resumed_after_the_end_gets_the_rest_at_once(llm_app: App, scripted_llm: ScriptedLLM) -> None:
    ann = await llm_app.person()
    id_ = await start_reply(ann)
    scripted_llm.say(*PIECES)
    scripted_llm.finish()
    await follow(llm_app, ann, id_)
    end = {"__typename": "ReplyEnded", "message": {"id": id_, "text": TEXT, "status": "COMPLETED"}}
    for offset in range(len(TEXT)):
        delta = {"__typename": "ReplyDelta", "messageId": id_, "offset": offset, "text": TEXT[offset:]}
        assert await follow(llm_app, ann, id_, offset) == [delta, end]
    assert await follow(llm_app, ann, id_, len(TEXT)) == [end]
    whole = {"__typename": "ReplyDelta", "messageId": id_, "offset": 0, "text": TEXT}
    for offset in (len(TEXT) + 1, 2**31 - 1, -1, -(2**31)):
        assert await follow(llm_app, ann, id_, offset) == [whole, end]


async def test_an_offset_beyond_the_text_starts_from_the_beginning(llm_app: App, scripted_llm: ScriptedLLM) -> None:
    ann = await llm_app.person()
    id_ = await start_reply(ann)
    following = asyncio.create_task(follow(llm_app, ann, id_, 2))
    await wait_for_readers(llm_app, 1)
    scripted_llm.say(TEXT)
    scripted_llm.finish()
    events = await following
    assert (events[0]["offset"], joined_text(events)) == (0, TEXT)


async def test_any_number_may_watch(llm_app: App, scripted_llm: ScriptedLLM) -> None:
    ann = await llm_app.person()
    id_ = await start_reply(ann)
    watching = [asyncio.create_task(follow(llm_app, ann, id_)) for _ in range(25)]
    for piece in PIECES * 3:
        scripted_llm.say(piece)
        await asyncio.sleep(0.01)
    scripted_llm.finish()
    async with asyncio.timeout(20):
        texts = [joined_text(events) for events in await asyncio.gather(*watching)]
    assert texts == [TEXT * 3] * 25
    assert len(scripted_llm.requests) == 1
    assert texts_of(llm_app) == {}


async def test_a_watcher_who_leaves_ends_nothing(llm_app: App, scripted_llm: ScriptedLLM) -> None:
    ann = await llm_app.person()
    id_ = await start_reply(ann)
    scripted_llm.say("Begin. ")
    await wait_for_text(llm_app, ann, id_, "Begin. ")
    scripted_llm.say("End.")
    scripted_llm.finish()
    assert joined_text(await follow(llm_app, ann, id_, 7), "Begin. ") == "Begin. End."


async def test_a_message_that_is_no_reply_is_not_followed(llm_app: App, scripted_llm: ScriptedLLM) -> None:
    ann, eve = await llm_app.person("ann"), await llm_app.person("eve")
    sent = await send(ann)
    scripted_llm.finish()
    with pytest.raises(Refused) as refused:
        await follow(llm_app, ann, sent["message"]["id"])
    (error,) = refused.value.errors
    message = "This is the id of a message written by a person. Pass the id of its reply."
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["extensions"]["fieldErrors"] == [{"field": "messageId", "message": message}]
    error = await ann.refused("stopReply", messageId=sent["message"]["id"])
    assert [item["field"] for item in error["extensions"]["fieldErrors"]] == ["messageId"]
    for client, id_ in (
        (ann, "nonsense"),
        (ann, sent["conversation"]["id"]),
        (eve, sent["reply"]["id"]),
        (eve, sent["message"]["id"]),
    ):
        assert await code_of(llm_app, client, id_) == "NOT_FOUND"
        assert (await client.refused("stopReply", messageId=id_))["extensions"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("more", ["", "And more. "])
async def test_members_follow_shared_replies_until_they_are_removed(
    more: str, llm_app: App, scripted_llm: ScriptedLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolvers.conversations.replies, "CHECK_SECONDS", 0)
    if more:
        monkeypatch.setattr(resolvers.conversations.replies, "IDLE_SECONDS", 60)
    ann, bob = await llm_app.person("ann"), await llm_app.person("bob")
    shared = await llm_app.organization(ann, bob)
    arguments = {"organizationId": shared, "visibility": "ORGANIZATION"}
    conversation = (await ann.mutate("createConversation", "{ conversation { id } }", **arguments))["conversation"][
        "id"
    ]
    id_ = await start_reply(ann, conversationId=conversation)
    scripted_llm.say("For everybody. ")
    await wait_for_text(llm_app, bob, id_, "For everybody. ")
    following = asyncio.create_task(follow(llm_app, bob, id_))

    def remove(session: Session) -> None:
        for row in memberships:
            session.get(Membership, row.id).deleted_at = now()

    viewer = await llm_app.viewer(bob)
    query = of_user.rows(Window(10), frozenset())
    _, *memberships = await llm_app.backend.database.read(query, SYSTEM, user_id=viewer.user_id, limit=10)
    await llm_app.backend.database.write(remove, SYSTEM)
    scripted_llm.say(more)
    with pytest.raises(Refused) as refused:
        await following
    assert refused.value.codes == ["NOT_FOUND"]
    assert await code_of(llm_app, bob, id_) == "NOT_FOUND"
    scripted_llm.finish()
    assert joined_text(await follow(llm_app, ann, id_)) == f"For everybody. {more}"


async def test_a_reply_is_stopped_while_it_is_written(llm_app: App, scripted_llm: ScriptedLLM) -> None:
    ann = await llm_app.person()
    sent = await send(ann)
    id_ = sent["reply"]["id"]
    scripted_llm.say(*PIECES)
    await wait_for_text(llm_app, ann, id_, TEXT)
    following = asyncio.create_task(follow(llm_app, ann, id_))
    stopped = await ann.mutate("stopReply", "{ message { status text } }", messageId=id_)
    assert stopped["message"] == {"status": "STOPPED", "text": TEXT}
    events = await following
    assert (joined_text(events), events[-1]["message"]["status"]) == (TEXT, "STOPPED")
    (exchange,) = scripted_llm.server.exchanges
    await asyncio.wait_for(exchange.hung_up.wait(), 2)
    reply = await read(ann, id_)
    assert (reply["error"], reply["proposals"], reply["usage"]["outputTokens"]) == (
        None,
        [],
        -(-len(TEXT.encode()) // 4),
    )
    again = await ann.mutate("stopReply", "{ message { status text } }", messageId=id_)
    assert again == stopped
    await send(ann, "And now?", conversationId=sent["conversation"]["id"])

    async def is_asked() -> bool:
        return len(scripted_llm.requests) == 2

    await until(is_asked)
    scripted_llm.finish()


async def test_a_queued_reply_is_stopped_at_once(
    llm_app: App, scripted_llm: ScriptedLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolvers.conversations.replies, "IDLE_SECONDS", 60)
    await llm_app.product.worker.stop()
    ann = await llm_app.person()
    sent = await send(ann)
    id_ = sent["reply"]["id"]
    following = asyncio.create_task(follow(llm_app, ann, id_))
    await wait_for_readers(llm_app, 1)
    stopped = await ann.mutate("stopReply", "{ message { status text } }", messageId=id_)
    assert stopped["message"] == {"status": "STOPPED", "text": ""}
    events = await following
    assert events == [{"__typename": "ReplyEnded", "message": {"id": id_, "text": "", "status": "STOPPED"}}]
    assert (await send(ann, "Again", conversationId=sent["conversation"]["id"]))["reply"]["status"] == "IN_PROGRESS"
    assert scripted_llm.requests == []


async def test_an_owner_stops_a_reply_that_an_admin_requested(llm_app: App, scripted_llm: ScriptedLLM) -> None:
    ann, bob = await llm_app.person("ann"), await llm_app.person("bob")
    shared = await llm_app.organization(ann, bob)
    payload = await bob.mutate("createConversation", "{ conversation { id } }", organizationId=shared)
    id_ = await start_reply(ann, conversationId=payload["conversation"]["id"])
    scripted_llm.say("Hello")
    await wait_for_text(llm_app, bob, id_, "Hello")
    stopped = await bob.mutate("stopReply", "{ message { status text } }", messageId=id_)
    assert stopped["message"] == {"status": "STOPPED", "text": "Hello"}


async def test_the_text_is_stored_every_second(llm_app: App, scripted_llm: ScriptedLLM) -> None:
    ann = await llm_app.person()
    id_ = await start_reply(ann)
    scripted_llm.say("First words. ")

    async def kept() -> str:
        reply = await read(ann, id_)
        assert reply["status"] == "IN_PROGRESS"
        return str(reply["text"])

    assert await until(kept) == "First words. "
    scripted_llm.finish()


async def test_a_reply_comes_as_server_sent_events_too(llm_app: App, scripted_llm: ScriptedLLM) -> None:
    ann = await llm_app.person()
    id_ = await start_reply(ann)
    scripted_llm.say(*PIECES)
    scripted_llm.finish()
    events = [event["replyStream"] async for event in ann.follow_sse(FOLLOW, id=id_)]
    assert joined_text(events) == TEXT
    assert events[-1]["message"]["status"] == "COMPLETED"
