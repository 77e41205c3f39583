"""Saying something: a message after another one, and the reply to it, which begins."""

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import func, select

from db.billing.usage import Models
from db.conversations import conversations, replies
from db.conversations.conversations import NewConversation
from db.conversations.messages import PREVIEW_LENGTH, TITLE_LENGTH, Exchange, checked_text, shorten
from db.conversations.segments import columns_after, count_roots
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
    """Keep what was said and begin a reply: after `parent_id`, else after the conversation's newest message.

    Without a conversation and a parent, a conversation begins with it. The reply is written by the
    conversation's model if it is one of `models`, else by the first of them. `also` makes what belongs to the message.
    """

    def make() -> Exchange:
        said = checked_text(text)
        if table_id is not None:
            session.get_for_update(Table, table_id)
        conversation, parent = _conversation_and_parent(session, said, conversation_id, parent_id, next(iter(models)))
        exchange = add_exchange(session, conversation, parent, said, models, table_id)
        attach(exchange.message)
        return exchange

    return idempotent_exchange(session, "sendMessage", idempotency_key, make)


def idempotent_exchange(session: Session, operation: str, key: str | None, make: Callable[[], Exchange]) -> Exchange:
    """Make an exchange, or find the one that the same key made before."""

    def again(ids: list[UUID]) -> Exchange:
        message, reply = (session.get(Message, id_) for id_ in ids)
        return Exchange(session.get(Conversation, message.conversation_id), message, reply)

    return idempotent(session, operation, key, make, lambda e: [e.message.id, e.reply.id], again)


def _conversation_and_parent(
    session: Session, text: str, id_: UUID | None, parent_id: UUID | None, model: str
) -> tuple[Conversation, Message | None]:
    """The conversation to speak in, locked, and the message to speak after."""
    if id_ is None and parent_id is None:
        return conversations.create(
            session, NewConversation(model, title=shorten(text, TITLE_LENGTH), is_named=False)
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
            conversation.title = shorten(text, TITLE_LENGTH) or conversations.UNTITLED
        return conversation, None
    if parent.status is MessageStatus.IN_PROGRESS:
        raise Conflict("The last reply is still being written: wait for its end, or end it with stopReply.")
    return conversation, parent


def conversation_of(session: Session, message_id: UUID | None) -> UUID:
    """Where a message was said. The message itself is read when its conversation is locked, and not before."""
    found = session.scalars(select(Message.conversation_id).where(Message.id == message_id)).one_or_none()
    if found is None:
        raise NotFound("There is no such message, or you may not see it.")
    return found


def check_siblings(session: Session, conversation: Conversation, parent_id: UUID | None, field: str) -> None:
    """Refuse one more message after `parent_id`, or one more beginning, where there are very many."""
    if parent_id is None:
        beside = count_roots(session, conversation)
    else:
        beside = session.scalar(select(func.count(Message.id)).where(Message.parent_id == parent_id)) or 0
    if beside >= MAX_SIBLINGS:
        raise BadUserInput.of(field, f"There are {MAX_SIBLINGS} messages side by side there: continue one of them.")


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
    """A person's message after `parent`, which `field` names, and the reply to it; the conversation is locked."""
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
