"""Drain of the server before it stops: requests and streams end, while load balancers turn to other servers."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

QUIET_SECONDS = 0.2  # without a request, after which no load balancer or client sends any more
POLL_SECONDS = 0.05


class Drain:
    """Requests in progress. While it drains, responses end their connections; when it has expired, it refuses."""

    def __init__(self) -> None:
        self.is_draining = self.is_expired = self.is_quiet = False
        self._requests: set[asyncio.Task[Any]] = set()
        self._last_request = 0.0

    @property
    def requests(self) -> int:
        """Return the number of requests in progress."""
        return len(self._requests)

    @contextmanager
    def request(self) -> Iterator[None]:
        """Count a request, which runs in the current task."""
        task = asyncio.current_task()
        assert task is not None
        self._requests.add(task)
        if self.is_draining:
            self._last_request = asyncio.get_running_loop().time()
        try:
            yield
        finally:
            self._requests.discard(task)

    def begin(self) -> None:
        self.is_draining, self._last_request = True, asyncio.get_running_loop().time()

    async def wait_until_quiet(self, deadline: float, is_forced: Callable[[], bool]) -> None:
        """Return when no request runs or has come for a moment, at `deadline` in the loop's time, or when forced."""
        loop = asyncio.get_running_loop()
        while loop.time() < deadline and not is_forced():
            if not self._requests and (self.is_quiet or loop.time() - self._last_request > QUIET_SECONDS):
                return
            await asyncio.sleep(POLL_SECONDS)

    async def expire(self) -> None:
        """Cancel the requests that still run; whoever runs them answers that the client may try again."""
        self.is_expired = True
        late = set(self._requests)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=1)
