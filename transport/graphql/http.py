"""GraphQL over HTTP: POST and GET, answered with JSON, a stream of events or GraphiQL's page."""

import time
from dataclasses import replace
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
from transport.core.logs import log_operation, request_id
from transport.graphql import requests
from transport.graphql.departure import while_connected
from transport.graphql.deprecation import headers_of
from transport.graphql.event_streams import EventStream
from transport.graphql.negotiation import JSON, Accepted, is_json, negotiate
from transport.graphql.persisted import PersistedQueries
from transport.graphql.responses import Exchange
from transport.graphql.uploads import Uploads, discard, has_files

OPERATION_PARAMETERS = (b"query=", b"extensions=", b"documentId=")
STREAM_HINT = (
    "A subscription needs an event stream. Send `Accept: text/event-stream`, "
    "or use the WebSocket at the same URL (graphql-transport-ws)."
)


class GraphQLEndpoint:
    """ASGI application of one path; `page` serves browsers that open it, `uploads` reads requests with files.

    A request may have up to `max_batch` operations. Large results of queries are compressed if `compress` is set.
    """

    def __init__(
        self,
        executor: Executor,
        *,
        authenticate: Authenticate,
        connections: Connections,
        page: ASGIApp | None = None,
        uploads: Uploads | None = None,
        persisted: PersistedQueries | None = None,
        max_batch: int = 0,
        compress: bool = True,
    ) -> None:
        self._executor = executor
        self._authenticate = authenticate
        self._connections = connections
        self._page = page
        self._uploads = uploads
        self._persisted = persisted or PersistedQueries()
        self._max_batch, self._compress = max_batch, compress

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        accepted = negotiate(header(scope, b"accept"))
        if accepted.page and self._page and _is_visit(scope):
            await self._page(scope, receive, send)
            return
        exchange = Exchange(scope, receive, send, accepted, time.perf_counter())
        try:
            await self._answer(exchange)
        except BodyRefused:
            raise
        except RequestRefused as error:
            await exchange.send_json(error.status, {"errors": [refusal(error)]}, error.headers)
        except ClientDisconnect:
            return

    async def _answer(self, exchange: Exchange) -> None:
        scope = exchange.scope
        if self._uploads and scope["method"] == "POST" and has_files(scope):
            await self._answer_with_files(self._uploads, exchange)
            return
        request = await self._read(scope, exchange.receive)
        exchange.check_media()
        if isinstance(request, list):
            await self._answer_batch(request, exchange)
            return
        context = await self._sign_in(scope, request)
        if isinstance(context, Result):
            log_operation(None, None, context.errors, exchange.started)
            await exchange.respond(context)
            return
        await self._execute(request, context, exchange)

    async def _answer_with_files(self, uploads: Uploads, exchange: Exchange) -> None:
        """Run an operation with files. The caller is authenticated before any file is stored."""
        context = await self._sign_in(exchange.scope)
        if not isinstance(context, Result) and context.viewer_id is None:
            context = self._executor.refuse([Unauthenticated()], context)
        if isinstance(context, Result):
            await discard(exchange.receive)
            log_operation(None, None, context.errors, exchange.started)
            await exchange.respond(context)
            return
        async with uploads.reading(exchange.scope, exchange.receive, context.viewer_id, self._persisted) as request:
            await self._execute(request, context, exchange)

    async def _answer_batch(self, items: list[Request | RequestRefused], exchange: Exchange) -> None:
        """Run the operations of a batch one after the other, each with the limits of a request of its own."""
        results: list[dict[str, Any]] = []
        cookies: list[str] = []
        for index, item in enumerate(items):
            try:
                result, set_cookies = await self._run_item(item, exchange, is_counted=index == 0)
            except RequestRefused as error:
                results.append({"errors": [refusal(error)]})
            else:
                results.append(result.payload())
                cookies += set_cookies
        await exchange.send_json(200, results, set_cookies=cookies)

    async def _run_item(
        self, item: Request | RequestRefused, exchange: Exchange, *, is_counted: bool
    ) -> tuple[Result, list[str]]:
        if isinstance(item, RequestRefused):
            raise item
        context = await self._sign_in(exchange.scope, item, is_counted=is_counted)
        if isinstance(context, Result):
            return context, []
        operation = self._executor.prepare(item, context)
        if isinstance(operation, Result):
            return operation, []
        if operation.kind == OperationType.SUBSCRIPTION:
            raise RequestRefused("A subscription cannot be in a batch. Send it alone.")
        result = await self._run(operation, context, exchange, time.perf_counter())
        return result, list(context.set_cookies)

    async def _execute(self, request: Request, context: Context, exchange: Exchange) -> None:
        started = exchange.started
        operation = self._executor.prepare(request, context)
        if isinstance(operation, Result):
            log_operation(None, context, operation.errors, started)
            await exchange.respond(operation)
            return
        _allow(operation, exchange.scope["method"], exchange.accepted)
        if operation.kind == OperationType.SUBSCRIPTION:
            stream = EventStream(self._executor, self._connections, exchange)
            await stream.run(operation, context, started)
            return
        result = await self._run(operation, context, exchange, started)
        await exchange.respond(
            result,
            context.set_cookies,
            headers_of(operation.document.deprecations),
            compressible=self._compress and operation.kind == OperationType.QUERY,
        )

    async def _run(self, operation: Operation, context: Context, exchange: Exchange, started: float) -> Result:
        with collecting() as statements:
            running = self._executor.execute(operation, context)
            # A mutation that has begun is completed, for its client cannot know how far it came.
            is_query = operation.kind == OperationType.QUERY
            result = await (while_connected(exchange.receive, running) if is_query else running)
        log_operation(operation, context, result.errors, started, statements)
        return result

    async def _sign_in(
        self, scope: Scope, request: Request | None = None, *, is_counted: bool = True
    ) -> Context | Result:
        caller = Caller(
            authorization=header(scope, b"authorization"),
            request_id=request_id.get(),
            ip_address=ip_address(scope),
            user_agent=header(scope, b"user-agent"),
            is_counted=is_counted,
            last_event_id=header(scope, b"last-event-id"),
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

    async def _read(self, scope: Scope, receive: Receive) -> Request | list[Request | RequestRefused]:
        if scope["method"] == "GET":
            return requests.from_query_string(scope["query_string"], self._persisted)
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
        return requests.read_body(body, self._persisted, self._max_batch)


def _is_visit(scope: Scope) -> bool:
    """Return whether a browser opens the page, and does not send an operation or the hash of one."""
    query = scope["query_string"]
    return scope["method"] in ("GET", "HEAD") and not any(name in query for name in OPERATION_PARAMETERS)


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
    if operation.kind == OperationType.SUBSCRIPTION and not (accepted.stream or accepted.multipart):
        raise RequestRefused(STREAM_HINT, status=406, code="NOT_ACCEPTABLE")
