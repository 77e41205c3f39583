"""GraphQL over WebSocket with the graphql-transport-ws protocol."""

from starlette.types import Receive, Scope, Send

from execution.executor import Executor
from transport.core.callers import Authenticate
from transport.core.connections import TRY_AGAIN_LATER, Connections
from transport.graphql import frames
from transport.graphql.socket import Socket, SocketLimits

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
    ) -> None:
        self._executor = executor
        self._authenticate = authenticate
        self._connections = connections
        self._limits = limits or SocketLimits()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        offered = SUBPROTOCOL in scope["subprotocols"]
        # Only an accepted socket can be closed with a code and a reason.
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL if offered else None})
        socket = Socket(self._executor, self._authenticate, self._limits, scope, send)
        if not offered:
            await socket.close(frames.NO_SUBPROTOCOL, f"Subprotocol not acceptable: use {SUBPROTOCOL}")
        elif self._connections.full:
            await socket.close(TRY_AGAIN_LATER, "Too many streams are open: try again later")
        else:
            with self._connections.holding(socket):
                await socket.run(receive)
