"""Readings: what modules measured, and what a database makes of many of them."""

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
from db.core.dialect_sql import DialectSQL
from db.core.idempotency import idempotent
from db.core.prepared import Prepared, bind
from db.core.session import Session
from db.core.validation import checked_line
from db.models.modules import Module
from db.models.readings import Reading
from errors import BadUserInput, FieldError

MAX_READINGS, MAX_METRIC, MAX_BUCKETS = 1_000, 100, 10_000
MAX_VALUE = 1e100  # the databases square the values of a mean
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class Bucket(StrEnum):
    """A stretch of time in UTC."""

    HOUR = "HOUR"
    DAY = "DAY"
    MONTH = "MONTH"


# How many letters of "2025-12-31 14" say which bucket a moment is in, and the shortest that a bucket is.
PREFIX_LENGTHS = {Bucket.HOUR: 13, Bucket.DAY: 10, Bucket.MONTH: 7}
MIN_DURATIONS = {Bucket.HOUR: timedelta(hours=1), Bucket.DAY: timedelta(days=1), Bucket.MONTH: timedelta(days=28)}


@dataclass(frozen=True)
class NewReading:
    """A reading to keep; `value` is yet to be checked."""

    module_id: UUID
    metric: str
    value: float
    at: datetime


@dataclass(frozen=True)
class Aggregate:
    """What a bucket has, which is at least one reading."""

    start: datetime
    count: int
    min: float
    max: float
    mean: float


def record(session: Session, measured: Sequence[NewReading], idempotency_key: str | None = None) -> list[Module]:
    """Keep all of the readings, or none; the modules in the order in which they are named first."""
    return idempotent(
        session,
        "recordReadings",
        idempotency_key,
        create=lambda: _record(session, measured),
        result_ids=lambda made: [module.id for module in made],
        load=lambda ids: [session.get(Module, id_) for id_ in ids],
    )


def _record(session: Session, measured: Sequence[NewReading]) -> list[Module]:
    if not 1 <= len(measured) <= MAX_READINGS:
        raise BadUserInput.of("readings", f"Send 1 to {MAX_READINGS:,} readings at once.")
    modules = session.get_all_for_update(Module, {one.module_id for one in measured})
    mistakes = [mistake for n, one in enumerate(measured) for mistake in _mistakes(one, f"readings.{n}", modules)]
    if mistakes:
        raise BadUserInput("None of the readings was kept: correct those named here.", fields=mistakes)
    moment = now()
    for n, one in enumerate(measured):
        metric, at = checked_metric(one.metric, f"readings.{n}.metric"), checked_moment(one.at, f"readings.{n}.at")
        session.add(Reading(module_id=one.module_id, metric=metric, value=one.value, at=at))
        # A clock that is wrong must not hold the module in the future.
        module, seen = modules[one.module_id], min(at, moment)
        module.last_seen_at = max(module.last_seen_at or seen, seen)
    session.flush()
    return [modules[id_] for id_ in dict.fromkeys(one.module_id for one in measured)]


def _mistakes(one: NewReading, path: str, modules: dict[UUID, Module]) -> list[FieldError]:
    found = []
    if one.module_id not in modules:
        found.append(FieldError(f"{path}.moduleId", "There is no Module with this id, or you may not see it."))
    for check in (
        lambda: checked_metric(one.metric, f"{path}.metric"),
        lambda: checked_moment(one.at, f"{path}.at"),
    ):
        try:
            check()
        except BadUserInput as error:
            found += error.fields
    if not math.isfinite(one.value) or abs(one.value) > MAX_VALUE:
        found.append(FieldError(f"{path}.value", f"Send a finite number of at most {MAX_VALUE:.0e} either way."))
    return found


def checked_metric(metric: str, field: str) -> str:
    return checked_line(metric, field, MAX_METRIC)


def checked_moment(moment: datetime, field: str) -> datetime:
    """A moment with its zone; one without is in UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not EARLIEST <= aware < LATEST:
        raise BadUserInput.of(field, f"Send a moment from {EARLIEST.year} to {LATEST.year - 1}.")
    return aware


def _between(query: Select[Any], given: Iterable[str]) -> Select[Any]:
    limits = {
        "metric": Reading.metric == bind("metric", Reading.metric),
        "start": Reading.at >= bind("start", Reading.at),
        "end": Reading.at < bind("end", Reading.at),
    }
    return query.where(*(limits[name] for name in sorted(given)))


@cache
def page(filters: frozenset[str], *, is_first: bool, backwards: bool) -> Prepared[Reading]:
    """At most `limit` readings of the module `module_id` by time, after the place `cursor_at`, `cursor_id`.

    `given` are the names of the conditions that apply: metric, start, end.
    """
    query = _between(select(Reading), filters)
    if not is_first:
        here = tuple_(Reading.at, Reading.id)
        there = tuple_(bind("cursor_at", Reading.at), bind("cursor_id", Reading.id))
        query = query.where(here < there if backwards else here > there)
    order = (Reading.at.desc(), Reading.id.desc()) if backwards else (Reading.at, Reading.id)
    return Prepared(query.order_by(*order).limit(bind("limit")), children=Reading)


@cache
def total(filters: frozenset[str]) -> Prepared[Any]:
    """How many readings there are on all pages."""
    return Prepared(_between(select(func.count(Reading.id).label("total")), filters), children=Reading)


@cache
def summary(bucket: Bucket) -> Prepared[Any]:
    """One row for each bucket of `start` to `end` that has readings of a metric, in their order."""
    letters = PREFIX_LENGTHS[bucket]
    beginning = DialectSQL(
        f"substr({{0}}, 1, {letters})",
        f"left(to_char({{0}} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24'), {letters})",
        Reading.at,
    ).label("beginning")
    query = select(
        beginning,
        func.count(Reading.id).label("number"),
        func.min(Reading.value).label("least"),
        func.max(Reading.value).label("most"),
        func.avg(Reading.value).label("mean"),
    )
    query = _between(query, ("metric", "start", "end")).group_by(beginning).order_by(beginning)
    return Prepared(query, children=Reading)


def check_span(bucket: Bucket, start: datetime, end: datetime) -> None:
    """Raise BadUserInput for more buckets than are answered at once."""
    if (end - start) / MIN_DURATIONS[bucket] > MAX_BUCKETS:
        raise BadUserInput.of("from", f"Ask for at most {MAX_BUCKETS:,} buckets: a shorter time, or a longer bucket.")


def aggregate(row: Any) -> Aggregate:
    """A row of a summary."""
    text = row.beginning
    start = datetime(int(text[:4]), int(text[5:7]), int(text[8:10] or 1), int(text[11:13] or 0), tzinfo=UTC)
    return Aggregate(start, row.number, row.least, row.most, row.mean)
