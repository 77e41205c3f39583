"""Ratings: one for each user and visible message, on every branch."""

from typing import Any

import pytest

from tests.support.app import App
from tests.support.client import Client
from tests.support.scripted_llm import send

RATED = "{ message { id rating ratingComment } }"
LIST = "query L($id: ID!) { conversation(id: $id) { allMessages { nodes { id rating ratingComment } } } }"
INVALID_COMMENT = "Invalid comment. It must have at most 2,000 characters and no NUL character."


async def ratings(client: Client, id: str) -> list[tuple[str | None, str | None]]:
    nodes = (await client.run(LIST, id=id))["conversation"]["allMessages"]["nodes"]
    return [(node["rating"], node["ratingComment"]) for node in nodes]


async def rate(client: Client, id: str, **arguments: Any) -> tuple[str | None, str | None]:
    message = (await client.mutate("rateMessage", RATED, messageId=id, **arguments))["message"]
    assert message["id"] == id
    return message["rating"], message["ratingComment"]


async def test_every_reader_of_a_message_has_their_own_rating(app: App) -> None:
    ann, bob, eve = [await app.person(name) for name in ("ann", "bob", "eve")]
    shared = await app.organization(ann, bob)
    begun = await ann.mutate(
        "createConversation", "{ conversation { id } }", organizationId=shared, visibility="ORGANIZATION"
    )
    sent = await send(ann, "Hello", conversationId=begun["conversation"]["id"], wait=True)
    id_, reply = sent["conversation"]["id"], sent["reply"]["id"]
    nothing = (None, None)
    assert await rate(ann, reply, rating="DOWN", comment="Too long") == ("DOWN", "Too long")
    assert await ratings(ann, id_) == [nothing, ("DOWN", "Too long")]
    assert await ratings(bob, id_) == [nothing, nothing]
    assert await rate(bob, reply, rating="UP") == ("UP", None)
    assert await rate(ann, reply, rating="UP") == ("UP", None)
    # What was rated is still there when the reply has a sibling.
    await ann.mutate("regenerateReply", "{ reply { id } }", messageId=reply)
    assert await ratings(ann, id_) == [nothing, ("UP", None), nothing]
    assert await rate(ann, reply, rating=None) == nothing
    assert (await ratings(ann, id_), (await ratings(bob, id_))[1]) == ([nothing] * 3, ("UP", None))
    for client, code in ((eve, "NOT_FOUND"), (app.client(), "UNAUTHENTICATED")):
        assert (await client.refused("rateMessage", messageId=reply, rating="DOWN"))["extensions"]["code"] == code


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"comment": "Why"}, "A comment needs a rating. Send UP or DOWN with it."),
        (
            {"rating": "UP", "comment": "x" * 2_001},
            INVALID_COMMENT,
        ),
        (
            {"rating": "UP", "comment": "a\0b"},
            INVALID_COMMENT,
        ),
    ],
    ids=["alone", "long", "NUL"],
)
async def test_a_rating_that_cannot_be_is_refused(app: App, arguments: dict[str, str], message: str) -> None:
    ann = await app.person()
    sent = await send(ann, wait=True)
    error = await ann.refused("rateMessage", messageId=sent["reply"]["id"], **arguments)
    assert error["extensions"]["fieldErrors"] == [{"field": "comment", "message": message}]
    assert await ratings(ann, sent["conversation"]["id"]) == [(None, None)] * 2


async def test_ratings_cost_one_read_however_many_messages_there_are(app: App) -> None:
    ann = await app.person()
    sent = await send(ann, wait=True)
    id_ = sent["conversation"]["id"]
    counts = []
    for _ in range(2):
        app.reads.clear()
        await ratings(ann, id_)
        counts.append(sum("message_ratings" in sql for sql in app.reads))
        await send(ann, conversationId=id_, wait=True)
    assert counts == [1, 1]
