"""JSON encoding and decoding of the wire format."""

import json
from typing import Any

import orjson


def encode(value: Any) -> bytes:
    """Return a value as JSON in UTF-8.

    The standard library encodes what orjson refuses: integers above 64 bits and very deep values.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


decode = orjson.loads
DecodeError = orjson.JSONDecodeError
