"""Assembly: settings → database, assistant, jobs → Starlette. `python app.py` serves."""

import contextlib
import logging
import secrets
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

import db.models  # noqa: F401  the policy covers every model only when all are loaded
from assistant.log import Log
from auth.passwords import PasswordHasher
from auth.secrets import require_secret
from db.engine import Database
from db.events import Hub
from db.postgresql import PostgreSQL
from db.sqlite import SQLite
from execution.executor import Executor
from integrations.llm import ChatCompletions
from jobs.exports import AT_ONCE, Exports
from jobs.replies import Replies
from jobs.worker import Handler, Worker
from resolvers.authentication import authenticate
from resolvers.context import Backend, Context, Origin
from schema import schema
from settings import VERSION, Settings
from transport import logs
from transport.callers import Caller
from transport.connections import Connections
from transport.downloads import download_route
from transport.errors import format_error
from transport.graphiql import GraphiQL
from transport.guard import Guard
from transport.routes import EXCEPTION_HANDLERS, graphql_routes, ops_routes
from transport.server import Server
from transport.socket import SocketLimits

OFFLINE = "offline"
logger = logging.getLogger("sheetgpt")


class Misconfigured(RuntimeError):
    """A setting that the server cannot start with; the message names it and the way out."""


@dataclass(frozen=True)
class Product:
    """Everything that is started and stopped together."""

    backend: Backend
    worker: Worker
    model: ChatCompletions | None
    connections: Connections


def open_database(url: str) -> Database:
    """The database of a URL, not started: `sqlite:///file.db`, a bare file name, or `postgresql://…`."""
    if url.startswith(("postgresql://", "postgres://")):
        return PostgreSQL("postgresql://" + url.partition("://")[2])
    path = url.removeprefix("sqlite:///")
    if "://" in path or path in ("", ":memory:"):
        raise Misconfigured(
            f"DATABASE_URL={url} is not understood: name a file (sqlite:///sheetgpt.db or sheetgpt.db) "
            "or a server (postgresql://user:password@host/name)."
        )
    return SQLite(Path(path))


def signing_secret(settings: Settings) -> bytes:
    """SECRET_KEY, or in development a random key that is kept beside the database."""
    given = settings.secret_key.get_secret_value() if settings.secret_key else None
    try:
        secret = require_secret(given, production=settings.environment == "production")
    except ValueError as error:
        raise Misconfigured(str(error)) from None
    if secret is not None:
        return secret
    path = key_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError), path.open("x", encoding="ascii") as file:
        path.chmod(0o600)
        file.write(secrets.token_urlsafe(48))
    return path.read_text(encoding="ascii").encode()


def key_file(settings: Settings) -> Path:
    """Where the development key is: beside the SQLite file, or in the working directory."""
    url = settings.database_url
    name = "sheetgpt.db" if url.startswith("postgres") else url.removeprefix("sqlite:///")
    return Path(name + ".key")


def assemble(settings: Settings) -> Product:
    """Make everything and start nothing."""
    database, hub, log = open_database(settings.database_url), Hub(), Log()
    database.publish = hub.publish
    key = settings.openai_api_key
    online = key is not None or settings.openai_base_url is not None
    model = (
        ChatCompletions(
            api_key=key.get_secret_value() if key else "none",
            base_url=settings.openai_base_url,
            model=settings.openai_model,
        )
        if online
        else None
    )
    backend = Backend(
        settings=settings,
        database=database,
        hub=hub,
        log=log,
        passwords=PasswordHasher(),
        secrets=(signing_secret(settings),),
        models=(settings.openai_model if online else OFFLINE,),
        is_offline=not online,
    )
    replies = Replies(database, log, model)
    handlers: dict[str, Handler] = {"reply": replies, "export": Exports(database, settings)}
    worker = Worker(database, hub, handlers, fresh=isinstance(database, SQLite), at_once={"export": AT_ONCE})
    replies.listen(hub, worker)
    return Product(backend, worker, model, Connections())


def application(product: Product) -> Any:
    """The ASGI application; its lifespan starts and stops the product."""
    backend, settings = product.backend, product.backend.settings

    async def context_of(caller: Caller) -> Context:
        origin = Origin(caller.request_id, caller.ip_address, caller.user_agent)
        return await authenticate(backend, caller.authorization, origin)

    executor = Executor(schema, format_error=format_error, deadline=90, event_context=Context.fresh)
    routes = [
        *graphql_routes(
            executor,
            authenticate=context_of,
            connections=product.connections,
            graphiql=GraphiQL(),
            limits=SocketLimits(message_bytes=settings.max_body_bytes),
        ),
        *ops_routes(version=VERSION, check=backend.database.check),
        download_route(backend.secrets, settings.files_dir),
    ]
    middleware = []
    if settings.origins:
        middleware.append(
            Middleware(
                CORSMiddleware,
                allow_origins=settings.origins,
                allow_methods=["GET", "POST"],
                allow_headers=["authorization", "content-type", "x-request-id"],
                expose_headers=["x-request-id"],
            )
        )
    app = Starlette(
        routes=routes,
        middleware=middleware,
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=partial(lifespan, product),
    )
    return Guard(app, max_body_bytes=settings.max_body_bytes)


@contextlib.asynccontextmanager
async def lifespan(product: Product, _: Starlette | None = None) -> AsyncIterator[None]:
    async with contextlib.AsyncExitStack() as started:
        started.callback(product.backend.passwords.close)
        await product.backend.database.start()
        started.push_async_callback(product.backend.database.stop)
        if product.model is not None:
            started.push_async_callback(product.model.close)
            await product.model.warm()
        await product.worker.start()
        started.push_async_callback(product.worker.stop)
        yield


class Announced(Server):
    """Says where to go once it listens."""

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            print(f"SheetGPT {VERSION} · GraphiQL: http://{host}:{port}/graphql · stop with Ctrl-C", flush=True)


def serve() -> None:
    """Serve until a signal comes; exit with a sentence when it cannot."""
    try:
        settings = Settings()
        logs.configure(settings.log_format, settings.log_level)
        product = assemble(settings)
    except ValidationError as error:
        details = "; ".join(f"{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        sys.exit(f"SheetGPT cannot start: {details}")
    except Misconfigured as error:
        sys.exit(f"SheetGPT cannot start: {error}")
    config = uvicorn.Config(
        application(product),
        host=settings.host,
        port=settings.port,
        ws="websockets-sansio",
        ws_max_size=settings.max_body_bytes,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
        access_log=False,
        log_config=None,
        server_header=False,
    )
    with contextlib.suppress(KeyboardInterrupt):
        Announced(config, product.connections).run()


if __name__ == "__main__":
    serve()
