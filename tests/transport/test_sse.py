import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import orjson
import pytest

from tests.support.processes.transport_app import Served, serving
from transport.core.connections import Connections
from transport.graphql import event_streams

PING = b":\n\n"
COMPLETE = b"event: complete\ndata:\n\n"


def next_event(payload: Any) -> bytes:
    return b"event: next\ndata: " + orjson.dumps(payload) + b"\n\n"


def ask(served: Served, query: str, accept: str = "text/event-stream", **headers: str) -> httpx.Response:
    return served.http.post("/graphql", json={"query": query}, headers={"accept": accept, **headers})


@contextmanager
def streaming(served: Served, query: str, **headers: str) -> Iterator[Iterator[bytes]]:
    """Yield the events of a stream as they arrive, without pings."""
    with served.http.stream(
        "POST", "/graphql", json={"query": query}, headers={"accept": "text/event-stream", **headers}
    ) as response:
        assert response.status_code == 200

        def events() -> Iterator[bytes]:
            rest = b""
            for chunk in response.iter_raw():
                *whole, rest = (rest + chunk).split(b"\n\n")
                yield from (event + b"\n\n" for event in whole if event != b":")

        yield events()


def wait(condition: Any, seconds: float = 3) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.005)


def test_a_subscription_is_a_stream_of_next_and_complete_with_bare_line_feeds(shared: Served) -> None:
    response = ask(shared, "subscription {count(to: 2)}")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-accel-buffering"] == "no"
    assert response.content == (
        PING + next_event({"data": {"count": 0}}) + next_event({"data": {"count": 1}}) + COMPLETE
    )


@pytest.mark.parametrize("accept", ["application/json, text/event-stream", "*/*, text/event-stream;q=0.1"])
def test_a_subscription_is_a_stream_wherever_the_client_names_it(shared: Served, accept: str) -> None:
    response = ask(shared, "subscription {count(to: 1)}", accept)
    assert response.content == PING + next_event({"data": {"count": 0}}) + COMPLETE


def test_a_subscription_can_be_asked_by_get(shared: Served) -> None:
    parameters = {"query": "subscription {count(to: 1)}"}
    response = shared.http.get("/graphql", params=parameters, headers={"accept": "text/event-stream"})
    assert response.content == PING + next_event({"data": {"count": 0}}) + COMPLETE


def test_a_query_is_a_stream_of_one_where_the_client_prefers_streams(shared: Served) -> None:
    assert ask(shared, "{hello}").content == next_event({"data": {"hello": "Hello world"}}) + COMPLETE


@pytest.mark.parametrize("query", ["{hello", "subscription {nothing}", "subscription {count(to: true)}"])
def test_a_request_error_is_one_next_and_never_a_silent_complete(shared: Served, query: str) -> None:
    response = ask(shared, query)
    event, complete, rest = response.content.split(b"\n\n")
    assert (response.status_code, complete, rest) == (200, b"event: complete\ndata:", b"")
    (payload,) = (orjson.loads(line[6:]) for line in event.split(b"\n") if line.startswith(b"data: "))
    assert list(payload) == ["errors"]


def test_a_bad_token_is_one_next(shared: Served) -> None:
    response = ask(shared, "subscription {count}", authorization="Bearer bad")
    assert b'"code":"UNAUTHENTICATED"' in response.content
    assert response.content.endswith(COMPLETE)


def test_a_source_that_fails_is_masked_and_completes(shared: Served) -> None:
    response = ask(shared, "subscription {broken}")
    assert next_event({"data": {"broken": 1}}) in response.content
    assert b"INTERNAL_SERVER_ERROR" in response.content
    assert b"secret" not in response.content
    assert response.content.endswith(COMPLETE)


def test_a_source_that_refuses_says_why_at_its_field(shared: Served) -> None:
    content = ask(shared, "subscription {absent(id: 1)}").content
    assert b'"path":["absent"]' in content
    assert b'"code":"NOT_FOUND"' in content


def test_a_client_that_goes_stops_the_generator_at_once() -> None:
    with serving() as served:
        with streaming(served, "subscription {forever}") as events:
            assert next(events) == next_event({"data": {"forever": "first"}})
            assert len(served.connections) == 1
        assert served.world.ended.wait(1)
        wait(lambda: len(served.connections) == 0)


def test_a_client_that_reads_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_streams, "SEND_SECONDS", 0.1)
    with serving() as served, streaming(served, "subscription {forever(large: true)}"):
        assert served.world.ended.wait(3)


def test_a_silent_stream_is_kept_alive_by_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_streams, "PING_SECONDS", 0.02)
    with serving() as served:
        headers = {"accept": "text/event-stream"}
        body = {"query": "subscription {forever}"}
        with served.http.stream("POST", "/graphql", json=body, headers=headers) as response:
            content = b""
            for chunk in response.iter_raw():
                content += chunk
                if content.count(PING) >= 4:
                    break
    assert content == PING + next_event({"data": {"forever": "first"}}) + PING * (content.count(PING) - 1)


def test_a_stream_ends_with_the_sign_in(shared: Served) -> None:
    started = time.monotonic()
    with streaming(shared, "subscription {forever}", authorization="Bearer short") as events:
        *_, refused, complete = events
    assert 0.3 < time.monotonic() - started < 2
    assert b'"code":"UNAUTHENTICATED"' in refused
    assert b"expired" in refused
    assert complete == COMPLETE


def test_a_stream_that_is_closed_for_its_viewer_ends_with_the_reason() -> None:
    with serving() as served:
        with streaming(served, "subscription {forever}", authorization="Bearer good") as events:
            next(events)
            closed = served.run(served.connections.close_where(lambda context: context.viewer_id == "viewer-2"))
            assert closed == 0
            closed = served.run(served.connections.close_where(lambda context: context.viewer_id == "viewer-1"))
            assert closed == 1
            refused, complete = events
        assert b'"code":"FORBIDDEN"' in refused
        assert complete == COMPLETE
        assert served.world.ended.wait(1)


def test_a_stream_breaks_off_when_the_server_stops_so_that_its_client_comes_back() -> None:
    with serving() as served:
        with streaming(served, "subscription {forever}") as events:
            next(events)
            served.server.should_exit = True
            assert list(events) == []
        assert served.world.ended.wait(1)


def test_there_is_a_limit_to_the_open_streams() -> None:
    with serving(max_connections=1) as served, streaming(served, "subscription {forever}") as events:
        next(events)
        response = httpx.post(
            f"{served.url}/graphql",
            json={"query": "subscription {forever}"},
            headers={"accept": "text/event-stream"},
            verify=False,
        )
        assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (503, "UNAVAILABLE")


def test_one_person_has_few_open_streams_over_http() -> None:
    good, subscription = {"authorization": "Bearer good"}, "subscription {forever}"
    with serving(events_per_person=2) as served, streaming(served, subscription, **good) as first:
        next(first)
        with streaming(served, subscription, **good) as second:
            next(second)
            for accepted in ("text/event-stream", "multipart/mixed;subscriptionSpec=1.0"):
                headers = {"accept": accepted, **good}
                response = served.http.post("/graphql", json={"query": subscription}, headers=headers)
                error = response.json()["errors"][0]
                assert (response.status_code, error["message"]) == (
                    429,
                    "You have 2 open event streams, and the limit is 2. Close one first.",
                )
                details = {name: error["extensions"][name] for name in ("code", "limit", "used", "quota")}
                assert details == {"code": "RATE_LIMITED", "limit": 2, "used": 2, "quota": "streams"}
            with streaming(served, subscription) as stranger:  # of nobody's number
                next(stranger)
        wait(lambda: served.connections.event_counts.total() == 1)
        with streaming(served, subscription, **good) as third:
            next(third)
    assert Connections().events_per_person == 100
    assert served.connections.event_counts == {}
