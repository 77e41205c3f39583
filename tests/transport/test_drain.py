"""Drain: after a signal, requests are answered, load balancers are told, and the late are refused."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import httpx

from tests.support.processes.transport_app import Served, serving
from transport.core.drain import QUIET_SECONDS

SLOW = {"query": "query ($seconds: Float!) { slow(seconds: $seconds) }"}


def start(served: Served, pool: ThreadPoolExecutor, seconds: float) -> Future[httpx.Response]:
    """Send a request that takes `seconds`, and return when the server has begun it."""
    body: dict[str, Any] = {**SLOW, "variables": {"seconds": seconds}}
    headers = {"accept": "application/graphql-response+json"}
    future = pool.submit(httpx.post, f"{served.url}/graphql", json=body, headers=headers, timeout=10)
    assert served.world.begun.wait(5)
    return future


def test_a_request_is_answered_while_the_server_drains_and_others_see_that_it_does() -> None:
    with serving(drain_seconds=8) as served, ThreadPoolExecutor(1) as pool:
        assert served.http.get("/health/ready").json()["status"] == "ready"
        running = start(served, pool, 1.5)
        served.server.should_exit = True
        time.sleep(0.4)
        # It still accepts connections, so that a load balancer that has not noticed yet loses no request.
        ready = httpx.get(f"{served.url}/health/ready")
        assert (ready.status_code, ready.json()["status"]) == (503, "stopping")
        greeting = served.http.post("/graphql", json={"query": "{hello}"})
        assert greeting.json() == {"data": {"hello": "Hello world"}}
        assert greeting.headers["connection"] == "close"
        answer = running.result()
        assert (answer.status_code, answer.json()) == (200, {"data": {"slow": "done"}})


def test_an_idle_server_stops_at_once() -> None:
    with serving(drain_seconds=60) as served:
        served.http.get("/api")
        started = time.monotonic()
        served.server.should_exit = True
        while True:
            time.sleep(2 * QUIET_SECONDS)  # a server with a request each moment is not idle
            with suppress(httpx.HTTPError):
                httpx.get(f"{served.url}/api", timeout=1)
                assert time.monotonic() - started < 30
                continue
            break


def test_a_request_that_cannot_end_in_time_gets_an_answer_that_it_can_be_sent_again() -> None:
    with serving(drain_seconds=0.5) as served, ThreadPoolExecutor(1) as pool:
        running = start(served, pool, 60)
        served.server.should_exit = True
        answer = running.result()
    (error,) = answer.json()["errors"]
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert (error["extensions"]["code"], error["extensions"]["retryable"]) == ("UNAVAILABLE", True)
    assert "idempotencyKey" in error["message"]


def test_a_stream_ends_without_complete_so_that_its_client_connects_again() -> None:
    with serving(drain_seconds=5) as served, httpx.Client(base_url=served.url, timeout=5) as http:
        headers = {"accept": "text/event-stream"}
        with http.stream("POST", "/graphql", json={"query": "subscription {forever}"}, headers=headers) as response:
            lines = response.iter_lines()
            while next(lines) != "event: next":
                pass
            served.server.should_exit = True
            assert "event: complete" not in list(lines)
