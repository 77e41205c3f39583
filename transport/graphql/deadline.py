"""One timer for everything that is sent to a client: a timer for each frame costs as much as the frame."""

import asyncio
from collections.abc import Callable
from typing import Any


class SendDeadline:
    """Context manager around each send. One that takes longer than `seconds` is cancelled, after `late` is called."""

    def __init__(self, seconds: float, late: Callable[[], None]) -> None:
        self._seconds, self._late = seconds, late
        self._sending: dict[asyncio.Task[Any] | None, float] = {}  # start times, the oldest first
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        self._sending[asyncio.current_task()] = loop.time()
        if self._timer is None:
            self._timer = loop.call_later(self._seconds, self._check)

    def __exit__(self, *_: object) -> None:
        del self._sending[asyncio.current_task()]

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _check(self) -> None:
        self._timer = None
        if not self._sending:
            return
        loop = asyncio.get_running_loop()
        due = next(iter(self._sending.values())) + self._seconds
        if due > loop.time():
            self._timer = loop.call_at(due, self._check)
            return
        self._late()
        for task in self._sending:
            if task is not None:
                task.cancel()
