"""Cursors of rows: where in the order of a list a row stands."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from errors import BadUserInput

MAX_CURSOR = 1_000_000


def encode_position(place: list[Any]) -> str:
    return urlsafe_b64encode(json.dumps(place, separators=(",", ":")).encode()).decode().rstrip("=")


def decode_position(cursor: str) -> list[Any]:
    try:
        place = json.loads(urlsafe_b64decode(cursor[:MAX_CURSOR] + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        raise invalid_cursor() from None
    if not isinstance(place, list) or len(place) < 2:
        raise invalid_cursor()
    return place


def invalid_cursor() -> BadUserInput:
    return BadUserInput.of(
        "after", "This is no cursor of this list, or of another order: send an endCursor as it came."
    )
