"""Outermost middleware: limits of the body, request ids, security headers and the request's log line."""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auth.quotas import used_windows
from errors import ProductError
from telemetry import metrics
from telemetry.catalog import HTTP_REQUESTS
from transport.core import rate_limits
from transport.core.callers import header, ip_address
from transport.core.drain import Drain
from transport.core.errors import BodyRefused, RequestRefused, internal_error, ops_error, refusal, unavailable
from transport.core.json import encode
from transport.core.logs import log_request, request_id
from transport.core.request_ids import identify
from transport.graphql.negotiation import GRAPHQL_JSON, JSON, negotiate
from transport.graphql.uploads import has_files
from transport.perimeter import UNGUARDED, Perimeter

SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]
# A client that is still sending would see a reset connection instead of the response,
# so a refused body is read a little further.
DRAIN_SECONDS = 2.0
RESTARTING = "The server is restarting. Send the request again in a second."
TOO_LATE = (
    "The server is restarting, and the request took too long. A query can be sent again; a mutation may still take "
    "effect, so send it again with the same idempotencyKey, or check its result first."
)
ROUTES = frozenset(
    {"/graphql", "/graphiql", "/health", "/api", "/metrics", "/exports", "/attachments", "/s", "/google", "/"}
)
DRAIN_BODIES = 4

log = logging.getLogger("sheetgpt.error")
refusals = logging.getLogger("sheetgpt.request")


class Guard:
    """ASGI middleware around everything.

    A body may have `max_body_bytes` (else 413) and must arrive within `body_deadline` seconds (else 408).
    A form at `graphql_path` may have files, so `max_upload_bytes` and `upload_deadline` apply instead. `admit` counts
    requests by IP address. Errors are JSON: in GraphQL's shape at `graphql_path`, else in that of the other routes.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_body_bytes: int = 2_000_000,
        body_deadline: float = 30.0,
        max_upload_bytes: int | None = None,
        upload_deadline: float = 120.0,
        graphql_path: str = "/graphql",
        assets_path: str = "/graphiql/",
        perimeter: Perimeter | None = None,
        admit: rate_limits.Admit = rate_limits.admit_all,
        version: str = "",
        drain: Drain | None = None,
    ) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._body_deadline = body_deadline
        self._max_upload_bytes = max_upload_bytes
        self._upload_deadline = upload_deadline
        self._graphql_path, self._assets_path = graphql_path, assets_path
        self._perimeter = perimeter or Perimeter()
        self._admit = admit
        self._version = version.encode()
        self._drain = drain or Drain()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            identify(scope["headers"])
            used_windows.set({})
            with self._drain.request():
                await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            identify(scope["headers"])
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._check(scope)
        except RequestRefused as error:
            refusals.warning("A WebSocket was refused: %s", error.message)
            await send({"type": "websocket.close", "code": 1008, "reason": error.message[:120]})
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        body = _Body(scope, receive, *self._bounds(scope))
        response = _Response(
            send, body, self._drain, [(b"x-api-version", self._version), *self._perimeter.headers(scope)]
        )
        try:
            await self._check(scope)
            if self._drain.is_expired:
                raise unavailable(RESTARTING)
            await self._app(scope, body.receive, response.send)
        except asyncio.CancelledError:
            await self._refuse_late(scope, response)
        except (BodyRefused, RequestRefused) as error:
            await body.drain()
            await self._refuse(scope, response, error)
        except Exception:
            log.exception("Unexpected error")
            if response.status:
                raise
            await self._fail(scope, response)
        finally:
            status = response.status or 499
            metrics.observe(HTTP_REQUESTS, time.perf_counter() - started, _route(scope["path"]), f"{status // 100}xx")
            log_request(scope["method"], scope["path"], status, started)

    async def _check(self, scope: Scope) -> None:
        """Raise RequestRefused for a request that must not reach the application."""
        self._perimeter.check(scope)
        if scope["path"] in UNGUARDED or scope["path"].startswith(self._assets_path):
            return
        try:
            await self._admit(ip_address(scope))
        except ProductError as error:
            raise rate_limits.refused(error) from None

    def _bounds(self, scope: Scope) -> tuple[int, float]:
        """Return the most bytes that a body may have, and the seconds it may take."""
        if self._max_upload_bytes and scope["path"] == self._graphql_path and has_files(scope):
            return self._max_upload_bytes, self._upload_deadline
        return self._max_body_bytes, self._body_deadline

    async def _refuse_late(self, scope: Scope, response: "_Response") -> None:
        """Answer a request that the end of the drain has cancelled. Raises CancelledError for any other one."""
        task = asyncio.current_task()
        if task is None or not self._drain.is_expired or response.status:
            raise asyncio.CancelledError
        task.uncancel()
        await self._refuse(scope, response, unavailable(TOO_LATE))

    async def _refuse(self, scope: Scope, response: "_Response", error: RequestRefused) -> None:
        if scope["path"] == self._graphql_path:
            await response.json(error.status, {"errors": [refusal(error)]}, _media(scope), error.headers)
        else:
            await response.json(error.status, ops_error(error.status, error.code, error.message), JSON, error.headers)

    async def _fail(self, scope: Scope, response: "_Response") -> None:
        error = internal_error()
        if scope["path"] == self._graphql_path:
            await response.json(500, {"errors": [error]}, _media(scope))
        else:
            await response.json(500, ops_error(500, error["extensions"]["code"], error["message"]))


def _route(path: str) -> str:
    """Return the first segment of a path that has a route, as a label with few values."""
    first = "/" + path.split("/", 2)[1]
    return first if first in ROUTES else "other"


def _media(scope: Scope) -> str:
    """Return the media type of an error at the GraphQL path: clients hide the text of one in another type."""
    return GRAPHQL_JSON if negotiate(header(scope, b"accept")).result == GRAPHQL_JSON else JSON


class _Body:
    """Body of a request, read within its limits; `receive` raises BodyRefused."""

    def __init__(self, scope: Scope, receive: Receive, max_bytes: int, seconds: float) -> None:
        self._receive = receive
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._read = 0
        self._deadline: float | None = None
        self._is_late = False
        self._complete = not any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])

    @property
    def is_abandoned(self) -> bool:
        """Return whether the rest of the body may arrive unread.

        The connection must then be closed: no deadline applies to it any more.
        """
        return self._is_late or not self._complete

    async def receive(self) -> Message:
        if self._complete:
            return await self._receive()
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + self._seconds
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            self._is_late = True
            late = (
                f"The body did not arrive within {self._seconds:g} s. Send a smaller body, or use a faster connection."
            )
            raise BodyRefused(late, status=408, code="REQUEST_TIMEOUT") from None
        self._count(message)
        return message

    def _count(self, message: Message) -> None:
        self._read += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        if self._read > self._max_bytes:
            too_large = f"The body is larger than {self._max_bytes:,} bytes. Send less at once."
            raise BodyRefused(too_large, status=413, code="PAYLOAD_TOO_LARGE")

    async def drain(self) -> None:
        """Read on for a moment and discard the bytes."""
        try:
            async with asyncio.timeout(0 if self._is_late else DRAIN_SECONDS):
                while not self._complete and self._read <= DRAIN_BODIES * self._max_bytes:
                    message = await self._receive()
                    self._read += len(message.get("body", b""))
                    self._complete = not message.get("more_body", False)
        except TimeoutError:
            self._is_late = True


class _Response:
    """Response with the headers that every response has, `extra` among them; `status` is 0 until it has begun."""

    def __init__(self, send: Send, body: _Body, drain: Drain, extra: Sequence[tuple[bytes, bytes]] = ()) -> None:
        self._send = send
        self._body, self._drain = body, drain
        self._extra = extra
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = list(message.get("headers", ()))
            message["headers"] = [*headers, *_added(headers), *self._extra, *rate_limits.headers()]
            if self._body.is_abandoned or self._drain.is_draining:
                message["headers"].append((b"connection", b"close"))
        await self._send(message)

    async def json(
        self, status: int, body: object, media: str = JSON, extra: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        encoded = encode(body)
        headers = [
            (b"content-type", media.encode()),
            (b"content-length", str(len(encoded)).encode()),
            *((name.encode(), value.encode("latin-1")) for name, value in extra.items()),
        ]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": encoded})


def _added(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    present = {name.lower(): value for name, value in headers}
    added = [item for item in SECURITY if item[0] not in present]
    added.append((b"x-request-id", request_id.get().encode()))
    if b"json" in present.get(b"content-type", b"") and b"cache-control" not in present:
        added.append((b"cache-control", b"no-store"))
    return added
