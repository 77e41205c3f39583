"""Ids of requests: the request's own, and that of the trace that a caller sends with it."""

import re
import secrets
from collections.abc import Iterable

from transport.core.logs import request_id, trace_id

TRACEPARENT = re.compile(
    rb"(?P<version>(?!ff)[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})-[0-9a-f]{2}(?P<more>-.*)?"
)
VALID_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")


def identify(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Note the ids under which this request is logged and answered."""
    headers = list(headers)
    request_id.set(_request_id(headers))
    trace_id.set(_trace_id(headers))


def _trace_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the trace id of a well-formed W3C `traceparent`, else an empty text; several of them say nothing."""
    parents = [value.strip() for name, value in headers if name == b"traceparent"]
    match = TRACEPARENT.fullmatch(parents[0]) if len(parents) == 1 else None
    if match is None or (match["version"] == b"00" and match["more"]):  # later versions may add parts
        return ""
    has_ids = match["trace"].strip(b"0") and match["parent"].strip(b"0")  # zeros alone are no id
    return match["trace"].decode() if has_ids else ""


def _request_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the client's own id if it is well-formed, else a new one."""
    for name, value in headers:
        if name == b"x-request-id" and VALID_ID.fullmatch(value):
            return value.decode()
    return secrets.token_hex(16)
