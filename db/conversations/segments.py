"""Segments of branches, with which any page of a branch is read through an index.

A line is a run of consecutive messages with the id of its first message. A message after the last one of a line
continues the line; a sibling of another message begins a new one. For each line the segments of other lines on the
path to it are stored, because branches are read much more often than created.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from uuid_utils.compat import uuid7

from db.core.dialect_sql import OneOf
from db.core.prepared import Prepared
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
    """Return the columns of a new message after `parent`, or of a first message; the conversation must be locked.

    Raises BadUserInput for the argument `field` if a new line would exceed the limits.
    """
    depth = 1 if parent is None else parent.depth + 1
    columns: dict[str, Any] = {"id": uuid7(), "parent_id": parent and parent.id, "depth": depth}
    if parent is not None:
        line = _last_segment(session, parent)
        if line.last_depth == parent.depth:
            line.last_depth = depth
            return columns | {"line_id": parent.line_id}
    segments = [] if parent is None else _segments_to(session, parent)
    if len(segments) > MAX_SEGMENTS:
        raise BadUserInput.of(
            field, f"This message's branch was branched {MAX_SEGMENTS} times, which is the limit. Continue in a fork."
        )
    if conversation.message_count and _count_lines(session, conversation) >= MAX_LINES:
        raise BadUserInput.of(
            field, f"This conversation has {MAX_LINES:,} branches, which is the limit. Continue in a fork of one."
        )
    for segment in segments:
        last = min(segment.last_depth, depth - 1)
        session.add(_segment(conversation.id, columns["id"], segment.along_id, segment.first_depth, last))
    add_line(session, conversation.id, columns["id"], depth, depth)
    return columns | {"line_id": columns["id"]}


def add_line(session: Session, conversation_id: UUID, id_: UUID, first_depth: int, last_depth: int) -> None:
    """Add the line that begins with the message `id_` and has messages of these depths."""
    segment = _segment(conversation_id, id_, id_, first_depth, last_depth)
    segment.id = id_  # a line's own segment has the id of the line, so that it is found by primary key
    session.add(segment)


def _segment(conversation_id: UUID, line_id: UUID, along_id: UUID, first: int, last: int) -> BranchSegment:
    return BranchSegment(
        conversation_id=conversation_id, line_id=line_id, along_id=along_id, first_depth=first, last_depth=last
    )


def count_roots(session: Session, conversation: Conversation) -> int:
    """Return the number of messages of a conversation without a parent."""
    query = select(func.count(BranchSegment.id)).where(
        BranchSegment.conversation_id == conversation.id,
        _is_first_segment,
        BranchSegment.along_id == BranchSegment.line_id,
    )
    return session.scalar(query) or 0


def _last_segment(session: Session, message: Message) -> BranchSegment:
    """Return the own segment of the line that a message is on; it may not be flushed yet."""
    loaded = [row for row in (*session.new, *session.identity_map.values()) if isinstance(row, BranchSegment)]
    with session.no_autoflush:
        matching = (row for row in loaded if row.id == message.line_id)
        return next(matching, None) or session.get(BranchSegment, message.line_id)


def _segments_to(session: Session, leaf: Message) -> list[BranchSegment]:
    query = select(BranchSegment).where(BranchSegment.line_id == leaf.line_id, BranchSegment.first_depth <= leaf.depth)
    return list(session.scalars(query.order_by(BranchSegment.first_depth)))


def _count_lines(session: Session, conversation: Conversation) -> int:
    query = select(func.count(BranchSegment.id)).where(
        BranchSegment.conversation_id == conversation.id, _is_first_segment
    )
    return session.scalar(query) or 0
