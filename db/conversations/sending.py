"""Sending of messages, each with the beginning of a reply."""

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import func, select

from db.billing.usage import Models
from db.conversations import conversations, replies
from db.conversations.conversations import NewConversation
from db.conversations.messages import PREVIEW_LENGTH, TITLE_LENGTH, Exchange, checked_text, shorten
from db.conversations.segments import columns_after, count_roots
from db.conversations.title_text import title_of_message
from db.core.idempotency import idempotent
from db.core.session import Session
from db.models.conversations import Conversation
from db.models.messages import Message, MessageRole, MessageStatus
from db.models.tables import Table
from errors import BadUserInput, Conflict, NotFound

MAX_SIBLINGS = 100


def send(
    session: Session,
    text: str,
    *,
    conversation_id: UUID | None,
    models: Models,
    parent_id: UUID | None = None,
    table_id: UUID | None = None,
    idempotency_key: str | None = None,
    attach: Callable[[Message], None] = lambda _: None,
) -> Exchange:
    """Add a user's message and begin a reply: after `parent_id`, else after the conversation's newest message.

    Without either, a new conversation is created. The conversation's model replies if it is one of `models`, else the
    first of them. `attach` adds the rows that belong to the message. Raises BadUserInput, NotFound, Conflict or
    BudgetExceeded.
    """

    def create() -> Exchange:
        checked = checked_text(text)
        if table_id is not None:
            session.get_for_update(Table, table_id)
        default_model = next(iter(models))
        conversation, parent = _conversation_and_parent(session, checked, conversation_id, parent_id, default_model)
        exchange = add_exchange(session, conversation, parent, checked, models, table_id)
        attach(exchange.message)
        return exchange

    return idempotent_exchange(session, "sendMessage", idempotency_key, create)


def idempotent_exchange(session: Session, operation: str, key: str | None, create: Callable[[], Exchange]) -> Exchange:
    """Create an exchange, or load the one that was created with the same idempotency key."""

    def load(ids: list[UUID]) -> Exchange:
        message, reply = (session.get(Message, id_) for id_ in ids)
        return Exchange(session.get(Conversation, message.conversation_id), message, reply)

    return idempotent(session, operation, key, create, lambda exchange: [exchange.message.id, exchange.reply.id], load)


def _conversation_and_parent(
    session: Session, text: str, id_: UUID | None, parent_id: UUID | None, model: str
) -> tuple[Conversation, Message | None]:
    """Return the conversation, locked or newly created, and the message to follow; None for a first message."""
    if id_ is None and parent_id is None:
        return conversations.create(
            session, NewConversation(model, title=shorten(title_of_message(text), TITLE_LENGTH), is_named=False)
        ), None
    conversation = session.get_for_update(Conversation, id_ or conversation_of(session, parent_id))
    if parent_id is not None:
        parent = session.get(Message, parent_id)
        if parent.conversation_id != conversation.id:
            raise NotFound.of("parentId", "The message of parentId is not in this conversation.")
        check_siblings(session, conversation, parent.id, "parentId")
    elif conversation.leaf_id is not None:
        parent = session.get(Message, conversation.leaf_id)
    else:
        if conversation.title == conversations.UNTITLED:
            conversation.title = shorten(title_of_message(text), TITLE_LENGTH) or conversations.UNTITLED
        return conversation, None
    if parent.status is MessageStatus.IN_PROGRESS:
        raise Conflict("The last reply is still being written. Wait for its end, or stop it with stopReply.")
    return conversation, parent


def conversation_of(session: Session, message_id: UUID | None) -> UUID:
    """Return the id of a message's conversation. Raises NotFound."""
    # Selects only the id: the message may change until its conversation is locked, so it is read after that.
    query = select(Message.conversation_id).where(Message.id == message_id)
    conversation_id = session.scalars(query).one_or_none()
    if conversation_id is None:
        raise NotFound("There is no Message with this id, or you may not see it.")
    return conversation_id


def check_siblings(session: Session, conversation: Conversation, parent_id: UUID | None, field: str) -> None:
    """Raise BadUserInput if `parent_id`, or the conversation's beginning for None, has MAX_SIBLINGS messages."""
    if parent_id is None:
        siblings = count_roots(session, conversation)
    else:
        siblings = session.scalar(select(func.count(Message.id)).where(Message.parent_id == parent_id)) or 0
    if siblings >= MAX_SIBLINGS:
        raise BadUserInput.of(
            field, f"There are already {MAX_SIBLINGS} alternatives to this message, which is the limit. Continue one."
        )


def add_exchange(
    session: Session,
    conversation: Conversation,
    parent: Message | None,
    text: str,
    models: Models,
    table_id: UUID | None,
    *,
    field: str = "parentId",
) -> Exchange:
    """Add a user's message after `parent` and begin the reply; the conversation must be locked.

    Errors about the position name the argument `field`.
    """
    message = Message(
        conversation_id=conversation.id,
        role=MessageRole.USER,
        text=text,
        status=MessageStatus.COMPLETED,
        table_id=table_id,
        **columns_after(session, conversation, parent, field),
    )
    session.add(message)
    conversation.message_count += 1
    conversation.preview = shorten(text, PREVIEW_LENGTH)
    model = conversation.model if conversation.model in models else next(iter(models))
    return Exchange(conversation, message, replies.begin(session, conversation, message, model, models, table_id))
