"""Proxy on loopback whose connections a test cuts, so that a server seems to be away without being stopped."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class SeverableProxy:
    """Proxy of one TCP server; while it is cut, nothing listens at its port."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def restore(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Reset every connection, and accept none."""
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        their_reader, their_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, their_writer}
        with suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(_copy(reader, their_writer), _copy(their_reader, writer))
        self._writers -= {writer, their_writer}


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


@asynccontextmanager
async def severable_proxy(port: int) -> AsyncIterator[SeverableProxy]:
    proxy = SeverableProxy(port)
    await proxy.restore()
    try:
        yield proxy
    finally:
        await proxy.cut()
