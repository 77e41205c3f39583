"""Application on a port in the test's own process, for sockets and event streams."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import uvicorn

from assembly.application import application
from tests.support.app import App
from tests.support.client import Client
from transport.server import Server


@asynccontextmanager
async def listening(app: App) -> AsyncIterator[Client]:
    """Serve an application on a port of its own, and yield a client that is not signed in."""
    config = uvicorn.Config(
        application(app.product), lifespan="off", ws="websockets-sansio", log_config=None, timeout_graceful_shutdown=1
    )
    server = Server(config, app.product.connections)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server._serve([listener]))
        async with httpx.AsyncClient(timeout=10) as http:
            yield Client(f"http://127.0.0.1:{listener.getsockname()[1]}", http)
        server.should_exit = True
        await serving
