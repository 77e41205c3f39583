"""Rate limits as clients see them: the header fields of each response, and the refusal of a whole request.

The fields are those of the IETF draft "RateLimit header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers-10).
"""

import time
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import TypeAlias

from auth.quotas import Policy, Resource, standings
from errors import ProductError
from transport.core.errors import RequestRefused

# Counts a request of an IP address. Raises ProductError, in which case the request must not be served.
Admit: TypeAlias = Callable[[str | None], Awaitable[None]]


async def admit_all(_address: str | None) -> None:
    """Admit every request."""


def headers() -> list[tuple[bytes, bytes]]:
    """Return the fields RateLimit-Policy and RateLimit for the quotas that the present request has used."""
    reported = standings.get()
    if not reported:
        return []
    moment = time.time()
    policies = b", ".join([_policy(standing.policy) for standing in reported.values()])
    states = ", ".join(
        [
            f'"{name}";r={standing.remaining};t={max(0, round(standing.resets_at - moment))}'
            for name, standing in reported.items()
        ]
    )
    return [(b"ratelimit-policy", policies), (b"ratelimit", states.encode())]


@lru_cache
def _policy(policy: Policy) -> bytes:
    unit = "" if policy.resource is Resource.OPERATIONS else f';qu="{policy.resource}"'
    return f'"{policy.name}";q={policy.limit}{unit};w={policy.seconds}'.encode()


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
