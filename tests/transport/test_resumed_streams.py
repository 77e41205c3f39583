"""Streams that are resumed by the id of their last event, and multipart streams."""

import json
import re
from typing import Any

import pytest

from tests.support.app import App
from tests.support.client import Client
from tests.support.processes.transport_app import Served

SEND = "{ reply { id text } }"
FOLLOW = """subscription F($id: ID!) { replyStream(messageId: $id) {
  __typename ... on ReplyDelta { text } ... on ReplyEnded { message { status } } } }"""
MULTIPART = 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/graphql-response+json,application/json'


async def stream(
    client: Client, query: str, accept: str = "text/event-stream", last: str = "", **variables: Any
) -> Any:
    headers = {**client.headers, "Accept": accept} | ({"Last-Event-ID": last} if last else {})
    body = {"query": query, "variables": variables}
    return await client.http.post(f"{client.url}/graphql", json=body, headers=headers)


def events_of(response: Any) -> list[tuple[str | None, Any]]:
    """Return id and payload of each `next` event."""
    events = []
    for block in response.text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if fields.get("event") == "next":
            events.append((fields.get("id"), json.loads(fields["data"])))
    return events


async def test_a_reply_goes_on_after_the_id_of_the_last_event(fast_app: App) -> None:
    ann = await fast_app.person()
    reply = (await ann.mutate("sendMessage", SEND, text="Item, Price\nTaxi, 5\nBus, 2 €😀", wait=True))["reply"]
    whole = events_of(await stream(ann, FOLLOW, id=reply["id"]))
    assert whole[0] == (
        str(len(reply["text"])),
        {"data": {"replyStream": {"__typename": "ReplyDelta", "text": reply["text"]}}},
    )
    assert [id_ for id_, _ in whole[1:]] == [None] * len(whole[1:])
    rest = events_of(await stream(ann, FOLLOW, last="5", id=reply["id"]))
    assert rest[0][1]["data"]["replyStream"]["text"] == reply["text"][5:]
    assert rest[1:] == whole[1:]
    done = events_of(await stream(ann, FOLLOW, last=str(whole[0][0]), id=reply["id"]))
    assert done == whole[1:]
    for strange in ("x", "-3", "1.5", "9" * 400, "1 2"):
        assert events_of(await stream(ann, FOLLOW, last=strange, id=reply["id"])) == whole


async def test_a_multipart_stream_has_a_part_for_each_event_and_ends(fast_app: App) -> None:
    ann = await fast_app.person()
    reply = (await ann.mutate("sendMessage", SEND, text="Item, Price\nTaxi, 5\nBus, 2", wait=True))["reply"]
    response = await stream(ann, FOLLOW, MULTIPART, id=reply["id"])
    assert response.headers["content-type"] == 'multipart/mixed; boundary="graphql"; subscriptionSpec=1.0'
    opening, *parts, end = response.text.split("\r\n--graphql")
    assert (opening, end) == ("", "--\r\n")
    bodies = [re.fullmatch(r"\r\ncontent-type: application/json\r\n\r\n(.*)", part, re.DOTALL) for part in parts]
    payloads = [json.loads(body[1])["payload"]["data"]["replyStream"] for body in bodies if body]
    assert len(payloads) == len(parts)
    assert payloads[0] == {"__typename": "ReplyDelta", "text": reply["text"]}
    assert payloads[-1] == {"__typename": "ReplyEnded", "message": {"status": "COMPLETED"}}
    refused = await stream(ann, FOLLOW.replace("messageId", "message"), MULTIPART, id=reply["id"])
    assert refused.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    assert refused.status_code == 400


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("multipart/mixed", 406),
        ("multipart/mixed;deferSpec=20220824, application/json", 406),
        ("multipart/mixed;subscriptionSpec=1.0;q=0, application/json", 406),
        ("multipart/mixed; boundary=graphql; subscriptionSpec=1.0", 200),
        ('MULTIPART/MIXED;SubscriptionSpec="1.0", application/json', 200),
        ("multipart/mixed;subscriptionSpec=1.0, text/event-stream", 200),
    ],
)
def test_a_multipart_stream_is_for_who_names_it(shared: Served, accept: str, status: int) -> None:
    body = {"query": "subscription {count(to: 1)}"}
    response = shared.http.post("/graphql", json=body, headers={"accept": accept})
    assert response.status_code == status
    kind = response.headers["content-type"].partition(";")[0]
    if status == 200:
        assert kind == ("text/event-stream" if "event" in accept else "multipart/mixed")


def test_errors_of_a_multipart_stream_are_in_its_parts(shared: Served) -> None:
    headers = {"accept": MULTIPART}
    failed = shared.http.post("/graphql", json={"query": "subscription {broken}"}, headers=headers)
    assert "INTERNAL_SERVER_ERROR" in failed.text
    assert "secret" not in failed.text
    assert failed.text.endswith("\r\n--graphql--\r\n")
