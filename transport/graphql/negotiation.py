"""Content negotiation: the media type of a response, chosen by the client's q values and then by its order."""

import re
from functools import lru_cache
from typing import Final, NamedTuple

GRAPHQL_JSON: Final = "application/graphql-response+json"
JSON: Final = "application/json"
EVENT_STREAM: Final = "text/event-stream"
HTML: Final = "text/html"
MULTIPART: Final = "multipart/mixed"
SUBSCRIPTIONS: Final = re.compile(r"multipart/mixed[^,]*;\s*subscriptionspec=\"?1\.0", re.IGNORECASE)
# The media type that answers a wildcard.
WILDCARDS: Final = {"*/*": GRAPHQL_JSON, "application/*": GRAPHQL_JSON}
MAX_ENTRIES: Final = 50


class Accepted(NamedTuple):
    """Media types that client and server share; `result` is None when there is none for a single result."""

    result: str | None
    stream: bool
    page: bool
    multipart: bool = False


@lru_cache(maxsize=256)  # clients send the same few headers over and over
def negotiate(accept: str | None) -> Accepted:
    """Parse an Accept header; an absent or empty one means `*/*`.

    `page` is set when HTML comes first, as browsers send it. `stream` is set only when the event stream is
    named: a wildcard does not ask for one. `multipart` is set for a client that names multipart subscriptions.
    """
    if not accept or not accept.strip():
        return Accepted(GRAPHQL_JSON, stream=False, page=False)
    ranked = _ranked(accept)
    results = [WILDCARDS.get(media, media) for media in ranked if media != HTML]
    result = next((media for media in results if media in (GRAPHQL_JSON, JSON, EVENT_STREAM)), None)
    is_multipart = MULTIPART in ranked and SUBSCRIPTIONS.search(accept) is not None
    return Accepted(result, EVENT_STREAM in ranked, bool(ranked) and ranked[0] == HTML, is_multipart)


def _ranked(accept: str) -> list[str]:
    """Return the media types by falling q, in the client's order where equal, without those at q=0."""
    weighted = [_entry(entry) for entry in accept.split(",")[:MAX_ENTRIES]]
    refused = {media for media, quality in weighted if quality <= 0}
    accepted = [(media, quality) for media, quality in weighted if quality > 0 and media not in refused]
    return [media for media, _ in sorted(accepted, key=lambda item: -item[1])]


def _entry(entry: str) -> tuple[str, float]:
    media, *parameters = (part.strip().lower() for part in entry.split(";"))
    quality = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            quality = _quality(value.strip())
        elif name.strip() == "charset" and value.strip().strip('"') not in ("utf-8", "utf8"):
            return media, 0.0
    return media, quality


def _quality(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0


@lru_cache(maxsize=256)
def is_json(content_type: str | None) -> bool:
    """Return whether a body is exactly application/json, in UTF-8.

    A web page cannot send this type to another origin without a preflight request, so it protects from CSRF.
    """
    return content_type is not None and _entry(content_type) == (JSON, 1.0)
