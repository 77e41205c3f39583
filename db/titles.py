"""Titles that a model writes after the first exchange; one that a person gave is never overwritten."""

from uuid import UUID

from db import budgets, jobs, spending
from db.base import now
from db.conversations import Conversation
from db.messages import Message, MessageStatus
from db.session import Session
from db.usage import Tokens, Usage, UsageKind

MAX_LENGTH = 80
FIRST_EXCHANGE = 2  # messages


def ask(session: Session, reply: Message) -> None:
    """Ask for a title when this reply ended the first exchange and nobody has named the conversation."""
    conversation = session.obtain(Conversation, reply.conversation_id)
    is_first = conversation.message_count == FIRST_EXCHANGE and reply.status is MessageStatus.COMPLETED
    if is_first and not conversation.is_named:
        jobs.enqueue(session, "title", conversation.organization_id, conversation_id=conversation.id.hex)


def has_room(session: Session, organization_id: UUID) -> bool:
    """Whether the organization's budget, if it has a hard one, is not spent yet."""
    budget = budgets.find(session, organization_id)
    if budget is None or budget.limit_units is None or not budget.hard:
        return True
    spent = budget.spent_units if budget.month == budgets.month_of(now()) else 0
    return spent + budget.reserved_units < budget.limit_units


def keep(
    session: Session, conversation_id: UUID, *, title: str, model: str, tokens: Tokens, cost_nanos: int
) -> Conversation:
    """Name the conversation, unless somebody did meanwhile, and count what that cost."""
    conversation = session.obtain_to_change(Conversation, conversation_id)
    if (cleaned := clean(title)) and not conversation.is_named:
        conversation.title = cleaned
    if tokens.total:
        row = Usage(
            organization_id=conversation.organization_id,
            user_id=session.user_id,
            conversation_id=conversation.id,
            kind=UsageKind.TITLE,
            model=model,
        )
        session.add(row)
        spending.settle(session, row, tokens, cost_nanos)
    return conversation


def clean(title: str) -> str:
    """The first line of what a model said, without what models put around a title; "" when that is no title."""
    lines = [line for line in title.replace("\x00", "").splitlines() if line.strip()]
    if not lines:
        return ""
    line = " ".join(lines[0].split()).removeprefix("Title:").strip(" \"'“”„«»*#`.")
    return line if len(line) <= MAX_LENGTH else ""
