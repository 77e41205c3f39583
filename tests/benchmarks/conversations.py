"""Costs of reading and sending in a conversation of 5,000 messages, compared with one of 50."""

import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from db.models.conversations import Conversation
from resolvers.core.ids import global_id
from tests.benchmarks.target import Target
from tests.support.app import App
from tests.support.client import Client
from tests.support.conversations.long_conversations import create_long_conversation

SHORT, LONG, ROUNDS = 50, 5_000, 40
PAGE = """query Page($id: ID!, $before: String) { conversation(id: $id) { messages(last: 20, before: $before) {
  totalCount nodes { id role text status siblings } pageInfo { startCursor } } } }"""
SEND = """mutation Send($input: SendMessageInput!) { sendMessage(input: $input) { reply { id } } }"""
STOP = """mutation Stop($input: StopReplyInput!) { stopReply(input: $input) { message { id } } }"""

Asking = Callable[[], Awaitable[Any]]


class Visit:
    """Requests of one user in one conversation."""

    def __init__(self, target: Target, id: str) -> None:
        self._target, self._id = target, id

    async def _run(self, query: str, **variables: Any) -> Any:
        answer = orjson.loads(await self._target.call(orjson.dumps({"query": query, "variables": variables})))
        assert "errors" not in answer, answer
        return answer["data"]

    async def prepare(self) -> None:
        page = (await self._run(PAGE, id=self._id))["conversation"]["messages"]
        self._before = page["pageInfo"]["startCursor"]

    async def open(self) -> None:
        await self._run(PAGE, id=self._id)

    async def page_back(self) -> None:
        await self._run(PAGE, id=self._id, before=self._before)

    async def send(self) -> None:
        """A message, and no reply to it."""
        reply = (await self._run(SEND, input={"conversationId": self._id, "text": "And?"}))["sendMessage"]["reply"]
        await self._run(STOP, input={"messageId": reply["id"]})


async def conversations(app: App, ann: Client, target: Target) -> None:
    """Rounds of both in turn; medians, with the time that the disk takes."""
    await app.product.worker.stop()
    viewer, visits = await app.viewer(ann), []
    for length in (LONG, SHORT):
        conversation = await app.backend.database.write(create_long_conversation, viewer, length, "word")
        visits.append(Visit(target, global_id(Conversation, conversation.id)))
        await visits[-1].prepare()
    long, short = visits
    print(f"\n{ROUNDS} rounds in conversations of {LONG:,} and of {SHORT} messages, wall clock\n")
    for name, pair in (
        ("open: the last 20 messages", (long.open, short.open)),
        ("page back", (long.page_back, short.page_back)),
        ("sendMessage and stopReply", (long.send, short.send)),
    ):
        rounds = [[await _seconds(one) for one in pair] for _ in range(ROUNDS)]
        cost, base = (statistics.median(part) * 1e6 for part in zip(*rounds, strict=True))
        print(f"{name:34} {cost:9.0f} µs   of {SHORT} {base:9.0f} µs   {cost / base:6.2f} ×")


async def _seconds(ask: Asking) -> float:
    started = time.perf_counter()
    await ask()
    return time.perf_counter() - started
