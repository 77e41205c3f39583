"""Periods of scheduled reports."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from itertools import count

from db.models.reports import ReportSchedule

WEEK = timedelta(days=7)


def next_end(schedule: ReportSchedule, anchor: datetime, after: datetime) -> datetime:
    """Return the end of the first period of a schedule that ends after a moment; `anchor` is the end of its first.

    Months are counted from the anchor, so that a schedule that ends on the 31st does not stay on the 28th after
    February.
    """
    if schedule is ReportSchedule.WEEKLY:
        return anchor + WEEK * max((after - anchor) // WEEK + 1, 1)
    first = max((after.year - anchor.year) * 12 + after.month - anchor.month - 1, 1)
    return next(end for months in count(first) if (end := _add_months(anchor, months)) > after)


def _add_months(moment: datetime, months: int) -> datetime:
    moment = moment.astimezone(UTC)
    years, month = divmod(moment.month - 1 + months, 12)
    year = moment.year + years
    day = min(moment.day, monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)
