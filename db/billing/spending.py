"""Budget accounting of model calls: each reserves its maximum cost before and settles the actual cost after."""

from uuid import UUID

from sqlalchemy import Select, select

from auth.viewer import Role
from db.billing import budgets, usage, usage_days
from db.billing.budgets import in_units
from db.billing.usage import ModelTerms, estimate_tokens
from db.core.base import now
from db.core.session import Session
from db.core.sqlite_writer import short
from db.jobs import mail
from db.models.budgets import Budget, month_of
from db.models.conversations import Conversation
from db.models.memberships import Membership, MembershipStatus
from db.models.organizations import Organization
from db.models.usage import Tokens, Usage, UsageKind
from db.models.users import User
from db.notifications.notifications import notify

BUDGET_NEARLY_SPENT, BUDGET_SPENT = "BUDGET_NEARLY_SPENT", "BUDGET_SPENT"
NEARLY_SPENT_PERCENT, SPENT_PERCENT = 80, 100  # of the limit, at which the admins are notified
INSTRUCTION_TOKENS = 200  # estimate of the instructions that the server adds to a conversation


def reserve(session: Session, row: Usage, terms: ModelTerms, tokens: Tokens) -> Usage:
    """Add a usage row that reserves up to `tokens`. Raises BudgetExceeded if a hard budget has too little left."""
    session.add(row)
    _reserve_tokens(session, row, terms, tokens)
    return row


def _reserve_tokens(session: Session, row: Usage, terms: ModelTerms, tokens: Tokens) -> None:
    """Replace the reservation of an unsettled row. Raises BudgetExceeded if a hard budget has too little left."""
    previous = row.reserved_tokens or 0, row.reserved_nanos or 0
    row.input_tokens, row.reserved_tokens, row.reserved_nanos = tokens.input, tokens.total, terms.cost(tokens)
    budget = budgets.get_for_update(session, row.organization_id)
    if budget is None or budget.limit_units is None:
        return
    _start_current_month(session, budget)
    units = in_units(budget, row.reserved_tokens, row.reserved_nanos) - in_units(budget, *previous)
    if budget.hard and budget.spent_units + budget.reserved_units + units > budget.limit_units:
        raise budgets.exceeded_error(budget, units)
    budget.reserved_units += units


def settle(session: Session, row: Usage, tokens: Tokens, cost_nanos: int) -> None:
    """Record the actual cost of a finished call and release its reservation; does nothing if it is settled."""
    if row.settled_at is not None:
        return
    session.bypass_rule_for(row)  # the call costs money also if the user lost access meanwhile
    row.settle(tokens, cost_nanos)
    usage_days.mark_stale(session, row)
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
    """Settle the call of a reply and return its tokens and nanos; None if the reply called no model.

    If the provider reported no `tokens`, they are estimated from the text and the reservation.
    """
    row = _of_reply(session, message_id)
    if row is not None:
        if tokens is None:
            tokens, cost_nanos = _estimate(row, text)
        settle(session, row, tokens, cost_nanos)
    return None if tokens is None else (tokens, cost_nanos)


def _estimate(row: Usage, text: str) -> tuple[Tokens, int]:
    """Estimate the usage of a reply whose process crashed before it reported any."""
    if not text:
        return Tokens(), 0
    tokens = Tokens(row.input_tokens, estimate_tokens(text), is_estimated=True)
    return tokens, row.reserved_nanos * tokens.total // max(row.reserved_tokens, 1)


def _of_reply(session: Session, message_id: UUID) -> Usage | None:
    return session.scalars(select(Usage).where(Usage.message_id == message_id).with_for_update()).one_or_none()


def reserve_reply(
    session: Session, conversation: Conversation, reply_id: UUID, model: str, terms: ModelTerms, text: str
) -> None:
    """Reserve the maximum cost of a reply to `text`. Raises BudgetExceeded.

    The input is estimated as what the last reply read and wrote, the new text and the prompts; the output is the limit.
    """
    context = usage.last_context_tokens(session, conversation.id) if conversation.message_count > 2 else 0
    input_tokens = context + estimate_tokens(conversation.system_prompt) + estimate_tokens(text) + INSTRUCTION_TOKENS
    output_tokens = conversation.max_tokens or terms.max_output
    tokens = Tokens(min(input_tokens, terms.context_window), min(output_tokens, terms.context_window))
    row = Usage(
        organization_id=conversation.organization_id,
        user_id=session.user_id,
        conversation_id=conversation.id,
        message_id=reply_id,
        kind=UsageKind.REPLY,
        model=model,
    )
    reserve(session, row, terms, tokens)


@short
def reserve_input(session: Session, message_id: UUID, terms: ModelTerms, input_tokens: int) -> None:
    """Raise a reply's reservation to its actual input tokens if those exceed the estimate. Raises BudgetExceeded."""
    row = _of_reply(session, message_id)
    if row is not None and row.settled_at is None and input_tokens > row.input_tokens:
        _reserve_tokens(session, row, terms, Tokens(input_tokens, row.reserved_tokens - row.input_tokens))


def reserve_extraction(
    session: Session, job_id: UUID, conversation_id: UUID, model: str, terms: ModelTerms, tokens: Tokens
) -> None:
    """Reserve the maximum cost of a table extraction, once for each job. Raises BudgetExceeded."""
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
    """Settle the call of an extraction job, if it has reserved one and not settled it."""
    if (row := _of_job(session, job_id)) is not None:
        settle(session, row, tokens, cost_nanos)


def _of_job(session: Session, job_id: UUID) -> Usage | None:
    # The usage row of an extraction has the id of its job, so that a retried job does not reserve twice.
    return session.scalars(select(Usage).where(Usage.id == job_id).with_for_update()).one_or_none()


def _start_current_month(session: Session, budget: Budget) -> None:
    """Prepare a budget for a change of its sums: reset those of an earlier month and allow members to write them."""
    session.bypass_rule_for(budget)  # only admins may change budgets, but every member's call spends from them
    if budget.month != (month := month_of(now())):
        budget.month, budget.spent_units, budget.told = month, 0, 0


def _notify_admins(session: Session, budget: Budget, limit: int) -> None:
    """Notify the admins once in a month for each threshold that the spending has reached."""
    percent = 100 * budget.spent_units // limit if limit else 100
    threshold = max((at for at in (NEARLY_SPENT_PERCENT, SPENT_PERCENT) if percent >= at), default=0)
    if threshold <= budget.told:
        return
    budget.told = threshold
    organization = session.scalars(select(Organization).where(Organization.id == budget.organization_id)).one_or_none()
    if organization is None:
        return
    kind = BUDGET_SPENT if threshold == SPENT_PERCENT else BUDGET_NEARLY_SPENT
    title = f"{organization.name} has used {percent} % of its budget for {budget.period}"
    details = {"organization": organization.name, "percent": str(percent), "period": budget.period}
    for admin in session.scalars(_admins(budget.organization_id)).all():
        notify(session, admin.id, kind, title, organization)
        mail.enqueue(session, admin, "budget", **details, is_hard="yes" if budget.hard else "")


def _admins(organization_id: UUID) -> Select[User]:
    memberships = select(Membership.user_id).where(
        Membership.organization_id == organization_id,
        Membership.role == Role.ADMIN,
        Membership.status == MembershipStatus.ACTIVE,
    )
    return select(User).where(User.id.in_(memberships))
