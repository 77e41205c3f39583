"""ASGI application of the product, with its guards, routes and middleware."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute

from assembly.components import create_trusted_documents
from assembly.product import Product
from execution.executor import Executor
from resolvers.accounts import single_sign_on
from resolvers.conversations.attachments import attachment_access
from resolvers.conversations.share_links import opener
from resolvers.core.authentication import authenticate, require_viewer
from resolvers.core.charges import charge, count_operation, count_request
from resolvers.core.context import Context, Origin
from resolvers.exports.downloads import export_access
from resolvers.google.callback import callback
from resolvers.reports.downloads import report_files
from schema import schema
from schema.core.costs import WEIGHTS
from schema.core.scopes import require_scope
from settings.settings import VERSION, Settings
from tables.reports.page import STYLE_DIGEST
from telemetry import metrics
from transport.app_page import fallback, page_routes
from transport.core.callers import Caller
from transport.core.errors import format_error
from transport.graphiql import GraphiQL
from transport.graphql.socket import SocketLimits
from transport.graphql.uploads import PREFLIGHT, Uploads
from transport.guard import Guard
from transport.perimeter import Perimeter
from transport.routes.consent import consent_route
from transport.routes.downloads import attachment_route, download_route
from transport.routes.metrics import MetricsEndpoint
from transport.routes.reports import report_route
from transport.routes.routes import EXCEPTION_HANDLERS, graphql_routes, ops_routes
from transport.routes.share_page import shared_route
from transport.routes.sign_in import sign_in_routes
from transport.server import Draining


def application(product: Product) -> Any:
    """Create the ASGI application; `lifespan` starts and stops the product that it serves."""
    settings = product.backend.settings
    uploads = Uploads(settings.files_dir / "incoming", settings.max_upload_bytes, settings.max_body_bytes)
    routes = [*_graphql_routes(product, uploads), *_other_routes(product), *_page_routes(settings)]
    middleware = [*_cors(settings), _guard(product, uploads)]
    app = Starlette(routes=routes, middleware=middleware, exception_handlers=EXCEPTION_HANDLERS)
    if settings.static_dir:
        # Not a route: one for every path would answer 404 where a known path refuses the method with 405.
        app.router.default = fallback(settings.static_dir)
    return app


def _graphql_routes(product: Product, uploads: Uploads) -> list[BaseRoute]:
    backend, settings = product.backend, product.backend.settings

    async def context_of(caller: Caller) -> Context:
        if not caller.is_counted:
            await count_request(backend, caller.ip_address)
        origin = Origin(caller.request_id, caller.ip_address, caller.user_agent, caller.last_event_id)
        context = await authenticate(backend, caller.authorization, origin)
        await count_operation(context)
        return context

    limits = SocketLimits(
        message_bytes=settings.max_body_bytes,
        operations=settings.operations_per_socket,
        per_address=settings.sockets_per_address,
        per_person=settings.sockets_per_person,
    )
    return graphql_routes(
        _executor(settings),
        authenticate=context_of,
        connections=product.connections,
        graphiql=GraphiQL() if settings.in_development(settings.graphiql) else None,
        limits=limits,
        uploads=uploads,
        trusted=create_trusted_documents(settings),
        max_batch=settings.max_batch,
        compress=settings.compression,
    )


def _executor(settings: Settings) -> Executor:
    return Executor(
        schema,
        format_error=format_error,
        deadline=90,
        event_context=Context.fresh,
        require_viewer=require_viewer,
        require_scope=require_scope,
        charge=charge,
        weights=WEIGHTS,
        hide_suggestions=not settings.in_development(settings.suggestions),
        introspection=settings.in_development(settings.introspection),
    )


def _other_routes(product: Product) -> list[BaseRoute]:
    """Return the routes of health, metrics, files, share links, and of browsers that come back from elsewhere."""
    backend, settings = product.backend, product.backend.settings
    return [
        *ops_routes(version=VERSION, readiness=product.readiness, metrics=create_metrics_endpoint(settings)),
        download_route(backend.secrets, settings.files_dir, export_access(backend)),
        attachment_route(backend.secrets, backend.blobs.open, attachment_access(backend)),
        report_route(backend.secrets, report_files(backend), STYLE_DIGEST),
        shared_route(opener(backend)),
        consent_route(callback(backend)),
        *sign_in_routes(single_sign_on.begin(backend), single_sign_on.complete(backend)),
    ]


def _page_routes(settings: Settings) -> list[BaseRoute]:
    if settings.static_dir:
        return [*page_routes(settings.static_dir)]
    return [*page_routes()] if settings.app_page else []


def _guard(product: Product, uploads: Uploads) -> Middleware:
    # It stands inside: Starlette's own outermost layer would answer its refusals as faults of ours.
    settings = product.backend.settings
    own_origin = [settings.public_url.rstrip("/")] if settings.public_url else []
    return Middleware(
        Guard,
        max_body_bytes=settings.max_body_bytes,
        max_upload_bytes=uploads.body_bytes,
        perimeter=Perimeter(settings.hosts, frozenset(settings.origins + own_origin), settings.force_https),
        admit=partial(count_request, product.backend),
        version=VERSION,
        drain=product.drain,
    )


def _cors(settings: Settings) -> Iterator[Middleware]:
    if settings.origins:
        yield Middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type", "x-request-id", *PREFLIGHT],
            expose_headers=["x-request-id", "x-api-version", "retry-after", "ratelimit", "ratelimit-policy"],
        )


def draining(product: Product) -> Draining:
    """Return the way in which the product drains: it is not ready at once, and its jobs have time to end."""
    seconds = product.backend.settings.drain_seconds
    return Draining(product.drain, seconds, product.readiness.stop, product.worker.drain)


def create_metrics_endpoint(settings: Settings) -> MetricsEndpoint | None:
    """Create the route of the metrics; None without METRICS_TOKEN."""
    token = settings.metrics_token
    return MetricsEndpoint(metrics.enable().render, token.get_secret_value()) if token else None
