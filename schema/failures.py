"""Failures of background work, which are data of the object concerned and not errors of the request."""

from datetime import datetime
from typing import Any

import strawberry

from resolvers.conversations import messages
from resolvers.exports import exports
from schema.base import Shows, field, optional, output_type


def retry_at(root: strawberry.Parent[Any]) -> datetime | None:
    """Return the time for a retry; the failures of exports have none."""
    moment: datetime | None = getattr(root, "retry_at", None)
    return moment


@output_type
class MessageError(Shows[messages.Failure | exports.Failure]):
    """Failure of a reply, an export or another job."""

    code: str = field("Kind of failure, for example `NOT_FOUND` or `RATE_LIMITED`.")
    message: str = field("Explanation to display, with the next step for the user.")
    retryable: bool = field("True when trying again later may succeed.")
    retry_at = optional(datetime, retry_at, "Earliest time at which a retry may succeed, if known.")
