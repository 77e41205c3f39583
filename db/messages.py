"""What is said: people's messages and the assistant's replies."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from uuid import UUID

from sqlalchemy import BigInteger, Index, false, func, select
from sqlalchemy.orm import Mapped, mapped_column

from db import conversations, jobs, spending
from db.base import Base, Child, Counted, key_to, now
from db.conversations import Beginning, Conversation
from db.events import ReplyStopped
from db.idempotency import once
from db.jobs import Job, JobStatus
from db.listing import Listing
from db.notifications import REPLY_FAILED, REPLY_FINISHED, tell
from db.placing import after
from db.session import Session
from db.tables import Table
from db.usage import Models, Tokens
from errors import BadUserInput, Conflict, NotFound

MAX_TEXT, PREVIEW_LENGTH, TITLE_LENGTH, MAX_SIBLINGS = 200_000, 140, 60, 100


class MessageRole(StrEnum):
    """Who speaks."""

    SYSTEM = "SYSTEM"
    USER = "USER"
    ASSISTANT = "ASSISTANT"


class MessageStatus(StrEnum):
    """How far a message is; everything but IN_PROGRESS is final."""

    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    STOPPED = "STOPPED"
    INTERRUPTED = "INTERRUPTED"
    FAILED = "FAILED"


class Message(Counted, Child, Base):
    """A node in the tree of its conversation. A failed reply keeps its text and says why in `error_*`.

    `depth` counts the messages from the first of the branch to this one. `jump_id` is an ancestor far up, at
    `jump_depth`, so that any ancestor is a few steps away (see `db.placing`); null where there is none. `table_id`
    is the table that a person named for what they said.
    """

    __tablename__ = "messages"
    __table_args__ = (Index(None, "conversation_id", "id"), Index(None, "parent_id", "conversation_id"))
    parent = Conversation
    parent_key = "conversation_id"
    counted_as = "messages"
    uncounted = frozenset({"text"})  # a reply grows each second

    conversation_id: Mapped[UUID] = mapped_column(key_to("conversations.id"))
    parent_id: Mapped[UUID | None] = mapped_column(key_to("messages.id"))
    role: Mapped[MessageRole]
    text: Mapped[str]
    status: Mapped[MessageStatus]
    model: Mapped[str | None]
    finish_reason: Mapped[str | None]
    input_tokens: Mapped[int | None]
    cached_tokens: Mapped[int | None]
    output_tokens: Mapped[int | None]
    reasoning_tokens: Mapped[int | None]
    cost_nanos: Mapped[int | None] = mapped_column(BigInteger)
    usage_estimated: Mapped[bool] = mapped_column(default=False, server_default=false())
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    error_retryable: Mapped[bool] = mapped_column(default=False)
    error_retry_at: Mapped[datetime | None]
    job_id: Mapped[UUID | None] = mapped_column(key_to("jobs.id"), index=True)
    depth: Mapped[int] = mapped_column(default=1, server_default="1")
    jump_id: Mapped[UUID | None]
    jump_depth: Mapped[int] = mapped_column(default=0, server_default="0")
    table_id: Mapped[UUID | None]


of_conversation = Listing(Message, of_parent=True)


@dataclass(frozen=True)
class Exchange:
    """What a person said and the reply to it, which has only begun."""

    conversation: Conversation
    message: Message
    reply: Message


@dataclass(frozen=True)
class Ending:
    """How a reply ended, and what is known of why and of what it cost. No text leaves what was saved of it."""

    status: MessageStatus
    text: str | None = None
    finish_reason: str | None = None
    tokens: Tokens | None = None
    cost_nanos: int = 0
    error_code: str | None = None
    error_message: str | None = None
    error_retryable: bool = False
    error_retry_at: datetime | None = None


def post(
    session: Session,
    text: str,
    *,
    conversation_id: UUID | None,
    models: Models,
    parent_id: UUID | None = None,
    table_id: UUID | None = None,
    idempotency_key: str | None = None,
    also: Callable[[Message], None] = lambda _: None,
) -> Exchange:
    """Keep what was said and begin a reply: after `parent_id`, else after the conversation's newest message.

    Without a conversation and a parent, a conversation begins with it. The reply is written by the
    conversation's model if it is one of `models`, else by the first of them. `also` makes what belongs to the message.
    """

    def make() -> Exchange:
        said = checked_text(text)
        if table_id is not None:
            session.obtain_to_change(Table, table_id)
        conversation, parent = _place(session, said, conversation_id, parent_id, next(iter(models)))
        exchange = say(session, conversation, parent, said, models, table_id)
        also(exchange.message)
        return exchange

    return exchanged_once(session, "sendMessage", idempotency_key, make)


def exchanged_once(session: Session, operation: str, key: str | None, make: Callable[[], Exchange]) -> Exchange:
    """Make an exchange, or find the one that the same key made before."""

    def again(ids: list[UUID]) -> Exchange:
        message, reply = (session.obtain(Message, id_) for id_ in ids)
        return Exchange(session.obtain(Conversation, message.conversation_id), message, reply)

    return once(session, operation, key, make, lambda e: [e.message.id, e.reply.id], again)


def _place(
    session: Session, text: str, id_: UUID | None, parent_id: UUID | None, model: str
) -> tuple[Conversation, Message | None]:
    """The conversation to speak in, locked, and the message to speak after."""
    if id_ is None and parent_id is None:
        return conversations.create(session, Beginning(model, title=cut(text, TITLE_LENGTH), is_named=False)), None
    conversation = session.obtain_to_change(Conversation, id_ or conversation_of(session, parent_id))
    if parent_id is not None:
        parent = session.obtain(Message, parent_id)
        if parent.conversation_id != conversation.id:
            raise NotFound("The message of parentId is not in this conversation.")
        check_siblings(session, conversation, parent.id, "parentId")
    elif conversation.leaf_id is not None:
        parent = session.obtain(Message, conversation.leaf_id)
    else:
        if conversation.title == conversations.UNTITLED:
            conversation.title = cut(text, TITLE_LENGTH) or conversations.UNTITLED
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
    beside = Message.parent_id.is_(None) if parent_id is None else Message.parent_id == parent_id
    query = select(func.count(Message.id)).where(Message.conversation_id == conversation.id, beside)
    if (session.scalar(query) or 0) >= MAX_SIBLINGS:
        raise BadUserInput.of(field, f"There are {MAX_SIBLINGS} messages side by side there: continue one of them.")


def say(
    session: Session,
    conversation: Conversation,
    parent: Message | None,
    text: str,
    models: Models,
    table_id: UUID | None,
) -> Exchange:
    """A person's message after `parent`, and the reply to it, which begins; the conversation is locked."""
    message = Message(
        conversation_id=conversation.id,
        role=MessageRole.USER,
        text=text,
        status=MessageStatus.COMPLETED,
        table_id=table_id,
        **after(parent, partial(_ancestor, session)),
    )
    session.add(message)
    conversation.message_count += 1
    conversation.preview = cut(text, PREVIEW_LENGTH)
    model = conversation.model if conversation.model in models else next(iter(models))
    return Exchange(conversation, message, begin_reply(session, conversation, message, model, models, table_id))


def begin_reply(
    session: Session,
    conversation: Conversation,
    message: Message,
    model: str,
    models: Models,
    table_id: UUID | None,
) -> Message:
    """A reply to `message`, with its job; it is the newest of the conversation, which is locked.

    What it may cost is reserved; BudgetExceeded when there is no room for it.
    """
    reply = Message(
        conversation_id=conversation.id,
        role=MessageRole.ASSISTANT,
        text="",
        status=MessageStatus.IN_PROGRESS,
        model=model,
        **after(message, partial(_ancestor, session)),
    )
    arguments = {"reply_id": reply.id.hex, "table_id": table_id and table_id.hex}
    reply.job_id = jobs.enqueue(session, "reply", conversation.organization_id, **arguments).id
    session.add(reply)
    conversation.message_count += 1
    conversation.leaf_id, conversation.last_message_at = reply.id, now()
    if (terms := models[model]) is not None:
        spending.reserve_reply(session, conversation, reply.id, model, terms, message.text)
    return reply


def _ancestor(session: Session, id_: UUID) -> Message:
    """Somebody's message of before: it is no reason to write what is new to the database already."""
    with session.no_autoflush:
        return session.obtain(Message, id_)


def stop(session: Session, id_: UUID) -> Message:
    """Ask for a reply to end; one that nobody writes yet ends here and now."""
    job = _job_of(session, id_)
    message = session.obtain(Message, id_)
    session.obtain_to_change(Conversation, message.conversation_id)
    if message.role is not MessageRole.ASSISTANT:
        raise BadUserInput.of("messageId", "Stop the reply, not the message that it answers.")
    if message.status is not MessageStatus.IN_PROGRESS or message.job_id is None:
        return message
    if job is not None and job.status is not JobStatus.RUNNING:
        if job.finished_at is None:
            jobs.end(session, job, JobStatus.CANCELED)
        message.status = MessageStatus.STOPPED
        _charge(session, message)
    session.emit(ReplyStopped(message.job_id))
    return message


def _job_of(session: Session, id_: UUID) -> Job | None:
    """The job that writes a reply, locked before everything else as the job itself does; if the viewer sees it."""
    query = select(Job).join(Message, Message.job_id == Job.id).where(Message.id == id_)
    return session.scalars(query.with_for_update(of=Job)).one_or_none()


def checkpoint(session: Session, id_: UUID, job_id: UUID, attempt: int, text: str) -> None:
    """Keep what was written so far, if this attempt still holds the reply."""
    jobs.hold(session, job_id, attempt)
    session.obtain(Message, id_).text = text


def finish(session: Session, id_: UUID, job_id: UUID, attempt: int, ending: Ending) -> Message:
    """End a reply and its job together."""
    outcome = {
        MessageStatus.COMPLETED: JobStatus.COMPLETED,
        MessageStatus.STOPPED: JobStatus.CANCELED,
    }.get(ending.status, JobStatus.FAILED)
    jobs.finish(session, job_id, attempt, outcome)
    message = session.obtain(Message, id_)
    message.text = message.text if ending.text is None else ending.text
    message.status, message.finish_reason = ending.status, ending.finish_reason
    message.error_code, message.error_message = ending.error_code, ending.error_message
    message.error_retryable, message.error_retry_at = ending.error_retryable, ending.error_retry_at
    _charge(session, message, ending.tokens, ending.cost_nanos)
    return message


def _charge(session: Session, message: Message, counted: Tokens | None = None, cost_nanos: int = 0) -> None:
    """Settle what a reply cost and note it there, as it was counted or estimated; nothing where no model was asked."""
    charged = spending.settle_reply(session, message.id, counted, cost_nanos, message.text)
    if charged is not None:
        tokens, message.cost_nanos = charged
        message.input_tokens, message.output_tokens = tokens.input, tokens.output
        message.cached_tokens, message.reasoning_tokens = tokens.cached, tokens.reasoning
        message.usage_estimated = tokens.is_estimated


def tell_end(session: Session, reply: Message) -> None:
    """Tell the viewer, who asked for the reply, how it ended; not when somebody stopped it."""
    title = session.obtain(Conversation, reply.conversation_id).title
    if reply.status is MessageStatus.COMPLETED:
        tell(session, session.user_id, REPLY_FINISHED, f"The reply in {title} is finished", reply)
    elif reply.status is not MessageStatus.STOPPED:
        tell(session, session.user_id, REPLY_FAILED, f"The reply in {title} {reply.status.lower()}", reply)


def _give_up(session: Session, job: Job) -> None:
    """End a reply whose job failed without it: nobody is going to write it any more, and the conversation goes on."""
    message = session.scalars(select(Message).where(Message.id == UUID(job.arguments["reply_id"]))).one_or_none()
    if message is not None and message.status is MessageStatus.IN_PROGRESS:
        message.status = MessageStatus.FAILED
        message.error_code, message.error_message = job.error_code, job.error_message
        message.error_retryable = job.error_retryable
        _charge(session, message)
        title = session.obtain(Conversation, message.conversation_id).title
        tell(session, job.owner_id, REPLY_FAILED, f"The reply in {title} failed", message)


jobs.when_given_up("reply", _give_up)


def checked_text(text: str) -> str:
    if not text.strip():
        raise BadUserInput.of("text", "Say something: the text is empty.")
    if len(text) > MAX_TEXT:
        raise BadUserInput.of("text", f"Send at most {MAX_TEXT:,} characters at once; this has {len(text):,}.")
    if "\x00" in text:
        raise BadUserInput.of("text", "The text has a NUL character in it: take it out.")
    return text


def cut(text: str, length: int) -> str:
    """The beginning of a text on one line."""
    line = " ".join(text.lstrip()[: length * 4].split())
    return line if len(line) <= length else line[: length - 1] + "…"
