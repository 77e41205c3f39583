"""Responses to GraphQL requests: media type, status, headers and body of single results and of batches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.types import Receive, Scope, Send

from errors import Unavailable
from execution.operations import Result
from transport.core.callers import header
from transport.core.errors import RequestRefused
from transport.core.json import encode
from transport.graphql.compression import MIN_BYTES, send_compressed
from transport.graphql.negotiation import EVENT_STREAM, GRAPHQL_JSON, JSON, Accepted
from transport.graphql.stream_formats import send_single


@dataclass(frozen=True)
class Exchange:
    """Request in progress and the ways to answer it; `started` is a `time.perf_counter()`."""

    scope: Scope
    receive: Receive
    send: Send
    accepted: Accepted
    started: float

    def check_media(self) -> None:
        """Raise RequestRefused when the client accepts none of the media types of a result."""
        if self.accepted.result is None and not self.accepted.multipart:
            offered = f"{GRAPHQL_JSON}, {JSON} or {EVENT_STREAM}"
            raise RequestRefused(
                f"The Accept header has none of the media types of this server. Use {offered}.",
                status=406,
                code="NOT_ACCEPTABLE",
            )

    @property
    def media(self) -> str:
        return self.accepted.result or JSON

    @property
    def json_media(self) -> str:
        """Return the media type of an error or a batch, which is no event stream."""
        return GRAPHQL_JSON if self.accepted.result == GRAPHQL_JSON else JSON

    async def respond(
        self,
        result: Result,
        set_cookies: Sequence[str] = (),
        headers: Mapping[str, str] | None = None,
        *,
        compressible: bool = False,
    ) -> None:
        """Send one result in one of the media types of `negotiate`; an event stream sets no cookies."""
        if self.media == EVENT_STREAM:
            await send_single(self.send, result)
            return
        status = _status(result, self.media)
        headers = {**(headers or {}), **_advice(status, result)}
        await self.send_json(
            status, result.payload(), headers, set_cookies, media=self.media, compressible=compressible
        )

    async def send_json(
        self,
        status: int,
        body: Any,
        headers: Mapping[str, str] | None = None,
        set_cookies: Sequence[str] = (),
        *,
        media: str | None = None,
        compressible: bool = False,
    ) -> None:
        encoded = encode(body)
        head = [
            (b"content-type", f"{media or self.json_media}; charset=utf-8".encode()),
            (b"content-length", str(len(encoded)).encode()),
            (b"vary", b"accept"),
        ]
        head += [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
        head += [(b"set-cookie", cookie.encode()) for cookie in set_cookies]

        async def send(send: Send) -> None:
            await send({"type": "http.response.start", "status": status, "headers": head})
            await send({"type": "http.response.body", "body": encoded})

        if compressible and len(encoded) >= MIN_BYTES and header(self.scope, b"accept-encoding"):
            await send_compressed(self.scope, self.receive, self.send, send)
        else:
            await send(self.send)


def _status(result: Result, media: str) -> int:
    """Return the HTTP status of a result.

    Only a client that knows the newer media type gets another status than 200 for a request error, as the
    GraphQL-over-HTTP specification says.
    """
    codes = {error.get("extensions", {}).get("code") for error in result.errors}
    if result.data is None and Unavailable.code in codes:
        return Unavailable.status  # proxies and clients of any age know this status, and try again
    if not result.is_request_error or media != GRAPHQL_JSON:
        return 200
    status = result.errors[0].get("extensions", {}).get("status", 400)
    return status if isinstance(status, int) else 400


def _advice(status: int, result: Result) -> dict[str, str]:
    """Return the headers that tell a client how to go on: to sign in, or to wait."""
    headers = {"www-authenticate": 'Bearer realm="SheetGPT"'} if status == HTTPStatus.UNAUTHORIZED else {}
    waits = [error.get("extensions", {}).get("retryAfterMs") for error in result.errors]
    seconds = [-(-wait // 1000) for wait in waits if isinstance(wait, int)]
    return headers | ({"retry-after": str(max(seconds))} if seconds else {})
