"""Branches of a conversation: the way from its first message to one of the last."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, literal, select
from sqlalchemy.orm import aliased

from db.billing.usage import Models
from db.conversations import attachments, replies
from db.conversations.messages import Exchange, checked_text
from db.conversations.sending import add_exchange, check_siblings, conversation_of, idempotent_exchange
from db.core.idempotency import idempotent
from db.core.pagination import Window
from db.core.prepared import OneOf, Prepared, bind
from db.core.session import Session
from db.models.branches import BranchSegment
from db.models.conversations import Conversation
from db.models.messages import Message, MessageRole
from db.models.tables import Table
from errors import BadUserInput

PAGE_SIZE: Any = bind("limit", Message.depth)


def _column_of(name: str, column: Any) -> Any:
    """A column of the message that is bound as `name`: the database looks it up once, before everything else."""
    one = aliased(Message)
    return select(getattr(one, column.key)).where(one.id == bind(name, Message.id)).scalar_subquery()


LEAF_LINE, LEAF_DEPTH = _column_of("leaf_id", Message.line_id), _column_of("leaf_id", Message.depth)
CURSOR_DEPTH = _column_of("cursor", Message.depth)


def _between(low: Any, high: Any) -> Any:
    """What joins the messages with low < depth ≤ high to the stretches of a branch.

    Each bound is one expression: of two for one column SQLite gives the index either, and reads the rest of the line.
    """
    from_ = case((BranchSegment.first_depth > low, BranchSegment.first_depth), else_=low + 1)
    to = case((BranchSegment.last_depth < high, BranchSegment.last_depth), else_=high)
    return (
        (Message.line_id == BranchSegment.along_id) & (Message.depth >= from_) & (Message.depth <= to) & (from_ <= to)
    )


def ending_at(leaf: Message, limit: int | None = None) -> Select[Any]:
    """The messages of the branch that ends at `leaf`, or the last `most` of them, for a session to read."""
    along = _between(literal(0 if limit is None else leaf.depth - limit), literal(leaf.depth))
    return select(Message).join(BranchSegment, along).where(BranchSegment.line_id == leaf.line_id)


def _page(low: Any, high: Any, *, backwards: bool = False) -> Prepared[Message]:
    """Messages of a branch with low < depth ≤ high, oldest first unless backwards; `leaf_id` is bound."""
    query = select(Message).join(BranchSegment, _between(low, high)).where(BranchSegment.line_id == LEAF_LINE)
    return Prepared(
        query.order_by(Message.depth.desc() if backwards else Message.depth), children=Message, by_parent=False
    )


def _at_most_to_leaf(depth: Any) -> Any:
    return case((depth < LEAF_DEPTH, depth), else_=LEAF_DEPTH)


first_page = _page(literal(0), _at_most_to_leaf(PAGE_SIZE))
page_after = _page(CURSOR_DEPTH, _at_most_to_leaf(CURSOR_DEPTH + PAGE_SIZE))
last_page = _page(LEAF_DEPTH - PAGE_SIZE, LEAF_DEPTH, backwards=True)
page_before = _page(CURSOR_DEPTH - 1 - PAGE_SIZE, _at_most_to_leaf(CURSOR_DEPTH - 1), backwards=True)
length: Prepared[Any] = Prepared(
    select(Message.id, Message.depth.label("total")).where(Message.id == bind("leaf_id", Message.id)), children=Message
)


def _newest_below() -> Prepared[Any]:
    """The newest of the messages that follow `message_id` on any branch, or itself: it is the last of a line."""
    line = aliased(BranchSegment)
    query = (
        select(Message.id)
        .select_from(BranchSegment)
        .join(line, line.id == BranchSegment.line_id)
        .join(Message, (Message.line_id == line.id) & (Message.depth == line.last_depth))
        .where(
            BranchSegment.along_id == _column_of("message_id", Message.line_id),
            BranchSegment.last_depth >= _column_of("message_id", Message.depth),
        )
    )
    return Prepared(query.order_by(Message.id.desc()).limit(1), children=Message, by_parent=False)


newest_descendant = _newest_below()


children_of: Prepared[Any] = Prepared(
    select(Message.id, Message.parent_id).where(OneOf(Message.parent_id)).order_by(Message.parent_id, Message.id)
)


def page(window: Window) -> Prepared[Message]:
    """The query of a window of a branch; `conversation_id`, `leaf_id`, `limit` and a given `cursor` are bound."""
    if window.backwards:
        return last_page if window.cursor is None else page_before
    return first_page if window.cursor is None else page_after


def edit(session: Session, message_id: UUID, text: str, models: Models, idempotency_key: str | None = None) -> Exchange:
    """Say something else in the place of a person's message, beside it, and begin a reply."""

    def make() -> Exchange:
        conversation, message = _get_locked(session, message_id)
        if message.role is not MessageRole.USER:
            raise BadUserInput.of("messageId", "Edit what a person said; for another reply, use regenerateReply.")
        check_siblings(session, conversation, message.parent_id, "messageId")
        parent = session.get(Message, message.parent_id) if message.parent_id else None
        table_id = _existing_table_id(session, message)
        said = add_exchange(session, conversation, parent, checked_text(text), models, table_id, field="messageId")
        attachments.copy_attachments(session, [(message, said.message)])
        return said

    return idempotent_exchange(session, "editMessage", idempotency_key, make)


def regenerate(
    session: Session, message_id: UUID, models: Models, model: str | None, idempotency_key: str | None = None
) -> Message:
    """Begin another reply to what the reply `message_id` answers, or to the person's message of that id.

    It is written by `model`, else by that of the reply, else by the conversation's, else by the first of `models`.
    """

    def make() -> Message:
        conversation, message = _get_locked(session, message_id)
        asked = message
        if message.role is not MessageRole.USER:
            if message.parent_id is None:
                raise BadUserInput.of("messageId", "This answers nothing: name a reply.")
            asked = session.get(Message, message.parent_id)
        check_siblings(session, conversation, asked.id, "messageId")
        known = (name for name in (model, message.model, conversation.model) if name and name in models)
        chosen = next(known, next(iter(models)))
        return replies.begin(session, conversation, asked, chosen, models, _existing_table_id(session, asked))

    return idempotent(
        session,
        "regenerateReply",
        idempotency_key,
        make,
        result_ids=lambda reply: [reply.id],
        load=lambda ids: session.get(Message, ids[0]),
    )


def _get_locked(session: Session, message_id: UUID) -> tuple[Conversation, Message]:
    """A message to branch off at, and its conversation, locked."""
    conversation = session.get_for_update(Conversation, conversation_of(session, message_id))
    return conversation, session.get(Message, message_id)


def _existing_table_id(session: Session, message: Message) -> UUID | None:
    """The table that was named for a message, while it is there."""
    return session.scalars(select(Table.id).where(Table.id == message.table_id)).one_or_none()
