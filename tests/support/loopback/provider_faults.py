"""Raw HTTP server that plays one scripted provider fault per connection."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

EVENT_STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"


@dataclass(frozen=True)
class Exchange:
    """One request as it came in; `hung_up` is set when the client closes the connection."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    writer: asyncio.StreamWriter
    hung_up: asyncio.Event


Play = Callable[[Exchange], Awaitable[None]]


@dataclass
class FaultServer:
    base_url: str = ""
    exchanges: list[Exchange] = field(default_factory=list)


def chunk(text: str | None = None, *, finish: str | None = None, **more: Any) -> str:
    """Return one Chat Completions event."""
    choice = {"index": 0, "delta": {} if text is None else {"content": text}, "finish_reason": finish}
    return json.dumps({"id": "c1", "object": "chat.completion.chunk", "choices": [choice], **more})


def usage(prompt: int, completion: int) -> str:
    counts = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    return json.dumps({"id": "c1", "object": "chat.completion.chunk", "choices": [], "usage": counts})


def events(*payloads: str) -> Play:
    """Plays the payloads as events and closes the connection."""

    async def play(exchange: Exchange) -> None:
        lines = "".join(f"data: {payload}\n\n" for payload in payloads)
        exchange.writer.write(EVENT_STREAM + lines.encode())

    return play


def events_then_silence(*payloads: str) -> Play:
    """Plays the payloads and keeps the connection open until the client hangs up."""

    async def play(exchange: Exchange) -> None:
        await events(*payloads)(exchange)
        await exchange.hung_up.wait()

    return play


def events_then_reset(*payloads: str) -> Play:
    """Cuts a chunked body in the middle."""

    async def play(exchange: Exchange) -> None:
        body = "".join(f"data: {payload}\n\n" for payload in payloads).encode()
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        exchange.writer.write(head + b"%x\r\n" % len(body) + body + b"\r\n")
        await exchange.writer.drain()

    return play


def endless(payload: str, seconds_apart: float) -> Play:
    """Repeats one event until the client hangs up."""

    async def play(exchange: Exchange) -> None:
        exchange.writer.write(EVENT_STREAM)
        while not exchange.hung_up.is_set():
            exchange.writer.write(f"data: {payload}\n\n".encode())
            with suppress(TimeoutError):
                await asyncio.wait_for(exchange.hung_up.wait(), seconds_apart)

    return play


def response(status: int, body: str = "", **headers: str) -> Play:
    """Return a whole HTTP response; header names are written with underscores."""

    async def play(exchange: Exchange) -> None:
        data = body.encode()
        fields = {"content-type": "application/json", "content-length": str(len(data)), "connection": "close"}
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        exchange.writer.write(f"HTTP/1.1 {status} Said so\r\n{lines}\r\n".encode() + data)

    return play


def error(status: int, message: str, code: str | None = None, **headers: str) -> Play:
    """Return an error in OpenAI's format."""
    return response(status, json.dumps({"error": {"message": message, "code": code}}), **headers)


async def silence(exchange: Exchange) -> None:
    """Takes the request and says nothing."""
    await exchange.hung_up.wait()


async def slam(exchange: Exchange) -> None:
    """Closes the connection without a byte."""


@asynccontextmanager
async def fault_server(*plays: Play) -> AsyncIterator[FaultServer]:
    """Plays one after the other, the last one for ever, on http://127.0.0.1:<free port>/v1."""
    served = FaultServer()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            exchange = await _read(reader, writer)
            served.exchanges.append(exchange)
            watch = asyncio.create_task(_watch(reader, exchange.hung_up))
            try:
                await plays[min(len(served.exchanges), len(plays)) - 1](exchange)
                await writer.drain()
            finally:
                watch.cancel()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    served.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield served
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def hung_up_within(exchange: Exchange, seconds: float) -> float:
    """Seconds until the client closed the connection; TimeoutError when it did not."""
    started = time.perf_counter()
    async with asyncio.timeout(seconds):
        await exchange.hung_up.wait()
    return time.perf_counter() - started


async def _watch(reader: asyncio.StreamReader, hung_up: asyncio.Event) -> None:
    with suppress(ConnectionError):
        await reader.read()
    hung_up.set()


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Exchange:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Exchange(head[0].split(" ")[1], headers, json.loads(body or b"{}"), writer, asyncio.Event())
