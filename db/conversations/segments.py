"""Lines: runs of messages of which branches are made, so that any page of a branch is found by an index.

A message that follows the last one of a line continues it; one beside another message begins a line, which is
called by its id. For each line it is kept along which lines the way from the first message to it goes: branches are
read much more often than made.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from uuid_utils.compat import uuid7

from db.core.prepared import OneOf, Prepared
from db.core.session import Session
from db.models.branches import BranchSegment
from db.models.conversations import Conversation
from db.models.messages import Message
from errors import BadUserInput

MAX_LINES, MAX_SEGMENTS = 1_000, 200


_is_first_segment = BranchSegment.first_depth == 1
root_lines_of: Prepared[Any] = Prepared(
    select(BranchSegment.line_id.label("id"), BranchSegment.conversation_id)
    .where(OneOf(BranchSegment.conversation_id), _is_first_segment, BranchSegment.along_id == BranchSegment.line_id)
    .order_by(BranchSegment.conversation_id, BranchSegment.line_id)
)


def columns_after(session: Session, conversation: Conversation, parent: Message | None, field: str) -> dict[str, Any]:
    """The columns that put a new message after `parent`, or at the beginning; the conversation is locked.

    BadUserInput, under `field`, when it would begin a line and there are very many.
    """
    depth = 1 if parent is None else parent.depth + 1
    columns: dict[str, Any] = {"id": uuid7(), "parent_id": parent and parent.id, "depth": depth}
    if parent is not None:
        line = _last_segment(session, parent)
        if line.last_depth == parent.depth:
            line.last_depth = depth
            return columns | {"line_id": parent.line_id}
    before = [] if parent is None else _segments_to(session, parent)
    if len(before) > MAX_SEGMENTS:
        raise BadUserInput.of(field, f"Its branch has {MAX_SEGMENTS} turns: fork it, and go on in the fork.")
    if conversation.message_count and _count_lines(session, conversation) >= MAX_LINES:
        raise BadUserInput.of(field, f"This conversation has {MAX_LINES:,} branches: fork one, and go on in the fork.")
    for stretch in before:
        last = min(stretch.last_depth, depth - 1)
        session.add(_segment(conversation.id, columns["id"], stretch.along_id, stretch.first_depth, last))
    add_line(session, conversation.id, columns["id"], depth, depth)
    return columns | {"line_id": columns["id"]}


def add_line(session: Session, conversation_id: UUID, id_: UUID, first_depth: int, last_depth: int) -> None:
    """Begin a line with the message `id_`, which has messages of these depths."""
    last = _segment(conversation_id, id_, id_, first_depth, last_depth)
    last.id = id_
    session.add(last)


def _segment(conversation_id: UUID, line_id: UUID, along_id: UUID, first: int, last: int) -> BranchSegment:
    return BranchSegment(
        conversation_id=conversation_id, line_id=line_id, along_id=along_id, first_depth=first, last_depth=last
    )


def count_roots(session: Session, conversation: Conversation) -> int:
    """How many messages of a conversation follow no other."""
    query = select(func.count(BranchSegment.id)).where(
        BranchSegment.conversation_id == conversation.id,
        _is_first_segment,
        BranchSegment.along_id == BranchSegment.line_id,
    )
    return session.scalar(query) or 0


def _last_segment(session: Session, message: Message) -> BranchSegment:
    """The last stretch of the line that a message is on; it may be as new as the message."""
    here = [row for row in (*session.new, *session.identity_map.values()) if isinstance(row, BranchSegment)]
    with session.no_autoflush:
        known = (row for row in here if row.id == message.line_id)
        return next(known, None) or session.get(BranchSegment, message.line_id)


def _segments_to(session: Session, leaf: Message) -> list[BranchSegment]:
    query = select(BranchSegment).where(BranchSegment.line_id == leaf.line_id, BranchSegment.first_depth <= leaf.depth)
    return list(session.scalars(query.order_by(BranchSegment.first_depth)))


def _count_lines(session: Session, conversation: Conversation) -> int:
    query = select(func.count(BranchSegment.id)).where(
        BranchSegment.conversation_id == conversation.id, _is_first_segment
    )
    return session.scalar(query) or 0
