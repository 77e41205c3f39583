"""JSON as it goes over the wire."""

import json
from typing import Any

import orjson


def encode(value: Any) -> bytes:
    """UTF-8 JSON; what orjson refuses (numbers above 64 bits, very deep values) is written all the same."""
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


decode = orjson.loads
DecodeError = orjson.JSONDecodeError
