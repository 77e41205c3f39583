"""Measurements of modules: recording, pages by time and aggregates by bucket."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, tuple_

from db.core.base import now
from db.core.idempotency import idempotent
from db.core.prepared import Prepared, bind
from db.core.session import Session
from db.core.sqlite_writer import short
from db.core.validation import checked_line
from db.models.modules import Module
from db.models.readings import Reading
from db.sites import reading_hours
from errors import BadUserInput, FieldError

MAX_READINGS, MAX_METRIC, MAX_BUCKETS = 1_000, 100, 10_000
MAX_VALUE = 1e100  # PostgreSQL's avg() also sums the squares, which must not overflow
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class Bucket(StrEnum):
    """Period over which readings are summed up, in UTC."""

    HOUR = "HOUR"
    DAY = "DAY"
    MONTH = "MONTH"


# Characters of "2025-12-31 14" that identify the bucket of a moment.
PREFIX_LENGTHS = {Bucket.HOUR: 13, Bucket.DAY: 10, Bucket.MONTH: 7}
MIN_DURATIONS = {Bucket.HOUR: timedelta(hours=1), Bucket.DAY: timedelta(days=1), Bucket.MONTH: timedelta(days=28)}


@dataclass(frozen=True)
class NewReading:
    """Reading to record; nothing in it has been validated yet."""

    module_id: UUID
    metric: str
    value: float
    at: datetime


@dataclass(frozen=True)
class Aggregate:
    """Aggregated readings of one bucket, which has at least one."""

    start: datetime
    count: int
    min: float
    max: float
    mean: float


@short
def record(session: Session, readings: Sequence[NewReading], idempotency_key: str | None = None) -> list[Module]:
    """Store all of the readings or none, and return their modules in the order of their first reading.

    Raises BadUserInput with a field error for each invalid value.
    """
    return idempotent(
        session,
        "recordReadings",
        idempotency_key,
        create=lambda: _record(session, readings),
        result_ids=lambda modules: [module.id for module in modules],
        load=lambda ids: [session.get(Module, id_) for id_ in ids],
    )


def _record(session: Session, readings: Sequence[NewReading]) -> list[Module]:
    if not 1 <= len(readings) <= MAX_READINGS:
        raise BadUserInput.of("readings", f"Got {len(readings):,} readings. Send 1 to {MAX_READINGS:,} at once.")
    modules = session.get_all_for_update(Module, {reading.module_id for reading in readings})
    errors = [error for n, reading in enumerate(readings) for error in _errors(reading, f"readings.{n}", modules)]
    if errors:
        raise BadUserInput("None of the readings was stored. Correct the readings with field errors.", fields=errors)
    moment, stored = now(), []
    for n, reading in enumerate(readings):
        metric = checked_metric(reading.metric, f"readings.{n}.metric")
        at = checked_moment(reading.at, f"readings.{n}.at")
        stored.append(Reading(module_id=reading.module_id, metric=metric, value=reading.value, at=at))
        # A device with a wrong clock must not set lastSeenAt to the future.
        module, seen = modules[reading.module_id], min(at, moment)
        module.last_seen_at = max(module.last_seen_at or seen, seen)
    session.add_all(stored)
    session.flush()
    reading_hours.mark_stale(session, ((one.module_id, one.metric, one.at) for one in stored))
    return [modules[id_] for id_ in dict.fromkeys(reading.module_id for reading in readings)]


def _errors(reading: NewReading, path: str, modules: dict[UUID, Module]) -> list[FieldError]:
    errors = []
    if reading.module_id not in modules:
        errors.append(FieldError(f"{path}.moduleId", "There is no Module with this id, or you may not see it."))
    for check in (
        lambda: checked_metric(reading.metric, f"{path}.metric"),
        lambda: checked_moment(reading.at, f"{path}.at"),
    ):
        try:
            check()
        except BadUserInput as error:
            errors += error.fields
    if not math.isfinite(reading.value) or abs(reading.value) > MAX_VALUE:
        message = f"Invalid value {reading.value}. Send a finite number from {-MAX_VALUE:.0e} to {MAX_VALUE:.0e}."
        errors.append(FieldError(f"{path}.value", message))
    return errors


def checked_metric(metric: str, field: str) -> str:
    return checked_line(metric, field, MAX_METRIC)


def checked_moment(moment: datetime, field: str) -> datetime:
    """Return a moment with a time zone, which is UTC if it has none. Raises BadUserInput if it is out of range."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not EARLIEST <= aware < LATEST:
        raise BadUserInput.of(
            field, f"Invalid moment {moment.isoformat()}. Send one in the years {EARLIEST.year} to {LATEST.year - 1}."
        )
    return aware


def _filtered(query: Select[Any], filters: Iterable[str]) -> Select[Any]:
    conditions = {
        "metric": Reading.metric == bind("metric", Reading.metric),
        "start": Reading.at >= bind("start", Reading.at),
        "end": Reading.at < bind("end", Reading.at),
    }
    return query.where(*(conditions[name] for name in sorted(filters)))


@cache
def page(filters: frozenset[str], *, is_first: bool, backwards: bool) -> Prepared[Reading]:
    """Return the query of a page of a module's readings by time, after the cursor unless `is_first`.

    `filters` are names of metric, start and end. The query takes `module_id`, `limit`, the filters by their names
    and the cursor as `cursor_at` and `cursor_id`.
    """
    query = _filtered(select(Reading), filters)
    if not is_first:
        # The id breaks ties of readings at the same moment.
        key = tuple_(Reading.at, Reading.id)
        cursor = tuple_(bind("cursor_at", Reading.at), bind("cursor_id", Reading.id))
        query = query.where(key < cursor if backwards else key > cursor)
    order = (Reading.at.desc(), Reading.id.desc()) if backwards else (Reading.at, Reading.id)
    return Prepared(query.order_by(*order).limit(bind("limit")), children=Reading)


@cache
def total(filters: frozenset[str]) -> Prepared[Any]:
    """Return the query of the number of readings on all pages."""
    return Prepared(_filtered(select(func.count(Reading.id).label("total")), filters), children=Reading)


def summary(bucket: Bucket) -> Prepared[Any]:
    """Return the query of one row a bucket with readings of `metric` from `since` until before `until`, by time."""
    return reading_hours.summary(PREFIX_LENGTHS[bucket])


def check_span(bucket: Bucket, start: datetime, end: datetime) -> None:
    """Raise BadUserInput if the span may have more than MAX_BUCKETS buckets."""
    if (end - start) / MIN_DURATIONS[bucket] > MAX_BUCKETS:
        raise BadUserInput.of(
            "from",
            f"The span has more than {MAX_BUCKETS:,} buckets of one {bucket.lower()}. Choose a shorter span or a "
            "longer bucket.",
        )


def aggregate(row: Any) -> Aggregate:
    """Convert a row of `summary`."""
    text = row.prefix
    start = datetime(int(text[:4]), int(text[5:7]), int(text[8:10] or 1), int(text[11:13] or 0), tzinfo=UTC)
    return Aggregate(start, row.number, row.min, row.max, row.mean)
