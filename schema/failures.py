"""How work that was begun and failed is shown: as data beside it, not as an error of the request."""

from schema.base import says, shows


@shows
class MessageError:
    """Why something that was begun did not come about."""

    code: str = says("What kind of failure it is, as `NOT_FOUND` or `RATE_LIMITED`.")
    message: str = says("What happened and what to do, for people.")
    retryable: bool = says("Whether the same again may succeed later.")
