"""Callers: the credentials and address of a request, and the context that the application makes of them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, TypeAlias

from starlette.types import Scope

AUTHENTICATION_DEADLINE = 10.0


@dataclass(frozen=True, slots=True)
class Caller:
    """Client of a request; `authorization` is the header as sent, or the value that `connection_init` has instead.

    `is_counted` is true when the operation has been counted for its IP address already.
    """

    authorization: str | None
    request_id: str
    ip_address: str | None
    user_agent: str | None
    last_event_id: str | None = None
    is_counted: bool = False


class Context(Protocol):
    """Value that resolvers receive as `info.context`; created anew for each operation."""

    @property
    def viewer_id(self) -> object:
        """Return the user's id for the log, or None when signed out."""

    @property
    def expires_at(self) -> datetime | None:
        """Return when the session, and every stream opened with it, ends; None means never."""

    @property
    def set_cookies(self) -> Sequence[str]:
        """Return the Set-Cookie headers of a response by HTTP."""


Authenticate: TypeAlias = Callable[[Caller], Awaitable[Context]]


async def authenticated(authenticate: Authenticate, caller: Caller) -> Context:
    """Return the context of a caller.

    Raises what `authenticate` raises, and TimeoutError after ten seconds.
    """
    async with asyncio.timeout(AUTHENTICATION_DEADLINE):
        return await authenticate(caller)


def seconds_left(context: Context | None) -> float:
    """Return the seconds until the session ends, or infinity when it does not."""
    if context is None or context.expires_at is None:
        return float("inf")
    return max(0.0, (context.expires_at - datetime.now(UTC)).total_seconds())


def ip_address(scope: Scope) -> str | None:
    client = scope.get("client")
    return client[0] if client else None


def header(scope: Scope, name: bytes) -> str | None:
    """Return a request header (`name` in lower case), with repeated values joined by commas."""
    values = [value for key, value in scope["headers"] if key == name]
    return b", ".join(values).decode("latin-1") if values else None
