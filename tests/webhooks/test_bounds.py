"""Bounds of requests to webhooks: 10 seconds in all, and 64 kB of the answer."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from integrations import webhooks
from integrations.webhooks import MAX_ANSWER_BYTES, TIMEOUT_SECONDS, PublicRequests, RequestFailed

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n"
Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def receiver(answer: Answer) -> AsyncIterator[str]:
    """Run a server that reads a request and then answers; it ends when the client leaves."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await answer(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    finally:
        server.close()


async def post(url: str) -> int:
    return await PublicRequests(allow_private=True).post(url, {"content-type": "application/json"}, b"{}")


def test_the_bounds_are_those_of_the_documentation() -> None:
    assert (TIMEOUT_SECONDS, MAX_ANSWER_BYTES) == (10, 64_000)


@pytest.mark.parametrize("framing", [b"\r\n", b"content-length: 1000000000\r\n\r\n"])
async def test_at_most_64_kb_of_an_endless_answer_are_read(framing: bytes) -> None:
    sent = 0

    async def answer(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(HEAD + framing)
        while sent < 100_000_000:
            writer.write(b"x" * 10_000)
            await writer.drain()
            sent += 10_000

    async with receiver(answer) as url:
        assert await post(url) == 200
    # What the operating system buffers beyond the bound is sent, but not read.
    assert sent < 20_000_000


async def never(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def drip_head(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD)
    while True:
        writer.write(b"x-more: 1\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def drip_body(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("answer", [never, drip_head, drip_body])
async def test_a_slow_answer_ends_at_the_deadline(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "TIMEOUT_SECONDS", 0.3)
    async with receiver(answer) as url:
        start = time.monotonic()
        with pytest.raises(RequestFailed):
            await post(url)
        assert time.monotonic() - start < 3
