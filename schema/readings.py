"""Readings of modules, their aggregates, and the mutation that records them."""

from datetime import datetime

import strawberry

from db import models
from db.sites import readings as queries
from resolvers.sites import readings
from schema.base import Shows, TypeOf, enum, field, output_type
from schema.operations import mutation

enum(
    queries.Bucket,
    HOUR="One full hour, UTC.",
    DAY="One day from midnight to midnight, UTC.",
    MONTH="One calendar month, UTC.",
)


@output_type
class Reading(Shows[models.readings.Reading]):
    """A value measured by a module."""

    metric: str = field("Measured quantity, for example `temperature`.")
    value: float = field("Measured value, in the unit of the metric.")
    at: datetime = field("Time of the measurement.")


@output_type
class Aggregate(Shows[queries.Aggregate]):
    """Summary of the readings in one period."""

    start: datetime = field("Start of the period, in UTC.")
    count: int = field("Number of readings.")
    min: float = field("Smallest value.")
    max: float = field("Largest value.")
    mean: float = field("Arithmetic mean of the values.")


@output_type
class RecordReadingsPayload(Shows[readings.RecordReadingsResult]):
    """Result of `recordReadings`."""

    modules: list[TypeOf[models.modules.Module]] = field("Modules in the order in which the input first names them.")
    count: int = field("Number of stored readings: all that were sent.")


@strawberry.type
class Mutation:
    record_readings = mutation(
        RecordReadingsPayload,
        readings.record_readings,
        "Store measured values of modules; either all of them are stored or none.",
    )
