"""The two shapes of an error: an entry of GraphQL's `errors`, and the body of every other route.

Masking is by allow-list: the message of a ProductError, or of a mistake in the request itself, is shown. Any
other error is a bug: it is logged with its request id and shown as INTERNAL_SERVER_ERROR.
"""

import errno
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from graphql import GraphQLError
from strawberry.exceptions import StrawberryInputCoercionError

from errors import FieldError, ProductError, Unavailable
from execution.errors import Code, OperationError
from telemetry import metrics
from telemetry.catalog import ERRORS
from transport.core.logs import request_id, trace_fields

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
INTERNAL = "INTERNAL_SERVER_ERROR"

log = logging.getLogger("sheetgpt.error")


class RequestRefused(Exception):
    """Error of the HTTP request itself, independent of its operation.

    `headers` are added to the response, `details` to the extensions of the error.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        code: str = "BAD_REQUEST",
        headers: Mapping[str, str] | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message, self.status, self.code = message, status, code
        self.headers, self.details = headers or {}, details or {}


def unavailable(message: str, seconds: int = 1) -> RequestRefused:
    """Return the refusal of a request that another server, or this one a moment later, will accept."""
    headers = {"retry-after": str(seconds)}
    details = {"retryable": True, "retryAfterMs": 1_000 * seconds}
    return RequestRefused(message, status=Unavailable.status, code=Unavailable.code, headers=headers, details=details)


class BodyRefused(RequestRefused):
    """Error of a body that is too large or too late; the rest of it is not read."""


def format_error(error: GraphQLError, _context: object) -> dict[str, Any]:
    """Return an entry of `errors`: message, locations, path, extensions {code status fieldErrors requestId …}."""
    formatted: dict[str, Any] = {"message": error.message}
    if error.locations:
        formatted["locations"] = [location.formatted for location in error.locations]
    if error.path:
        formatted["path"] = error.path
    formatted |= _shown(error)
    return formatted


def _shown(error: GraphQLError) -> dict[str, Any]:
    """Return the fields that replace or join message, locations and path; log an error that must stay hidden."""
    cause = error.original_error
    if isinstance(cause, OSError) and cause.errno in FULL:
        log.error("The disk is full (%s)", cause)
        cause = Unavailable("The disk of this server is full. Try again later; its operator has been told.")
    if isinstance(cause, ProductError):
        return {
            "message": cause.message,
            "extensions": extensions(cause.code, cause.status, cause.fields, cause.details),
        }
    if isinstance(error, OperationError):
        code = str((error.extensions or {})["code"])
        return {"extensions": extensions(code, 504 if code == Code.DEADLINE_EXCEEDED else 400)}
    if _is_input(cause):
        return {"extensions": extensions("BAD_USER_INPUT", 400)}
    log.error("Unexpected error at %s", error.path, exc_info=cause or error)
    return internal_error()


def _is_input(cause: Exception | None) -> bool:
    """Return whether an argument failed a check of its literal or variable before the resolver ran.

    graphql-core locates those errors at the argument; a wrong value that a resolver returns has no location.
    """
    return isinstance(cause, StrawberryInputCoercionError) or (isinstance(cause, GraphQLError) and bool(cause.nodes))


def internal_error() -> dict[str, Any]:
    """Return the fields of an entry of `errors` that a client sees for a bug."""
    message = f"Something went wrong on the server. Report it with the request id {request_id.get()}."
    return {"message": message, "extensions": extensions(INTERNAL, 500)}


def product_error(error: ProductError) -> dict[str, Any]:
    """Return an entry of `errors` for a request that was refused before anything ran."""
    return format_error(GraphQLError(error.message, original_error=error), None)


def refusal(error: RequestRefused) -> dict[str, Any]:
    """Return an entry of `errors` for a request that is not a GraphQL request."""
    metrics.count(ERRORS, error.code)
    return {"message": error.message, "extensions": extensions(error.code, error.status, details=error.details)}


def extensions(
    code: str, status: int, fields: Sequence[FieldError] = (), details: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    return {
        **(details or {}),
        "code": code,
        "status": status,
        "fieldErrors": [{"field": item.field, "message": item.message} for item in fields],
        "requestId": request_id.get(),
        **trace_fields(),
    }


def ops_error(status: int, type: str, detail: str, fields: Sequence[FieldError] = ()) -> dict[str, Any]:
    """Return the body of an error on a route other than GraphQL's."""
    return {
        "detail": detail,
        "status_code": status,
        "type": type,
        "field_errors": [{"field": item.field, "message": item.message} for item in fields],
    }
