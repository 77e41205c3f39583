"""ASGI application for a server that is not ours: `uvicorn app:app`.

Such a server does not bound the head of a request while it arrives and does not drain; see docs/operations.md.
"""

import logging
from contextlib import AsyncExitStack
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

logger = logging.getLogger("sheetgpt")


class Hosted:
    """Application that assembles the product when the server starts, and stops it with the server."""

    def __init__(self) -> None:
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._app is None:
            raise RuntimeError("SheetGPT needs the lifespan protocol: start the server with `--lifespan on`.")
        else:
            await self._app(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as started:
            try:
                self._app = await self._start(started)
            except Exception as error:
                logger.error("SheetGPT cannot start: %s", error)
                await send({"type": "lifespan.startup.failed", "message": f"SheetGPT cannot start: {error}"})
                return
            await send({"type": "lifespan.startup.complete"})
            await receive()
            self._app = None
        await send({"type": "lifespan.shutdown.complete"})

    async def _start(self, started: AsyncExitStack) -> Any:
        from assembly.application import application
        from assembly.product import assemble
        from assembly.running import lifespan
        from commands.server import configured_settings

        product = assemble(configured_settings())
        await started.enter_async_context(lifespan(product))
        started.push_async_callback(product.connections.close_all)
        started.callback(product.readiness.stop)
        return application(product)


hosted = Hosted()
