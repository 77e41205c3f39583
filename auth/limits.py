"""How often somebody may try: attempts are counted by account and by address, in moving windows."""

import asyncio
import hashlib
import ipaddress
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING

from errors import RateLimited

if TYPE_CHECKING:
    from limits.aio.strategies import MovingWindowRateLimiter

NETWORK = 64  # bits; one customer of a provider has a whole network of IPv6 addresses


class Action(StrEnum):
    """What is tried."""

    LOG_IN = "LOG_IN"
    SIGN_UP = "SIGN_UP"
    REFRESH = "REFRESH"
    RESET = "RESET"


@dataclass(frozen=True)
class Rates:
    """How often one account, and one address, may try; as `10 per 15 minutes`."""

    account: str
    address: str


class Attempts:
    """Counts in this process's memory; what is out of its window is forgotten."""

    def __init__(self, rates: Mapping[Action, Rates]) -> None:
        self._rates = rates

    async def count(self, action: Action, address: str | None, account: str | None = None) -> None:
        """Count one attempt. Raises RateLimited, and then the attempt must not be made.

        An address that is refused does not use up the attempts of an account.
        """
        rates = self._rates[action]
        await self._hit(action, rates.address, "address", network(address))
        if account is not None:
            await self._hit(action, rates.account, "account", account)

    async def _hit(self, action: Action, rate: str, kind: str, who: str) -> None:
        if "_limiter" not in vars(self):
            await asyncio.to_thread(import_module, "limits.aio.strategies")  # a tenth of a second
        from limits import parse

        item = parse(rate)
        key = action.value, kind, hashlib.sha256(who.encode("utf-8", "surrogatepass")).hexdigest()
        if await self._limiter.hit(item, *key):
            return
        again_at, _ = await self._limiter.get_window_stats(item, *key)
        wait = max(1, round((again_at - time.time()) * 1000))
        raise RateLimited(f"Too many attempts: wait {_in_words(wait)} and try again.", retryAfterMs=wait)

    @cached_property
    def _limiter(self) -> "MovingWindowRateLimiter":
        from limits.aio.storage import MemoryStorage
        from limits.aio.strategies import MovingWindowRateLimiter

        return MovingWindowRateLimiter(MemoryStorage())


def network(address: str | None) -> str:
    """Whom an address stands for: itself, or the IPv6 network that it is in."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((found, NETWORK), strict=False))


def _in_words(milliseconds: int) -> str:
    seconds = -(-milliseconds // 1000)
    if seconds < 60:
        return "a second" if seconds == 1 else f"{seconds} seconds"
    minutes = -(-seconds // 60)
    return "a minute" if minutes == 1 else f"{minutes} minutes"
