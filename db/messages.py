"""What is said: people's messages and the assistant's replies."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped, mapped_column

from db import conversations, jobs
from db.base import Base, Child, Counted, key_to, now
from db.conversations import Beginning, Conversation
from db.events import ReplyStopped
from db.idempotency import once
from db.jobs import Job, JobStatus
from db.listing import Listing
from db.notifications import REPLY_FAILED, REPLY_FINISHED, tell
from db.session import Session
from db.tables import Table
from errors import BadUserInput, Conflict

MAX_TEXT, PREVIEW_LENGTH, TITLE_LENGTH = 200_000, 140, 60


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
    """Seen with its conversation. A failed reply keeps its text and says why in `error_*`."""

    __tablename__ = "messages"
    __table_args__ = (Index(None, "conversation_id", "id"),)
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
    output_tokens: Mapped[int | None]
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    error_retryable: Mapped[bool] = mapped_column(default=False)
    job_id: Mapped[UUID | None] = mapped_column(key_to("jobs.id"))


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
    input_tokens: int | None = None
    output_tokens: int | None = None
    error_code: str | None = None
    error_message: str | None = None
    error_retryable: bool = False


def post(
    session: Session,
    text: str,
    *,
    conversation_id: UUID | None,
    models: Sequence[str],
    table_id: UUID | None = None,
    idempotency_key: str | None = None,
) -> Exchange:
    """Keep what was said and begin a reply; without a conversation, begin one with it.

    The reply is written by the conversation's model if it is one of `models`, else by the first of them.
    """

    def make() -> Exchange:
        return _post(session, _checked_text(text), conversation_id, models, table_id)

    def again(ids: list[UUID]) -> Exchange:
        message, reply = (session.obtain(Message, id_) for id_ in ids)
        return Exchange(session.obtain(Conversation, message.conversation_id), message, reply)

    return once(session, "sendMessage", idempotency_key, make, lambda e: [e.message.id, e.reply.id], again)


def _post(
    session: Session, text: str, conversation_id: UUID | None, models: Sequence[str], table_id: UUID | None
) -> Exchange:
    if table_id is not None:
        session.obtain_to_change(Table, table_id)
    conversation, before = _conversation(session, text, conversation_id, models[0])
    message = Message(
        conversation_id=conversation.id,
        parent_id=before,
        role=MessageRole.USER,
        text=text,
        status=MessageStatus.COMPLETED,
    )
    reply = Message(
        conversation_id=conversation.id,
        parent_id=message.id,
        role=MessageRole.ASSISTANT,
        text="",
        status=MessageStatus.IN_PROGRESS,
        model=conversation.model if conversation.model in models else models[0],
    )
    arguments = {"reply_id": reply.id.hex, "table_id": table_id and table_id.hex}
    reply.job_id = jobs.enqueue(session, "reply", conversation.organization_id, **arguments).id
    session.add_all([message, reply])
    conversation.message_count += 2
    conversation.last_message_at = now()
    conversation.preview = _cut(text, PREVIEW_LENGTH)
    return Exchange(conversation, message, reply)


def _conversation(session: Session, text: str, id_: UUID | None, model: str) -> tuple[Conversation, UUID | None]:
    """The conversation to speak in, and its last message."""
    if id_ is None:
        return conversations.create(session, Beginning(model, title=_cut(text, TITLE_LENGTH))), None
    conversation = session.obtain_to_change(Conversation, id_)
    last = session.scalars(
        select(Message).where(Message.conversation_id == id_).order_by(Message.id.desc()).limit(1)
    ).one_or_none()
    if last is not None and last.status is MessageStatus.IN_PROGRESS:
        raise Conflict("The last reply is still being written: wait for its end, or end it with stopReply.")
    if last is None and conversation.title == conversations.UNTITLED:
        conversation.title = _cut(text, TITLE_LENGTH) or conversations.UNTITLED
    return conversation, last.id if last else None


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
    text = message.text if ending.text is None else ending.text
    for name, value in (vars(ending) | {"text": text}).items():
        setattr(message, name, value)
    return message


def tell_end(session: Session, reply: Message) -> None:
    """Tell the viewer, who asked for the reply, how it ended; not when somebody stopped it."""
    title = session.obtain(Conversation, reply.conversation_id).title
    if reply.status is MessageStatus.COMPLETED:
        tell(session, session.user_id, REPLY_FINISHED, f"The reply in {title} is finished", reply)
    elif reply.status is not MessageStatus.STOPPED:
        tell(session, session.user_id, REPLY_FAILED, f"The reply in {title} {reply.status.lower()}", reply)


def _checked_text(text: str) -> str:
    if not text.strip():
        raise BadUserInput.of("text", "Say something: the text is empty.")
    if len(text) > MAX_TEXT:
        raise BadUserInput.of("text", f"Send at most {MAX_TEXT:,} characters at once; this has {len(text):,}.")
    if "\x00" in text:
        raise BadUserInput.of("text", "The text has a NUL character in it: take it out.")
    return text


def _cut(text: str, length: int) -> str:
    """The beginning of a text on one line."""
    line = " ".join(text.lstrip()[: length * 4].split())
    return line if len(line) <= length else line[: length - 1] + "…"
