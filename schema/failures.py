"""How work that was begun and failed is shown: as data beside it, not as an error of the request."""

from datetime import datetime
from typing import Any

import strawberry

from schema.base import field, optional, output_type


def retry_at(root: strawberry.Parent[Any]) -> datetime | None:
    """Not every failure knows it."""
    moment: datetime | None = getattr(root, "retry_at", None)
    return moment


@output_type
class MessageError:
    """Why something that was begun did not come about."""

    code: str = field("What kind of failure it is, as `NOT_FOUND` or `RATE_LIMITED`.")
    message: str = field("What happened and what to do, for people.")
    retryable: bool = field("Whether the same again may succeed later.")
    retry_at = optional(datetime, retry_at, "When it may succeed, where that is known.")
