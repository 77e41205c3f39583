"""Sums of readings by hour: marked stale by new readings, summed up in the background, read as aggregates."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from db.aggregation.stored_sums import StoredSums
from db.core.dialect_sql import DialectSQL
from db.core.prepared import Prepared, bind
from db.core.session import Session
from db.models.reading_hours import ReadingHour
from db.models.readings import Reading

HOUR = timedelta(hours=1)
SUMS = StoredSums(
    ReadingHour,
    Reading,
    ("module_id", "metric"),
    ReadingHour.hour,
    ReadingHour.hour_end,
    Reading.at,
    {
        "count": func.count(Reading.id),
        "total": func.coalesce(func.sum(Reading.value), 0.0),
        "low": func.min(Reading.value),
        "high": func.max(Reading.value),
    },
)


def mark_stale(session: Session, readings: Iterable[tuple[UUID, str, datetime]]) -> None:
    """Mark the hours of readings, each a module, a metric and a moment, to be summed up again.

    The caller holds the locks of the modules, so that nobody else inserts the same hours.
    """
    hours = {(module_id, metric, at.replace(minute=0, second=0, microsecond=0)) for module_id, metric, at in readings}
    SUMS.mark_stale(
        session,
        (
            {"module_id": module_id, "metric": metric, "hour": hour, "hour_end": hour + HOUR}
            for module_id, metric, hour in sorted(hours)
        ),
    )


@cache
def summary(prefix_length: int) -> Prepared[Any]:
    """Return the query of one row a bucket with readings of `metric` from `since` until before `until`, by time.

    A bucket is identified by the first characters of "2025-12-31 14".
    """
    # SQLite stores moments as ISO text in UTC, so that a prefix of the text is the bucket.
    prefix = DialectSQL(
        f"substr({{0}}, 1, {prefix_length})",
        f"left(to_char({{0}} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24'), {prefix_length})",
        ReadingHour.hour,
    ).label("prefix")
    exact = SUMS.exact()
    number = func.sum(exact["count"])
    query = select(
        prefix,
        number.label("number"),
        func.min(exact["low"]).label("min"),
        func.max(exact["high"]).label("max"),
        (func.sum(exact["total"]) / number).label("mean"),
    )
    query = query.where(ReadingHour.metric == bind("metric", ReadingHour.metric), *SUMS.in_period())
    return Prepared(query.group_by(prefix).having(number > 0).order_by(prefix), children=ReadingHour)
