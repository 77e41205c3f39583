"""Assembly of the product: settings, database, assistant and jobs, and the Starlette application over them."""

import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

import db.models  # noqa: F401  the policy covers every model only when all are loaded
from assistant.reply_log.log import MemoryLog
from assistant.reply_log.watchers import Watchers
from auth.limits import Action, Attempts, Rates
from auth.passwords import PasswordHasher
from db.accounts.administration import perform
from db.core.engine import Database
from db.core.events import Hub
from db.core.factory import open_database
from db.core.sqlite import SQLite
from db.migrations import migrate
from execution.executor import Executor
from integrations.blobs import DirectoryBlobs
from integrations.documents.reader import DocumentReader
from integrations.llm.catalog import Catalog, catalog_of
from integrations.llm.chat_completions import ModelFailure
from integrations.llm.profiles import ProfilesRefused
from integrations.llm.routing import ModelRouter
from integrations.mail import FileMailer, Mailer, SMTPMailer
from integrations.mail import Server as MailServer
from integrations.redis.connection import Redis
from jobs.exports import exports
from jobs.exports.exports import Exports
from jobs.extraction import extractions
from jobs.extraction.extractions import Extractions
from jobs.mail import mail
from jobs.mail.mail import Mails
from jobs.notifications.broadcasts import Broadcasts
from jobs.replies import titles
from jobs.replies.replies import Replies
from jobs.replies.titles import Titles
from jobs.retention.file_sweep import Sweep
from jobs.retention.purger import Purger
from jobs.runner.cluster import Cluster
from jobs.runner.worker import Handler, Worker
from jobs.tables import cell_indexes
from jobs.tables.cell_indexes import Indexes
from keys import secrets_of
from resolvers.conversations.share_links import opener
from resolvers.core.authentication import authenticate
from resolvers.core.context import Backend, Context, Origin
from resolvers.core.revocation import Revocation
from schema import schema
from settings import VERSION, Misconfigured, Settings
from transport.control import Control
from transport.core.callers import Caller
from transport.core.connections import Connections
from transport.core.errors import format_error
from transport.graphiql import GraphiQL
from transport.graphql.socket import SocketLimits
from transport.graphql.uploads import PREFLIGHT, Uploads
from transport.guard import Guard
from transport.routes.downloads import attachment_route, download_route
from transport.routes.routes import EXCEPTION_HANDLERS, graphql_routes, ops_routes
from transport.routes.share_page import shared_route

logger = logging.getLogger("sheetgpt")


@dataclass(frozen=True)
class Product:
    """Everything that is started and stopped together."""

    backend: Backend
    worker: Worker
    model: ModelRouter | None
    connections: Connections
    revocation: Revocation
    sweep: Sweep
    purger: Purger
    cluster: Cluster | None = None
    control: Control | None = None


def database_of(settings: Settings) -> Database:
    try:
        return open_database(settings.database_url, migrate)
    except ValueError as error:
        raise Misconfigured(f"DATABASE_URL={settings.database_url} {error}") from None


def assemble(settings: Settings) -> Product:
    """Make everything and start nothing."""
    database, hub = database_of(settings), Hub()
    database.publish = hub.publish
    sharing = cluster_of(settings, database, hub)
    watching = sharing.watching if sharing else Watchers()
    catalog, model = models_of(settings)
    connections = Connections()
    backend = Backend(
        settings=settings,
        database=database,
        hub=hub,
        log=sharing.log if sharing else MemoryLog(),
        watchers=watching,
        passwords=PasswordHasher(),
        secrets=secrets_of(settings),
        catalog=catalog,
        blobs=DirectoryBlobs(settings.files_dir / "attachments"),
        documents=DocumentReader(),
        attempts=Attempts(
            {Action(name): Rates(*rates) for name, rates in settings.rates.items()},
            sharing.counts if sharing else None,
        ),
    )
    worker = worker_of(backend, model, sharing)
    revocation = Revocation(database, hub, connections)
    sweep = Sweep(database, backend.blobs, settings.files_dir, timedelta(days=settings.exports_kept_days))
    # On PostgreSQL commands need no server: they open the database themselves.
    control = Control(database.socket, partial(perform, database)) if isinstance(database, SQLite) else None
    purger = Purger(database, hub, settings.files_dir, timedelta(days=settings.purge_after_days))
    return Product(backend, worker, model, connections, revocation, sweep, purger, sharing, control)


def worker_of(backend: Backend, model: ModelRouter | None, sharing: Cluster | None) -> Worker:
    """What runs jobs, with a handler for each kind; with none where other processes do."""
    settings, database, hub = backend.settings, backend.database, backend.hub
    writes_titles = settings.titles == "model"
    replies = Replies(database, backend.log, model, backend.watchers, backend.blobs, writes_titles=writes_titles)
    handlers: dict[str, Handler] = {
        "reply": replies,
        "export": Exports(database, settings),
        "broadcast": Broadcasts(database),
        "extraction": Extractions(database, model),
        "index": Indexes(database),
        "mail": Mails(mailer(settings), settings.public_url),
    }
    if model is not None:
        handlers["title"] = Titles(database, model)
    worker = Worker(
        database,
        hub,
        handlers if settings.jobs else {},
        fresh=isinstance(database, SQLite),
        concurrency={
            "export": exports.AT_ONCE,
            "extraction": extractions.AT_ONCE,
            "index": cell_indexes.AT_ONCE,
            "mail": mail.AT_ONCE,
            "title": titles.AT_ONCE,
        },
        queue=sharing.queue if sharing else None,
    )
    replies.listen(hub, worker)
    return worker


def cluster_of(settings: Settings, database: Database, hub: Hub) -> Cluster | None:
    """What joins several processes; None for one that is alone."""
    if isinstance(database, SQLite) or settings.redis_url is None:
        if not settings.jobs:
            raise Misconfigured("JOBS=0 leaves the work to `python app.py worker`: set DATABASE_URL and REDIS_URL too.")
        if settings.redis_url is not None:
            logger.warning("REDIS_URL is not used: a SQLite file is served by one process. Several need PostgreSQL.")
        return None
    try:
        return Cluster(Redis(settings.redis_url.get_secret_value(), settings.redis_prefix), hub)
    except ValueError as error:
        raise Misconfigured(f"REDIS_URL {error}") from None


def models_of(settings: Settings) -> tuple[Catalog, ModelRouter | None]:
    """What people may choose, and what answers them; None for the offline assistant."""
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


def mailer(settings: Settings) -> Mailer:
    """Sends by SMTP_URL, or writes files into MAIL_DIR without one."""
    if settings.smtp_url is None:
        return FileMailer(settings.mail_dir, settings.mail_from)
    try:
        return SMTPMailer(MailServer.of(settings.smtp_url.get_secret_value()), settings.mail_from)
    except ValueError as error:
        raise Misconfigured(str(error)) from None


def application(product: Product) -> Any:
    """The ASGI application over a product that somebody else starts and stops."""
    backend, settings = product.backend, product.backend.settings

    async def context_of(caller: Caller) -> Context:
        origin = Origin(caller.request_id, caller.ip_address, caller.user_agent)
        return await authenticate(backend, caller.authorization, origin)

    uploads = Uploads(settings.files_dir / "incoming", settings.max_upload_bytes, settings.max_body_bytes)
    executor = Executor(schema, format_error=format_error, deadline=90, event_context=Context.fresh)
    routes = [
        *graphql_routes(
            executor,
            authenticate=context_of,
            connections=product.connections,
            graphiql=GraphiQL(),
            limits=SocketLimits(message_bytes=settings.max_body_bytes),
            uploads=uploads,
        ),
        *ops_routes(version=VERSION, check=backend.database.check),
        download_route(backend.secrets, settings.files_dir),
        attachment_route(backend.secrets, backend.blobs.open),
        shared_route(opener(backend)),
    ]
    # The guard stands inside: Starlette's own outermost layer would answer its refusals as faults of ours.
    middleware = [Middleware(Guard, max_body_bytes=settings.max_body_bytes, max_upload_bytes=uploads.body_bytes)]
    if settings.origins:
        middleware.insert(
            0,
            Middleware(
                CORSMiddleware,
                allow_origins=settings.origins,
                allow_methods=["GET", "POST"],
                allow_headers=["authorization", "content-type", "x-request-id", *PREFLIGHT],
                expose_headers=["x-request-id"],
            ),
        )
    return Starlette(routes=routes, middleware=middleware, exception_handlers=EXCEPTION_HANDLERS)


@contextlib.asynccontextmanager
async def lifespan(product: Product) -> AsyncIterator[None]:
    """Start everything; stop it, in the opposite order, at the end."""
    async with contextlib.AsyncExitStack() as started:
        started.callback(product.backend.passwords.close)
        await product.backend.database.start()
        started.push_async_callback(product.backend.database.stop)
        started.push_async_callback(product.backend.snapshots.close)
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
        product.revocation.start()
        started.push_async_callback(product.revocation.stop)
        product.sweep.start()
        started.push_async_callback(product.sweep.stop)
        if product.control is not None:
            await product.control.start()
            started.push_async_callback(product.control.stop)
        yield
