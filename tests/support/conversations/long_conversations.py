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
    """Create a searchable conversation of `length` messages for the viewer; the middle one contains `word`."""
    conversation = conversations.create(session, NewConversation("offline", title=f"{length} messages"))
    rows: list[dict[str, Any]] = []
    for depth in range(1, length + 1):
        rows.append(
            {
                "id": uuid7(),
                "conversation_id": conversation.id,
                "parent_id": rows[-1]["id"] if rows else None,
                "line_id": rows[0]["id"] if rows else None,
                "depth": depth,
                "role": ROLES[(depth - 1) % 2],
                "status": MessageStatus.COMPLETED,
                "text": f"Number {depth} {word if depth == length // 2 else ''}",
            }
        )
    rows[0]["line_id"] = rows[0]["id"]
    scope = scope_of(conversation.organization_id)
    words = [{"id": one["id"], "words": folded_text(one["text"]), "scope": scope} for one in rows]
    segments.add_line(session, conversation.id, rows[0]["id"], 1, length)
    session.flush()
    session.execute(insert(Message), rows, execution_options=INSIDE)
    session.execute(insert(MessageWords), words, execution_options=INSIDE)
    conversation.message_count, conversation.leaf_id, conversation.last_message_at = length, rows[-1]["id"], now()
    return conversation
