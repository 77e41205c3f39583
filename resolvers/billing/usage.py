"""Token usage and cost of messages, conversations, users and organizations."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import argument

from db.billing import usage_days
from db.billing.usage import EPOCH, FAR_FUTURE
from db.core.prepared import Prepared
from db.models.usage import NANOS
from db.sites.readings import checked_moment
from resolvers.core.context import Info

From = Annotated[datetime | None, argument(name="from", description="Start of the period, inclusive.")]
To = Annotated[datetime | None, argument(description="End of the period, exclusive.")]


@dataclass(frozen=True)
class Usage:
    """Tokens, and their cost in nanos (billionths) of the currency."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cost_nanos: int = 0
    estimated: bool = False

    @property
    def total_tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    @property
    def cost(self) -> Decimal:
        return Decimal(self.cost_nanos) / NANOS


async def usage_of_conversation(root: strawberry.Parent[Any], info: Info) -> Usage:
    return await _summed(info, usage_days.of_conversations, root.id, None, None)


async def usage_of_user(root: strawberry.Parent[Any], info: Info, from_: From = None, to: To = None) -> Usage:
    return await _summed(info, usage_days.of_users, root.id, from_, to)


async def usage_of_organization(root: strawberry.Parent[Any], info: Info, from_: From = None, to: To = None) -> Usage:
    return await _summed(info, usage_days.of_organizations, root.id, from_, to)


async def _summed(info: Info, query: Prepared[Any], id_: UUID, from_: datetime | None, to: datetime | None) -> Usage:
    """Return the usage in a period, read in one statement for all rows of the list."""
    since = EPOCH if from_ is None else checked_moment(from_, "from")
    until = FAR_FUTURE if to is None else checked_moment(to, "to")

    async def load(ids: list[UUID]) -> list[Usage]:
        database, viewer = info.context.backend.database, info.context.viewer
        # Streamed off the event loop: the sums are few, but the days that they add up are not limited.
        batches = database.stream(query, viewer, ids=ids, since=since, until=until)
        sums = {row.of_id: _usage(row) async for rows in batches for row in rows}
        return [sums.get(one, Usage()) for one in ids]

    loaded: Usage = await info.context.loader((query, since, until), load).load(id_)
    return loaded


def _usage(row: Any) -> Usage:
    return Usage(
        input_tokens=int(row.input_tokens),
        output_tokens=int(row.output_tokens),
        cached_tokens=int(row.cached_tokens),
        reasoning_tokens=int(row.reasoning_tokens),
        cost_nanos=int(row.cost_nanos),
        estimated=bool(row.estimated),
    )
