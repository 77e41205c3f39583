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
from tests.conftest import SYSTEM
from tests.support.app import Site
from tests.support.client import Client, Refused
from tests.support.processes.waiting import until
from tests.support.scripted_llm import FOLLOW, Dictation, begin, follow, held, joined, read, send, texts_of, watched

PIECES = ["Grüße ", "👩", "\u200d👩\u200d", "👧 ", "中", "文 e", "\u0301", "\n| a |", " b |\n", "🇩🇪", "\r\n", "Schluß"]
TEXT = "".join(PIECES)


async def code_of(site: Site, client: Client, id: str) -> str:
    """Return the error code of a refused subscription."""
    with pytest.raises(Refused) as refused:
        await follow(site, client, id)
    (code,) = refused.value.codes
    return code


async def test_the_stream_is_the_stored_text_and_its_end(online: Site, dictation: Dictation) -> None:
    ann = await online.person()
    id_ = await begin(ann)
    following = asyncio.create_task(follow(online, ann, id_))
    for piece in PIECES:
        dictation.say(piece)
        await asyncio.sleep(2 * MERGE_SECONDS)  # pieces that come closer together may go out as one
    dictation.finish()
    events = await following
    stored = await read(ann, id_)
    assert joined(events) == stored["text"] == TEXT
    deltas = [event for event in events if event["__typename"] == "ReplyDelta"]
    assert len(deltas) > 3
    assert {delta["messageId"] for delta in deltas} == {id_}
    assert events[-1] == {"__typename": "ReplyEnded", "message": {"id": id_, "text": TEXT, "status": "COMPLETED"}}


async def test_a_resumed_stream_gets_exactly_the_rest(online: Site, dictation: Dictation) -> None:
    ann = await online.person()
    id_ = await begin(ann)
    half = "".join(PIECES[:7])
    dictation.say(*PIECES[:7])
    await held(online, ann, id_, half)
    places = [*range(len(half) + 1), len(half) + 1, 10_000, -1, -10_000]
    followers = [asyncio.create_task(follow(online, ann, id_, place)) for place in places]
    await watched(online, len(places))
    dictation.say(*PIECES[7:])
    dictation.finish()
    for place, follower in zip(places, followers, strict=True):
        events = await follower
        is_held = 0 <= place <= len(half)
        assert events[0]["offset"] == (place if is_held else 0)
        assert joined(events, half[:place] if is_held else "") == TEXT, place


async def test_a_stream_resumed_after_the_end_gets_the_rest_at_once(online: Site, dictation: Dictation) -> None:
    ann = await online.person()
    id_ = await begin(ann)
    dictation.say(*PIECES)
    dictation.finish()
    await follow(online, ann, id_)
    end = {"__typename": "ReplyEnded", "message": {"id": id_, "text": TEXT, "status": "COMPLETED"}}
    for place in range(len(TEXT)):
        delta = {"__typename": "ReplyDelta", "messageId": id_, "offset": place, "text": TEXT[place:]}
        assert await follow(online, ann, id_, place) == [delta, end]
    assert await follow(online, ann, id_, len(TEXT)) == [end]
    whole = {"__typename": "ReplyDelta", "messageId": id_, "offset": 0, "text": TEXT}
    for place in (len(TEXT) + 1, 2**31 - 1, -1, -(2**31)):
        assert await follow(online, ann, id_, place) == [whole, end]


async def test_an_offset_beyond_the_text_starts_from_the_beginning(online: Site, dictation: Dictation) -> None:
    ann = await online.person()
    id_ = await begin(ann)
    following = asyncio.create_task(follow(online, ann, id_, 2))
    await watched(online, 1)
    dictation.say(TEXT)
    dictation.finish()
    events = await following
    assert (events[0]["offset"], joined(events)) == (0, TEXT)


async def test_any_number_may_watch(online: Site, dictation: Dictation) -> None:
    ann = await online.person()
    id_ = await begin(ann)
    watching = [asyncio.create_task(follow(online, ann, id_)) for _ in range(25)]
    for piece in PIECES * 3:
        dictation.say(piece)
        await asyncio.sleep(0.01)
    dictation.finish()
    async with asyncio.timeout(20):
        texts = [joined(events) for events in await asyncio.gather(*watching)]
    assert texts == [TEXT * 3] * 25
    assert len(dictation.asked) == 1
    assert texts_of(online) == {}


async def test_a_watcher_who_leaves_ends_nothing(online: Site, dictation: Dictation) -> None:
    ann = await online.person()
    id_ = await begin(ann)
    dictation.say("Begin. ")
    await held(online, ann, id_, "Begin. ")
    dictation.say("End.")
    dictation.finish()
    assert joined(await follow(online, ann, id_, 7), "Begin. ") == "Begin. End."


async def test_a_message_that_is_no_reply_is_not_followed(online: Site, dictation: Dictation) -> None:
    ann, eve = await online.person("ann"), await online.person("eve")
    said = await send(ann)
    dictation.finish()
    with pytest.raises(Refused) as refused:
        await follow(online, ann, said["message"]["id"])
    (error,) = refused.value.errors
    message = "Follow the reply, not the message that it answers."
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["extensions"]["fieldErrors"] == [{"field": "messageId", "message": message}]
    error = await ann.refused("stopReply", messageId=said["message"]["id"])
    assert [item["field"] for item in error["extensions"]["fieldErrors"]] == ["messageId"]
    for client, id_ in (
        (ann, "nonsense"),
        (ann, said["conversation"]["id"]),
        (eve, said["reply"]["id"]),
        (eve, said["message"]["id"]),
    ):
        assert await code_of(online, client, id_) == "NOT_FOUND"
        assert (await client.refused("stopReply", messageId=id_))["extensions"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("more", ["", "And more. "])
async def test_members_follow_shared_replies_until_they_are_removed(
    more: str, online: Site, dictation: Dictation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolvers.conversations.replies, "LOOK_SECONDS", 0)
    if more:
        monkeypatch.setattr(resolvers.conversations.replies, "IDLE_SECONDS", 60)
    ann, bob = await online.person("ann"), await online.person("bob")
    shared = await online.organization(ann, bob)
    given = {"organizationId": shared, "visibility": "ORGANIZATION"}
    conversation = (await ann.mutate("createConversation", "{ conversation { id } }", **given))["conversation"]["id"]
    id_ = await begin(ann, conversationId=conversation)
    dictation.say("For everybody. ")
    await held(online, bob, id_, "For everybody. ")
    following = asyncio.create_task(follow(online, bob, id_))

    def remove(session: Session) -> None:
        for row in memberships:
            session.get(Membership, row.id).deleted_at = now()

    viewer = await online.viewer(bob)
    query = of_user.rows(Window(10), frozenset())
    _, *memberships = await online.backend.database.read(query, SYSTEM, user_id=viewer.user_id, limit=10)
    await online.backend.database.write(remove, SYSTEM)
    dictation.say(more)
    with pytest.raises(Refused) as refused:
        await following
    assert refused.value.codes == ["NOT_FOUND"]
    assert await code_of(online, bob, id_) == "NOT_FOUND"
    dictation.finish()
    assert joined(await follow(online, ann, id_)) == f"For everybody. {more}"


async def test_a_reply_is_stopped_while_it_is_written(online: Site, dictation: Dictation) -> None:
    ann = await online.person()
    said = await send(ann)
    id_ = said["reply"]["id"]
    dictation.say(*PIECES)
    await held(online, ann, id_, TEXT)
    following = asyncio.create_task(follow(online, ann, id_))
    stopped = await ann.mutate("stopReply", "{ message { status text } }", messageId=id_)
    assert stopped["message"] == {"status": "STOPPED", "text": TEXT}
    events = await following
    assert (joined(events), events[-1]["message"]["status"]) == (TEXT, "STOPPED")
    (exchange,) = dictation.server.exchanges
    await asyncio.wait_for(exchange.hung_up.wait(), 2)
    reply = await read(ann, id_)
    assert (reply["error"], reply["proposals"], reply["usage"]["outputTokens"]) == (
        None,
        [],
        -(-len(TEXT.encode()) // 4),
    )
    again = await ann.mutate("stopReply", "{ message { status text } }", messageId=id_)
    assert again == stopped
    await send(ann, "And now?", conversationId=said["conversation"]["id"])

    async def is_asked() -> bool:
        return len(dictation.asked) == 2

    await until(is_asked)
    dictation.finish()


async def test_a_queued_reply_is_stopped_at_once(
    online: Site, dictation: Dictation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolvers.conversations.replies, "IDLE_SECONDS", 60)
    await online.product.worker.stop()
    ann = await online.person()
    said = await send(ann)
    id_ = said["reply"]["id"]
    following = asyncio.create_task(follow(online, ann, id_))
    await watched(online, 1)
    stopped = await ann.mutate("stopReply", "{ message { status text } }", messageId=id_)
    assert stopped["message"] == {"status": "STOPPED", "text": ""}
    events = await following
    assert events == [{"__typename": "ReplyEnded", "message": {"id": id_, "text": "", "status": "STOPPED"}}]
    assert (await send(ann, "Again", conversationId=said["conversation"]["id"]))["reply"]["status"] == "IN_PROGRESS"
    assert dictation.asked == []


async def test_an_owner_stops_a_reply_that_an_admin_requested(online: Site, dictation: Dictation) -> None:
    ann, bob = await online.person("ann"), await online.person("bob")
    shared = await online.organization(ann, bob)
    payload = await bob.mutate("createConversation", "{ conversation { id } }", organizationId=shared)
    id_ = await begin(ann, conversationId=payload["conversation"]["id"])
    dictation.say("Hello")
    await held(online, bob, id_, "Hello")
    stopped = await bob.mutate("stopReply", "{ message { status text } }", messageId=id_)
    assert stopped["message"] == {"status": "STOPPED", "text": "Hello"}


async def test_the_text_is_stored_every_second(online: Site, dictation: Dictation) -> None:
    ann = await online.person()
    id_ = await begin(ann)
    dictation.say("First words. ")

    async def kept() -> str:
        reply = await read(ann, id_)
        assert reply["status"] == "IN_PROGRESS"
        return str(reply["text"])

    assert await until(kept) == "First words. "
    dictation.finish()


async def test_a_reply_comes_as_server_sent_events_too(online: Site, dictation: Dictation) -> None:
    ann = await online.person()
    id_ = await begin(ann)
    dictation.say(*PIECES)
    dictation.finish()
    events = [event["replyStream"] async for event in ann.follow_sse(FOLLOW, id=id_)]
    assert joined(events) == TEXT
    assert events[-1]["message"]["status"] == "COMPLETED"
