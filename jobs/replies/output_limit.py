"""Limit on the output of one model call, so that a hard budget is not exceeded."""

from uuid import UUID

from auth.viewer import Viewer
from db.billing import budgets, spending
from db.billing.usage import ModelTerms
from db.core.engine import Database
from db.models.conversations import Conversation
from integrations.llm.catalog import Offer


async def max_output_tokens(
    database: Database,
    viewer: Viewer,
    conversation: Conversation,
    reply_id: UUID,
    offer: Offer,
    terms: ModelTerms,
    input_tokens: int,
) -> int | None:
    """Return how many tokens a reply may have, or None for no limit.

    The limit is the configured one or, under a hard budget, what was reserved. Under a hard budget the input is
    reserved too. Raises BudgetExceeded when the budget has no room for it.
    """
    limit = conversation.max_tokens or offer.named_output
    if await _is_bounded(database, viewer, conversation.organization_id):
        await database.write(spending.reserve_input, viewer, reply_id, terms, input_tokens)
        limit = limit or offer.max_output
    return None if limit is None else max(1, min(limit, offer.context_window - input_tokens))


async def _is_bounded(database: Database, viewer: Viewer, organization_id: UUID) -> bool:
    rows = await database.read(budgets.of_organizations, viewer, ids=[organization_id])
    return any(budget.hard for budget in rows)
