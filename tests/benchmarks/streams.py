"""Cost and delay of a delta of a reply for each viewer, compared with a plain WebSocket that sends the same.

Sockets are ASGI scopes: neither a client nor the bytes of the protocol are in the figures.
"""

import asyncio
import gc
import statistics
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson

from assembly.application import application
from resolvers.core.ids import decode
from tests.benchmarks.plain_stream import PlainStream
from tests.support.client import Client
from tests.support.loopback.provider_faults import fault_server
from tests.support.scripted_llm import FOLLOW, ScriptedLLM, open_app_with_llm, start_reply

VIEWERS = (1, 50, 500)
DELTAS, ROUNDS = 20, 5
LATE = 100  # deltas whose delay is measured
PIECE = "some words of a reply "
REST = 0.06  # seconds between deltas; twice as long as deltas are merged


class Viewer:
    """Follows a reply on a socket of its own; `heard` is called with the text of each delta."""

    def __init__(self, app: Any, path: str, messages: list[dict[str, Any]], heard: Callable[[str], None]) -> None:
        self._heard = heard
        self._said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._said.put_nowait({"type": "websocket.connect"})
        for message in messages:
            self._said.put_nowait({"type": "websocket.receive", "text": orjson.dumps(message).decode()})
        scope = {
            "type": "websocket",
            "scheme": "ws",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"site")],
            "subprotocols": ["graphql-transport-ws"],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "state": {},
        }
        self.task = asyncio.create_task(app(scope, self._said.get, self._hear))

    async def _hear(self, message: Any) -> None:
        if (text := message.get("text")) and '"ReplyDelta"' in text:
            self._heard(orjson.loads(text)["payload"]["data"]["replyStream"]["text"])

    def leave(self) -> None:
        self._said.put_nowait({"type": "websocket.disconnect", "code": 1000})


@asynccontextmanager
async def watching(
    count: int, app: Any, path: str, messages: list[dict[str, Any]], heard: Callable[[str], None]
) -> AsyncIterator[None]:
    viewers = [Viewer(app, path, messages, heard) for _ in range(count)]
    yield
    for viewer in viewers:
        viewer.leave()
    await asyncio.gather(*(viewer.task for viewer in viewers))


class Stand:
    """Something that streams; `say` gives it a delta, and `count` viewers are told when all have it."""

    def __init__(self, app: Any, path: str, messages: list[dict[str, Any]], say: Callable[[str], None]) -> None:
        self.app, self.path, self.messages, self.say = app, path, messages, say
        self._missing, self._all = 0, asyncio.Event()

    def _heard(self, _: str) -> None:
        self._missing -= 1
        if not self._missing:
            self._all.set()

    async def _told(self, count: int, text: str | None) -> None:
        self._missing = count
        self._all.clear()
        if text:
            self.say(text)
        async with asyncio.timeout(60):
            await self._all.wait()

    async def costs(self, count: int) -> list[float]:
        """Seconds of processor time for each delta and viewer, by round."""
        self._missing = count
        self._all.clear()
        async with watching(count, self.app, self.path, self.messages, self._heard):
            await self._told(count, None)  # what was there when they came
            gc.collect()
            return [await self._round(count) for _ in range(ROUNDS)]

    async def _round(self, count: int) -> float:
        spent = 0.0
        for _ in range(DELTAS):
            await asyncio.sleep(REST)
            started = time.process_time()
            await self._told(count, PIECE)
            spent += time.process_time() - started
        return spent / DELTAS / count

    async def delays(self, scripted_llm: ScriptedLLM) -> list[float]:
        """Seconds from the provider's chunk, which says when it was sent, to the frame."""
        late: list[float] = []

        def heard(text: str) -> None:
            if text.startswith("@"):
                late.append(time.perf_counter() - float(text[1:]))

        async with watching(1, self.app, self.path, self.messages, heard):
            for _ in range(LATE):
                await asyncio.sleep(REST)
                scripted_llm.say(f"@{time.perf_counter()}")
            await asyncio.sleep(REST)
        return late


async def streams(database_url: str, directory: Path) -> None:
    """Prints a row for each number of viewers, and one for the delay."""
    scripted_llm, plain_dictation = ScriptedLLM(), ScriptedLLM()
    async with (
        fault_server(scripted_llm.play) as server,
        fault_server(plain_dictation.play) as plain_server,
        open_app_with_llm(server, database_url, directory, log_level="ERROR", sockets_per_person=1_000) as app,
    ):
        ann = await app.person()
        reply = await start_reply(ann)
        decoded = decode(reply)
        assert decoded is not None
        scripted_llm.say(PIECE)
        plain = PlainStream(plain_server.base_url, reply)
        plain.say(PIECE)
        ours = Stand(
            application(app.product),
            "/graphql",
            _said(ann, reply),
            lambda text: app.backend.log.append(decoded[1], text),
        )
        base = Stand(plain.app, "/stream", _said(ann, reply), plain.say)
        breathing = asyncio.create_task(_breathe(scripted_llm))
        for count in VIEWERS:
            _print(f"delta, {count} viewers (each)", await ours.costs(count), await base.costs(count))
        breathing.cancel()
        relaying = asyncio.create_task(plain.relay())
        _print("provider's chunk to frame (wall)", await ours.delays(scripted_llm), await base.delays(plain_dictation))
        for spoken in (scripted_llm, plain_dictation):
            spoken.finish()
        await relaying


async def _breathe(scripted_llm: ScriptedLLM) -> None:
    """A provider that sends nothing for long is given up."""
    while True:
        await asyncio.sleep(5)
        scripted_llm.say("")


def _said(client: Client, reply: str) -> list[dict[str, Any]]:
    return [
        {"type": "connection_init", "payload": {"Authorization": f"Bearer {client.token}"}},
        {"id": "1", "type": "subscribe", "payload": {"query": FOLLOW, "variables": {"id": reply, "after": 0}}},
    ]


def _print(name: str, ours: list[float], base: list[float]) -> None:
    cost, floor = statistics.median(ours) * 1e6, statistics.median(base) * 1e6
    print(f"{name:34} {cost:9.0f} µs   floor {floor:7.0f} µs   {cost / floor:6.1f} ×")
