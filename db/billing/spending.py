"""Spending on models: reserved before each call in the transaction that asks for it, settled when it is over."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from auth.viewer import Role
from db.billing import budgets, usage
from db.billing.budgets import in_units
from db.billing.usage import ModelTerms, estimate_tokens
from db.core.base import now
from db.core.session import Session
from db.models.budgets import Budget, month_of
from db.models.conversations import Conversation
from db.models.memberships import Membership, MembershipStatus
from db.models.organizations import Organization
from db.models.usage import Tokens, Usage, UsageKind
from db.notifications.notifications import tell

BUDGET_NEARLY_SPENT, BUDGET_SPENT = "BUDGET_NEARLY_SPENT", "BUDGET_SPENT"
NEARLY_SPENT_PERCENT, SPENT_PERCENT = 80, 100  # percent at which the admins are told
INSTRUCTION_TOKENS = 200  # tokens that the product itself adds to what is said


def reserve(session: Session, row: Usage, terms: ModelTerms, tokens: Tokens) -> Usage:
    """Add a call that may come to so many tokens; BudgetExceeded when a hard budget has no room for it."""
    session.add(row)
    _reserve_tokens(session, row, terms, tokens)
    return row


def _reserve_tokens(session: Session, row: Usage, terms: ModelTerms, tokens: Tokens) -> None:
    """Let a row that is not settled hold so much of the budget, instead of what it held."""
    before = row.reserved_tokens or 0, row.reserved_nanos or 0
    row.input_tokens, row.reserved_tokens, row.reserved_nanos = tokens.input, tokens.total, terms.cost(tokens)
    budget = budgets.get_for_update(session, row.organization_id)
    if budget is None or budget.limit_units is None:
        return
    _start_current_month(session, budget)
    units = in_units(budget, row.reserved_tokens, row.reserved_nanos) - in_units(budget, *before)
    if budget.hard and budget.spent_units + budget.reserved_units + units > budget.limit_units:
        raise budgets.exceeded_error(budget)
    budget.reserved_units += units


def settle(session: Session, row: Usage, tokens: Tokens, cost_nanos: int) -> None:
    """A call is over: what it came to is spent, what it had reserved beyond that is free again."""
    if row.settled_at is not None:
        return
    session.bypass_rule_for(row)  # whose access ended meanwhile still asked for it
    row.settle(tokens, cost_nanos)
    budget = budgets.get_for_update(session, row.organization_id)
    if budget is None or budget.limit_units is None:
        return
    _start_current_month(session, budget)
    budget.reserved_units = max(0, budget.reserved_units - in_units(budget, row.reserved_tokens, row.reserved_nanos))
    budget.spent_units += in_units(budget, tokens.total, cost_nanos)
    _notify_admins(session, budget, budget.limit_units)


def settle_reply(
    session: Session, message_id: UUID, tokens: Tokens | None, cost_nanos: int, text: str
) -> tuple[Tokens, int] | None:
    """Settle the call for a reply, and return its tokens and nanos; None where no model was to be asked.

    Where nobody counted, it is estimated by the text and by the share of what was reserved.
    """
    row = _of_reply(session, message_id)
    if row is not None:
        if tokens is None:
            tokens, cost_nanos = _estimate(row, text)
        settle(session, row, tokens, cost_nanos)
    return None if tokens is None else (tokens, cost_nanos)


def _estimate(row: Usage, text: str) -> tuple[Tokens, int]:
    """Of a reply whose writer was never heard of again."""
    if not text:
        return Tokens(), 0
    tokens = Tokens(row.input_tokens, estimate_tokens(text), is_estimated=True)
    return tokens, row.reserved_nanos * tokens.total // max(row.reserved_tokens, 1)


def _of_reply(session: Session, message_id: UUID) -> Usage | None:
    return session.scalars(select(Usage).where(Usage.message_id == message_id).with_for_update()).one_or_none()


def reserve_reply(
    session: Session, conversation: Conversation, reply_id: UUID, model: str, terms: ModelTerms, text: str
) -> None:
    """Reserve what a reply may come to.

    It reads what the last one in the conversation read and wrote and what was said now, and writes as much as it may.
    """
    before = usage.last_context_tokens(session, conversation.id) if conversation.message_count > 2 else 0
    read = before + estimate_tokens(conversation.system_prompt) + estimate_tokens(text) + INSTRUCTION_TOKENS
    written = conversation.max_tokens or terms.max_output
    tokens = Tokens(min(read, terms.context_window), min(written, terms.context_window))
    row = Usage(
        organization_id=conversation.organization_id,
        user_id=session.user_id,
        conversation_id=conversation.id,
        message_id=reply_id,
        kind=UsageKind.REPLY,
        model=model,
    )
    reserve(session, row, terms, tokens)


def reserve_read(session: Session, message_id: UUID, terms: ModelTerms, read: int) -> None:
    """Reserve what a reply is really about to read, where that is more; BudgetExceeded when there is no room for it."""
    row = _of_reply(session, message_id)
    if row is not None and row.settled_at is None and read > row.input_tokens:
        _reserve_tokens(session, row, terms, Tokens(read, row.reserved_tokens - row.input_tokens))


def reserve_extraction(
    session: Session, job_id: UUID, conversation_id: UUID, model: str, terms: ModelTerms, tokens: Tokens
) -> None:
    """Reserve what reading a table may come to, once for a job; BudgetExceeded when there is no room for it."""
    conversation = session.get_for_update(Conversation, conversation_id)
    if _of_job(session, job_id) is None:
        row = Usage(
            id=job_id,
            organization_id=conversation.organization_id,
            user_id=session.user_id,
            conversation_id=conversation.id,
            kind=UsageKind.EXTRACTION,
            model=model,
        )
        reserve(session, row, terms, tokens)


def settle_extraction(session: Session, job_id: UUID, tokens: Tokens, cost_nanos: int) -> None:
    """Settle what was reserved for a job's reading, if something was and is not settled yet."""
    if (row := _of_job(session, job_id)) is not None:
        settle(session, row, tokens, cost_nanos)


def _of_job(session: Session, job_id: UUID) -> Usage | None:
    """The calls of a job have its id."""
    return session.scalars(select(Usage).where(Usage.id == job_id).with_for_update()).one_or_none()


def _start_current_month(session: Session, budget: Budget) -> None:
    """Let this unit count in it, in the month that it is."""
    session.bypass_rule_for(budget)  # members spend of what only admins set
    if budget.month != (month := month_of(now())):
        budget.month, budget.spent_units, budget.told = month, 0, 0


def _notify_admins(session: Session, budget: Budget, limit: int) -> None:
    """Tell the admins, once for each mark that is passed."""
    percent = 100 * budget.spent_units // limit if limit else 100
    mark = SPENT_PERCENT if percent >= SPENT_PERCENT else NEARLY_SPENT_PERCENT if percent >= NEARLY_SPENT_PERCENT else 0
    if mark <= budget.told:
        return
    budget.told = mark
    organization = session.scalars(select(Organization).where(Organization.id == budget.organization_id)).one_or_none()
    if organization is None:
        return
    kind = BUDGET_SPENT if mark == SPENT_PERCENT else BUDGET_NEARLY_SPENT
    said = f"{organization.name} has used {percent} % of its budget for {budget.period}"
    for user_id in session.scalars(_admins(budget.organization_id)):
        tell(session, user_id, kind, said, organization)


def _admins(organization_id: UUID) -> Any:
    return select(Membership.user_id).where(
        Membership.organization_id == organization_id,
        Membership.role == Role.ADMIN,
        Membership.status == MembershipStatus.ACTIVE,
    )
