"""Rate limits of sign-in attempts by account and by IP address, in sliding windows."""

import asyncio
import hashlib
import ipaddress
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING

from errors import RateLimited

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.aio.storage import Storage
    from limits.aio.strategies import MovingWindowRateLimiter

SHARED_SECONDS = 1.0  # shared counts that have not answered by then have failed
RETRY_SHARED_SECONDS = 5.0  # shared counts that failed are not asked again sooner
NETWORK = 64  # bits; one customer of a provider has a whole network of IPv6 addresses


class Action(StrEnum):
    """Attempt that is limited."""

    LOG_IN = "LOG_IN"
    SIGN_UP = "SIGN_UP"
    REFRESH = "REFRESH"
    RESET = "RESET"
    INVITE = "INVITE"


@dataclass(frozen=True)
class Rates:
    """Limits for one account and for one IP address, such as `10 per 15 minutes`."""

    account: str
    address: str


class Attempts:
    """Counter of attempts within their windows.

    Counts are shared between processes through `shared`. Without it, or while it is away, each process counts in
    memory: an outage neither lifts the limits nor locks users out.
    """

    def __init__(self, rates: Mapping[Action, Rates], shared: "Callable[[], Storage] | None" = None) -> None:
        self._rates, self._shared = rates, shared
        self._shared_retry_at = 0.0

    async def count(self, action: Action, address: str | None, account: str | None = None) -> None:
        """Count one attempt. Raises RateLimited, in which case the attempt must not be made.

        Attempts refused for their IP address do not count against the account.
        """
        rates = self._rates[action]
        await self._hit(action, rates.address, "address", network(address))
        if account is not None:
            await self._hit(action, rates.account, "account", account)

    async def _hit(self, action: Action, rate: str, kind: str, subject: str) -> None:
        if "_own_limiter" not in vars(self):
            await asyncio.to_thread(import_module, "limits.aio.strategies")  # a tenth of a second
        from limits import parse

        key = action.value, kind, hashlib.sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()
        retry_at = await self._try(parse(rate), *key)
        if retry_at is not None:
            wait = max(1, round((retry_at - time.time()) * 1000))
            message = f"Too many attempts: the limit is {rate}. Wait {_in_words(wait)} and try again."
            raise RateLimited(message, limit=rate, retryAfterMs=wait)

    async def _try(self, item: "RateLimitItem", *key: str) -> float | None:
        """Count an attempt; return None, or the time when the next one is allowed."""
        from limits.errors import StorageError

        if self._shared is not None and time.monotonic() >= self._shared_retry_at:
            try:
                async with asyncio.timeout(SHARED_SECONDS):
                    return await _hit(self._shared_limiter, item, *key)
            except (StorageError, OSError):
                self._shared_retry_at = time.monotonic() + RETRY_SHARED_SECONDS
        return await _hit(self._own_limiter, item, *key)

    @cached_property
    def _own_limiter(self) -> "MovingWindowRateLimiter":
        from limits.aio.storage import MemoryStorage

        return _limiter(MemoryStorage())

    @cached_property
    def _shared_limiter(self) -> "MovingWindowRateLimiter":
        assert self._shared is not None
        return _limiter(self._shared())


def _limiter(storage: "Storage") -> "MovingWindowRateLimiter":
    from limits.aio.strategies import MovingWindowRateLimiter

    return MovingWindowRateLimiter(storage)


async def _hit(limiter: "MovingWindowRateLimiter", item: "RateLimitItem", *key: str) -> float | None:
    if await limiter.hit(item, *key):
        return None
    retry_at, _ = await limiter.get_window_stats(item, *key)
    return retry_at


def network(address: str | None) -> str:
    """Return the unit that an IP address is limited by: itself, or its IPv6 network."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, NETWORK), strict=False))


def _in_words(milliseconds: int) -> str:
    seconds = -(-milliseconds // 1000)
    if seconds < 60:
        return "a second" if seconds == 1 else f"{seconds} seconds"
    minutes = -(-seconds // 60)
    if minutes > 120:
        return f"{-(-minutes // 60)} hours"
    return "a minute" if minutes == 1 else f"{minutes} minutes"
