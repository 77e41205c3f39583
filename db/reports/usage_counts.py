"""Numbers of a USAGE report by day and member, as far as the viewer may see what they count.

Every query takes `organization_id`, `since` and `until`.
"""

from typing import Any

from sqlalchemy import func, select

from db.billing import usage_days
from db.core.prepared import Prepared, bind
from db.models.conversations import Conversation
from db.models.exports import Export
from db.models.messages import Message, MessageRole
from db.models.tables import Table
from db.models.usage_days import UsageDay
from db.reports.day_text import day_text

_usage_day = day_text(UsageDay.day).label("day")
tokens: Prepared[Any] = Prepared(
    select(_usage_day, UsageDay.user_id, *usage_days.totals())
    .where(UsageDay.organization_id == bind("organization_id", UsageDay.organization_id), *usage_days.SUMS.in_period())
    .group_by(_usage_day, UsageDay.user_id)
)

_message_day = day_text(Message.created_at).label("day")
messages: Prepared[Any] = Prepared(
    select(_message_day, Message.created_by_id.label("user_id"), func.count(Message.id).label("number"))
    .join(Conversation, Conversation.id == Message.conversation_id)
    .where(
        Conversation.organization_id == bind("organization_id", Conversation.organization_id),
        Message.role == MessageRole.USER,
        Message.created_at >= bind("since", Message.created_at),
        Message.created_at < bind("until", Message.created_at),
    )
    .group_by(_message_day, Message.created_by_id)
)


def _created(model: Any) -> Prepared[Any]:
    """Return the query of the number of rows that each owner created on each day."""
    day = day_text(model.created_at).label("day")
    return Prepared(
        select(day, model.owner_id.label("user_id"), func.count(model.id).label("number"))
        .where(
            model.organization_id == bind("organization_id", model.organization_id),
            model.created_at >= bind("since", model.created_at),
            model.created_at < bind("until", model.created_at),
        )
        .group_by(day, model.owner_id)
    )


tables = _created(Table)
exports = _created(Export)
