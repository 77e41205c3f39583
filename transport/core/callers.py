"""Who calls: what the transport knows of a caller, and what the application makes of it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, TypeAlias

from starlette.types import Scope

AUTHENTICATION_DEADLINE = 10.0


@dataclass(frozen=True, slots=True)
class Caller:
    """`authorization` is the header as sent, or what `connection_init` had in its place."""

    authorization: str | None
    request_id: str
    ip_address: str | None
    user_agent: str | None


class Context(Protocol):
    """What resolvers get as `info.context`; made anew for each operation."""

    @property
    def viewer_id(self) -> object:
        """For the log; None when signed out."""

    @property
    def expires_at(self) -> datetime | None:
        """When the sign-in ends, and every stream that was opened with it; None: never."""


Authenticate: TypeAlias = Callable[[Caller], Awaitable[Context]]


async def authenticated(authenticate: Authenticate, caller: Caller) -> Context:
    """Raises what `authenticate` raises, TimeoutError after ten seconds."""
    async with asyncio.timeout(AUTHENTICATION_DEADLINE):
        return await authenticate(caller)


def seconds_left(context: Context | None) -> float:
    """Until the sign-in ends; infinite when it does not."""
    if context is None or context.expires_at is None:
        return float("inf")
    return max(0.0, (context.expires_at - datetime.now(UTC)).total_seconds())


def ip_address(scope: Scope) -> str | None:
    client = scope.get("client")
    return client[0] if client else None


def header(scope: Scope, name: bytes) -> str | None:
    """A request header (`name` in lower case); values sent in several lines are joined."""
    values = [value for key, value in scope["headers"] if key == name]
    return b", ".join(values).decode("latin-1") if values else None
