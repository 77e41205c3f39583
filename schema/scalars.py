"""Scalars with the standards they follow."""

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


def _parse_upload(value: object) -> Upload:
    """Return the uploaded file; no JSON value is one."""
    if not isinstance(value, Upload):
        raise GraphQLError(FORM)
    return value


def _refuse_literal(_node: ValueNode, _variables: object = None) -> Upload:
    raise GraphQLError(FORM)


SCALARS: dict[object, ScalarDefinition] = {
    datetime: replace(
        DateTimeDefinition,
        description="Time in UTC in the format of RFC 3339, for example `2026-01-31T14:30:00Z`.",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time",
    ),
    date: replace(
        DateDefinition,
        description="Calendar date in the format of RFC 3339, for example `2026-01-31`.",
        specified_by_url="https://scalars.graphql.org/andimarek/local-date",
    ),
    Decimal: replace(
        DecimalDefinition,
        description="Decimal number as a string, so that no digit is lost, for example `12.50`.",
        specified_by_url="https://www.w3.org/TR/xmlschema-2/#decimal",
    ),
    Upload: scalar(
        name="Upload",
        description="File sent as a variable of a multipart request. The request needs one of the headers "
        "`X-Requested-With`, `Apollo-Require-Preflight` or `GraphQL-Preflight`, with any value, because an HTML form "
        "on another site cannot send them.",
        specified_by_url="https://github.com/jaydenseric/graphql-multipart-request-spec",
        parse_value=_parse_upload,
        parse_literal=_refuse_literal,
    ),
}
