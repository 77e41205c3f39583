"""Redis: connections with deadlines, keys of this installation, and one line in the log when it goes away."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from redis.asyncio import Redis as Client

SECONDS = 2.0  # for one command, and for one connection
BLOCK_SECONDS = 5.0  # how long a read may wait for news
RETRY_SECONDS = 0.5  # between attempts to reach it again
CANCEL_SECONDS = 0.5  # between attempts to end a task
SCHEMES = ("redis", "rediss", "unix")

log = logging.getLogger("sheetgpt.redis")


class Redis:
    """One Redis server, and what this installation has in it.

    Nothing waits for it longer than a deadline. Whoever uses it says what came of it, so that an outage is
    logged once when it begins and once when it is over.
    """

    def __init__(self, url: str, prefix: str) -> None:
        """Raises ValueError when the URL is not one of Redis."""
        if urlsplit(url).scheme not in SCHEMES:
            raise ValueError("is not understood: write redis://:password@host:6379/0, rediss://… or unix://….")
        self.url, self._prefix = url, prefix
        self._is_away = False
        self._on_return: list[Callable[[], None]] = []

    def key(self, *parts: str) -> str:
        return ":".join((self._prefix, *parts))

    async def load(self) -> None:
        """Import the client off the event loop: it takes a tenth of a second."""
        await asyncio.to_thread(import_module, "redis.asyncio")

    @cached_property
    def client(self) -> "Client":
        """For commands that answer at once."""
        return self._connect(SECONDS)

    @cached_property
    def waiting(self) -> "Client":
        """For reads that wait up to BLOCK_SECONDS for news."""
        return self._connect(SECONDS + BLOCK_SECONDS)

    @property
    def options(self) -> dict[str, Any]:
        """Return the options of every connection: a deadline, and one retry for stale ones."""
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        return {"socket_connect_timeout": SECONDS, "retry": Retry(NoBackoff(), 1)}

    def _connect(self, seconds: float) -> "Client":
        from redis.asyncio import Redis as Client

        client: Client = Client.from_url(self.url, socket_timeout=seconds, **self.options)
        return client

    async def close(self) -> None:
        for name in ("client", "waiting"):
            if name in vars(self):
                await vars(self).pop(name).aclose()

    def failed(self, error: BaseException) -> None:
        """It did not do what it was asked."""
        if not self._is_away:
            self._is_away = True
            log.error("Redis is away (%s): other processes are followed by the database until it is back", error)

    async def does(self, commands: Awaitable[object]) -> bool:
        """Return True if all commands were executed; otherwise some may have been. An outage is no error."""
        try:
            await commands
        except Exception as error:
            if not is_outage(error):
                raise
            self.failed(error)
            return False
        return True

    def answered(self) -> None:
        if self._is_away:
            self._is_away = False
            log.warning("Redis is back")
            for call in self._on_return:
                call()

    def on_return(self, call: Callable[[], None]) -> None:
        """Call this each time an outage is over: what others said meanwhile may be lost."""
        self._on_return.append(call)


async def ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks that speak to Redis, and wait for their ends.

    One cancellation may be lost: the client sends with `asyncio.wait_for`, which on Python 3.11 swallows what comes
    just as it is done.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=CANCEL_SECONDS)


def is_outage(error: Exception) -> bool:
    """Return True if an error means that Redis is away or busy, and not that the call is wrong."""
    from redis.exceptions import RedisError

    return isinstance(error, RedisError | OSError | TimeoutError)
