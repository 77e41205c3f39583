"""Titles that a model writes after the first exchange; a title chosen by a person is never overwritten."""

from uuid import UUID

from sqlalchemy import select

from db.billing import spending
from db.billing.usage import ModelTerms
from db.conversations.conversations import UNTITLED
from db.conversations.messages import TITLE_LENGTH, shorten
from db.conversations.title_text import title_of_table
from db.core.session import Session
from db.jobs import control, jobs
from db.models.conversations import Conversation
from db.models.jobs import Job
from db.models.messages import Message, MessageStatus
from db.models.usage import Tokens, Usage, UsageKind

MAX_LENGTH = 80
FIRST_EXCHANGE = 2  # messages


def request(session: Session, reply: Message) -> None:
    """Queue a title job if this reply completed the first exchange and no person has named the conversation."""
    conversation = session.get(Conversation, reply.conversation_id)
    is_first = conversation.message_count == FIRST_EXCHANGE and reply.status is MessageStatus.COMPLETED
    if is_first and not conversation.is_named:
        jobs.enqueue(session, "title", conversation.organization_id, conversation_id=conversation.id.hex)


def name_after_table(session: Session, conversation_id: UUID, table_name: str, columns: list[str]) -> None:
    """Name a conversation that has no title yet after the table that was read in its first message."""
    conversation = session.get(Conversation, conversation_id)
    title = shorten(title_of_table(table_name, columns), TITLE_LENGTH)
    if title and conversation.title == UNTITLED and not conversation.is_named:
        conversation.title = title


def reserve(session: Session, conversation_id: UUID, model: str, terms: ModelTerms, tokens: Tokens) -> None:
    """Reserve the maximum cost of a title. Raises BudgetExceeded."""
    conversation = session.get_for_update(Conversation, conversation_id)
    # An attempt that crashed leaves its reservation, which the next one takes over.
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
    """Settle the cost of a title and set it, unless a person has named the conversation meanwhile."""
    settle(session, conversation_id, tokens, cost_nanos)
    conversation = session.get_for_update(Conversation, conversation_id)
    if (cleaned := clean(title)) and not conversation.is_named:
        conversation.title = cleaned


def settle(session: Session, conversation_id: UUID, tokens: Tokens, cost_nanos: int) -> None:
    """Settle the cost of a title, also if the conversation was deleted meanwhile."""
    if (row := _reserved(session, conversation_id)) is not None:
        spending.settle(session, row, tokens, cost_nanos)


def _reserved(session: Session, conversation_id: UUID) -> Usage | None:
    query = select(Usage).where(
        Usage.conversation_id == conversation_id, Usage.settled_at.is_(None), Usage.kind == UsageKind.TITLE
    )
    return session.scalars(query.with_for_update()).one_or_none()


def _on_job_failed(session: Session, job: Job) -> None:
    settle(session, UUID(job.arguments["conversation_id"]), Tokens(), 0)


def _cancel(session: Session, job: Job) -> None:
    settle(session, UUID(job.arguments["conversation_id"]), Tokens(), 0)
    control.end_canceled(session, job)


jobs.on_final_failure("title", _on_job_failed)
control.register("title", cancel=_cancel, retry="A title is suggested once. Set it with `updateConversation`.")


def clean(title: str) -> str:
    """Return the first line of a model's answer without quotes, markup and "Title:"; "" if it is too long or empty."""
    lines = [line for line in title.replace("\x00", "").splitlines() if line.strip()]
    if not lines:
        return ""
    line = " ".join(lines[0].split()).removeprefix("Title:").strip(" \"'“”„«»*#`.")
    return line if len(line) <= MAX_LENGTH else ""
