"""What one call of a model may come to at most, so that a hard budget is not passed."""

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
    read: int,
) -> int | None:
    """Tokens that a reply may write: what somebody named, and under a hard budget what was reserved; None for no limit.

    Under a hard budget what it is about to read is reserved too; BudgetExceeded when there is no room for that.
    """
    most = conversation.max_tokens or offer.named_output
    if await _is_bounded(database, viewer, conversation.organization_id):
        await database.write(spending.reserve_input, viewer, reply_id, terms, read)
        most = most or offer.max_output
    return None if most is None else max(1, min(most, offer.context_window - read))


async def _is_bounded(database: Database, viewer: Viewer, organization_id: UUID) -> bool:
    rows = await database.read(budgets.of_organizations, viewer, ids=[organization_id])
    return any(budget.hard for budget in rows)
