"""Sums of usage by day: marked stale by settled calls, summed up in the background, read as totals of a period."""

from datetime import UTC, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, case, cast, func, select

from db.aggregation.stored_sums import StoredSums
from db.core.dialect_sql import OneOf
from db.core.prepared import Prepared
from db.core.session import Session
from db.models.usage import Usage
from db.models.usage_days import UsageDay

DAY = timedelta(days=1)


def _sum(column: Any) -> ColumnElement[int]:
    # PostgreSQL sums 64-bit integers to a decimal.
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


SUMS = StoredSums(
    UsageDay,
    Usage,
    ("conversation_id", "user_id"),
    UsageDay.day,
    UsageDay.day_end,
    Usage.settled_at,
    {
        "input_tokens": _sum(Usage.input_tokens),
        "cached_tokens": _sum(Usage.cached_tokens),
        "output_tokens": _sum(Usage.output_tokens),
        "reasoning_tokens": _sum(Usage.reasoning_tokens),
        "cost_nanos": _sum(Usage.cost_nanos),
        "estimated": _sum(case((Usage.is_estimated, 1), else_=0)),
    },
)


def mark_stale(session: Session, call: Usage) -> None:
    """Mark the day of a settled call, in UTC, to be summed up again."""
    assert call.settled_at is not None
    day = call.settled_at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    names = ("organization_id", "user_id", "conversation_id")
    SUMS.mark_stale(session, [{name: getattr(call, name) for name in names} | {"day": day, "day_end": day + DAY}])


def totals() -> list[ColumnElement[Any]]:
    """Return the columns that sum up UsageDay rows for calls settled from `since` until before `until`."""
    return [func.sum(exact).label(name) for name, exact in SUMS.exact().items()]


def _totals_by(column: Any) -> Prepared[Any]:
    """Return the query of the totals of a period by the ids in a column of UsageDay."""
    query = select(column.label("of_id"), *totals()).where(OneOf(column), *SUMS.in_period())
    return Prepared(query.group_by(column))


of_conversations = _totals_by(UsageDay.conversation_id)
of_users = _totals_by(UsageDay.user_id)
of_organizations = _totals_by(UsageDay.organization_id)
