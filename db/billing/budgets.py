"""Monthly budgets of organizations for model calls, in tokens or money."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import select

from db.billing import usage
from db.core.base import now
from db.core.dialect_sql import OneOf
from db.core.prepared import Prepared
from db.core.session import Session
from db.models.budgets import Budget, BudgetUnit, month_after, month_of
from db.models.organizations import Organization
from db.models.usage import NANOS
from errors import BadUserInput, BudgetExceeded

MAX_LIMIT = Decimal(10**9)
RESERVED_MILLISECONDS = 5_000  # after which replies in progress may have released what they reserved


of_organizations: Prepared[Budget] = Prepared(
    select(Budget).where(OneOf(Budget.organization_id), Budget.limit_units.is_not(None))
)


def set_limit(
    session: Session, organization_id: UUID, limit: Decimal | None, unit: BudgetUnit, hard: bool
) -> Organization:
    """Set the monthly limit of an organization, or remove it with None; this month's earlier usage counts.

    Raises BadUserInput for a limit that is negative, too large or too precise.
    """
    organization = session.get_for_update(Organization, organization_id)
    budget = get_for_update(session, organization_id)
    if budget is None:
        budget = Budget(organization_id=organization_id)
        session.add(budget)
    budget.unit, budget.hard = unit, hard
    budget.limit_units = None if limit is None else _units(limit, unit)
    budget.month, budget.told = month_of(now()), 0
    is_money = unit is BudgetUnit.MONEY
    budget.spent_units = usage.spent_since(session, organization_id, budget.month)[is_money]
    budget.reserved_units = usage.reserved_now(session, organization_id)[is_money]
    return organization


def exceeded_error(budget: Budget, units: int) -> BudgetExceeded:
    """Return the error for a call of `units` that does not fit into a hard budget, and what takes its place."""
    if budget.spent_units + units <= (budget.limit_units or 0):
        return BudgetExceeded(
            f"The organization's budget for {budget.period} is not spent, but replies in progress have reserved the "
            "rest. Try again when one of them has ended.",
            reason="RESERVED",
            retryAfterMs=RESERVED_MILLISECONDS,
        )
    resets_at = month_after(now())
    return BudgetExceeded(
        f"The organization's budget for {budget.period} is used up. Wait until {resets_at:%Y-%m-%d}, or ask an admin "
        "of the organization to raise the limit.",
        reason="SPENT",
        resetsAt=resets_at.isoformat(),
        retryAfterMs=int((resets_at - now()).total_seconds() * 1000),
    )


def get_for_update(session: Session, organization_id: UUID) -> Budget | None:
    """Return the budget row locked FOR UPDATE; concurrent spenders wait for the lock."""
    query = select(Budget).where(Budget.organization_id == organization_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def in_units(budget: Budget, tokens: int, nanos: int) -> int:
    return nanos if budget.unit is BudgetUnit.MONEY else tokens


def _units(limit: Decimal, unit: BudgetUnit) -> int:
    scale = NANOS if unit is BudgetUnit.MONEY else 1
    if not limit.is_finite() or not 0 <= limit <= MAX_LIMIT or limit * scale % 1:
        raise BadUserInput.of(
            "limit",
            f"Invalid limit {limit}. Choose a number from 0 to {MAX_LIMIT:,}: whole tokens, or money with at most 9 "
            "decimals.",
        )
    return int(limit * scale)
