"""Every error a client can see: class, code, HTTP status, default message.

Raised anywhere below the schema. GraphQL reports `message` and `extensions {code status fieldErrors
requestId}`; ops routes answer `{detail, status_code, type, field_errors}`. What is not one of these is a
bug: it is logged with its request id and shown as INTERNAL_SERVER_ERROR.

    ProductError
    ├── Unauthenticated     401   no viewer, or a token that is bad, expired or revoked
    ├── Forbidden           403   seen, but not the viewer's to do
    ├── NotFound            404   absent or invisible: one answer for both
    ├── BadUserInput        400   carries one FieldError per mistake
    ├── Conflict            409   somebody else was first; carries what is there now
    ├── BudgetExceeded      402   carries when it begins anew
    ├── RateLimited         429   carries how long to wait
    ├── NotConfigured       501   names the setting
    └── UpstreamFailed      502   somebody else's computer said no
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self


@dataclass(frozen=True)
class FieldError:
    """Mistake in one input field; `field` is the path in the client's spelling, such as `cells.0.value`."""

    field: str
    message: str


class ProductError(Exception):
    code: ClassVar[str]
    status: ClassVar[int]
    default: ClassVar[str]

    def __init__(self, message: str | None = None, *, fields: Sequence[FieldError] = (), **extensions: Any) -> None:
        self.message = message or self.default
        self.fields = tuple(fields)
        self.details: Mapping[str, Any] = extensions
        super().__init__(self.message)

    @classmethod
    def of(cls, field: str, message: str) -> Self:
        """Return an error with one mistake, as the message and under its field."""
        return cls(message, fields=[FieldError(field, message)])


class Unauthenticated(ProductError):
    code, status = "UNAUTHENTICATED", 401
    default = "Sign in first: call logIn and send its accessToken as `Authorization: Bearer …`."


class Forbidden(ProductError):
    code, status = "FORBIDDEN", 403
    default = "You may see this but not change it."


class NotFound(ProductError):
    code, status = "NOT_FOUND", 404
    default = "There is no such thing, or you may not see it."


class BadUserInput(ProductError):
    code, status = "BAD_USER_INPUT", 400
    default = "The input is not valid."


class Conflict(ProductError):
    code, status = "CONFLICT", 409
    default = "It has changed since you read it: read it again and repeat."


class BudgetExceeded(ProductError):
    code, status = "BUDGET_EXCEEDED", 402
    default = "The organization's budget for this month is spent."


class RateLimited(ProductError):
    code, status = "RATE_LIMITED", 429
    default = "Too many attempts: wait and try again."


class NotConfigured(ProductError):
    code, status = "NOT_CONFIGURED", 501
    default = "This server is not set up for that."


class UpstreamFailed(ProductError):
    code, status = "UPSTREAM_FAILED", 502
    default = "A service that this server depends on failed: try again."
