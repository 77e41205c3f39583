"""Redis connections with deadlines, key prefixes, and one log line when the server goes away."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from telemetry import metrics
from telemetry.catalog import OUTAGE

if TYPE_CHECKING:
    from redis.asyncio import Redis as Client

SECONDS = 2.0  # for one command, and for one connection
BLOCK_SECONDS = 5.0  # how long a read may block
RETRY_SECONDS = 0.5  # between attempts to reach it again
CANCEL_SECONDS = 0.5  # between attempts to end a task
SCHEMES = ("redis", "rediss", "unix")

log = logging.getLogger("sheetgpt.redis")


class Redis:
    """Redis server with the keys of this installation.

    Nothing waits for it longer than a deadline. Every caller reports success or failure, so that an outage is
    logged once at its begin and once at its end.
    """

    def __init__(self, url: str, prefix: str) -> None:
        """Raise ValueError when the URL is not a Redis URL."""
        if urlsplit(url).scheme not in SCHEMES:
            raise ValueError("is not a Redis URL. Write redis://:password@host:6379/0, rediss://… or unix://….")
        self.url, self._prefix = url, prefix
        self._is_away = False
        self._on_return: list[Callable[[], None]] = []

    def key(self, *parts: str) -> str:
        return ":".join((self._prefix, *parts))

    async def load(self) -> None:
        """Import the client off the event loop, because the import takes 0.1 s."""
        await asyncio.to_thread(import_module, "redis.asyncio")

    @cached_property
    def client(self) -> "Client":
        """Return the client for commands that answer at once."""
        return self._connect(SECONDS)

    @cached_property
    def waiting(self) -> "Client":
        """Return the client for reads that block up to BLOCK_SECONDS."""
        return self._connect(SECONDS + BLOCK_SECONDS)

    @property
    def options(self) -> dict[str, Any]:
        """Return the options of every connection: a deadline, and one retry for a stale connection."""
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        return {"socket_connect_timeout": SECONDS, "retry": Retry(NoBackoff(), 1)}

    def _connect(self, seconds: float) -> "Client":
        from redis.asyncio import Redis as Client

        client: Client = Client.from_url(self.url, socket_timeout=seconds, **self.options)
        return client

    async def check(self) -> bool:
        """Return True if it answers now."""
        try:
            await self.client.ping()
        except Exception as error:
            if not is_outage(error):
                raise
            return False
        return True

    async def close(self) -> None:
        for name in ("client", "waiting"):
            if name in vars(self):
                await vars(self).pop(name).aclose()

    def failed(self, error: BaseException) -> None:
        """Note that a command failed, and log the beginning of an outage."""
        if not self._is_away:
            self._is_away = True
            metrics.set_gauge(OUTAGE, 1, "redis")
            log.error(
                "Redis is away (%s): events of other processes are read from the database until it is back", error
            )

    async def does(self, commands: Awaitable[object]) -> bool:
        """Return whether all commands succeeded; after a failure some may have. An outage is not an error here."""
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
            metrics.set_gauge(OUTAGE, 0, "redis")
            log.warning("Redis is back")
            for call in self._on_return:
                call()

    def on_return(self, call: Callable[[], None]) -> None:
        """Register a call for the end of each outage, when messages of other processes may have been lost."""
        self._on_return.append(call)


async def ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks that use Redis, and wait for their ends.

    One cancellation may be lost: the client sends with `asyncio.wait_for`, which on Python 3.11 swallows a cancellation
    that arrives just as the call completes.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=CANCEL_SECONDS)


def is_outage(error: Exception) -> bool:
    """Return whether an error means that Redis is away or busy, and not a bug of ours."""
    from redis.exceptions import RedisError

    return isinstance(error, RedisError | OSError | TimeoutError)
