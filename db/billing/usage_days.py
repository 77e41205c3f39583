"""Sums of usage by day: marked stale by settled calls, summed up in the background, read as totals of a period."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from uuid_utils.compat import uuid7

from db.core.bulk import insert_or_update
from db.core.prepared import OneOf, Prepared, bind
from db.core.session import Session
from db.models.usage import Usage
from db.models.usage_days import UsageDay

DAY = timedelta(days=1)
KEY = ("conversation_id", "user_id", "day")
# Each sum by the name of its column in UsageDay.
SUMS: dict[str, ColumnElement[Any]] = {
    "input_tokens": func.coalesce(func.sum(Usage.input_tokens), 0),
    "cached_tokens": func.coalesce(func.sum(Usage.cached_tokens), 0),
    "output_tokens": func.coalesce(func.sum(Usage.output_tokens), 0),
    "reasoning_tokens": func.coalesce(func.sum(Usage.reasoning_tokens), 0),
    "cost_nanos": func.coalesce(func.sum(Usage.cost_nanos), 0),
    "estimated": func.coalesce(func.sum(case((Usage.is_estimated, 1), else_=0)), 0),
}


def day_of(moment: datetime) -> datetime:
    """Return the start of the day of a moment, in UTC."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def mark_stale(session: Session, call: Usage) -> None:
    """Mark the day of a settled call to be summed up again."""
    assert call.settled_at is not None
    day = day_of(call.settled_at)
    row = {
        "id": uuid7(),
        "organization_id": call.organization_id,
        "user_id": call.user_id,
        "conversation_id": call.conversation_id,
        "day": day,
        "day_end": day + DAY,
        "is_stale": True,
        **dict.fromkeys(SUMS, 0),
    }
    insert_or_update(session, UsageDay, [row], KEY, ("is_stale",))


def sum_batch(session: Session, limit: int) -> bool:
    """Sum up at most `limit` stale days again; return True if there may be more.

    Several schedulers may run at once: each skips the days that another one has locked.
    """
    query = select(UsageDay).where(UsageDay.is_stale).order_by(UsageDay.id).limit(limit)
    days = session.scalars(query.with_for_update(skip_locked=True)).all()
    for day in days:
        in_day = Usage.conversation_id == day.conversation_id, Usage.user_id == day.user_id
        sums = select(*SUMS.values()).where(*in_day, Usage.settled_at >= day.day, Usage.settled_at < day.day_end)
        for name, value in zip(SUMS, session.execute(sums).one(), strict=True):
            setattr(day, name, int(value))
        day.is_stale = False
    return len(days) == limit


def totals() -> list[ColumnElement[Any]]:
    """Return the columns that sum up UsageDay rows for calls settled from `since` until before `until`.

    Stale days, and the first and last day where the period cuts them, are summed up from their calls, so that the
    answer is exact at any moment. In one statement: between two, the background could make a stale day a valid one.
    """
    since, until = bind("since", UsageDay.day), bind("until", UsageDay.day)
    in_day = and_(
        Usage.conversation_id == UsageDay.conversation_id,
        Usage.user_id == UsageDay.user_id,
        Usage.settled_at >= UsageDay.day,
        Usage.settled_at < UsageDay.day_end,
        Usage.settled_at >= since,
        Usage.settled_at < until,
    )
    is_partial = or_(UsageDay.is_stale, UsageDay.day < since, UsageDay.day_end > until)
    columns: list[ColumnElement[Any]] = []
    for name, total in SUMS.items():
        calls = select(total).where(in_day).scalar_subquery()
        columns.append(func.sum(case((is_partial, calls), else_=getattr(UsageDay, name))).label(name))
    return columns


def in_period() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that select the days of a period from `since` until before `until`."""
    return UsageDay.day_end > bind("since", UsageDay.day), UsageDay.day < bind("until", UsageDay.day)


def _totals_by(column: Any) -> Prepared[Any]:
    """Return the query of the totals of a period by the ids in a column of UsageDay."""
    query = select(column.label("of_id"), *totals()).where(OneOf(column), *in_period())
    return Prepared(query.group_by(column))


of_conversations = _totals_by(UsageDay.conversation_id)
of_users = _totals_by(UsageDay.user_id)
of_organizations = _totals_by(UsageDay.organization_id)
