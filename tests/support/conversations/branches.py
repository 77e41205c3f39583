"""Reading and editing of conversation branches through the API."""

from typing import Any

from tests.support.app import App
from tests.support.client import Client
from tests.support.scripted_llm import EXCHANGE, finished_reply

BRANCH = """query Branch($id: ID!, $leafId: ID, $throughId: ID, $first: Int, $after: String, $last: Int,
  $before: String) {
  conversation(id: $id) { messageCount preview messages(leafId: $leafId, throughId: $throughId, first: $first,
  after: $after, last: $last, before: $before) { totalCount nodes { id text siblings }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""


async def read_branch(client: Client, id: str, **arguments: Any) -> Any:
    """Return a page of a branch."""
    return (await client.run(BRANCH, id=id, **arguments))["conversation"]["messages"]


def exchange_ids(*payloads: dict[str, Any]) -> list[str]:
    """Return the ids of the message and the reply of each exchange, in order."""
    return [payload[name]["id"] for payload in payloads for name in ("message", "reply")]


async def finished(app: App, client: Client, payload: dict[str, Any]) -> dict[str, Any]:
    """Return an exchange when its reply has ended."""
    await finished_reply(app, client, payload["reply"]["id"])
    return payload


async def edit_message(app: App, client: Client, message: str, text: str) -> dict[str, Any]:
    """Edit a message and return the new exchange when its reply has ended."""
    return await finished(app, client, await client.mutate("editMessage", EXCHANGE, messageId=message, text=text))
