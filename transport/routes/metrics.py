"""Route of the metrics, which only the holder of a token may read."""

import secrets
from collections.abc import Callable
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from errors import Unauthenticated
from transport.core.errors import ops_error
from transport.core.json import encode

Render: TypeAlias = Callable[[str], tuple[bytes, str]]
REFUSED = "Send the METRICS_TOKEN of this server as `Authorization: Bearer …`."


class MetricsEndpoint:
    """ASGI application of /metrics; `render` returns the metrics for an Accept header, and their media type."""

    def __init__(self, render: Render, token: str) -> None:
        self._render, self._token = render, f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._respond(Request(scope))(scope, receive, send)

    def _respond(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            body = ops_error(405, "METHOD_NOT_ALLOWED", "Metrics are read by GET.")
            return Response(encode(body), 405, {"allow": "GET, HEAD"}, "application/json")
        if not secrets.compare_digest(request.headers.get("authorization", "").encode(), self._token):
            body = ops_error(Unauthenticated.status, Unauthenticated.code, REFUSED)
            headers = {"www-authenticate": 'Bearer realm="metrics"'}
            return Response(encode(body), Unauthenticated.status, headers, "application/json")
        content, media_type = self._render(request.headers.get("accept", ""))
        return Response(content, 200, {"cache-control": "no-store"}, media_type)
