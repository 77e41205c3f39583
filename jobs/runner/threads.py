"""Threads for long blocking work, which do not keep the process from exiting."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T], stop: Callable[[], object]) -> T:
    """Return the result of `work`; on cancellation call `stop`, which makes `work` return soon."""
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # raised again where the future is awaited
            future.set_exception(error)

    threading.Thread(target=run, name="job", daemon=True).start()
    try:
        return await asyncio.wrap_future(future)
    except asyncio.CancelledError:
        stop()
        raise
