"""Conversations of thousands of messages, written as rows and not one by one."""

from typing import Any

from sqlalchemy import insert
from uuid_utils.compat import uuid7

from db.conversations import conversations, segments
from db.conversations.conversations import NewConversation
from db.core.base import now
from db.core.session import INSIDE, Session
from db.models.conversations import Conversation
from db.models.messages import Message, MessageRole, MessageStatus
from db.models.search import MessageWords
from db.search.search import scope_of
from db.search.words import folded_text

ROLES = (MessageRole.USER, MessageRole.ASSISTANT)


def create_long_conversation(session: Session, length: int, word: str) -> Conversation:
    """A conversation of the viewer's of `length` messages, which can be searched; the middle one has `word` in it."""
    conversation = conversations.create(session, NewConversation("offline", title=f"{length} messages"))
    said: list[dict[str, Any]] = []
    for depth in range(1, length + 1):
        said.append(
            {
                "id": uuid7(),
                "conversation_id": conversation.id,
                "parent_id": said[-1]["id"] if said else None,
                "line_id": said[0]["id"] if said else None,
                "depth": depth,
                "role": ROLES[(depth - 1) % 2],
                "status": MessageStatus.COMPLETED,
                "text": f"Number {depth} {word if depth == length // 2 else ''}",
            }
        )
    said[0]["line_id"] = said[0]["id"]
    scope = scope_of(conversation.organization_id)
    words = [{"id": one["id"], "words": folded_text(one["text"]), "scope": scope} for one in said]
    segments.add_line(session, conversation.id, said[0]["id"], 1, length)
    session.flush()
    session.execute(insert(Message), said, execution_options=INSIDE)
    session.execute(insert(MessageWords), words, execution_options=INSIDE)
    conversation.message_count, conversation.leaf_id, conversation.last_message_at = length, said[-1]["id"], now()
    return conversation
