"""Scalars, with the standard that each of them follows."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from strawberry.schema.types.base_scalars import DateDefinition, DateTimeDefinition, DecimalDefinition
from strawberry.types.scalar import ScalarDefinition

SCALARS: dict[object, ScalarDefinition] = {
    datetime: replace(
        DateTimeDefinition,
        description="A moment as RFC 3339 says, in UTC.",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time",
    ),
    date: replace(
        DateDefinition,
        description="A day as RFC 3339 says.",
        specified_by_url="https://scalars.graphql.org/andimarek/local-date",
    ),
    Decimal: replace(DecimalDefinition, description="A decimal number as a string, so that no digit is lost."),
}
