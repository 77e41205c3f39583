"""The floor of a stream: a Starlette WebSocket that sends a text as it grows, in the frames of `replyStream`."""

import asyncio
from urllib.parse import urlsplit

import orjson
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect


class PlainStream:
    """`app` tells each socket at `/stream` all that was said, and then what `say` adds."""

    def __init__(self, provider: str, reply: str) -> None:
        self.app = Starlette(routes=[WebSocketRoute("/stream", self._follow)])
        self._provider, self._reply = urlsplit(provider), reply
        self._text, self._grown = "", asyncio.Event()

    def say(self, text: str) -> None:
        self._text += text
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()

    async def relay(self) -> None:
        """Says what a provider streams."""
        host, port = self._provider.hostname, self._provider.port
        reader, writer = await asyncio.open_connection(host, port)
        body = orjson.dumps({"stream": True})
        head = f"POST {self._provider.path}/chat/completions HTTP/1.1\r\nhost: {host}\r\ncontent-length: {len(body)}"
        writer.write(head.encode() + b"\r\n\r\n" + body)
        async for line in reader:
            if line.startswith(b"data: {") and (text := orjson.loads(line[6:])["choices"][0]["delta"].get("content")):
                self.say(text)
        writer.close()

    async def _follow(self, socket: WebSocket) -> None:
        await socket.accept(subprotocol="graphql-transport-ws")
        await socket.receive_json()
        await socket.send_json({"type": "connection_ack"})
        id = (await socket.receive_json())["id"]
        sending = asyncio.create_task(self._send(socket, id))
        try:
            while True:
                await socket.receive_json()
        except WebSocketDisconnect:
            sending.cancel()

    async def _send(self, socket: WebSocket, id: str) -> None:
        stored = 0
        while True:
            grown = self._grown
            if text := self._text[stored:]:
                delta = {"__typename": "ReplyDelta", "messageId": self._reply, "offset": stored, "text": text}
                frame = {"id": id, "type": "next", "payload": {"data": {"replyStream": delta}}}
                stored += len(text)
                await socket.send_text(orjson.dumps(frame).decode())
            await grown.wait()
