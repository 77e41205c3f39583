"""Budgets of organizations."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry

from db.models.budgets import BudgetUnit
from resolvers.billing import budgets
from schema.base import enum, field, mutation, output_type

if TYPE_CHECKING:
    from schema.organizations import Organization
else:  # an organization has a budget, and setting it answers with the organization
    Organization = Annotated["Organization", strawberry.lazy("schema.organizations")]

enum(BudgetUnit, MONEY="Money, in serverInfo.currency.", TOKENS="Tokens, those read and those written together.")


@output_type
class Budget:
    """What models may cost an organization in a calendar month (UTC)."""

    limit: Decimal = field("How much a month may cost.")
    spent: Decimal = field("What this month has cost so far.")
    reserved: Decimal = field("What the replies that are being written may come to.")
    unit: BudgetUnit = field("What is counted.")
    period: str = field("The month, as `2026-01`.")
    resets_at: datetime = field("When the next month begins.")
    hard: bool = field("Whether messages are refused when it is spent; otherwise the admins are only told.")


@output_type
class SetBudgetPayload:
    """The organization with its budget."""

    organization: Organization = field("The organization.")


@strawberry.type
class Mutation:
    set_budget = mutation(
        SetBudgetPayload,
        budgets.set_budget,
        "Set what models may cost an organization in a month, or take the limit away. Its admins are told at 80 % "
        "and at 100 %.",
    )
