"""Reading GraphQL requests: a POST body, a GET query string, a WebSocket payload."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from execution.operations import Request
from transport.core.errors import RequestRefused
from transport.core.json import DecodeError, decode

EXAMPLE = 'send an object such as {"query": "{ me { name } }"}.'


def from_body(body: bytes) -> Request:
    """Raises RequestRefused."""
    value = _decoded(body, "The body")
    if isinstance(value, list):
        raise RequestRefused("Batches are not accepted: send one operation in each request.")
    return from_value(value)


def from_query_string(query_string: bytes) -> Request:
    """Raises RequestRefused."""
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError as error:
        raise RequestRefused("The query string is not percent-encoded UTF-8.") from error
    parameters: dict[str, Any] = dict(pairs)
    for name in ("variables", "extensions"):
        if parameters.get(name):
            parameters[name] = _decoded(parameters[name].encode(), f"The parameter {name}")
        else:
            parameters.pop(name, None)
    return from_value(parameters)


def from_value(value: Any) -> Request:
    """A request from decoded JSON. Raises RequestRefused."""
    if not isinstance(value, dict):
        raise RequestRefused(f"A request is a JSON object: {EXAMPLE}")
    query = value.get("query")
    if not isinstance(query, str) or not query.strip():
        raise RequestRefused(f"The request has no query: {EXAMPLE}")
    name = value.get("operationName")
    if name is not None and not isinstance(name, str):
        raise RequestRefused("operationName must be a string or null.")
    return Request(query, name or None, _mapping(value, "variables"), _mapping(value, "extensions"))


def _mapping(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = value.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise RequestRefused(f"{name} must be a JSON object or null.")
    return found


def _decoded(text: bytes, what: str) -> Any:
    try:
        return decode(text)
    except DecodeError as error:
        raise RequestRefused(f"{what} is not JSON in UTF-8: {error.msg}.") from error
