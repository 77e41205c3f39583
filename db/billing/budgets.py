"""What an organization may spend on models in a month."""

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, select
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import ColumnElement

from db.billing import usage
from db.billing.usage import NANOS
from db.core.base import Base, Recorded, Subject, key_to, now
from db.core.policy_rules import Administered
from db.core.policy_scopes import administered, mine
from db.core.prepared import OneOf, Prepared
from db.core.session import Session
from db.organizations.organizations import Organization
from errors import BadUserInput, BudgetExceeded

MAX_LIMIT = Decimal(10**9)


class BudgetUnit(StrEnum):
    """What a budget counts."""

    MONEY = "MONEY"
    TOKENS = "TOKENS"


class Budget(Recorded, Administered, Base):
    """At most one of an organization; seen by its members, set by its admins.

    Amounts are whole tokens, or nanos of the currency. `spent` is of the month that begins at `month`, `told`
    the percentage that the admins know of. No limit means that there is no budget.
    """

    __tablename__ = "budgets"
    unrecorded = frozenset({"month", "spent_units", "reserved_units", "told"})

    organization_id: Mapped[UUID] = mapped_column(key_to("organizations.id"), unique=True)
    unit: Mapped[BudgetUnit] = mapped_column(default=BudgetUnit.MONEY)
    limit_units: Mapped[int | None] = mapped_column(BigInteger)
    hard: Mapped[bool] = mapped_column(default=True)
    month: Mapped[datetime]
    spent_units: Mapped[int] = mapped_column(BigInteger, default=0)
    reserved_units: Mapped[int] = mapped_column(BigInteger, default=0)
    told: Mapped[int] = mapped_column(default=0)

    def subject(self) -> Subject:
        return Organization, self.organization_id

    @classmethod
    def visible(cls, row: Any) -> ColumnElement[bool]:
        own: ColumnElement[bool] = row.organization_id.in_(mine())
        return own

    @classmethod
    def changeable(cls, row: Any) -> ColumnElement[bool]:
        own: ColumnElement[bool] = row.organization_id.in_(administered())
        return own

    @property
    def limit(self) -> Decimal:
        return _shown(self, self.limit_units or 0)

    @property
    def spent(self) -> Decimal:
        return _shown(self, self.spent_units if self.month == month_of(now()) else 0)

    @property
    def reserved(self) -> Decimal:
        return _shown(self, self.reserved_units)

    @property
    def period(self) -> str:
        return f"{now():%Y-%m}"

    @property
    def resets_at(self) -> datetime:
        return month_after(now())


of_organizations: Prepared[Budget] = Prepared(
    select(Budget).where(OneOf(Budget.organization_id), Budget.limit_units.is_not(None))
)


def month_of(moment: datetime) -> datetime:
    """The beginning of a moment's month, in UTC."""
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month_after(moment: datetime) -> datetime:
    first = month_of(moment)
    return first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)


def set_limit(
    session: Session, organization_id: UUID, limit: Decimal | None, unit: BudgetUnit, hard: bool
) -> Organization:
    """Give an organization a budget, change it, or take it away (None); what this month already cost counts."""
    organization = session.obtain_to_change(Organization, organization_id)
    budget = find(session, organization_id)
    if budget is None:
        budget = Budget(organization_id=organization_id)
        session.add(budget)
    budget.unit, budget.hard = unit, hard
    budget.limit_units = None if limit is None else _units(limit, unit)
    budget.month, budget.told = month_of(now()), 0
    is_money = unit is BudgetUnit.MONEY
    budget.spent_units = usage.spent_since(session, organization_id, budget.month)[is_money]
    budget.reserved_units = usage.reserved(session, organization_id)[is_money]
    return organization


def exceeded(budget: Budget) -> BudgetExceeded:
    resets = month_after(now())
    return BudgetExceeded(
        f"The organization's budget for {budget.period} is spent: wait until {resets:%Y-%m-%d}, or ask an admin of "
        "it to raise the limit.",
        resetsAt=resets.isoformat(),
        retryAfterMs=int((resets - now()).total_seconds() * 1000),
    )


def find(session: Session, organization_id: UUID) -> Budget | None:
    """The locked budget: whoever spends of it waits for whoever spends of it."""
    query = select(Budget).where(Budget.organization_id == organization_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def in_units(budget: Budget, tokens: int, nanos: int) -> int:
    return nanos if budget.unit is BudgetUnit.MONEY else tokens


def _units(limit: Decimal, unit: BudgetUnit) -> int:
    scale = NANOS if unit is BudgetUnit.MONEY else 1
    if not limit.is_finite() or not 0 <= limit <= MAX_LIMIT or limit * scale % 1:
        raise BadUserInput.of(
            "limit", f"A budget is a number from 0 to {MAX_LIMIT:,}: whole tokens, or money with at most 9 decimals."
        )
    return int(limit * scale)


def _shown(budget: Any, units: int) -> Decimal:
    return Decimal(units) / NANOS if budget.unit == BudgetUnit.MONEY else Decimal(units)
