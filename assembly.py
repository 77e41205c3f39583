"""Assembly of the product from its settings: database, assistant, jobs, and the ASGI application."""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

import db.models  # noqa: F401  the policy covers every model only when all are loaded
from assistant.reply_log.log import MemoryLog
from assistant.reply_log.watchers import Watchers
from auth import quotas
from auth.encryption import Cipher
from auth.limits import Action, Attempts, Rates
from auth.passwords import PasswordHasher
from auth.shared_counts import SharedCounts
from db.accounts.administration import perform
from db.core.engine import Database
from db.core.events import Hub
from db.core.factory import open_database
from db.core.sqlite import SQLite
from db.exports import sheet_links
from db.migrations import migrate
from execution.executor import Executor
from integrations.blobs import DirectoryBlobs
from integrations.disk import Disk
from integrations.documents.reader import DocumentReader
from integrations.google.access import Google, folder_id_of
from integrations.google.failures import SheetsFailure
from integrations.google.oauth import OAuthClient, scopes_of
from integrations.google.quota import Quota
from integrations.google.service_account import read_service_account
from integrations.llm.catalog import Catalog, catalog_of
from integrations.llm.chat_completions import ModelFailure
from integrations.llm.profiles import ProfilesRefused
from integrations.llm.routing import ModelRouter
from integrations.mail import FileMailer, Mailer, SMTPMailer
from integrations.mail import Server as MailServer
from integrations.oidc.client import OIDCClient
from integrations.oidc.providers import ProvidersRefused, read_providers
from integrations.redis.connection import Redis
from integrations.webhooks import PublicRequests
from jobs.aggregation.aggregator import Aggregator
from jobs.exports import exports
from jobs.exports.exports import Exports
from jobs.exports.sheet_links import MAX_CONCURRENT as MAX_CONCURRENT_LINKS
from jobs.exports.sheet_links import SheetLinks, SheetLinkSweep
from jobs.extraction import extractions
from jobs.extraction.extractions import Extractions
from jobs.google.revocations import Revocations
from jobs.mail import mail
from jobs.mail.mail import Mails, Sender
from jobs.notifications.broadcasts import Broadcasts
from jobs.replies import titles
from jobs.replies.replies import Replies
from jobs.replies.titles import Titles
from jobs.reports import reports
from jobs.reports.reports import Reports
from jobs.reports.schedule import ReportScheduler
from jobs.retention.file_sweep import Sweep
from jobs.retention.purger import Purger
from jobs.runner.backlog import Sampler
from jobs.runner.cluster import Cluster
from jobs.runner.worker import Handler, Worker
from jobs.tables import cell_indexes
from jobs.tables.cell_indexes import Indexes
from jobs.webhooks import deliveries
from jobs.webhooks.deliveries import Deliveries
from keys import google_client_secret, load_secrets
from preflight import masked
from resolvers.accounts import single_sign_on
from resolvers.conversations.attachments import attachment_access
from resolvers.conversations.share_links import opener
from resolvers.core.authentication import authenticate, require_viewer
from resolvers.core.charges import charge, count_operation, count_request
from resolvers.core.context import Backend, Context, Origin
from resolvers.core.revocation import Revocation
from resolvers.exports.downloads import export_access
from resolvers.google.callback import callback
from resolvers.reports.downloads import report_files
from schema import schema
from schema.core.costs import WEIGHTS
from schema.core.scopes import require_scope
from settings import VERSION, Misconfigured, Settings
from tables.reports.page import STYLE_DIGEST
from telemetry import metrics
from telemetry.catalog import BUILD, DATABASE_CONNECTIONS, READY, STREAMS, WAITING
from transport.app_page import fallback, page_routes
from transport.control import Control
from transport.core.callers import Caller
from transport.core.connections import Connections
from transport.core.drain import Drain
from transport.core.errors import format_error
from transport.graphiql import GraphiQL
from transport.graphql.socket import SocketLimits
from transport.graphql.trusted import NO_DOCUMENTS, BadManifest, TrustedDocuments, load_manifest
from transport.graphql.uploads import PREFLIGHT, Uploads
from transport.guard import Guard
from transport.perimeter import Perimeter
from transport.routes.consent import CALLBACK_PATH, consent_route
from transport.routes.downloads import attachment_route, download_route
from transport.routes.metrics import MetricsEndpoint
from transport.routes.readiness import Readiness
from transport.routes.reports import report_route
from transport.routes.routes import EXCEPTION_HANDLERS, graphql_routes, ops_routes
from transport.routes.share_page import shared_route
from transport.routes.sign_in import sign_in_routes
from transport.server import Draining

GOOGLE_TOKENS, SIGN_INS = "google tokens", "sign-ins"  # purposes of the keys that encrypt them
LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})

T = TypeVar("T")

logger = logging.getLogger("sheetgpt")


@dataclass(frozen=True)
class Product:
    """Parts of the server that start and stop together; see `lifespan`."""

    backend: Backend
    worker: Worker
    model: ModelRouter | None
    connections: Connections
    revocation: Revocation
    sweep: Sweep
    purger: Purger
    aggregator: Aggregator
    link_sweep: SheetLinkSweep
    report_scheduler: ReportScheduler
    revocations: Revocations
    readiness: Readiness
    disk: Disk
    drain: Drain
    cluster: Cluster | None = None
    control: Control | None = None


def create_database(settings: Settings) -> Database:
    """Create the database object without opening it. Raise Misconfigured if DATABASE_URL is not valid."""
    try:
        return open_database(settings.database_url, migrate)
    except ValueError as error:
        raise Misconfigured(f"DATABASE_URL={masked(settings.database_url)} {error}") from None


def assemble(settings: Settings) -> Product:
    """Create every part and start none. Raise Misconfigured for a setting that the server cannot start with."""
    database, hub = create_database(settings), Hub()
    database.publish = hub.publish
    database.job_limits = settings.job_limits
    cluster = create_cluster(settings, database, hub)
    catalog, model = create_models(settings)
    connections = Connections()
    secrets = load_secrets(settings)
    counts = SharedCounts(cluster.counts if cluster else None)
    backend = Backend(
        settings=settings,
        database=database,
        hub=hub,
        log=cluster.log if cluster else MemoryLog(),
        watchers=cluster.watchers if cluster else Watchers(),
        passwords=PasswordHasher(),
        secrets=secrets,
        catalog=catalog,
        blobs=DirectoryBlobs(settings.files_dir / "attachments"),
        documents=DocumentReader(),
        requests=PublicRequests(allow_private=settings.webhook_allow_private),
        attempts=Attempts({Action(name): Rates(*rates) for name, rates in settings.rates.items()}, counts),
        quotas=quotas.Quotas({quotas.Quota(name): rate for name, rate in settings.quotas.items()}, counts),
        google=create_google(settings, secrets, cluster),
        sign_in_clients=create_sign_in_clients(settings),
        sign_in_cipher=Cipher(secrets, SIGN_INS),
    )
    worker = create_worker(backend, model, cluster)
    revocation = Revocation(database, hub, connections)
    sweep = Sweep(database, backend.blobs, settings.files_dir, timedelta(days=settings.export_retention_days))
    # Only a SQLite file needs the control socket: on PostgreSQL, commands connect to the database themselves.
    control = Control(database.socket, partial(perform, database)) if isinstance(database, SQLite) else None
    purger = Purger(database, hub, settings.files_dir, timedelta(days=settings.purge_after_days))
    link_sweep = SheetLinkSweep(database, timedelta(seconds=settings.sheet_link_seconds))
    disk = create_disk(settings, database)
    readiness = create_readiness(database, disk, cluster)
    background = sweep, purger, Aggregator(database), link_sweep, ReportScheduler(database)
    revocations = Revocations(database, backend.google)
    parts = backend, worker, model, connections, revocation, *background, revocations
    return Product(*parts, readiness, disk, Drain(), cluster, control)


def create_disk(settings: Settings, database: Database) -> Disk:
    directories = [settings.files_dir] + ([database.path.parent] if isinstance(database, SQLite) else [])
    return Disk(directories, settings.min_free_megabytes * 1_000_000)


def create_readiness(database: Database, disk: Disk, cluster: Cluster | None) -> Readiness:
    """Create the checks of /health/ready. Without Redis everything works with a delay, so it is optional."""
    checks = {"database": database.check, "writer": database.check_writer, "disk": disk.check}
    if cluster is not None:
        checks["redis"] = cluster.check
    return Readiness(checks, optional=frozenset({"redis"}))


def create_worker(backend: Backend, model: ModelRouter | None, cluster: Cluster | None) -> Worker:
    """Create the worker with a handler for each kind of job, or without handlers when RUN_JOBS is 0."""
    settings, database, hub = backend.settings, backend.database, backend.hub
    writes_titles = settings.title_source == "model"
    replies = Replies(database, backend.log, model, backend.watchers, backend.blobs, writes_titles=writes_titles)
    handlers: dict[str, Handler] = {
        "reply": replies,
        "export": Exports(database, settings, backend.google),
        sheet_links.JOB_KIND: SheetLinks(database, settings.files_dir, backend.google),
        "broadcast": Broadcasts(database),
        "extraction": Extractions(database, model, backend.blobs),
        "index": Indexes(database),
        "report": Reports(database, settings.currency),
        "mail": Mails(database, create_sender(backend)),
        "webhook": Deliveries(database, backend.secrets, backend.requests),
    }
    if model is not None:
        handlers["title"] = Titles(database, model)
    worker = Worker(
        database,
        hub,
        handlers if settings.run_jobs else {},
        fresh=isinstance(database, SQLite),
        concurrency={
            "export": exports.MAX_CONCURRENT,
            sheet_links.JOB_KIND: MAX_CONCURRENT_LINKS,
            "extraction": extractions.AT_ONCE,
            "index": cell_indexes.MAX_CONCURRENT,
            "report": reports.MAX_CONCURRENT,
            "mail": mail.MAX_CONCURRENT,
            "webhook": deliveries.MAX_CONCURRENT,
            "title": titles.AT_ONCE,
        },
        queue=cluster.queue if cluster else None,
    )
    replies.listen(hub, worker)
    return worker


def create_cluster(settings: Settings, database: Database, hub: Hub) -> Cluster | None:
    """Create the connection to other processes through Redis; None for a single process."""
    if isinstance(database, SQLite) or settings.redis_url is None:
        if not settings.run_jobs:
            raise Misconfigured(
                "RUN_JOBS=0 leaves background jobs to `python app.py worker`: set DATABASE_URL to a PostgreSQL "
                "database, and REDIS_URL."
            )
        if settings.redis_url is not None:
            logger.warning("REDIS_URL is ignored: one process serves a SQLite file. Use PostgreSQL for several.")
        return None
    try:
        return Cluster(Redis(settings.redis_url.get_secret_value(), settings.redis_prefix), hub)
    except ValueError as error:
        raise Misconfigured(f"REDIS_URL {error}") from None


def create_models(settings: Settings) -> tuple[Catalog, ModelRouter | None]:
    """Create the catalog of models and the router that calls them; the router is None for the offline assistant."""
    key, profiles = settings.openai_api_key, settings.llm_profiles
    try:
        catalog = catalog_of(
            profiles.get_secret_value() if profiles else None,
            key=key.get_secret_value() if key else None,
            base_url=settings.openai_base_url,
            model=settings.openai_model,
            context_window=settings.openai_context_window,
        )
        return catalog, None if catalog.is_offline else ModelRouter(catalog)
    except ProfilesRefused as error:
        raise Misconfigured(f"{error}.") from None
    except ModelFailure as failure:
        raise Misconfigured(failure.message) from None


def create_google(settings: Settings, secrets: tuple[bytes, ...], cluster: Cluster | None = None) -> Google:
    """Create the ways to reach Google. Raise Misconfigured for settings that contradict each other."""
    file, folder = settings.google_service_account_file, settings.google_drive_folder
    if file is None and (folder or settings.google_delegation):
        name = "GOOGLE_DRIVE_FOLDER" if folder else "GOOGLE_DELEGATION"
        raise Misconfigured(f"{name} needs a service account: set GOOGLE_SERVICE_ACCOUNT_FILE to its key file.")
    try:
        account = read_service_account(file) if file else None
    except SheetsFailure as failure:
        raise Misconfigured(failure.message) from None
    return Google(
        service_account=account,
        folder=folder_id_of(folder) if folder else None,
        delegation=settings.google_delegation,
        oauth=create_oauth_client(settings),
        cipher=Cipher(secrets, GOOGLE_TOKENS),
        base_url=settings.google_sheets_url,
        quota=Quota(cluster.blocking_counts if cluster else None),
    )


def create_oauth_client(settings: Settings) -> OAuthClient | None:
    """Create the OAuth client with which people connect their Google accounts; None if it is not configured."""
    client_id, secret = settings.google_oauth_client_id, google_client_secret(settings)
    if client_id is None and secret is None:
        return None
    if client_id is None or secret is None:
        name = "GOOGLE_OAUTH_CLIENT_ID" if client_id is None else "GOOGLE_OAUTH_CLIENT_SECRET"
        raise Misconfigured(f"{name} is not set: an OAuth client needs its id and its secret.")
    redirect_uri = own_address(settings, "GOOGLE_OAUTH_CLIENT_ID") + CALLBACK_PATH
    return OAuthClient(
        client_id, secret, redirect_uri, scopes_of(settings.google_oauth_scopes), settings.google_sheets_url
    )


def create_sign_in_clients(settings: Settings) -> dict[str, OIDCClient]:
    """Create a client of each provider with which people sign in. Raise Misconfigured."""
    setting = settings.oidc_providers
    try:
        configs = read_providers(setting.get_secret_value() if setting else None)
        clients = {}
        for config in configs:
            redirect_uri = f"{own_address(settings, 'OIDC_PROVIDERS')}{single_sign_on.PATH}/{config.key}/callback"
            clients[config.key] = OIDCClient(config, config.secret(), redirect_uri)
            single_sign_on.admission_of(clients[config.key])
    except ProvidersRefused as error:
        raise Misconfigured(f"{error}.") from None
    except ValueError as error:
        raise Misconfigured(f"OIDC_PROVIDERS: {error}.") from None
    return clients


def own_address(settings: Settings, name: str) -> str:
    """Return the address that `name` makes others send browsers back to. Raise Misconfigured for one they refuse."""
    address = (settings.public_url or "").rstrip("/")
    if not address and settings.host in LOCAL and settings.port:
        return f"http://{settings.host}:{settings.port}"
    url = urlsplit(address)
    if url.scheme != "https" and url.hostname not in LOCAL:
        raise Misconfigured(
            f"{name} needs PUBLIC_URL, such as https://sheets.example.com: browsers are sent back to it, and http:// "
            "is accepted for localhost alone."
        )
    return address


def create_sender(backend: Backend) -> Sender:
    """Create the way of mails to people."""
    settings = backend.settings
    return Sender(
        create_mailer(settings),
        settings.public_url,
        backend.secrets[0],
        to_verified_only=settings.smtp_url is not None,
    )


def create_mailer(settings: Settings) -> Mailer:
    """Create the mailer: SMTP if SMTP_URL is set, otherwise files in MAIL_DIR."""
    if settings.smtp_url is None:
        return FileMailer(settings.mail_dir, settings.mail_from)
    try:
        return SMTPMailer(MailServer.of(settings.smtp_url.get_secret_value()), settings.mail_from)
    except ValueError as error:
        raise Misconfigured(str(error)) from None


def create_trusted_documents(settings: Settings) -> TrustedDocuments:
    path = settings.trusted_documents
    if path is None:
        if settings.trusted_documents_only:
            raise Misconfigured("TRUSTED_DOCUMENTS_ONLY needs a manifest: set TRUSTED_DOCUMENTS to its file.")
        return NO_DOCUMENTS
    try:
        return TrustedDocuments(load_manifest(path), only=settings.trusted_documents_only)
    except BadManifest as error:
        raise Misconfigured(f"TRUSTED_DOCUMENTS: {error}") from None


def application(product: Product) -> Any:
    """Create the ASGI application; `lifespan` starts and stops the product that it serves."""
    backend, settings = product.backend, product.backend.settings

    async def context_of(caller: Caller) -> Context:
        if not caller.is_counted:
            await count_request(backend, caller.ip_address)
        origin = Origin(caller.request_id, caller.ip_address, caller.user_agent, caller.last_event_id)
        context = await authenticate(backend, caller.authorization, origin)
        await count_operation(context)
        return context

    uploads = Uploads(settings.files_dir / "incoming", settings.max_upload_bytes, settings.max_body_bytes)
    executor = Executor(
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
    routes = [
        *graphql_routes(
            executor,
            authenticate=context_of,
            connections=product.connections,
            graphiql=GraphiQL() if settings.in_development(settings.graphiql) else None,
            limits=SocketLimits(
                message_bytes=settings.max_body_bytes,
                operations=settings.operations_per_socket,
                per_address=settings.sockets_per_address,
                per_person=settings.sockets_per_person,
            ),
            uploads=uploads,
            trusted=create_trusted_documents(settings),
            max_batch=settings.max_batch,
            compress=settings.compression,
        ),
        *ops_routes(version=VERSION, readiness=product.readiness, metrics=create_metrics_endpoint(settings)),
        download_route(backend.secrets, settings.files_dir, export_access(backend)),
        attachment_route(backend.secrets, backend.blobs.open, attachment_access(backend)),
        report_route(backend.secrets, report_files(backend), STYLE_DIGEST),
        shared_route(opener(backend)),
        consent_route(callback(backend)),
        *sign_in_routes(single_sign_on.begin(backend), single_sign_on.complete(backend)),
    ]
    if settings.static_dir:
        routes += page_routes(settings.static_dir)
    elif settings.app_page:
        routes += page_routes()
    # The guard stands inside: Starlette's own outermost layer would answer its refusals as faults of ours.
    own_origin = [settings.public_url.rstrip("/")] if settings.public_url else []
    middleware = [
        Middleware(
            Guard,
            max_body_bytes=settings.max_body_bytes,
            max_upload_bytes=uploads.body_bytes,
            perimeter=Perimeter(settings.hosts, frozenset(settings.origins + own_origin), settings.force_https),
            admit=partial(count_request, backend),
            version=VERSION,
            drain=product.drain,
        )
    ]
    if settings.origins:
        middleware.insert(
            0,
            Middleware(
                CORSMiddleware,
                allow_origins=settings.origins,
                allow_methods=["GET", "POST"],
                allow_headers=["authorization", "content-type", "x-request-id", *PREFLIGHT],
                expose_headers=["x-request-id", "x-api-version", "retry-after", "ratelimit", "ratelimit-policy"],
            ),
        )
    app = Starlette(routes=routes, middleware=middleware, exception_handlers=EXCEPTION_HANDLERS)
    if settings.static_dir:
        # Not a route: one for every path would answer 404 where a known path refuses the method with 405.
        app.router.default = fallback(settings.static_dir)
    return app


def draining(product: Product) -> Draining:
    """Return the way in which the product drains: it is not ready at once, and its jobs have time to end."""
    seconds = product.backend.settings.drain_seconds
    return Draining(product.drain, seconds, product.readiness.stop, product.worker.drain)


def create_metrics_endpoint(settings: Settings) -> MetricsEndpoint | None:
    """Create the route of the metrics; None without METRICS_TOKEN."""
    token = settings.metrics_token
    return MetricsEndpoint(metrics.enable().render, token.get_secret_value()) if token else None


def serve_metrics(product: Product) -> Callable[[], None]:
    """Watch the gauges of the product and listen at METRICS_PORT; return a function that stops listening."""
    settings, backend = product.backend.settings, product.backend
    if settings.metrics_port is None and settings.metrics_token is None:
        return lambda: None
    registry = metrics.enable()
    metrics.set_gauge(BUILD, 1, VERSION)
    metrics.watch(READY, lambda: not product.readiness.is_stopping)
    for kind in ("websocket", "events"):
        metrics.watch(STREAMS, partial(product.connections.number_of, kind), kind)
    for queue in backend.database.waiting:
        metrics.watch(WAITING, partial(_entry, lambda: backend.database.waiting, queue), queue)
    metrics.watch(WAITING, lambda: backend.file_work.waiting, "files")
    metrics.watch(WAITING, lambda: backend.google_work.waiting, "google")
    metrics.watch(WAITING, lambda: backend.sign_in_work.waiting, "sign-in")
    for pool, state in backend.database.connections:
        key = pool, state
        metrics.watch(DATABASE_CONNECTIONS, partial(_entry, lambda: backend.database.connections, key), *key)
    if settings.metrics_port is None:
        return lambda: None
    try:
        listener = registry.listen(settings.host, settings.metrics_port)
    except OSError as error:
        raise Misconfigured(
            f"METRICS_PORT={settings.metrics_port} cannot be used ({error.strerror}): name a free port."
        ) from None
    logger.info("metrics", extra={"fields": {"address": f"http://{settings.host}:{listener.port}/metrics"}})
    return listener.close


def _entry(entries: Callable[[], Mapping[T, int]], key: T) -> int:
    return entries()[key]


def log_start(product: Product) -> None:
    """Log what starts, once it cannot be refused any more: a refusal is one line."""
    settings = product.backend.settings
    kind = "sqlite" if isinstance(product.backend.database, SQLite) else "postgresql"
    fields = {"version": VERSION, "pid": os.getpid(), "environment": settings.environment, "database": kind}
    logger.info("start", extra={"fields": fields | {"redis": product.cluster is not None, "jobs": settings.run_jobs}})


@contextlib.asynccontextmanager
async def lifespan(product: Product) -> AsyncIterator[None]:
    """Start every part, and stop them in the opposite order at the end, also when a part fails to start."""
    async with contextlib.AsyncExitStack() as started:
        started.callback(product.disk.close)
        started.callback(product.backend.passwords.close)
        started.callback(product.backend.file_work.close)
        # A large import is laid out there before the first file is kept.
        await asyncio.to_thread(product.backend.settings.files_dir.mkdir, parents=True, exist_ok=True)
        started.callback(product.backend.google_work.close)
        started.callback(product.backend.sign_in_work.close)
        await product.backend.database.start()
        log_start(product)
        started.push_async_callback(product.backend.database.stop)
        started.push_async_callback(product.backend.snapshots.close)
        # In a thread: the listener looks only twice a second whether it shall end.
        started.push_async_callback(asyncio.to_thread, serve_metrics(product))
        sampler = Sampler(product.backend.database)
        sampler.start()
        started.push_async_callback(sampler.stop)
        if product.cluster is not None:
            await product.cluster.start()
            started.push_async_callback(product.cluster.stop)
        if product.model is not None:
            started.push_async_callback(product.model.close)
            await product.model.warm()
        await product.worker.start()
        started.push_async_callback(product.worker.stop)
        product.purger.start()
        started.push_async_callback(product.purger.stop)
        product.aggregator.start()
        started.push_async_callback(product.aggregator.stop)
        product.revocation.start()
        started.push_async_callback(product.revocation.stop)
        product.sweep.start()
        started.push_async_callback(product.sweep.stop)
        product.link_sweep.start()
        started.push_async_callback(product.link_sweep.stop)
        product.report_scheduler.start()
        started.push_async_callback(product.report_scheduler.stop)
        product.revocations.start()
        started.push_async_callback(product.revocations.stop)
        if product.control is not None:
            await product.control.start()
            started.push_async_callback(product.control.stop)
        yield
