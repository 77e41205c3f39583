"""The Chat Completions client, against a server that is not ours and against every fault we know of."""

import asyncio
import json
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from integrations.llm.chat_completions import ChatCompletions, Deadlines, Delta, Finished, ModelFailure, Turn
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

KEY = "sk-secret-0123456789"
HELLO = [Turn("system", "Be brief."), Turn("user", "Hello")]
QUICK = Deadlines(connect=0.3, first_token=0.4, between_tokens=0.3, total=2.0)
WHOLE = events(chunk("Hi"), chunk(finish="stop"), usage(3, 1), "[DONE]")


@asynccontextmanager
async def client(base_url: str, deadlines: Deadlines | None = None) -> AsyncIterator[ChatCompletions]:
    model = ChatCompletions(api_key=KEY, base_url=base_url, model="tiny", deadlines=deadlines)
    try:
        yield model
    finally:
        await model.close()


@asynccontextmanager
async def playing(
    *plays: Play, deadlines: Deadlines | None = None
) -> AsyncIterator[tuple[ChatCompletions, FaultServer]]:
    async with fault_server(*plays) as server, client(server.base_url, deadlines) as model:
        yield model, server


async def heard(chat: ChatCompletions, **ask: Any) -> list[Delta | Finished]:
    return [item async for item in chat.stream(HELLO, **ask)]


async def failing(model: ChatCompletions) -> tuple[str, ModelFailure]:
    """Return the text that arrived and the failure that ended it."""
    text = ""
    try:
        async for item in model.stream(HELLO):
            assert isinstance(item, Delta)
            text += item.text
    except ModelFailure as raised:
        failure = raised
    else:
        raise AssertionError("the reply did not fail")
    assert KEY not in "".join(traceback.format_exception(failure))
    return text, failure


async def test_a_reply_streams_from_a_server_that_is_not_ours() -> None:
    answer = "Totals: rent 1200 €, food 310 €. 👍 Done."
    with mock_openai({"hello": answer}, piece=5) as server:
        async with client(server.base_url) as model:
            got = await heard(model, model="other", temperature=0.5, max_tokens=99)
        deltas = [item.text for item in got if isinstance(item, Delta)]
        assert "".join(deltas) == answer
        assert len(deltas) == -(-len(answer) // 5)
        assert got[-1] == Finished("stop", 10, 5, 0, 0)
        assert server.requests == [
            {
                "messages": [
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": "Hello"},
                ],
                "model": "other",
                "stream": True,
                "stream_options": {"include_usage": True},
                "temperature": 0.5,
                "max_tokens": 99,
            }
        ]


async def test_what_no_reply_matches_gets_the_fallback() -> None:
    with mock_openai({"weather": "Rain."}, fallback="Ask me something else.") as server:
        async with client(server.base_url) as model:
            got = await heard(model)
    assert "".join(item.text for item in got if isinstance(item, Delta)) == "Ask me something else."


async def test_the_request_carries_the_key_and_no_unset_parameter() -> None:
    async with playing(WHOLE) as (model, server):
        assert await heard(model) == [Delta("Hi"), Finished("stop", 3, 1)]
        exchange = server.exchanges[0]
        assert exchange.path == "/v1/chat/completions"
        assert exchange.headers["authorization"] == f"Bearer {KEY}"
        assert sorted(exchange.body) == ["messages", "model", "stream", "stream_options"]


async def test_cached_tokens_and_those_of_reasoning_are_told_apart() -> None:
    counts = {"prompt_tokens": 30, "completion_tokens": 20, "total_tokens": 50}
    details = {"prompt_tokens_details": {"cached_tokens": 10}, "completion_tokens_details": {"reasoning_tokens": 5}}
    messages = json.dumps({"choices": [], "usage": counts | details})
    async with playing(events(chunk("Hi"), chunk(finish="stop"), messages, "[DONE]")) as (model, _):
        assert await heard(model) == [Delta("Hi"), Finished("stop", 30, 20, 10, 5)]


@pytest.mark.parametrize("reason", ["stop", "length", "content_filter"])
async def test_a_finish_reason_is_reported(reason: str) -> None:
    async with playing(events(chunk("Hi"), chunk(finish=reason), "[DONE]")) as (model, _):
        assert await heard(model) == [Delta("Hi"), Finished(reason, None, None)]


async def test_a_refusal_is_text() -> None:
    refusal = json.dumps({"choices": [{"index": 0, "delta": {"refusal": "I cannot."}}]})
    async with playing(events(refusal, chunk(finish="stop"), "[DONE]")) as (model, _):
        assert await heard(model) == [Delta("I cannot."), Finished("stop", None, None)]


async def test_a_whole_reply_stays_whole_when_only_the_token_counts_are_missing() -> None:
    ends = [
        events(chunk("Hi"), chunk(finish="stop")),
        events_then_reset(chunk("Hi"), chunk(finish="stop")),
        events(chunk("Hi"), chunk(finish="stop"), "{broken"),
    ]
    for end in ends:
        async with playing(end) as (model, _):
            assert await heard(model) == [Delta("Hi"), Finished("stop", None, None)]


async def test_nul_and_lone_surrogates_become_replacement_characters_and_halves_are_joined() -> None:
    async with playing(
        events(
            chunk("a\0b \ud83d x \ude00"),
            chunk("smile \ud83d"),
            chunk("\ude00!"),
            chunk("end \ud83d"),
            chunk(finish="stop"),
        )
    ) as (model, _):
        got = await heard(model)
    assert [item.text for item in got if isinstance(item, Delta)] == [
        "a�b � x �",
        "smile ",
        "😀!",
        "end ",
        "�",
    ]


@pytest.mark.parametrize(
    ("play", "code", "retryable", "tries"),
    [
        (error(401, f"Incorrect API key provided: {KEY}"), "KEY_REFUSED", False, 1),
        (error(403, "Country not supported"), "KEY_REFUSED", False, 1),
        (error(404, "The model does not exist"), "MODEL_NOT_FOUND", False, 1),
        (error(429, "Slow down", retry_after="0"), "RATE_LIMITED", True, 2),
        (error(429, "Slow down", retry_after="60"), "RATE_LIMITED", True, 1),
        (error(429, "No credit", "insufficient_quota"), "QUOTA_EXHAUSTED", False, 1),
        (error(500, "Oops", retry_after="0"), "PROVIDER_FAILED", True, 2),
        (response(503, "<html>busy</html>", retry_after="0"), "PROVIDER_FAILED", True, 2),
        (error(400, "Too long", "context_length_exceeded"), "CONTEXT_TOO_LONG", False, 1),
        (error(400, f"Bad thing for {KEY}"), "REQUEST_REFUSED", False, 1),
        (error(400, "No", "content_filter"), "CONTENT_FILTERED", False, 1),
        (slam, "CONNECTION_CUT", True, 2),
        (response(200, "<html>Welcome</html>", content_type="text/html"), "NOT_A_STREAM", False, 1),
        (response(200, ""), "NOT_A_STREAM", False, 1),
        (response(200, chunk("whole at once")), "NOT_A_STREAM", False, 1),
        (events("[DONE]"), "NOT_A_STREAM", False, 1),
        (events("{broken"), "BAD_EVENT", True, 1),
        (events("5"), "BAD_EVENT", True, 1),
        (events("null"), "BAD_EVENT", True, 1),
        (events("[]"), "BAD_EVENT", True, 1),
        (events('{"choices":[{"delta":{"content":7}}]}'), "BAD_EVENT", True, 1),
        (events("[" * 50_000), "BAD_EVENT", True, 1),
        (events('{"error":{"message":"overloaded"}}'), "PROVIDER_FAILED", True, 1),
        (events('{"error":"overloaded"}'), "PROVIDER_FAILED", True, 1),
    ],
)
async def test_a_fault_before_the_first_token_has_a_code_and_at_most_two_tries(
    play: Play, code: str, retryable: bool, tries: int
) -> None:
    async with playing(play) as (model, server):
        text, failure = await failing(model)
        assert (text, failure.code, failure.retryable) == ("", code, retryable)
        assert len(server.exchanges) == tries


@pytest.mark.parametrize(
    ("play", "code"),
    [
        (events(chunk("Hi")), "INCOMPLETE"),
        (events(chunk("Hi"), "[DONE]"), "INCOMPLETE"),
        (events_then_reset(chunk("Hi")), "CONNECTION_CUT"),
        (events(chunk("Hi"), "{broken"), "BAD_EVENT"),
        (events(chunk("Hi"), '{"error":{"message":"overloaded","code":"server_error"}}'), "PROVIDER_FAILED"),
        (events_then_silence(chunk("Hi")), "TOKEN_TIMEOUT"),
    ],
)
async def test_a_fault_after_the_first_token_keeps_the_text_and_is_not_tried_again(play: Play, code: str) -> None:
    async with playing(play, deadlines=QUICK) as (model, server):
        text, failure = await failing(model)
        assert (text, failure.code, failure.retryable) == ("Hi", code, True)
        assert len(server.exchanges) == 1


async def test_an_error_event_is_quoted_without_the_key() -> None:
    async with playing(events(json.dumps({"error": {"message": f"{KEY} is\nover sk-abc***def"}}))) as (
        model,
        _,
    ):
        _, failure = await failing(model)
    assert failure.message == "The model provider failed with “… is over sk-…”. Try again."


@pytest.mark.parametrize(
    ("detail", "displayed"),
    [
        ("connect ECONNREFUSED 10.0.0.5:8080", "connect ECONNREFUSED …"),
        ("no answer from http://ollama:11434/api/chat", "no answer from …"),
        ("dial tcp [::1]:80, ::1 or localhost", "dial tcp …, … or …"),
        ("worker gpu-3.cluster.internal is away since 12:30:45", "worker … is away since 12:30:45"),
        (
            "gpt-4.1 is retired: see https://platform.openai.com/docs",
            "gpt-4.1 is retired: see https://platform.openai.com/docs",
        ),
    ],
)
@pytest.mark.parametrize("status", [None, 400])
async def test_a_quote_of_the_provider_has_no_internal_address(detail: str, displayed: str, status: int | None) -> None:
    play = error(status, detail) if status else events(json.dumps({"error": {"message": detail}}))
    async with playing(play) as (model, _):
        _, failure = await failing(model)
    assert f"“{displayed}”" in failure.message


async def test_the_address_of_the_provider_is_logged_and_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    plays = [
        error(404, "no such model"),
        response(200, "<html>Welcome", content_type="text/html"),
        error(400, "refused"),
    ]
    async with fault_server(*plays) as server, client(server.base_url) as model:
        host = server.base_url.removeprefix("http://").removesuffix("/v1")
        for code in ("MODEL_NOT_FOUND", "NOT_A_STREAM", "REQUEST_REFUSED"):
            _, failure = await failing(model)
            assert failure.code == code
            assert host.partition(":")[0] not in failure.message
            assert host in caplog.text
            caplog.clear()


async def test_a_provider_that_is_not_there_is_named_with_the_setting() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        async with client(f"http://user:pass@{address}/v1") as model:
            _, failure = await failing(model)
    assert (failure.code, failure.retryable) == ("CONNECT_FAILED", True)
    advice = "Check that it is running and that OPENAI_BASE_URL is right."
    assert failure.message == f"Could not connect to the model provider. {advice}"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux drops connections to a full backlog")
async def test_a_connection_that_is_not_accepted_in_time_is_tried_twice() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        queued = [socket.socket() for _ in range(3)]
        for one in queued:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        started = time.perf_counter()
        deadlines = Deadlines(connect=0.3, first_token=5)
        async with client(f"http://127.0.0.1:{full.getsockname()[1]}/v1", deadlines) as model:
            _, failure = await failing(model)
        for one in queued:
            one.close()
    assert (failure.code, failure.retryable) == ("CONNECT_TIMEOUT", True)
    assert 1.0 < time.perf_counter() - started < 2.5


@pytest.mark.parametrize(
    "base_url", ["localhost:11434/v1", "http://[::1/v1", "http://host:port/v1", "http://", "ftp://host/v1"]
)
def test_a_base_url_that_is_no_address_is_refused_at_once(base_url: str) -> None:
    with pytest.raises(ModelFailure, match="OPENAI_BASE_URL is not a URL") as caught:
        ChatCompletions(api_key=KEY, base_url=base_url, model="tiny")
    assert (caught.value.code, caught.value.retryable) == ("BAD_SETTING", False)


@pytest.mark.parametrize("key", ["", " ", "sk-\n-x", "sk-schlüssel"])
def test_a_key_that_cannot_be_one_is_refused_at_once(key: str) -> None:
    with pytest.raises(ModelFailure, match="OPENAI_API_KEY"):
        ChatCompletions(api_key=key, base_url=None, model="tiny")


async def test_a_provider_that_never_begins_is_left_after_the_first_token_deadline() -> None:
    async with playing(silence, deadlines=QUICK) as (model, server):
        started = time.perf_counter()
        _, failure = await failing(model)
        assert (failure.code, failure.retryable) == ("FIRST_TOKEN_TIMEOUT", True)
        assert 0.35 < time.perf_counter() - started < 1.2
        assert len(server.exchanges) == 1
        await hung_up_within(server.exchanges[0], 0.5)


async def test_headers_alone_are_not_a_first_token() -> None:
    async with playing(events_then_silence(), deadlines=QUICK) as (model, server):
        _, failure = await failing(model)
        assert failure.code == "FIRST_TOKEN_TIMEOUT"
        await hung_up_within(server.exchanges[0], 0.5)


async def test_a_reply_without_end_is_stopped_at_the_total_deadline() -> None:
    deadlines = Deadlines(first_token=0.5, between_tokens=0.5, total=0.6)
    async with playing(endless(chunk("x"), 0.05), deadlines=deadlines) as (model, server):
        text, failure = await failing(model)
        assert (failure.code, failure.retryable) == ("TOTAL_TIMEOUT", False)
        assert text.strip("x") == ""
        assert 5 <= len(text) <= 13
        await hung_up_within(server.exchanges[0], 0.5)


async def test_a_reply_without_measure_is_stopped_at_a_million_characters() -> None:
    async with playing(endless(chunk("x" * 50_000), 0)) as (model, _):
        text, failure = await failing(model)
    assert (failure.code, len(text)) == ("REPLY_TOO_LONG", 1_000_000)


async def test_a_second_try_answers() -> None:
    async with playing(error(503, "busy", retry_after="0"), WHOLE) as (model, server):
        assert await heard(model) == [Delta("Hi"), Finished("stop", 3, 1)]
        assert len(server.exchanges) == 2


async def test_a_provider_that_refuses_stream_options_is_asked_without_from_then_on() -> None:
    async with playing(error(400, "unknown field stream_options"), WHOLE) as (model, server):
        assert await heard(model) == [Delta("Hi"), Finished("stop", 3, 1)]
        assert await heard(model) == [Delta("Hi"), Finished("stop", 3, 1)]
        assert ["stream_options" in one.body for one in server.exchanges] == [True, False, False]


async def test_a_provider_that_wants_the_long_name_of_max_tokens_gets_it() -> None:
    text = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    async with playing(error(400, text), WHOLE) as (model, server):
        assert await heard(model, max_tokens=5) == [Delta("Hi"), Finished("stop", 3, 1)]
        assert "max_completion_tokens" not in server.exchanges[0].body
        assert server.exchanges[1].body["max_completion_tokens"] == 5


async def test_closing_the_stream_hangs_up_within_100_ms() -> None:
    async with playing(events_then_silence(chunk("Hi"))) as (model, server):
        async with aclosing(model.stream(HELLO)) as stream:
            assert await anext(stream) == Delta("Hi")
        assert await hung_up_within(server.exchanges[0], 0.1) < 0.1


@pytest.mark.parametrize("play", [events_then_silence(chunk("Hi")), silence])
async def test_cancelling_the_reader_hangs_up_within_100_ms(play: Play) -> None:
    async with playing(play) as (model, server):
        task = asyncio.create_task(heard(model))
        while not server.exchanges:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        task.cancel()
        assert await hung_up_within(server.exchanges[0], 0.1) < 0.1
        with pytest.raises(asyncio.CancelledError):
            await task


def test_importing_the_module_and_making_a_client_does_not_import_the_sdk() -> None:
    code = (
        "import sys; from integrations.llm.chat_completions import ChatCompletions;"
        "ChatCompletions(api_key='k', base_url=None, model='m'); sys.exit('openai' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=20)


async def test_warming_up_leaves_the_loop_free() -> None:
    code = """
import asyncio, time
from integrations.llm.chat_completions import ChatCompletions
async def main():
    model = ChatCompletions(api_key="k", base_url="http://127.0.0.1:9/v1", model="m")
    warm = asyncio.create_task(model.warm())
    longest = 0.0
    while not warm.done():
        before = time.thread_time()
        await asyncio.sleep(0)
        longest = max(longest, time.thread_time() - before)
    await model.close()
    print(longest)
asyncio.run(main())
"""
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code], check=True, timeout=20, capture_output=True, text=True
    )
    assert float(done.stdout) < 0.25  # processor time of the loop; the import takes more than that
