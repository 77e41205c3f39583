"""The application without a client: requests are ASGI calls."""

import asyncio
from typing import Any


class Target:
    """An ASGI application that is called directly, so that no client's cost is in the figures."""

    def __init__(self, app: Any, path: str, token: str = "") -> None:
        self._app = app
        self._scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [
                (b"host", b"site"),
                (b"content-type", b"application/json"),
                (b"accept", b"application/json"),
                *([(b"authorization", f"Bearer {token}".encode())] if token else []),
            ],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }

    async def call(self, body: bytes) -> bytes:
        sent: list[bytes] = []
        messages = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> Any:
            if (message := next(messages, None)) is not None:
                return message
            # A client that stays sends nothing more; one that leaves would end its operation.
            return await asyncio.get_running_loop().create_future()

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                assert message["status"] == 200, message
            sent.append(message.get("body", b""))

        await self._app({**self._scope, "state": {}}, receive, send)
        return b"".join(sent)
