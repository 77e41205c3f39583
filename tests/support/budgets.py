"""Conversation whose organization has a budget."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select

from auth.viewer import Viewer
from db.billing import budgets, spending
from db.billing.usage import ModelTerms
from db.conversations import conversations, sending
from db.conversations.conversations import NewConversation
from db.conversations.messages import Exchange
from db.core.engine import Database
from db.core.session import Session
from db.models.budgets import Budget, BudgetUnit
from db.models.notifications import Notification
from db.models.usage import Tokens, Usage, UsageKind
from tests.support.world import SYSTEM

TERMS = ModelTerms(10_000, 1_000, input=Decimal(1), output=Decimal(1))


@dataclass
class BudgetedConversation:
    """Conversation in an organization with a budget in tokens."""

    database: Database
    ann: Viewer
    organization_id: UUID
    conversation_id: UUID

    async def limit(self, tokens: int, *, hard: bool = True) -> None:
        arguments = self.organization_id, Decimal(tokens), BudgetUnit.TOKENS, hard
        await self.database.write(budgets.set_limit, self.ann, *arguments)

    async def post(self) -> Exchange:
        arguments: dict[str, Any] = {"conversation_id": self.conversation_id, "models": {"m": TERMS}}
        return await self.database.write(sending.send, self.ann, "Hello", **arguments)

    async def change(self, unit: Callable[[Budget], None]) -> None:
        def work(session: Session) -> None:
            unit(session.scalars(select(Budget)).one())

        await self.database.write(work, SYSTEM)

    async def counters(self) -> tuple[int, int]:
        """Return the spent and the reserved units."""
        (budget,) = await self.database.read(budgets.of_organizations, self.ann, ids=[self.organization_id])
        return budget.spent_units, budget.reserved_units

    async def spend(self, tokens: int) -> None:
        def unit(session: Session) -> None:
            row = Usage(
                organization_id=self.organization_id,
                user_id=session.user_id,
                conversation_id=self.conversation_id,
                kind=UsageKind.REPLY,
                model="m",
            )
            spending.reserve(session, row, TERMS, Tokens())
            spending.settle(session, row, Tokens(tokens), 0)

        await self.database.write(unit, self.ann)

    async def other(self) -> Exchange:
        """Send a message in another conversation of the organization."""
        beginning = NewConversation("m", organization_id=self.organization_id)
        self.conversation_id = (await self.database.write(conversations.create, self.ann, beginning)).id
        return await self.post()

    async def notifications(self) -> list[str]:
        def unit(session: Session) -> list[str]:
            return list(session.scalars(select(Notification.kind).order_by(Notification.id)))

        return await self.database.write(unit, self.ann)
