"""Errors that a client can see, each with its code, HTTP status and default message.

Raised anywhere below the schema. GraphQL reports `message` and `extensions {code status fieldErrors
requestId}`; ops routes answer `{detail, status_code, type, field_errors}`. Any other exception is a bug: it is
logged with its request id and reported as INTERNAL_SERVER_ERROR.

    ProductError
    ├── Unauthenticated     401   no token, or one that is invalid, expired or revoked
    ├── Forbidden           403   visible, but the viewer may not do this
    ├── NotFound            404   absent or invisible, which look the same
    ├── BadUserInput        400   carries one FieldError per mistake
    ├── Conflict            409   another change was first; carries the current state
    ├── BudgetExceeded      402   carries the time of the reset
    ├── StorageExceeded     507   carries the limit and what is stored, in megabytes
    ├── RateLimited         429   carries the time to wait
    ├── NotConfigured       501   names the setting
    ├── UpstreamFailed      502   another service failed or refused
    └── Unavailable         503   the database is away or the server restarts; carries the time to wait
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, ParamSpec, Self, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")

MAX_FIELD_ERRORS = 100


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


class Mistakes:
    """Collector of the mistakes in one input, so that the error names all of them.

        with Mistakes() as check:
            name = check(checked_line, name, "name", 100)
            address = check(checked_text, address, "address", 500)

    Leaving the block raises BadUserInput if any check, or the block itself, raised it. Until then the result of a
    failed check is None, whatever its type says.
    """

    def __init__(self) -> None:
        self._errors: list[BadUserInput] = []

    def __call__(self, check: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return check(*args, **kwargs)
        except BadUserInput as error:
            self._errors.append(error)
            return cast(T, None)

    def add(self, field: str, message: str) -> None:
        self._errors.append(BadUserInput.of(field, message))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, BadUserInput):
            self._errors.append(error)
        elif error is not None or not self._errors:
            return
        first, *others = self._errors
        if not others:
            raise first
        fields = [field for each in self._errors for field in each.fields]
        more = f"There are {len(fields) - 1:,} more mistakes" if len(fields) > 2 else "There is 1 more mistake"
        raise BadUserInput(f"{first.message} {more}: see `fieldErrors`.", fields=fields[:MAX_FIELD_ERRORS]) from None


class Conflict(ProductError):
    code, status = "CONFLICT", 409
    default = "It has changed since you read it. Read it again and repeat the change."


class BudgetExceeded(ProductError):
    code, status = "BUDGET_EXCEEDED", 402
    default = "The organization's budget for this month is spent."


class StorageExceeded(ProductError):
    code, status = "STORAGE_EXCEEDED", 507
    default = "The organization's storage is full. Delete files, tables and exports that nobody needs."


class RateLimited(ProductError):
    code, status = "RATE_LIMITED", 429
    default = "Too many attempts. Wait and try again."


class NotConfigured(ProductError):
    code, status = "NOT_CONFIGURED", 501
    default = "This server is not configured for that. Ask its operator."


class Unavailable(ProductError):
    code, status = "UNAVAILABLE", 503
    default = "The server cannot do this at the moment. Try again in a second."

    def __init__(self, message: str | None = None, *, retry_after_ms: int = 1_000) -> None:
        super().__init__(message, retryable=True, retryAfterMs=retry_after_ms)


class UpstreamFailed(ProductError):
    code, status = "UPSTREAM_FAILED", 502
    default = "A service that this server depends on failed. Try again later."
