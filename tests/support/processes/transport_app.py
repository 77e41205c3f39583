"""The whole stack on a free loopback port, in a thread of its own."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from execution.executor import Executor
from execution.limits import Limits
from tests.support.misbehaving_schema import World, authentication, schema
from transport.core.connections import Connections
from transport.core.drain import Drain
from transport.core.errors import format_error
from transport.graphiql import GraphiQL
from transport.graphql.socket import SocketLimits
from transport.graphql.uploads import Uploads
from transport.guard import Guard
from transport.routes.readiness import Readiness
from transport.routes.routes import EXCEPTION_HANDLERS, graphql_routes, ops_routes
from transport.server import Draining, Server

FILE_BYTES = 200_000

Result = TypeVar("Result")


async def well() -> bool:
    return True


@dataclass
class Served:
    """A running server: its address, what happened in it, and the loop that it runs on."""

    url: str
    world: World
    connections: Connections
    server: Server
    loop: asyncio.AbstractEventLoop
    http: httpx.Client

    @property
    def ws(self) -> str:
        return self.url.replace("http", "ws") + "/graphql"

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Runs something on the server's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)


@contextmanager
def serving(
    *,
    limits: Limits | None = None,
    sockets: SocketLimits | None = None,
    max_connections: int = 1000,
    events_per_person: int = 100,
    deadline: float = 5.0,
    body_deadline: float = 5.0,
    check: Callable[[], Awaitable[bool]] | None = None,
    extra: Sequence[Route] = (),
    uploads: Uploads | None = None,
    drain_seconds: float = 0.0,
) -> Iterator[Served]:
    world, drain = World(), Drain()
    readiness = Readiness({"database": check or well})
    connections = Connections(max_connections, events_per_person)

    executor = Executor(schema, format_error=format_error, limits=limits, deadline=deadline)
    app = Starlette(
        routes=[
            *graphql_routes(
                executor,
                authenticate=authentication(world),
                connections=connections,
                graphiql=GraphiQL(),
                limits=sockets,
                uploads=uploads,
            ),
            *ops_routes(version="1.2.3", readiness=readiness),
            *extra,
        ],
        middleware=[
            Middleware(
                Guard,
                max_body_bytes=100_000,
                body_deadline=body_deadline,
                max_upload_bytes=uploads.body_bytes if uploads else None,
                upload_deadline=body_deadline,
                drain=drain,
            )
        ],
        exception_handlers=EXCEPTION_HANDLERS,
    )
    config = uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=2)
    server = Server(config, connections, draining=Draining(drain, drain_seconds, readiness.stop))
    ready: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        ready.append(asyncio.get_running_loop())
        await server.serve()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        for _ in range(1000):
            if server.started:
                break
            threading.Event().wait(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=url, verify=False) as http:
            yield Served(url, world, connections, server, ready[0], http)
    finally:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive(), "the server did not stop"
