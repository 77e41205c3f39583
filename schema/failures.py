"""How work that was begun and failed is shown: as data beside it, not as an error of the request."""

from datetime import datetime
from typing import Any

import strawberry

from schema.base import maybe, says, shows


def retry_at(root: strawberry.Parent[Any]) -> datetime | None:
    """Not every failure knows it."""
    moment: datetime | None = getattr(root, "retry_at", None)
    return moment


@shows
class MessageError:
    """Why something that was begun did not come about."""

    code: str = says("What kind of failure it is, as `NOT_FOUND` or `RATE_LIMITED`.")
    message: str = says("What happened and what to do, for people.")
    retryable: bool = says("Whether the same again may succeed later.")
    retry_at = maybe(datetime, retry_at, "When it may succeed, where that is known.")
