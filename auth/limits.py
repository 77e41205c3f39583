"""Rate limits of sign-in attempts by account and by IP address, in sliding windows."""

import asyncio
import hashlib
import ipaddress
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

from auth.shared_counts import SharedCounts, SharedCountsAway
from errors import RateLimited
from telemetry import metrics
from telemetry.catalog import LIMITS

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.aio.storage import Storage
    from limits.aio.strategies import MovingWindowRateLimiter

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

    def __init__(self, rates: Mapping[Action, Rates], shared: SharedCounts | None = None) -> None:
        self._rates, self._shared = rates, shared or SharedCounts()

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
            metrics.count(LIMITS, f"{action.value}_{kind}".lower())
            wait = max(1, round((retry_at - time.time()) * 1000))
            message = f"Too many attempts: the limit is {rate}. Wait {in_words(wait)} and try again."
            raise RateLimited(message, limit=rate, retryAfterMs=wait)

    async def _try(self, item: "RateLimitItem", *key: str) -> float | None:
        """Count an attempt; return None, or the time when the next one is allowed."""
        try:
            return await self._shared.call(lambda storage: _hit(_limiter(storage), item, *key))
        except SharedCountsAway:
            return await _hit(self._own_limiter, item, *key)

    @cached_property
    def _own_limiter(self) -> "MovingWindowRateLimiter":
        from limits.aio.storage import MemoryStorage

        return _limiter(MemoryStorage())


def _limiter(storage: "Storage") -> "MovingWindowRateLimiter":
    from limits.aio.strategies import MovingWindowRateLimiter

    return MovingWindowRateLimiter(storage)


async def _hit(limiter: "MovingWindowRateLimiter", item: "RateLimitItem", *key: str) -> float | None:
    if await limiter.hit(item, *key):
        return None
    retry_at, _ = await limiter.get_window_stats(item, *key)
    return retry_at


@lru_cache(4096)
def network(address: str | None) -> str:
    """Return the unit that an IP address is limited by: itself, or its IPv6 network."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, NETWORK), strict=False))


def in_words(milliseconds: int) -> str:
    """Return a time to wait in the largest unit that fits, rounded up."""
    seconds = -(-milliseconds // 1000)
    if seconds < 60:
        return "a second" if seconds == 1 else f"{seconds} seconds"
    minutes = -(-seconds // 60)
    if minutes > 120:
        return f"{-(-minutes // 60)} hours"
    return "a minute" if minutes == 1 else f"{minutes} minutes"
