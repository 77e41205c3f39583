"""Formats of a stream of results over HTTP: server-sent events, and multipart responses of Apollo Client.

Server-sent events follow the "distinct connections" mode of graphql-sse: `next` for each result, then `complete`.
Lines end in LF, because some clients split events at two of them. Multipart responses follow the protocol of
multipart subscriptions: each part but a heartbeat has a `payload`.
"""

from typing import Any, Protocol

from starlette.types import Send

from execution.operations import Result
from transport.core.json import encode

Headers = list[tuple[bytes, bytes]]

UNBUFFERED: Headers = [
    (b"cache-control", b"no-store"),
    (b"vary", b"accept"),
    # nginx would otherwise buffer events until its buffer is full.
    (b"x-accel-buffering", b"no"),
]
BOUNDARY = b"\r\n--graphql"


class StreamFormat(Protocol):
    """Format of a stream; `opening` is sent at once, and `ping` while there is nothing to send."""

    headers: Headers
    opening: bytes
    ping: bytes
    end: bytes

    def result(self, result: Result) -> bytes: ...

    def refusal(self, error: dict[str, Any]) -> bytes:
        """Return the error that ends a stream whose client may no longer have it."""


class ServerSentEvents:
    """Server-sent events; each has the id of its position, which a client sends back to resume."""

    headers: Headers = [(b"content-type", b"text/event-stream; charset=utf-8"), *UNBUFFERED]  # noqa: RUF012  constant
    opening = ping = b":\n\n"
    end = b"event: complete\ndata:\n\n"

    def result(self, result: Result) -> bytes:
        id_ = b"" if result.position is None else f"id: {result.position}\n".encode()
        return b"event: next\n" + id_ + b"data: " + encode(result.payload()) + b"\n\n"

    def refusal(self, error: dict[str, Any]) -> bytes:
        return self.result(Result(errors=[error], is_request_error=True))


class Multipart:
    """Parts of a multipart response; the boundary after a part tells the client that it is complete."""

    headers: Headers = [  # noqa: RUF012  constant
        (b"content-type", b'multipart/mixed; boundary="graphql"; subscriptionSpec=1.0'),
        *UNBUFFERED,
    ]
    opening = BOUNDARY
    end = b"--\r\n"

    def __init__(self) -> None:
        self.ping = self._part({})

    def result(self, result: Result) -> bytes:
        return self._part({"payload": result.payload()})

    def refusal(self, error: dict[str, Any]) -> bytes:
        return self._part({"payload": None, "errors": [error]})

    def _part(self, body: dict[str, Any]) -> bytes:
        return b"\r\ncontent-type: application/json\r\n\r\n" + encode(body) + BOUNDARY


async def send_single(send: Send, result: Result) -> None:
    """Send a stream of one result, as server-sent events."""
    events = ServerSentEvents()
    await send({"type": "http.response.start", "status": 200, "headers": events.headers})
    await send({"type": "http.response.body", "body": events.result(result) + events.end})
