"""Cursors of rows: the sort values, position and id of a row, as JSON in base64."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from resolvers.core.pages import invalid_cursor

MAX_CURSOR = 1_000_000  # characters


def encode_position(position: list[Any]) -> str:
    return urlsafe_b64encode(json.dumps(position, separators=(",", ":")).encode()).decode().rstrip("=")


def decode_position(cursor: str, field: str) -> list[Any]:
    """Return the position in a cursor. Raises BadUserInput at `field`."""
    try:
        position = json.loads(urlsafe_b64decode(cursor[:MAX_CURSOR] + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):  # deeply nested JSON recurses too far
        raise invalid_cursor(field) from None
    if not isinstance(position, list) or len(position) < 2:
        raise invalid_cursor(field)
    return position
