"""Budgets: limits on the monthly spending of organizations."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

import strawberry
from strawberry import argument

from db.billing import budgets
from db.models.budgets import Budget, BudgetUnit
from db.models.organizations import Organization
from resolvers.core.context import Info
from resolvers.core.ids import decode_id


@dataclass(frozen=True)
class SetBudgetResult:
    organization: Organization


async def budget_of(root: strawberry.Parent[Any], info: Info) -> Budget | None:
    async def load(ids: list[Any]) -> list[Budget | None]:
        by_organization = {
            row.organization_id: row for row in await info.context.read(budgets.of_organizations, ids=ids)
        }
        return [by_organization.get(id_) for id_ in ids]

    loaded: Budget | None = await info.context.loader(budget_of, load).load(root.id)
    return loaded


async def set_budget(
    info: Info,
    organization_id: Annotated[strawberry.ID, argument(description="Id of an organization that you administer.")],
    limit: Annotated[
        Decimal | None, argument(description="Limit for a calendar month, in `unit`; null removes the budget.")
    ] = None,
    unit: Annotated[BudgetUnit, argument(description="Unit of the limit; MONEY by default.")] = BudgetUnit.MONEY,
    hard: Annotated[
        bool, argument(description="Refuse messages when the budget is spent; false only notifies the admins.")
    ] = True,
) -> SetBudgetResult:
    id_ = decode_id(organization_id, Organization)
    return SetBudgetResult(await info.context.write(budgets.set_limit, id_, limit, unit, hard))
