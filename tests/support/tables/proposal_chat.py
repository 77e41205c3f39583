"""Conversation with proposals, as a person uses it through GraphQL."""

from typing import Any
from uuid import UUID

from assistant.reading.extraction import Source, propose
from auth.viewer import Viewer
from db.conversations import conversations
from db.conversations.conversations import NewConversation
from db.core.session import Session
from db.models.messages import Message, MessageRole, MessageStatus
from db.models.proposals import Proposal
from db.models.tables import Table
from db.proposals import proposals
from db.proposals.apply import apply_without_overwriting
from resolvers.core.ids import decode_or_none, global_id
from tests.support.in_process_product import InProcessProduct
from tests.support.tables.table_client import TableClient

TEXT = """Here is what we spent — in Zürich:

| Item | Price | Day |
|------|------:|-----|
| Café ☕ | €3.20 | 2025-03-01 |
| 茶 | €4.10 | |

Please add it up."""

CHANGES = """{ id kind rowId column old new overwritesHuman status problem source { start end quote grounding
  message { id text } } }"""

PROPOSAL = f"""{{ id status tableName columns {{ key name type format }} table {{ id }} message {{ role }}
  changes {CHANGES} }}"""

APPLY = f"""{{ proposal {PROPOSAL} revision {{ number source summary }} table {{ id name visibility owner {{ email }}
  conversation {{ id }} columns {{ key name type format }} rows {{ nodes {{ id values cells {{ value text
  source {{ start end quote grounding message {{ id text }} }} editedBy {{ email }} }} }} }} }} }}"""


class Chat(TableClient):
    """A conversation of Ann's, and the table that came out of it."""

    conversation: UUID

    async def say(self, text: str = TEXT, *, apply: bool = False, table: str | None = None) -> str:
        """Return the global id of the proposal for the first table in a message."""

        def unit(session: Session) -> UUID:
            answer = _message(self.conversation, MessageRole.USER, text)
            reply = _message(self.conversation, MessageRole.ASSISTANT, "Look.")
            session.add_all([answer, reply])
            (proposed, *_) = propose(text)
            table_id = decode_or_none(table, Table) if table else None
            sources = [Source(answer.id)]
            proposal = proposals.propose(session, self.conversation, reply.id, sources, proposed, table_id=table_id)
            if apply:
                apply_without_overwriting(session, proposal)
            return proposal.id

        return global_id(Proposal, await self.product.database.write(unit, self.viewer))

    async def proposal(self, id: str) -> Any:
        document = f"query P($id: ID!) {{ node(id: $id) {{ ... on Proposal {PROPOSAL} }} }}"
        return (await self.run(document, id=id))["node"]

    async def apply(self, id: str, **arguments: Any) -> Any:
        return await self.mutate("applyProposal", APPLY, id=id, **arguments)


def _message(conversation: UUID, role: MessageRole, text: str) -> Message:
    return Message(conversation_id=conversation, role=role, text=text, status=MessageStatus.COMPLETED)


async def begun(product: InProcessProduct, viewer: Viewer, **arguments: Any) -> Chat:
    beginning = NewConversation("model", title="Trip", **arguments)
    conversation = await product.database.write(conversations.create, viewer, beginning)
    chat = Chat(product, viewer, "")
    chat.conversation = conversation.id
    return chat


def check_sources(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        for one in row["cells"]:
            if one["value"] is not None:
                source = one["source"]
                assert source["grounding"] == "EXACT"
                assert source["message"]["text"][source["start"] : source["end"]] == source["quote"]
