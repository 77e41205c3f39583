"""Uvicorn server of the application: its resources start before it listens and stop after it."""

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

import uvicorn

from transport.core.connections import Connections
from transport.protocol import BoundedProtocol

# How long a working thread keeps the interpreter while the event loop waits for it. A request waits several times:
# with Python's 0.005 one took up to 860 ms while a file of 100,000 rows was read, with this 56 ms, at the same CPU.
SWITCH_SECONDS = 0.0005


class CannotListen(RuntimeError):
    """Error: the address is in use, or is not an address of this machine."""


class Server(uvicorn.Server):
    """Uvicorn server that closes open streams when it stops.

    Uvicorn alone would reset sockets and wait for event streams. `stopping` is closed at that time too, before
    uvicorn raises the signal again, which may end the process at once. `ready` is called with the address when
    connections are accepted.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        connections: Connections,
        *,
        stopping: AsyncExitStack | None = None,
        ready: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(config)
        self._connections = connections
        self._stopping = stopping
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            self._ready(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._connections.close_all()
        await super().shutdown(sockets)
        if self._stopping is not None:
            await self._stopping.aclose()


def serve(
    app: Any,
    running: AbstractAsyncContextManager[Any],
    connections: Connections,
    *,
    host: str,
    port: int,
    max_message_bytes: int,
    trusted_proxies: str,
    ready: Callable[[str], None],
) -> None:
    """Serve within `running` until a signal arrives.

    Raises CannotListen, and what entering `running` raises.
    """
    config = uvicorn.Config(
        app,
        lifespan="off",
        http=BoundedProtocol,
        forwarded_allow_ips=trusted_proxies,
        ws="websockets-sansio",
        ws_max_size=max_message_bytes,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
        access_log=False,
        log_config=None,
        server_header=False,
    )

    async def run() -> None:
        with _listening(host, port) as listener:
            async with AsyncExitStack() as started:
                await started.enter_async_context(running)
                server = Server(config, connections, stopping=started.pop_all(), ready=ready)
                await server.serve(sockets=[listener])

    gc.freeze()  # a full collection over what stays loaded stopped every stream for 0.1 s at a time
    sys.setswitchinterval(SWITCH_SECONDS)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(run())


def work(running: AbstractAsyncContextManager[Any], ready: Callable[[], None]) -> None:
    """Stay within `running` until a signal arrives, without listening. Raises what entering `running` raises."""

    async def run() -> None:
        stopped, loop = asyncio.Event(), asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
        async with running:
            ready()
            await stopped.wait()

    gc.freeze()  # a full collection over what stays loaded stopped every stream for 0.1 s at a time
    sys.setswitchinterval(SWITCH_SECONDS)
    with asyncio.Runner(loop_factory=uvicorn.Config(None).get_loop_factory()) as runner:  # type: ignore[arg-type]  # only for its loop
        runner.run(run())


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise CannotListen(
            f"Cannot listen on {host}:{port} ({reason}). Stop the program that uses it, or set PORT or HOST."
        ) from None
