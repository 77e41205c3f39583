"""Titles that a model writes after the first exchange; one that a person gave is never overwritten."""

from uuid import UUID

from sqlalchemy import select

from db.billing import spending
from db.billing.usage import ModelTerms
from db.core.session import Session
from db.jobs import jobs
from db.models.conversations import Conversation
from db.models.jobs import Job
from db.models.messages import Message, MessageStatus
from db.models.usage import Tokens, Usage, UsageKind

MAX_LENGTH = 80
FIRST_EXCHANGE = 2  # messages


def request(session: Session, reply: Message) -> None:
    """Ask for a title when this reply ended the first exchange and nobody has named the conversation."""
    conversation = session.get(Conversation, reply.conversation_id)
    is_first = conversation.message_count == FIRST_EXCHANGE and reply.status is MessageStatus.COMPLETED
    if is_first and not conversation.is_named:
        jobs.enqueue(session, "title", conversation.organization_id, conversation_id=conversation.id.hex)


def reserve(session: Session, conversation_id: UUID, model: str, terms: ModelTerms, tokens: Tokens) -> None:
    """Reserve what a title may cost; BudgetExceeded when there is no room. What a dead attempt reserved is it."""
    conversation = session.get_for_update(Conversation, conversation_id)
    if _reserved(session, conversation_id) is None:
        row = Usage(
            organization_id=conversation.organization_id,
            user_id=session.user_id,
            conversation_id=conversation.id,
            kind=UsageKind.TITLE,
            model=model,
        )
        spending.reserve(session, row, terms, tokens)


def store(session: Session, conversation_id: UUID, *, title: str, tokens: Tokens, cost_nanos: int) -> None:
    """Count what a title cost, and name the conversation unless somebody did meanwhile."""
    settle(session, conversation_id, tokens, cost_nanos)
    conversation = session.get_for_update(Conversation, conversation_id)
    if (cleaned := clean(title)) and not conversation.is_named:
        conversation.title = cleaned


def settle(session: Session, conversation_id: UUID, tokens: Tokens, cost_nanos: int) -> None:
    """Count what a title cost, whatever has become of the conversation."""
    if (row := _reserved(session, conversation_id)) is not None:
        spending.settle(session, row, tokens, cost_nanos)


def _reserved(session: Session, conversation_id: UUID) -> Usage | None:
    query = select(Usage).where(
        Usage.conversation_id == conversation_id, Usage.settled_at.is_(None), Usage.kind == UsageKind.TITLE
    )
    return session.scalars(query.with_for_update()).one_or_none()


def _on_job_failed(session: Session, job: Job) -> None:
    settle(session, UUID(job.arguments["conversation_id"]), Tokens(), 0)


jobs.when_given_up("title", _on_job_failed)


def clean(title: str) -> str:
    """The first line of what a model said, without what models put around a title; "" when that is no title."""
    lines = [line for line in title.replace("\x00", "").splitlines() if line.strip()]
    if not lines:
        return ""
    line = " ".join(lines[0].split()).removeprefix("Title:").strip(" \"'“”„«»*#`.")
    return line if len(line) <= MAX_LENGTH else ""
