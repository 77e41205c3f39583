"""Monthly budgets of organizations for language models."""

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import ColumnElement

from db.core.base import AuditedRow, Base, Subject, key_to, now
from db.core.policy_rules import Administered
from db.core.policy_scopes import active_organizations, administered_organizations
from db.models.organizations import Organization
from db.models.usage import NANOS


class BudgetUnit(StrEnum):
    """Unit of a budget."""

    MONEY = "MONEY"
    TOKENS = "TOKENS"


class Budget(AuditedRow, Administered, Base):
    """Budget of an organization, at most one; visible to its members, set by its admins.

    Amounts are whole tokens, or nanos of the currency. `spent` belongs to the month that starts at `month`; `told` is
    the percentage that the admins were notified of. Without a limit there is no budget.
    """

    __tablename__ = "budgets"
    unaudited = frozenset({"month", "spent_units", "reserved_units", "told"})

    organization_id: Mapped[UUID] = mapped_column(key_to("organizations.id"), unique=True)
    unit: Mapped[BudgetUnit] = mapped_column(default=BudgetUnit.MONEY)
    limit_units: Mapped[int | None] = mapped_column(BigInteger)
    hard: Mapped[bool] = mapped_column(default=True)
    month: Mapped[datetime]
    spent_units: Mapped[int] = mapped_column(BigInteger, default=0)
    reserved_units: Mapped[int] = mapped_column(BigInteger, default=0)
    told: Mapped[int] = mapped_column(default=0)  # percent, so that each threshold is notified once a month

    def subject(self) -> Subject:
        return Organization, self.organization_id

    @classmethod
    def visible(cls, row: Any) -> ColumnElement[bool]:
        own: ColumnElement[bool] = row.organization_id.in_(active_organizations())
        return own

    @classmethod
    def changeable(cls, row: Any) -> ColumnElement[bool]:
        own: ColumnElement[bool] = row.organization_id.in_(administered_organizations())
        return own

    @property
    def limit(self) -> Decimal:
        return _in_unit(self, self.limit_units or 0)

    @property
    def spent(self) -> Decimal:
        return _in_unit(self, self.spent_units if self.month == month_of(now()) else 0)

    @property
    def reserved(self) -> Decimal:
        return _in_unit(self, self.reserved_units)

    @property
    def period(self) -> str:
        return f"{now():%Y-%m}"

    @property
    def resets_at(self) -> datetime:
        return month_after(now())


def month_of(moment: datetime) -> datetime:
    """Return the start of the month of a moment, in UTC."""
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month_after(moment: datetime) -> datetime:
    first = month_of(moment)
    return first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)


def _in_unit(budget: Any, units: int) -> Decimal:
    return Decimal(units) / NANOS if budget.unit == BudgetUnit.MONEY else Decimal(units)
