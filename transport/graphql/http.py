"""GraphQL over HTTP: POST and GET, answered with JSON, an event stream or GraphiQL's page."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from graphql import OperationType
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from errors import Unauthenticated
from execution.executor import Executor
from execution.operations import Operation, Request, Result
from telemetry.statements import collecting
from transport.core.callers import Authenticate, Caller, Context, authenticated, header, ip_address
from transport.core.connections import Connections
from transport.core.errors import BodyRefused, RequestRefused, refusal
from transport.core.json import encode
from transport.core.logs import log_operation, request_id
from transport.graphql import requests, sse
from transport.graphql.departure import while_connected
from transport.graphql.negotiation import EVENT_STREAM, GRAPHQL_JSON, JSON, Accepted, is_json, negotiate
from transport.graphql.persisted import PersistedQueries
from transport.graphql.uploads import Uploads, discard, has_files

STREAM_HINT = (
    "A subscription needs an event stream. Send `Accept: text/event-stream`, "
    "or use the WebSocket at the same URL (graphql-transport-ws)."
)


class GraphQLEndpoint:
    """ASGI application of one path; `page` serves browsers that open it, `uploads` reads requests with files."""

    def __init__(
        self,
        executor: Executor,
        *,
        authenticate: Authenticate,
        connections: Connections,
        page: ASGIApp | None = None,
        uploads: Uploads | None = None,
    ) -> None:
        self._executor = executor
        self._authenticate = authenticate
        self._connections = connections
        self._page = page
        self._uploads = uploads
        self._persisted = PersistedQueries()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        accepted = negotiate(header(scope, b"accept"))
        if accepted.page and self._page and _is_visit(scope):
            await self._page(scope, receive, send)
            return
        try:
            await self._answer(scope, receive, send, accepted)
        except BodyRefused:
            raise
        except RequestRefused as error:
            media = accepted.result if accepted.result == GRAPHQL_JSON else JSON
            await _send(send, error.status, media, {"errors": [refusal(error)]}, error.headers)
        except ClientDisconnect:
            return

    async def _answer(self, scope: Scope, receive: Receive, send: Send, accepted: Accepted) -> None:
        run = _Run(scope, receive, send, accepted, time.perf_counter())
        if self._uploads and scope["method"] == "POST" and has_files(scope):
            await self._answer_with_files(self._uploads, run)
            return
        request = await _read(scope, receive, self._persisted)
        media = run.media()
        context = await self._sign_in(scope, request)
        if isinstance(context, Result):
            log_operation(None, None, context.errors, run.started)
            await respond(send, media, context)
            return
        await self._execute(request, context, run)

    async def _answer_with_files(self, uploads: Uploads, run: "_Run") -> None:
        """Run an operation with files. The caller is authenticated before any file is stored."""
        context = await self._sign_in(run.scope)
        if not isinstance(context, Result) and context.viewer_id is None:
            context = self._executor.refuse([Unauthenticated()], context)
        if isinstance(context, Result):
            await discard(run.receive)
            log_operation(None, None, context.errors, run.started)
            await respond(run.send, run.media(), context)
            return
        async with uploads.reading(run.scope, run.receive, context.viewer_id) as request:
            await self._execute(request, context, run)

    async def _execute(self, request: Request, context: Context, run: "_Run") -> None:
        media, send, started = run.media(), run.send, run.started
        operation = self._executor.prepare(request, context)
        if isinstance(operation, Result):
            log_operation(None, context, operation.errors, started)
            await respond(send, media, operation)
            return
        _allow(operation, run.scope["method"], run.accepted)
        if operation.kind == OperationType.SUBSCRIPTION:
            stream = sse.EventStream(self._executor, self._connections, run.receive, send)
            await stream.run(operation, context, started)
            return
        with collecting() as statements:
            running = self._executor.execute(operation, context)
            # A mutation that has begun is completed, for its client cannot know how far it came.
            is_query = operation.kind == OperationType.QUERY
            result = await (while_connected(run.receive, running) if is_query else running)
        log_operation(operation, context, result.errors, started, statements)
        await respond(send, media, result, context.set_cookies)

    async def _sign_in(self, scope: Scope, request: Request | None = None) -> Context | Result:
        caller = Caller(
            authorization=header(scope, b"authorization"),
            request_id=request_id.get(),
            ip_address=ip_address(scope),
            user_agent=header(scope, b"user-agent"),
            is_counted=True,
        )
        try:
            return await authenticated(self._authenticate, caller)
        except Unauthenticated as error:
            # A client sends its expired token with every request, also with the one that asks for a new token.
            if request is None or not self._executor.ignores_credentials(request):
                return self._executor.refuse([error], None)
            return await authenticated(self._authenticate, replace(caller, authorization=None))
        except Exception as error:
            return self._executor.refuse([error], None)


@dataclass(frozen=True)
class _Run:
    """Request in progress; `started` is a `time.perf_counter()`."""

    scope: Scope
    receive: Receive
    send: Send
    accepted: Accepted
    started: float

    def media(self) -> str:
        """Return the media type of the result. Raises RequestRefused when the client accepts none of ours."""
        if self.accepted.result is None:
            offered = f"{GRAPHQL_JSON}, {JSON} or {EVENT_STREAM}"
            raise RequestRefused(
                f"The Accept header has none of the media types of this server. Use {offered}.",
                status=406,
                code="NOT_ACCEPTABLE",
            )
        return self.accepted.result


def _is_visit(scope: Scope) -> bool:
    """Return whether a browser opens the page, and does not send an operation or the hash of one."""
    query = scope["query_string"]
    return scope["method"] in ("GET", "HEAD") and b"query=" not in query and b"extensions=" not in query


async def _read(scope: Scope, receive: Receive, persisted: PersistedQueries) -> Request:
    if scope["method"] == "GET":
        return requests.from_query_string(scope["query_string"], persisted)
    if scope["method"] != "POST":
        raise RequestRefused(
            f"GraphQL does not accept {scope['method']} requests. Use POST, or GET for queries.",
            status=405,
            code="METHOD_NOT_ALLOWED",
            headers={"allow": "GET, POST"},
        )
    body = await _body(receive)
    if not is_json(header(scope, b"content-type")):
        raise RequestRefused(
            "Send the body as `Content-Type: application/json`, in UTF-8.",
            status=415,
            code="UNSUPPORTED_MEDIA_TYPE",
            headers={"accept": JSON},
        )
    return requests.from_body(body, persisted)


async def _body(receive: Receive) -> bytes:
    chunks = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


def _allow(operation: Operation, method: str, accepted: Accepted) -> None:
    if method == "GET" and operation.kind == OperationType.MUTATION:
        raise RequestRefused(
            "A mutation cannot be sent by GET. Use POST.",
            status=405,
            code="METHOD_NOT_ALLOWED",
            headers={"allow": "POST"},
        )
    if operation.kind == OperationType.SUBSCRIPTION and not accepted.stream:
        raise RequestRefused(STREAM_HINT, status=406, code="NOT_ACCEPTABLE")


def _status(result: Result, media: str) -> int:
    """Return the HTTP status of a result.

    Only a client that knows the newer media type gets another status than 200 for a request error, as the
    GraphQL-over-HTTP specification says.
    """
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


async def respond(send: Send, media: str, result: Result, set_cookies: Sequence[str] = ()) -> None:
    """Send one result in one of the media types of `negotiate`; an event stream sets no cookies."""
    if media == EVENT_STREAM:
        await sse.send_single(send, result)
    else:
        status = _status(result, media)
        await _send(send, status, media, result.payload(), _advice(status, result), set_cookies)


async def _send(
    send: Send,
    status: int,
    media: str,
    body: Any,
    headers: Mapping[str, str] | None = None,
    set_cookies: Sequence[str] = (),
) -> None:
    encoded = encode(body)
    head = [
        (b"content-type", f"{media}; charset=utf-8".encode()),
        (b"content-length", str(len(encoded)).encode()),
        (b"vary", b"accept"),
    ]
    head += [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    head += [(b"set-cookie", cookie.encode()) for cookie in set_cookies]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": encoded})
