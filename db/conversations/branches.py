"""Branches of a conversation: the path from a first message to a leaf, with its pages, edits and new replies."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, literal, select
from sqlalchemy.orm import aliased

from db.billing.usage import Models
from db.conversations import attachments, replies
from db.conversations.messages import Exchange, checked_text
from db.conversations.sending import add_exchange, check_siblings, conversation_of, idempotent_exchange
from db.core.dialect_sql import OneOf
from db.core.idempotency import idempotent
from db.core.pagination import Window
from db.core.prepared import Prepared, bind
from db.core.session import Session
from db.models.branches import BranchSegment
from db.models.conversations import Conversation
from db.models.messages import Message, MessageRole
from db.models.tables import Table
from errors import BadUserInput

PAGE_SIZE: Any = bind("limit", Message.depth)


def _column_of(parameter: str, column: Any) -> Any:
    """Return a column of the message whose id is bound as `parameter`, as a subquery that runs once a statement."""
    message = aliased(Message)
    return select(getattr(message, column.key)).where(message.id == bind(parameter, Message.id)).scalar_subquery()


LEAF_LINE, LEAF_DEPTH = _column_of("leaf_id", Message.line_id), _column_of("leaf_id", Message.depth)
CURSOR_DEPTH = _column_of("cursor", Message.depth)


def _between(low: Any, high: Any) -> Any:
    """Return the join condition of the messages with low < depth ≤ high and the segments of a branch."""
    # One CASE for each bound: of two conditions on one side, SQLite uses only one for the index and reads the rest of
    # the line.
    start = case((BranchSegment.first_depth > low, BranchSegment.first_depth), else_=low + 1)
    end = case((BranchSegment.last_depth < high, BranchSegment.last_depth), else_=high)
    return (
        (Message.line_id == BranchSegment.along_id) & (Message.depth >= start) & (Message.depth <= end) & (start <= end)
    )


def ending_at(leaf: Message, limit: int | None = None) -> Select[Any]:
    """Return the query of the branch that ends at `leaf`, or of its last `limit` messages, for use in a session."""
    along = _between(literal(0 if limit is None else leaf.depth - limit), literal(leaf.depth))
    return select(Message).join(BranchSegment, along).where(BranchSegment.line_id == leaf.line_id)


def _page(low: Any, high: Any, *, backwards: bool = False) -> Prepared[Message]:
    """Return the query of a branch's messages with low < depth ≤ high, oldest first unless backwards.

    The query takes `conversation_id`, `leaf_id` and what the bounds need.
    """
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
    """Return the query of the newest message that follows `message_id` on any branch, or of itself if none does."""
    # The newest descendant is always the last message of a line, so that the lines' ends are enough.
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
    """Return the query of a window of a branch; it takes `conversation_id`, `leaf_id`, `limit` and any `cursor`."""
    if window.backwards:
        return last_page if window.cursor is None else page_before
    return first_page if window.cursor is None else page_after


def edit(session: Session, message_id: UUID, text: str, models: Models, idempotency_key: str | None = None) -> Exchange:
    """Add an edited version of a user's message as its sibling, with its attachments, and begin a reply.

    Raises BadUserInput for a reply or too many siblings.
    """

    def create() -> Exchange:
        conversation, message = _get_locked(session, message_id)
        if message.role is not MessageRole.USER:
            raise BadUserInput.of(
                "messageId",
                "This message is a reply. Only messages of users can be edited; use regenerateReply for another reply.",
            )
        check_siblings(session, conversation, message.parent_id, "messageId")
        parent = session.get(Message, message.parent_id) if message.parent_id else None
        table_id = _existing_table_id(session, message)
        exchange = add_exchange(session, conversation, parent, checked_text(text), models, table_id, field="messageId")
        attachments.copy_attachments(session, [(message, exchange.message)])
        return exchange

    return idempotent_exchange(session, "editMessage", idempotency_key, create)


def regenerate(
    session: Session, message_id: UUID, models: Models, model: str | None, idempotency_key: str | None = None
) -> Message:
    """Begin another reply to a user's message; `message_id` is that message or a reply to it.

    The model is the first of these that the server has: `model`, that of the reply, that of the conversation, and
    otherwise the first of `models`. Raises BadUserInput for too many siblings, BudgetExceeded.
    """

    def create() -> Message:
        conversation, message = _get_locked(session, message_id)
        question = message
        if message.role is not MessageRole.USER:
            if message.parent_id is None:
                raise BadUserInput.of("messageId", "This message is no reply to another. Pass the id of a reply.")
            question = session.get(Message, message.parent_id)
        check_siblings(session, conversation, question.id, "messageId")
        available = (name for name in (model, message.model, conversation.model) if name and name in models)
        chosen = next(available, next(iter(models)))
        return replies.begin(session, conversation, question, chosen, models, _existing_table_id(session, question))

    return idempotent(
        session,
        "regenerateReply",
        idempotency_key,
        create,
        result_ids=lambda reply: [reply.id],
        load=lambda ids: session.get(Message, ids[0]),
    )


def _get_locked(session: Session, message_id: UUID) -> tuple[Conversation, Message]:
    """Return a message and its conversation, which is locked first."""
    conversation = session.get_for_update(Conversation, conversation_of(session, message_id))
    return conversation, session.get(Message, message_id)


def _existing_table_id(session: Session, message: Message) -> UUID | None:
    """Return the id of the table that a message was sent for; None if there is none or it was deleted."""
    return session.scalars(select(Table.id).where(Table.id == message.table_id)).one_or_none()
