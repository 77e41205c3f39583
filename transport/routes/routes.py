"""Routes of GraphQL and GraphiQL, and those for operators: /api, /health and /metrics."""

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp

from errors import ProductError
from execution.executor import Executor
from transport.core.callers import Authenticate
from transport.core.connections import Connections
from transport.core.errors import ops_error
from transport.core.json import encode
from transport.graphql.http import GraphQLEndpoint
from transport.graphql.persisted import PersistedQueries
from transport.graphql.socket import SocketLimits
from transport.graphql.trusted import NO_DOCUMENTS, TrustedDocuments
from transport.graphql.uploads import Uploads
from transport.graphql.websocket import WebSocketEndpoint
from transport.routes.metrics import MetricsEndpoint
from transport.routes.readiness import ACCEPTING, Readiness

TYPES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}


def graphql_routes(
    executor: Executor,
    *,
    authenticate: Authenticate,
    connections: Connections,
    graphiql: ASGIApp | None = None,
    limits: SocketLimits | None = None,
    uploads: Uploads | None = None,
    trusted: TrustedDocuments = NO_DOCUMENTS,
    max_batch: int = 0,
    compress: bool = True,
) -> list[BaseRoute]:
    """Return the routes of /graphql by HTTP and WebSocket, and of /graphiql/… when there is a page."""
    persisted = PersistedQueries(trusted=trusted)
    http = GraphQLEndpoint(
        executor,
        authenticate=authenticate,
        connections=connections,
        page=graphiql,
        uploads=uploads,
        persisted=persisted,
        max_batch=max_batch,
        compress=compress,
    )
    sockets = WebSocketEndpoint(
        executor, authenticate=authenticate, connections=connections, limits=limits, persisted=persisted
    )
    routes: list[BaseRoute] = [Route("/graphql", http), WebSocketRoute("/graphql", sockets)]
    if graphiql:
        routes.append(Route("/graphiql/{path:path}", graphiql))
    return routes


def ops_routes(*, version: str, readiness: Readiness, metrics: MetricsEndpoint | None = None) -> list[BaseRoute]:
    """Return the routes /api, /health, /health/live and /health/ready, and /metrics when there are any."""

    async def api(_request: Request) -> Response:
        return json_response({"message": "API is running", "version": version})

    async def health(_request: Request) -> Response:
        is_healthy = await readiness.is_database_connected()
        body = {
            "status": "healthy" if is_healthy else "unhealthy",
            "timestamp": datetime.now(UTC).isoformat(),
            "database": "connected" if is_healthy else "disconnected",
        }
        return json_response(body, 200 if is_healthy else 503)

    async def live(_request: Request) -> Response:
        return json_response({"status": "alive", "timestamp": datetime.now(UTC).isoformat()})

    async def ready(_request: Request) -> Response:
        status, checks = await readiness.report()
        body = {"status": status, "timestamp": datetime.now(UTC).isoformat(), "checks": checks}
        return json_response(body, 200 if status in ACCEPTING else 503)

    routes: list[BaseRoute] = [Route("/metrics", metrics)] if metrics else []
    return [
        *routes,
        Route("/api", api),
        Route("/health", health),
        Route("/health/live", live),
        Route("/health/ready", ready),
    ]


def json_response(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(encode(body), status, headers, "application/json")


async def http_error(request: Request, error: Exception) -> Response:
    """Return the response for an HTTPException, including unknown routes and methods."""
    assert isinstance(error, HTTPException)
    detail = error.detail
    if detail == HTTPStatus.NOT_FOUND.phrase:
        detail = f"There is nothing at {request.url.path}. GraphQL is at /graphql."
    type = TYPES.get(error.status_code, "HTTP_ERROR")
    return json_response(ops_error(error.status_code, type, detail), error.status_code, error.headers)


async def product_error(_request: Request, error: Exception) -> Response:
    """Return the response for a ProductError that a route raises."""
    assert isinstance(error, ProductError)
    body = ops_error(error.status, error.code, error.message, error.fields)
    return json_response(body, error.status)


EXCEPTION_HANDLERS = {HTTPException: http_error, ProductError: product_error}
