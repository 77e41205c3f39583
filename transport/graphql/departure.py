"""End of an operation whose HTTP client disconnects before the response."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Receive

T = TypeVar("T")

WATCH_AFTER_SECONDS = 0.05  # most operations have ended by then, and a task for each costs as much as a small one


async def while_connected(receive: Receive, work: Awaitable[T]) -> T:
    """Return the result of `work`. When the client disconnects, cancel it and raise ClientDisconnect.

    The request's body must have been read.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    watcher: asyncio.Task[None] | None = None
    is_gone = False

    async def watch() -> None:
        nonlocal is_gone
        while (await receive())["type"] != "http.disconnect":
            pass
        is_gone = True
        assert task is not None
        task.cancel()

    def start() -> None:
        nonlocal watcher
        watcher = loop.create_task(watch())

    timer = loop.call_later(WATCH_AFTER_SECONDS, start)
    try:
        return await work
    except asyncio.CancelledError:
        if is_gone:
            raise ClientDisconnect from None
        raise
    finally:
        timer.cancel()
        if watcher is not None:
            watcher.cancel()
