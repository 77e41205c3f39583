"""Rate limits as clients see them: the header fields of each response, and the refusal of a whole request.

The fields are those of the IETF draft "RateLimit header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers-10).
"""

import time
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import TypeAlias

from auth.quotas import Policy, used_windows
from errors import ProductError
from transport.core.errors import RequestRefused

# Counts a request of an IP address. Raises ProductError, in which case the request must not be served.
Admit: TypeAlias = Callable[[str | None], Awaitable[None]]


async def admit_all(_address: str | None) -> None:
    """Admit every request."""


def headers() -> list[tuple[bytes, bytes]]:
    """Return the fields RateLimit-Policy and RateLimit for the quotas that the present request has used."""
    windows = used_windows.get()
    if not windows:
        return []
    moment = time.time()
    # Written for speed: these two fields were half of what all limits cost a small request.
    states = [
        f'"{name}";r={window.remaining};t={int(window.ends_at - moment + 0.5) if window.ends_at > moment else 0}'
        for name, window in windows.items()
    ]
    policies = _policies(*[window.policy for window in windows.values()])
    return [(b"ratelimit-policy", policies), (b"ratelimit", ", ".join(states).encode("ascii"))]


@lru_cache
def _policies(*policies: Policy) -> bytes:
    return ", ".join(_policy(policy) for policy in policies).encode()


def _policy(policy: Policy) -> str:
    unit = "" if policy.resource == "operations" else f';qu="{policy.resource}"'
    return f'"{policy.quota}";q={policy.limit}{unit};w={policy.seconds}'


def refused(error: ProductError) -> RequestRefused:
    """Return the refusal of a request by an error that tells how long to wait."""
    wait = error.details.get("retryAfterMs")
    return RequestRefused(
        error.message,
        status=error.status,
        code=error.code,
        headers={"retry-after": str(-(-wait // 1000))} if isinstance(wait, int) else {},
        details=error.details,
    )
