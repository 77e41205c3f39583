"""Sums of readings by hour: marked stale by new readings, summed up in the background, read as aggregates."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from uuid_utils.compat import uuid7

from db.core.bulk import insert_or_update
from db.core.dialect_sql import DialectSQL
from db.core.prepared import Prepared, bind
from db.core.session import Session
from db.models.reading_hours import ReadingHour
from db.models.readings import Reading

HOUR = timedelta(hours=1)


def mark_stale(session: Session, readings: Iterable[tuple[UUID, str, datetime]]) -> None:
    """Mark the hours of readings, each a module, a metric and a moment, to be summed up again.

    The caller holds the locks of the modules, so that nobody else inserts the same hours.
    """
    hours = {(module_id, metric, at.replace(minute=0, second=0, microsecond=0)) for module_id, metric, at in readings}
    rows = [
        {"id": uuid7(), "module_id": module_id, "metric": metric, "hour": hour, "hour_end": hour + HOUR}
        for module_id, metric, hour in sorted(hours)
    ]
    key = ("module_id", "metric", "hour")
    insert_or_update(session, ReadingHour, [{**row, "is_stale": True} for row in rows], key, ("is_stale",))


def sum_batch(session: Session, limit: int) -> bool:
    """Sum up at most `limit` stale hours again; return True if there may be more.

    Several schedulers may run at once: each skips the hours that another one has locked.
    """
    query = select(ReadingHour).where(ReadingHour.is_stale).order_by(ReadingHour.id).limit(limit)
    hours = session.scalars(query.with_for_update(skip_locked=True)).all()
    for hour in hours:
        in_hour = Reading.module_id == hour.module_id, Reading.metric == hour.metric
        sums = select(*_sums()).where(*in_hour, Reading.at >= hour.hour, Reading.at < hour.hour_end)
        hour.count, hour.total, hour.low, hour.high = session.execute(sums).one()
        hour.is_stale = False
    return len(hours) == limit


def _sums() -> tuple[ColumnElement[Any], ...]:
    return (
        func.count(Reading.id),
        func.coalesce(func.sum(Reading.value), 0.0),
        func.min(Reading.value),
        func.max(Reading.value),
    )


@cache
def summary(prefix_length: int) -> Prepared[Any]:
    """Return the query of one row a bucket with readings of `metric` from `start` to `end`, in order of time.

    A bucket is identified by the first characters of "2025-12-31 14". Stale hours, and the first and last hour where
    the period cuts them, are summed up from their readings, so that the answer is exact at any moment.
    """
    # SQLite stores moments as ISO text in UTC, so that a prefix of the text is the bucket.
    prefix = DialectSQL(
        f"substr({{0}}, 1, {prefix_length})",
        f"left(to_char({{0}} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24'), {prefix_length})",
        ReadingHour.hour,
    ).label("prefix")
    start, end = bind("start", ReadingHour.hour), bind("end", ReadingHour.hour)
    in_hour = and_(
        Reading.module_id == ReadingHour.module_id,
        Reading.metric == ReadingHour.metric,
        Reading.at >= ReadingHour.hour,
        Reading.at < ReadingHour.hour_end,
        Reading.at >= start,
        Reading.at < end,
    )
    stored = (ReadingHour.count, ReadingHour.total, ReadingHour.low, ReadingHour.high)
    is_partial = or_(ReadingHour.is_stale, ReadingHour.hour < start, ReadingHour.hour_end > end)
    count, total, low, high = (
        case((is_partial, select(column).where(in_hour).scalar_subquery()), else_=column_value)
        for column, column_value in zip(_sums(), stored, strict=True)
    )
    number = func.sum(count)
    query = select(
        prefix,
        number.label("number"),
        func.min(low).label("min"),
        func.max(high).label("max"),
        (func.sum(total) / number).label("mean"),
    )
    in_period = ReadingHour.hour_end > start, ReadingHour.hour < end
    query = query.where(ReadingHour.metric == bind("metric", ReadingHour.metric), *in_period)
    return Prepared(query.group_by(prefix).having(number > 0).order_by(prefix), children=ReadingHour)
