"""Installation of processes, and a client of it that tries again as a front end does."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support.processes.product_process import Product
from tests.support.processes.valkey import Valkey

SIGN_UP = """mutation { signUp(input: {email: "ann@example.com", password: "correct horse 9"}) {
  session { accessToken } } }"""
SEND = "mutation($input: SendMessageInput!) { sendMessage(input: $input) { message { id } reply { id } } }"
READ = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Message { text status } } }"
PATIENCE_SECONDS = 30.0


@dataclass
class Fleet:
    """Two servers behind a client that turns to the other one when a server is away, a worker, and Valkey."""

    servers: list[Product]
    worker: Product
    valkey: Valkey
    token: str = ""
    requests: int = 0

    @property
    def lines(self) -> list[str]:
        return [line for product in (*self.servers, self.worker) for line in product.lines]

    async def run(self, http: httpx.AsyncClient, query: str, **variables: Any) -> dict[str, Any]:
        """Return the data of an operation; only a server that is away, or says so, is tried again."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        headers = {"accept": "application/graphql-response+json"}
        headers |= {"authorization": f"Bearer {self.token}"} if self.token else {}
        while True:
            self.requests += 1
            server = self.servers[self.requests % 2]
            try:
                body = {"query": query, "variables": variables}
                answer = await http.post(f"{server.url}/graphql", json=body, headers=headers)
                if answer.status_code != 503:
                    assert "errors" not in answer.json(), answer.text
                    data: dict[str, Any] = answer.json()["data"]
                    return data
            except (httpx.TransportError, httpx.UnsupportedProtocol):
                pass
            assert time.monotonic() < deadline, "no server has answered"
            await asyncio.sleep(0.02)


@dataclass
class Load:
    """Messages that were acknowledged, by their text, with the id of each reply."""

    replies: dict[str, str] = field(default_factory=dict)
    is_over: bool = False


@asynccontextmanager
async def under_load(fleet: Fleet) -> AsyncIterator[Load]:
    """Send messages, one after the other, until the block ends; then wait for every reply."""
    load = Load()
    async with httpx.AsyncClient(timeout=30) as http:
        if not fleet.token:
            fleet.token = (await fleet.run(http, SIGN_UP))["signUp"]["session"]["accessToken"]

        async def send() -> None:
            while not load.is_over:
                text = f"message {len(load.replies)}"
                arguments = {"text": text, "idempotencyKey": f"{id(load)} {text}"}
                load.replies[text] = (await fleet.run(http, SEND, input=arguments))["sendMessage"]["reply"]["id"]
                await asyncio.sleep(0.1)

        sending = asyncio.create_task(send())
        try:
            yield load
        finally:
            load.is_over = True
            await sending


async def outcomes(fleet: Fleet, load: Load, seconds: float = 60) -> list[str]:
    """Return the status of each reply once all have ended."""
    deadline, ids, statuses = time.monotonic() + seconds, list(load.replies.values()), ["IN_PROGRESS"]
    async with httpx.AsyncClient(timeout=30) as http:
        while "IN_PROGRESS" in statuses:
            assert time.monotonic() < deadline, statuses
            nodes = []
            for start in range(0, len(ids), 50):
                nodes += (await fleet.run(http, READ, ids=ids[start : start + 50]))["nodes"]
            statuses = [node["status"] for node in nodes]
            await asyncio.sleep(0.1)
    return statuses
