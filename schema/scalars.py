"""Scalars, with the standard that each of them follows."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from graphql import GraphQLError, ValueNode
from strawberry.schema.types.base_scalars import DateDefinition, DateTimeDefinition, DecimalDefinition
from strawberry.types.scalar import ScalarDefinition, scalar

from resolvers.core.uploads import Upload

FORM = (
    "Send the file as a variable of a multipart request: https://github.com/jaydenseric/graphql-multipart-request-spec."
)


def _uploaded(value: object) -> Upload:
    """A file that came with the request; nothing that JSON can say is one."""
    if not isinstance(value, Upload):
        raise GraphQLError(FORM)
    return value


def _written(_node: ValueNode, _variables: object = None) -> Upload:
    raise GraphQLError(FORM)


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
    Upload: scalar(
        name="Upload",
        description="A file, sent as a variable of a multipart request. The request needs a header that a form alone "
        "cannot have: `X-Requested-With`, `Apollo-Require-Preflight` or `GraphQL-Preflight`, with any value.",
        specified_by_url="https://github.com/jaydenseric/graphql-multipart-request-spec",
        parse_value=_uploaded,
        parse_literal=_written,
    ),
}
