"""Uvicorn server of the application: its resources start before it listens and stop after it."""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from typing import Any

import uvicorn

from transport.core.connections import Connections
from transport.core.drain import Drain
from transport.protocol import BoundedProtocol

# How long a working thread keeps the interpreter while the event loop waits for it. A request waits several times:
# with Python's 0.005 one took up to 860 ms while a file of 100,000 rows was read, with this 56 ms, at the same CPU.
SWITCH_SECONDS = 0.0005


POLL_SECONDS = 0.05

log = logging.getLogger("sheetgpt")


async def _nothing(_: float) -> None:
    """Wait for no work."""


@dataclass(frozen=True)
class Draining:
    """Way in which the process drains: `begin` is called at once, `work` returns when the work has ended."""

    drain: Drain
    seconds: float = 0.0
    on_begin: Callable[[], None] = lambda: None
    work: Callable[[float], Coroutine[Any, Any, None]] = _nothing

    def begin(self) -> None:
        self.drain.begin()
        self.on_begin()


class CannotListen(RuntimeError):
    """Error: the address is in use, or is not an address of this machine."""


class Server(uvicorn.Server):
    """Uvicorn server that drains before it stops.

    It serves on for a while, so that load balancers notice; streams are told to connect again, running requests and
    `work` (background jobs) have `drain_seconds` to end. Uvicorn alone would reset sockets and wait for event streams.
    `stopping` is closed afterwards, before uvicorn raises the signal again, which may end the process at once. `ready`
    is called with the address when connections are accepted.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        connections: Connections,
        *,
        stopping: AsyncExitStack | None = None,
        ready: Callable[[str], None] = lambda _: None,
        draining: Draining | None = None,
    ) -> None:
        super().__init__(config)
        self._draining = draining or Draining(Drain())
        self._connections = connections
        self._stopping = stopping
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            self._ready(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._drain_all()
        await super().shutdown(sockets)
        if self._stopping is not None:
            await self._stopping.aclose()
        log.info("stopped")

    async def _drain_all(self) -> None:
        draining, loop = self._draining, asyncio.get_running_loop()
        deadline = loop.time() + draining.seconds
        draining.begin()
        log.info("stopping", extra={"fields": {"requests": draining.drain.requests, "streams": len(self._connections)}})
        streams = asyncio.create_task(self._connections.close_all(draining.seconds))
        work = asyncio.create_task(draining.work(draining.seconds))
        if not self.server_state.connections:
            draining.drain.is_quiet = True  # nobody is connected, so nobody is waited for
        # Half of the time is left for requests that arrive just before the end of the first half.
        await draining.drain.wait_until_quiet(deadline - draining.seconds / 2, lambda: self.force_exit)
        for server in self.servers:
            server.close()
        await draining.drain.wait_until_quiet(deadline, lambda: self.force_exit)
        await self._wait({streams})
        await draining.drain.expire()
        await self._wait({work})

    async def _wait(self, tasks: set[asyncio.Task[None]]) -> None:
        """Wait for tasks that have deadlines, and cancel them when a second signal comes."""
        while not self.force_exit and (await asyncio.wait(tasks, timeout=POLL_SECONDS))[1]:
            pass
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


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
    draining: Draining,
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
                server = Server(config, connections, stopping=started.pop_all(), ready=ready, draining=draining)
                await server.serve(sockets=[listener])

    gc.freeze()  # a full collection over what stays loaded stopped every stream for 0.1 s at a time
    sys.setswitchinterval(SWITCH_SECONDS)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(run())


def work(running: AbstractAsyncContextManager[Any], ready: Callable[[], None], draining: Draining) -> None:
    """Stay within `running` until a signal arrives, without listening. Raises what entering `running` raises.

    The work in progress has some seconds to end; a second signal ends it at once.
    """

    async def run() -> None:
        stopped, loop = asyncio.Event(), asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
        async with running:
            ready()
            await stopped.wait()
            stopped.clear()
            draining.begin()
            log.info("stopping")
            ending = asyncio.create_task(draining.work(draining.seconds))
            again = asyncio.create_task(stopped.wait())
            await asyncio.wait({ending, again}, return_when=asyncio.FIRST_COMPLETED)
            for task in (ending, again):
                task.cancel()
            await asyncio.gather(ending, again, return_exceptions=True)

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
