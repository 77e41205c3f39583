"""GraphQL over WebSocket with the graphql-transport-ws protocol."""

from contextlib import suppress

from starlette.types import Receive, Scope, Send

from execution.executor import Executor
from telemetry import metrics
from telemetry.catalog import LIMITS
from transport.core.callers import Authenticate, ip_address
from transport.core.connections import TRY_AGAIN_LATER, Connections
from transport.graphql import frames
from transport.graphql.persisted import PersistedQueries
from transport.graphql.socket import Socket, SocketLimits
from transport.graphql.socket_counts import SocketCounts, TooManySockets

SUBPROTOCOL = "graphql-transport-ws"


class WebSocketEndpoint:
    """ASGI application of the WebSocket at one path."""

    def __init__(
        self,
        executor: Executor,
        *,
        authenticate: Authenticate,
        connections: Connections,
        limits: SocketLimits | None = None,
        persisted: PersistedQueries | None = None,
    ) -> None:
        self._persisted = persisted or PersistedQueries()
        self._executor = executor
        self._authenticate = authenticate
        self._connections = connections
        self._limits = limits or SocketLimits()
        self._counts = SocketCounts(self._limits.per_address, self._limits.per_person)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        offered = SUBPROTOCOL in scope["subprotocols"]
        # Only an accepted socket can be closed with a code and a reason.
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL if offered else None})
        if not offered:
            await _close(send, frames.NO_SUBPROTOCOL, f"Subprotocol not acceptable: use {SUBPROTOCOL}")
        elif self._connections.full:
            metrics.count(LIMITS, "streams")
            await _close(send, TRY_AGAIN_LATER, "Too many streams are open: try again later")
        else:
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._counts.counting(ip_address(scope)) as slot:
                socket = Socket(self._executor, self._authenticate, self._limits, slot, self._persisted, scope, send)
                with self._connections.holding(socket):
                    await socket.run(receive)
        except TooManySockets as error:
            await _close(send, TRY_AGAIN_LATER, str(error))


async def _close(send: Send, code: int, reason: str) -> None:
    with suppress(OSError):  # the client is gone
        await send({"type": "websocket.close", "code": code, "reason": frames.shortened(reason)})
