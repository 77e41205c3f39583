"""Branches of a conversation: the way from its first message to one of the last."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, literal, select
from sqlalchemy.orm import aliased

from db import attachments
from db.conversations import Conversation
from db.idempotency import once
from db.listing import Window
from db.messages import (
    Exchange,
    Message,
    MessageRole,
    begin_reply,
    check_siblings,
    checked_text,
    conversation_of,
    exchanged_once,
    say,
)
from db.prepared import OneOf, Prepared, bind
from db.session import Session
from db.tables import Table
from db.usage import Models
from errors import BadUserInput

LIMIT: Any = bind("limit", Message.depth)
Bounds = Callable[[Any], tuple[Any, Any]]


def way(bounds: Bounds, leaf_id: Any) -> Any:
    """A CTE of the branch that ends at `leaf_id`: ids and depths between `bounds(leaf)`, and a few that it jumps by.

    Down to the upper bound it goes by jumps, then from parent to parent, so it reads little more than it gives.
    """
    leaf, next_ = aliased(Message), aliased(Message)
    low, high = bounds(leaf)
    steps = (
        select(leaf.id, leaf.depth, leaf.parent_id, leaf.jump_id, leaf.jump_depth)
        .add_columns(low.label("low"), high.label("high"))
        .where(leaf.id == leaf_id)
        .cte("way", recursive=True)
    )
    to = case((steps.c.jump_depth >= steps.c.high, steps.c.jump_id), else_=steps.c.parent_id)
    return steps.union_all(
        select(next_.id, next_.depth, next_.parent_id, next_.jump_id, next_.jump_depth)
        .add_columns(steps.c.low, steps.c.high)
        .join(steps, next_.id == to)
        .where(steps.c.depth > steps.c.low)
    )


def whole(leaf_id: UUID) -> Select[Any]:
    """All messages of the branch that ends at `leaf_id`, oldest first, for a session to read."""
    steps = way(lambda leaf: (literal(0), leaf.depth), leaf_id)
    return select(Message).join(steps, Message.id == steps.c.id).order_by(steps.c.depth)


def _page(bounds: Bounds, *, backwards: bool = False) -> Prepared[Message]:
    """Messages of a branch with low < depth ≤ high, oldest first unless backwards; `leaf_id` is bound.

    They are named in a list: for a join, SQLite goes through the whole conversation.
    """
    steps = way(bounds, bind("leaf_id", Message.id))
    between = select(steps.c.id).where(steps.c.depth > steps.c.low, steps.c.depth <= steps.c.high)
    query = select(Message).where(Message.id.in_(between))
    return Prepared(query.order_by(Message.depth.desc() if backwards else Message.depth), children=Message)


def _cursor() -> Any:
    """The depth of the message that a cursor names: its place on every branch."""
    at = aliased(Message)
    return select(at.depth).where(at.id == bind("cursor", Message.id)).scalar_subquery()


first = _page(lambda _: (literal(0), LIMIT))
after = _page(lambda _: (_cursor(), _cursor() + LIMIT))
last = _page(lambda leaf: (leaf.depth - LIMIT, leaf.depth), backwards=True)
before = _page(lambda _: (_cursor() - 1 - LIMIT, _cursor() - 1), backwards=True)
length: Prepared[Any] = Prepared(
    select(Message.id, Message.depth.label("total")).where(Message.id == bind("leaf_id", Message.id)), children=Message
)


children_of: Prepared[Any] = Prepared(
    select(Message.id, Message.parent_id).where(OneOf(Message.parent_id)).order_by(Message.parent_id, Message.id)
)
beginnings_of: Prepared[Any] = Prepared(
    select(Message.id, Message.conversation_id)
    .where(OneOf(Message.conversation_id), Message.parent_id.is_(None))
    .order_by(Message.conversation_id, Message.id)
)


def _newest_below() -> Prepared[Any]:
    """The newest of the messages that follow `message_id` on any branch, or itself."""
    top, next_ = aliased(Message), aliased(Message)
    below = select(top.id).where(top.id == bind("message_id", Message.id)).cte("below", recursive=True)
    below = below.union_all(select(next_.id).join(below, next_.parent_id == below.c.id))
    return Prepared(select(below.c.id).order_by(below.c.id.desc()).limit(1), children=Message)


newest_below = _newest_below()


def page(window: Window) -> Prepared[Message]:
    """The query of a window of a branch; `conversation_id`, `leaf_id`, `limit` and a given `cursor` are bound."""
    if window.backwards:
        return last if window.cursor is None else before
    return first if window.cursor is None else after


def edit(session: Session, message_id: UUID, text: str, models: Models, idempotency_key: str | None = None) -> Exchange:
    """Say something else in the place of a person's message, beside it, and begin a reply."""

    def make() -> Exchange:
        conversation, message = _of_branch(session, message_id)
        if message.role is not MessageRole.USER:
            raise BadUserInput.of("messageId", "Edit what a person said; for another reply, use regenerateReply.")
        check_siblings(session, conversation, message.parent_id, "messageId")
        parent = session.obtain(Message, message.parent_id) if message.parent_id else None
        said = say(session, conversation, parent, checked_text(text), models, _table_of(session, message))
        attachments.carry(session, [(message, said.message)])
        return said

    return exchanged_once(session, "editMessage", idempotency_key, make)


def regenerate(
    session: Session, message_id: UUID, models: Models, model: str | None, idempotency_key: str | None = None
) -> Message:
    """Begin another reply to what the reply `message_id` answers, or to the person's message of that id.

    It is written by `model`, else by that of the reply, else by the conversation's, else by the first of `models`.
    """

    def make() -> Message:
        conversation, message = _of_branch(session, message_id)
        asked = message
        if message.role is not MessageRole.USER:
            if message.parent_id is None:
                raise BadUserInput.of("messageId", "This answers nothing: name a reply.")
            asked = session.obtain(Message, message.parent_id)
        check_siblings(session, conversation, asked.id, "messageId")
        known = (name for name in (model, message.model, conversation.model) if name and name in models)
        chosen = next(known, next(iter(models)))
        return begin_reply(session, conversation, asked, chosen, models, _table_of(session, asked))

    return once(
        session,
        "regenerateReply",
        idempotency_key,
        make,
        ids=lambda reply: [reply.id],
        again=lambda ids: session.obtain(Message, ids[0]),
    )


def _of_branch(session: Session, message_id: UUID) -> tuple[Conversation, Message]:
    """A message to branch off at, and its conversation, locked."""
    conversation = session.obtain_to_change(Conversation, conversation_of(session, message_id))
    return conversation, session.obtain(Message, message_id)


def _table_of(session: Session, message: Message) -> UUID | None:
    """The table that was named for a message, while it is there."""
    return session.scalars(select(Table.id).where(Table.id == message.table_id)).one_or_none()
