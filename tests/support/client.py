"""Client as front ends write them: GraphQL over HTTP, WebSocket (graphql-transport-ws) and server-sent events."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import websockets

PASSWORD = "correct horse battery"  # of every person who signs up


class Refused(AssertionError):
    """Response with errors, in `errors`."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(json.dumps(errors, indent=2, ensure_ascii=False))
        self.errors = errors

    @property
    def codes(self) -> list[str]:
        return [error.get("extensions", {}).get("code", "") for error in self.errors]


class Client:
    """User of one server; signed in once `token` is set."""

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self.url, self.http = url, http
        self.token: str | None = None
        self.user_agent: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        headers = {"User-Agent": self.user_agent} if self.user_agent else {}
        return headers | ({"Authorization": f"Bearer {self.token}"} if self.token else {})

    async def run(self, document: str, **variables: Any) -> dict[str, Any]:
        """Return the data of an operation. Raises Refused when there are errors."""
        body = {"query": document, "variables": variables}
        answer = (await self.http.post(f"{self.url}/graphql", json=body, headers=self.headers)).json()
        if answer.get("errors"):
            raise Refused(answer["errors"])
        data: dict[str, Any] = answer["data"]
        return data

    async def mutate(self, name: str, selection: str, /, **arguments: Any) -> Any:
        """Return the payload of a mutation with the arguments as its input."""
        kind = name[0].upper() + name[1:]
        document = f"mutation {kind}($input: {kind}Input!) {{ {name}(input: $input) {selection} }}"
        return (await self.run(document, input=arguments))[name]

    async def upload(
        self, name: str, selection: str, /, files: dict[str, tuple[str, bytes]], **arguments: Any
    ) -> dict[str, Any]:
        """Return the payload of a mutation with files in its input, each by its path there, such as `attachments.0`."""
        kind = name[0].upper() + name[1:]
        document = f"mutation {kind}($input: {kind}Input!) {{ {name}(input: $input) {selection} }}"
        places = {str(n): [f"variables.input.{path}"] for n, path in enumerate(files)}
        form = {
            "operations": json.dumps({"query": document, "variables": {"input": arguments}}),
            "map": json.dumps(places),
        }
        sent = [(str(n), file) for n, file in enumerate(files.values())]
        headers = {**self.headers, "GraphQL-Preflight": "1"}
        answer = await self.http.post(f"{self.url}/graphql", data=form, files=sent, headers=headers)
        if answer.json().get("errors"):
            raise Refused(answer.json()["errors"])
        payload: dict[str, Any] = answer.json()["data"][name]
        return payload

    async def refused(self, name: str, /, **arguments: Any) -> dict[str, Any]:
        """Return the one error of a mutation that must be refused."""
        try:
            payload = await self.mutate(name, "{ __typename }", **arguments)
        except Refused as refused:
            (error,) = refused.errors
            return error
        raise AssertionError(f"{name} was not refused: {payload}")

    async def sign_up(self, email: str, password: str = PASSWORD) -> dict[str, Any]:
        payload = await self.mutate(
            "signUp",
            "{ user { id email name } session { accessToken refreshToken expiresIn tokenType } message }",
            email=email,
            password=password,
            firstName="Ann",
            lastName="Lee",
        )
        self.token = payload["session"]["accessToken"]
        signed: dict[str, Any] = payload
        return signed

    @asynccontextmanager
    async def socket(self) -> AsyncIterator["Socket"]:
        url = self.url.replace("http", "ws", 1) + "/graphql"
        async with websockets.connect(url, subprotocols=[websockets.Subprotocol("graphql-transport-ws")]) as connection:
            payload = {"Authorization": f"Bearer {self.token}"} if self.token else {}
            await connection.send(json.dumps({"type": "connection_init", "payload": payload}))
            assert json.loads(await connection.recv()) == {"type": "connection_ack"}
            yield Socket(connection)

    async def follow(self, document: str, **variables: Any) -> AsyncGenerator[dict[str, Any], None]:
        """Yield the events of a subscription on a socket of its own."""
        async with self.socket() as socket:
            async for event in socket.follow(document, **variables):
                yield event

    async def follow_sse(self, document: str, **variables: Any) -> AsyncGenerator[dict[str, Any], None]:
        """Yield the events of a subscription as server-sent events."""
        headers = {**self.headers, "Accept": "text/event-stream"}
        body = {"query": document, "variables": variables}
        async with self.http.stream("POST", f"{self.url}/graphql", json=body, headers=headers) as answer:
            event = ""
            async for line in answer.aiter_lines():
                if line.startswith("event:"):
                    event = line.removeprefix("event:").strip()
                elif line.startswith("data:") and event == "next":
                    yield _data(json.loads(line.removeprefix("data:")))
                if event == "complete":
                    return


class Socket:
    def __init__(self, connection: websockets.ClientConnection) -> None:
        self.connection = connection
        self._last = 0

    async def follow(self, document: str, **variables: Any) -> AsyncIterator[dict[str, Any]]:
        self._last += 1
        name = str(self._last)
        payload = {"query": document, "variables": variables}
        await self.connection.send(json.dumps({"id": name, "type": "subscribe", "payload": payload}))
        async for frame in self.connection:
            message = json.loads(frame)
            if message["type"] == "ping":
                await self.connection.send(json.dumps({"type": "pong"}))
            elif message["type"] == "next":
                yield _data(message["payload"])
            elif message["type"] == "error":
                raise Refused(message["payload"])
            elif message["type"] == "complete":
                return


def _data(payload: dict[str, Any]) -> dict[str, Any]:
    if payload.get("errors"):
        raise Refused(payload["errors"])
    data: dict[str, Any] = payload["data"]
    return data
