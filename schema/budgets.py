"""Monthly budgets of organizations."""

from datetime import datetime
from decimal import Decimal

import strawberry

from db import models
from resolvers.billing import budgets
from schema.base import Shows, TypeOf, enum, field, output_type
from schema.operations import mutation

enum(
    models.budgets.BudgetUnit,
    MONEY="Money, in `serverInfo.currency`.",
    TOKENS="Tokens, the sum of input and output.",
)


@output_type
class Budget(Shows[models.budgets.Budget]):
    """Limit on an organization's model usage in each calendar month (UTC)."""

    limit: Decimal = field("Limit for a month, in `unit`.")
    spent: Decimal = field("Amount spent this month, in `unit`.")
    reserved: Decimal = field("Largest amount that replies still in progress may add, in `unit`.")
    unit: models.budgets.BudgetUnit = field("Unit of the amounts.")
    period: str = field("Current month, as `2026-01`.")
    resets_at: datetime = field("Start of the next month, when `spent` becomes 0.")
    hard: bool = field("True when messages are refused once the budget is spent; otherwise admins are only notified.")


@output_type
class SetBudgetPayload(Shows[budgets.SetBudgetResult]):
    """Result of `setBudget`."""

    organization: TypeOf[models.organizations.Organization] = field("The organization with its new budget.")


@strawberry.type
class Mutation:
    set_budget = mutation(
        SetBudgetPayload,
        budgets.set_budget,
        "Set or remove the monthly limit on an organization's model usage. Its admins are notified at 80 % and at "
        "100 %.",
    )
