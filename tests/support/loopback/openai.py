"""A Chat Completions server that is not ours (PyPI `llm-mock-api`), in a thread on a free port."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

FALLBACK = "Nothing in this test answers that."


@dataclass(frozen=True)
class LoopbackOpenAI:
    """`base_url` goes into OPENAI_BASE_URL; `requests` holds the JSON body of every request, in order."""

    base_url: str
    requests: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def mock_openai(
    replies: Mapping[str, str] | None = None,
    *,
    failing: Mapping[str, int] | None = None,
    fallback: str = FALLBACK,
    piece: int = 7,
    pause_ms: int = 0,
) -> Iterator[LoopbackOpenAI]:
    """Answers with the first reply whose key occurs in the last user message (in any case), else `fallback`.

    A reply streams in pieces of `piece` characters, `pause_ms` milliseconds apart; usage is always 10 and 5
    tokens. What occurs in `failing` gets that HTTP status and an error instead. Runs in its own thread, so it
    serves sync and async tests and other processes alike.
    """
    started: list[LoopbackOpenAI | BaseException] = []
    ready, stop = threading.Event(), threading.Event()

    async def serve() -> None:
        # Imported here because FastAPI takes a quarter of a second.
        from llm_mock_api import (  # type: ignore[import-untyped] # has no types
            ErrorReply,
            MockServer,
            MockServerOptions,
            ReplyObject,
        )

        server = MockServer(MockServerOptions(default_latency=pause_ms, default_chunk_size=piece))
        server.fallback(fallback)
        seen: list[dict[str, Any]] = []

        def record(request: Any) -> bool:
            seen.append(request.raw)
            return False

        server.when(record).reply(fallback)
        for question, answer in (replies or {}).items():
            server.when(question).reply(answer)
        for question, status in (failing or {}).items():
            server.when(question).reply(ReplyObject(error=ErrorReply(status=status, message=f"No: {status}")))
        async with server:
            started.append(LoopbackOpenAI(f"{server.url}/v1", seen))
            ready.set()
            await asyncio.to_thread(stop.wait)

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            started.append(error)
            raise
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="loopback-openai")
    thread.start()
    try:
        assert ready.wait(20), "the loopback OpenAI server did not start"
        first = started[0]
        if isinstance(first, BaseException):
            raise RuntimeError("the loopback OpenAI server did not start") from first
        yield first
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive(), "the loopback OpenAI server did not stop"
