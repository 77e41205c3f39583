"""Faults of providers, each on its own profile: all end up as data of the message, and none hangs."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from integrations.llm.breaker import FAILURES
from tests.support.app import App, open_app
from tests.support.client import Client
from tests.support.loopback.openai import mock_openai
from tests.support.loopback.provider_faults import (
    FaultServer,
    Play,
    chunk,
    endless,
    error,
    events,
    events_then_reset,
    events_then_silence,
    fault_server,
    hung_up_within,
    response,
    silence,
    slam,
    usage,
)
from tests.support.scripted_llm import finished_reply, follow, joined_text, read, send

SECRET = "sk-test-secret"
# Long enough for a machine that plays all faults at once beside other tests.
QUICK = {"connect": 2, "first_token": 2.4, "between_tokens": 1.6, "total": 4}
TABLE = "| Item | Price |\n|---|---|\n| Ink | €3.50 |\n"
HALF = chunk("Half ")


@dataclass(frozen=True)
class Fault:
    """Scripted fault of a provider and the expected message; `tries` is the expected number of calls."""

    play: Play
    code: str
    retryable: bool
    text: str = ""
    tries: int = 1
    status: str = "FAILED"


FAULTS = {
    "refused-key": Fault(error(401, f"Incorrect API key: {SECRET}"), "KEY_REFUSED", False),
    "unknown-model": Fault(error(404, "no such model"), "MODEL_NOT_FOUND", False),
    "429": Fault(error(429, "slow down"), "RATE_LIMITED", True, tries=2),
    "429-soon": Fault(error(429, "slow down", retry_after="0"), "RATE_LIMITED", True, tries=2),
    "429-later": Fault(error(429, "slow down", retry_after="60"), "RATE_LIMITED", True),
    "429-on-a-day": Fault(error(429, "slow down", retry_after="Fri, 01 Jan 2100 00:00:00 GMT"), "RATE_LIMITED", True),
    "no-credit": Fault(error(429, "pay", "insufficient_quota"), "QUOTA_EXHAUSTED", False),
    "400": Fault(error(400, f"bad {SECRET}"), "REQUEST_REFUSED", False),
    "500": Fault(error(500, "oops"), "PROVIDER_FAILED", True, tries=2),
    "503": Fault(response(503, "<html>busy</html>"), "PROVIDER_FAILED", True, tries=2),
    "slam": Fault(slam, "CONNECTION_CUT", True, tries=2),
    "no-first-token": Fault(silence, "FIRST_TOKEN_TIMEOUT", True),
    "headers-only": Fault(events_then_silence(), "FIRST_TOKEN_TIMEOUT", True),
    "falls-silent": Fault(events_then_silence(HALF), "TOKEN_TIMEOUT", True, "Half "),
    "without-end": Fault(endless(chunk("x"), 0.5), "TOTAL_TIMEOUT", False, "x"),
    "cut": Fault(events_then_reset(HALF), "CONNECTION_CUT", True, "Half "),
    "no-finish-reason": Fault(events(HALF, "[DONE]"), "INCOMPLETE", True, "Half "),
    "html": Fault(response(200, "<html>Welcome", content_type="text/html"), "NOT_A_STREAM", False),
    "broken-json": Fault(events(HALF, "{nonsense"), "BAD_EVENT", True, "Half "),
    "error-event": Fault(events(HALF, '{"error":{"message":"overloaded"}}'), "PROVIDER_FAILED", True, "Half "),
    "filtered": Fault(events(HALF, chunk(finish="content_filter"), "[DONE]"), "CONTENT_FILTERED", False, "Half "),
    "filtered-question": Fault(error(400, "no", "content_filter"), "CONTENT_FILTERED", False),
    "length": Fault(events(HALF, chunk(finish="length"), "[DONE]"), "CUT_SHORT", False, "Half ", status="COMPLETED"),
}


def profile(name: str, base_url: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "base_url": base_url, "api_key": SECRET, "models": [name], "deadlines": QUICK} | more


@asynccontextmanager
async def open_app_with_profiles(database_url: str, directory: Path, *profiles: dict[str, Any]) -> AsyncIterator[App]:
    async with open_app(database_url, directory, llm_profiles=json.dumps(profiles)) as app:
        yield app


async def ask(app: App, ann: Client, model: str) -> tuple[dict[str, Any], str, dict[str, Any]]:
    """Send a message; return the exchange, the streamed text and the final message."""
    sent = await send(ann, TABLE, model=model)
    happened = await follow(app, ann, sent["reply"]["id"])
    assert happened[-1]["__typename"] == "ReplyEnded"
    return sent, joined_text(happened), await read(ann, sent["reply"]["id"])


async def test_each_fault_ends_the_reply_with_a_code_and_keeps_its_text(
    database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with AsyncExitStack() as opened:
        servers: dict[str, FaultServer] = {}
        for name, fault in FAULTS.items():
            servers[name] = await opened.enter_async_context(fault_server(fault.play))
        profiles = [profile(name, server.base_url) for name, server in servers.items()]
        app = await opened.enter_async_context(open_app_with_profiles(database_url, tmp_path, *profiles))
        ann = await app.person()
        async with asyncio.timeout(20):
            answers = await asyncio.gather(*(ask(app, ann, name) for name in FAULTS))
        for (name, fault), (_, text, reply) in zip(FAULTS.items(), answers, strict=True):
            assert (reply["status"], reply["error"]["code"]) == (fault.status, fault.code), name
            assert reply["error"]["retryable"] is fault.retryable, name
            assert reply["text"] == text, name
            assert text == fault.text or (name == "without-end" and 3 <= len(text) <= 12), name
            assert len(servers[name].exchanges) == fault.tries, name
            costs = bool(fault.text) or fault.code in {"FIRST_TOKEN_TIMEOUT", "CONTENT_FILTERED"}
            assert (reply["usage"]["inputTokens"] > 0) is costs, name
            assert SECRET not in reply["error"]["message"], name
            assert "OPENAI_" not in reply["error"]["message"], name
        answer, _, _ = answers[0]
        again = await send(ann, "Again?", conversationId=answer["conversation"]["id"])
        assert (await finished_reply(app, ann, again["reply"]["id"]))["status"] == "FAILED"
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
    assert not any(SECRET in record.getMessage() for record in caplog.records)


async def test_refusals_of_an_unknown_server_are_stored_with_the_message(database_url: str, tmp_path: Path) -> None:
    expected = {401: "KEY_REFUSED", 404: "MODEL_NOT_FOUND", 429: "RATE_LIMITED", 500: "PROVIDER_FAILED"}
    failing = {f"question {status}": status for status in expected}
    with mock_openai({"hello": "Hello!"}, failing=failing) as provider:
        async with open_app_with_profiles(database_url, tmp_path, profile("mock", provider.base_url)) as app:
            ann = await app.person()

            async def code(text: str) -> str | None:
                sent = await send(ann, text, wait=True)
                failure = (await read(ann, sent["reply"]["id"]))["error"]
                return failure and str(failure["code"])

            assert await asyncio.gather(*map(code, failing)) == list(expected.values())
            assert await code("hello") is None


async def test_a_provider_that_keeps_failing_is_left_alone_and_another_is_not(
    database_url: str, tmp_path: Path
) -> None:
    whole = events(chunk("Hi"), chunk(finish="stop"), usage(3, 1), "[DONE]")
    async with fault_server(error(500, "oops", retry_after="0")) as bad, fault_server(whole) as good:
        profiles = profile("bad", bad.base_url), profile("good", good.base_url)
        async with open_app_with_profiles(database_url, tmp_path, *profiles) as app:
            ann = await app.person()
            codes = [(await ask(app, ann, "bad"))[2]["error"]["code"] for _ in range(FAILURES)]
            assert codes == ["PROVIDER_FAILED"] * FAILURES
            _, _, left = await ask(app, ann, "bad")
            assert left["error"] == {
                "code": "PROVIDER_UNAVAILABLE",
                "message": "The model provider “bad” has failed several times and is paused. Try again in 10 s.",
                "retryable": True,
            }
            assert len(bad.exchanges) == FAILURES * 2
            assert (await ask(app, ann, "good"))[2]["status"] == "COMPLETED"


async def test_stopping_a_reply_hangs_up_and_keeps_text_and_an_estimate(database_url: str, tmp_path: Path) -> None:
    async with (
        fault_server(events_then_silence(chunk("x" * 10))) as server,
        open_app_with_profiles(database_url, tmp_path, profile("slow", server.base_url, deadlines={})) as app,
    ):
        ann = await app.person()
        id_ = (await send(ann))["reply"]["id"]
        async for event in app.follow(
            ann, "subscription F($id: ID!) { replyStream(messageId: $id) { __typename } }", id=id_
        ):
            assert event["replyStream"]["__typename"] == "ReplyDelta"
            break
        stopping = asyncio.create_task(ann.mutate("stopReply", "{ message { status } }", messageId=id_))
        assert await hung_up_within(server.exchanges[0], 1) < 0.1
        await stopping
        reply = await read(ann, id_)
        assert (reply["status"], reply["text"], reply["usage"]["outputTokens"]) == ("STOPPED", "x" * 10, 3)


async def test_a_provider_that_takes_no_connection_is_named_with_its_profile(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        async with open_app_with_profiles(f"sqlite:///{tmp_path / 'new.db'}", tmp_path, profile("away", url)) as app:
            _, _, reply = await ask(app, await app.person(), "away")
    advice = "Check that it is running and that base_url of “away” in LLM_PROFILES is right."
    assert reply["error"] == {
        "code": "CONNECT_FAILED",
        "message": f"Could not connect to the model provider. {advice}",
        "retryable": True,
    }
