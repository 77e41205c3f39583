"""The uvicorn server of this application."""

import socket

import uvicorn

from transport.connections import Connections


class Server(uvicorn.Server):
    """Closes open streams first when it stops: uvicorn alone would cut sockets off and wait for event streams."""

    def __init__(self, config: uvicorn.Config, connections: Connections) -> None:
        super().__init__(config)
        self._connections = connections

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._connections.close_all()
        await super().shutdown(sockets)
