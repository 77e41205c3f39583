"""Parsing of GraphQL requests: a POST body, a GET query string or a WebSocket payload."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from execution.operations import Request
from transport.core.errors import RequestRefused
from transport.core.json import DecodeError, decode
from transport.graphql.persisted import PersistedQueries

EXAMPLE = 'send an object such as {"query": "{ me { name } }"}.'


def from_body(body: bytes, persisted: PersistedQueries | None = None) -> Request:
    """Return the request in a JSON body. Raises RequestRefused."""
    request = read_body(body, persisted)
    assert not isinstance(request, list)
    return request


def read_body(
    body: bytes, persisted: PersistedQueries | None = None, max_batch: int = 0
) -> Request | list[Request | RequestRefused]:
    """Return the request in a JSON body, or those of a batch; an invalid one in a batch is replaced by its error.

    Raises RequestRefused.
    """
    value = _decoded(body, "The body")
    if not isinstance(value, list):
        return from_value(value, persisted)
    if not max_batch:
        raise RequestRefused("Batched requests are not supported. Send one operation in each request.")
    if not 1 <= len(value) <= max_batch:
        raise RequestRefused(f"The batch has {len(value):,} operations. Send 1 to {max_batch} in a batch.")
    return [_from_item(item, persisted) for item in value]


def _from_item(item: Any, persisted: PersistedQueries | None) -> Request | RequestRefused:
    try:
        return from_value(item, persisted)
    except RequestRefused as error:
        return error


def from_query_string(query_string: bytes, persisted: PersistedQueries | None = None) -> Request:
    """Return the request in a query string. Raises RequestRefused."""
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
    return from_value(parameters, persisted)


def from_value(value: Any, persisted: PersistedQueries | None = None) -> Request:
    """Return the request in decoded JSON, whose hash may name one of the `persisted` queries. Raises RequestRefused."""
    if not isinstance(value, dict):
        raise RequestRefused(f"The request is not a JSON object: {EXAMPLE}")
    value = value if persisted is None else persisted.complete(value)
    query = value.get("query")
    if not isinstance(query, str) or not query.strip():
        raise RequestRefused(f"The request has no query: {EXAMPLE}")
    name = value.get("operationName")
    if name is not None and not isinstance(name, str):
        raise RequestRefused("operationName must be a string or null.")
    return Request(query, name or None, _mapping(value, "variables"), _mapping(value, "extensions"))


def _mapping(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    mapping = value.get(name)
    if mapping is None:
        return {}
    if not isinstance(mapping, dict):
        raise RequestRefused(f"{name} must be a JSON object or null.")
    return mapping


def _decoded(text: bytes, subject: str) -> Any:
    try:
        return decode(text)
    except DecodeError as error:
        raise RequestRefused(f"{subject} is not JSON in UTF-8: {error.msg}.") from error
