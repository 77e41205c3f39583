"""Model on loopback whose replies the test scripts, and applications that use it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from assistant.reply_log.log import MemoryLog, Text
from tests.support.app import App, open_app
from tests.support.client import Client
from tests.support.loopback.provider_faults import EVENT_STREAM, Exchange, FaultServer, Play, chunk, fault_server, usage

MODEL = "gpt-test"
FOLLOW = """subscription Follow($id: ID!, $after: Int! = 0) { replyStream(messageId: $id, after: $after) { __typename
  ... on ReplyDelta { messageId offset text }
  ... on ReplyProposal { messageId proposal { tableName status table { id } } }
  ... on ReplyEnded { message { id text status } } } }"""
EXCHANGE = "{ conversation { id } message { id } reply { id status text } }"
READ = """query Read($id: ID!) { message(id: $id) { text status model finishReason
  error { code message retryable } usage { inputTokens outputTokens totalTokens } proposals { tableName status } } }"""


class ScriptedLLM:
    """Model that takes every reply from one queue; `server` has the requests."""

    def __init__(self) -> None:
        self.server = FaultServer()
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()

    async def play(self, exchange: Exchange) -> None:
        exchange.writer.write(EVENT_STREAM)
        while (line := await self._lines.get()) is not None:
            exchange.writer.write(f"data: {line}\n\n".encode())

    def say(self, *pieces: str) -> None:
        for piece in pieces:
            self._lines.put_nowait(chunk(piece))

    def finish(self, reason: str = "stop", tokens: tuple[int, int] | None = None) -> None:
        self._lines.put_nowait(chunk(finish=reason))
        if tokens:
            self._lines.put_nowait(usage(*tokens))
        self._lines.put_nowait("[DONE]")
        self._lines.put_nowait(None)

    @property
    def requests(self) -> list[dict[str, Any]]:
        """Return the bodies of all requests."""
        return [exchange.body for exchange in self.server.exchanges]


@pytest.fixture
async def scripted_llm() -> AsyncIterator[ScriptedLLM]:
    scripted_llm = ScriptedLLM()
    async with fault_server(scripted_llm.play) as scripted_llm.server:
        yield scripted_llm


@asynccontextmanager
async def open_app_with_llm(
    server: FaultServer, database_url: str, directory: Path, **settings: Any
) -> AsyncIterator[App]:
    """Run an application whose model is at a server."""
    arguments = {
        "openai_api_key": "sk-test-secret",
        "openai_base_url": server.base_url,
        "openai_model": MODEL,
    } | settings
    async with open_app(database_url, directory, **arguments) as app:
        yield app


@asynccontextmanager
async def open_app_with_faults(
    database_url: str, directory: Path, *plays: Play
) -> AsyncIterator[tuple[App, FaultServer]]:
    """Run an application whose model plays these faults, and yield it with the model's server."""
    async with fault_server(*plays) as server, open_app_with_llm(server, database_url, directory) as app:
        yield app, server


@pytest.fixture
async def llm_app(scripted_llm: ScriptedLLM, database_url: str, tmp_path: Path) -> AsyncIterator[App]:
    """Run the application over each kind of database in turn, with the scripted model."""
    async with open_app_with_llm(scripted_llm.server, database_url, tmp_path) as app:
        yield app


async def send(client: Client, text: str = "Hello", **arguments: Any) -> dict[str, Any]:
    """Send a message and return the exchange."""
    payload: dict[str, Any] = await client.mutate("sendMessage", EXCHANGE, text=text, **arguments)
    return payload


async def start_reply(client: Client, text: str = "Hello", **arguments: Any) -> str:
    """Send a message and return the id of its reply."""
    id_: str = (await send(client, text, **arguments))["reply"]["id"]
    return id_


async def read(client: Client, id: str) -> dict[str, Any]:
    message: dict[str, Any] = (await client.run(READ, id=id))["message"]
    return message


async def follow(app: App, client: Client, id: str, after: int = 0) -> list[dict[str, Any]]:
    """Return all events of a reply."""
    async with asyncio.timeout(20):
        return [event["replyStream"] async for event in app.follow(client, FOLLOW, id=id, after=after)]


async def finished_reply(app: App, client: Client, id: str) -> dict[str, Any]:
    """Wait for the end of a reply and return it."""
    await follow(app, client, id)
    return await read(client, id)


def joined_text(events: list[dict[str, Any]], text: str = "") -> str:
    """Return the text of a client after these events, each delta written at its offset."""
    for event in events:
        if event["__typename"] == "ReplyDelta":
            assert event["offset"] in (0, len(text)), "a gap, or something twice"
            text = text[: event["offset"]] + event["text"]
    return text


async def wait_for_text(app: App, client: Client, id: str, text: str) -> None:
    """Follow a reply until its text is `text`, then leave."""
    events: list[dict[str, Any]] = []
    async with asyncio.timeout(20), aclosing(app.follow(client, FOLLOW, id=id)) as stream:
        async for event in stream:
            events.append(event["replyStream"])
            if joined_text(events) == text:
                return
    raise AssertionError(f"The reply ended with {joined_text(events)!r}")


def texts_of(app: App) -> dict[UUID, Text]:
    """Return the texts of replies that the process of an app holds."""
    log = app.backend.log
    assert isinstance(log, MemoryLog)
    return log.texts


async def wait_for_readers(app: App, count: int) -> None:
    """Wait until `count` followers wait for text."""
    async with asyncio.timeout(20):
        while sum(text.readers for text in texts_of(app).values()) < count:
            await asyncio.sleep(0.01)
