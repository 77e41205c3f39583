"""Conversations of thousands of messages, written as rows and not one by one."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from uuid_utils.compat import uuid7

from db import conversations, lines
from db.base import now
from db.conversations import Beginning, Conversation
from db.messages import Message, MessageRole, MessageStatus
from db.search import MessageWords, scope_of
from db.session import INSIDE, Session
from db.words import folded

ROLES = (MessageRole.USER, MessageRole.ASSISTANT)
TEXT = "What did the trip cost, and who has the receipts? "


def converse(session: Session, length: int, word: str, model: str = "offline") -> Conversation:
    """A conversation of the viewer's of `length` messages; the middle one has `word` in it."""
    conversation = conversations.create(session, Beginning(model, title=f"{length} messages"))
    ids = [uuid7() for _ in range(length)]
    lines.begin(session, conversation.id, ids[0], 1, [])
    texts = [f"{number} {TEXT}" + word * (number == length // 2) for number in range(length)]
    session.flush()
    session.execute(insert(Message), _messages(conversation.id, ids, texts), execution_options=INSIDE)
    session.execute(insert(MessageWords), _words(conversation, ids, texts), execution_options=INSIDE)
    conversation.message_count, conversation.leaf_id, conversation.last_message_at = length, ids[-1], now()
    return conversation


def _messages(conversation_id: UUID, ids: Sequence[UUID], texts: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "id": id_,
            "conversation_id": conversation_id,
            "parent_id": ids[depth - 2] if depth > 1 else None,
            "depth": depth,
            "line_id": ids[0],
            "role": ROLES[(depth - 1) % 2],
            "status": MessageStatus.COMPLETED,
            "text": text,
        }
        for depth, (id_, text) in enumerate(zip(ids, texts, strict=True), 1)
    ]


def _words(conversation: Conversation, ids: Sequence[UUID], texts: Sequence[str]) -> list[dict[str, Any]]:
    scope = scope_of(conversation.organization_id)
    return [{"id": id_, "words": folded(text), "scope": scope} for id_, text in zip(ids, texts, strict=True)]
