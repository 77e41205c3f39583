"""Resumed streams of replies: disconnecting after every chunk still gives the stored text, over each transport."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, aclosing
from itertools import cycle
from typing import Any, TypeAlias

import pytest

import assistant.reply_log.cluster_log
import assistant.reply_log.log
from tests.support.app import App
from tests.support.client import Client
from tests.support.processes.running_app import listening
from tests.support.processes.several_processes import Installation
from tests.support.scripted_llm import (
    FOLLOW,
    ScriptedLLM,
    follow,
    joined_text,
    read,
    start_reply,
    texts_of,
    wait_for_readers,
)

# Nothing here may be cut between its code points by whoever counts bytes, UTF-16 units or what is seen as one.
PARTS = ["Grüße ", "👩\u200d", "👩", "中文", " e", "\u0301", "\n", "🇩", "🇪", "| a |\r", "\n", "ą̊", " 1", "\u200f", "𝔘 "]
CHUNKS = [PARTS[number % len(PARTS)] for number in range(300)]
TEXT = "".join(CHUNKS)

Way: TypeAlias = Callable[[int], AsyncGenerator[dict[str, Any], None]]


async def next_text(way: Way, stored: str) -> str | None:
    """Return the client's text after the next delta, then disconnect; None when the reply has ended."""
    async with aclosing(way(len(stored))) as events:
        async for event in events:
            one = event["replyStream"]
            return None if one["__typename"] == "ReplyEnded" else joined_text([one], stored)
    raise AssertionError("the stream ended without an end")


def ways(app: App, ann: Client, there: Client, id: str) -> list[Way]:
    """Return the ways to follow a reply: in process, over a socket and with server-sent events."""
    return [
        lambda after: app.follow(ann, FOLLOW, id=id, after=after),
        lambda after: there.follow(FOLLOW, id=id, after=after),
        lambda after: there.follow_sse(FOLLOW, id=id, after=after),
    ]


@pytest.mark.parametrize("log", ["embedded", "redis"])
async def test_a_reply_that_is_cut_at_every_chunk_is_whole(
    log: str, installation: Installation, sqlite_url: str, scripted_llm: ScriptedLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (assistant.reply_log.log, assistant.reply_log.cluster_log):
        monkeypatch.setattr(module, "MERGE_SECONDS", 0.001)  # each piece is waited for
    async with AsyncExitStack() as stack:
        if log == "redis":
            await stack.enter_async_context(installation.run())
        alone = {"database_url": sqlite_url, "redis_url": None} if log == "embedded" else {"jobs": False}
        app = await stack.enter_async_context(installation.run(**alone))
        there = await stack.enter_async_context(listening(app))
        ann = await app.person()
        there.token = ann.token
        id_ = await start_reply(ann)
        # Somebody who stays, so that the process does not read the text anew at each cut.
        staying = asyncio.create_task(follow(app, ann, id_))
        await wait_for_readers(app, 1)
        stored = ""
        for chunk, way in zip(CHUNKS, cycle(ways(app, ann, there, id_)), strict=False):
            scripted_llm.say(chunk)
            text = await next_text(way, stored)
            stored += chunk
            assert text == stored
        scripted_llm.finish()
        assert joined_text(await staying) == TEXT
        for way in ways(app, ann, there, id_):
            assert await next_text(way, stored) is None
        assert (await read(ann, id_))["text"] == stored == TEXT
        assert texts_of(app) == {}
