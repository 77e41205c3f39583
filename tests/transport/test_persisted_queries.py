"""Automatic persisted queries, by POST and GET."""

import hashlib
import json
from typing import Any

import pytest

from tests.support.app import App
from transport.core.errors import RequestRefused
from transport.graphql.persisted import PersistedQueries

QUERY = "query V($on: Boolean = true) { serverInfo { version @include(if: $on) } }"
DIGEST = hashlib.sha256(QUERY.encode()).hexdigest()
URL = "http://site/graphql"


def hashed(digest: object = DIGEST, version: object = 1, **arguments: Any) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": version, "sha256Hash": digest}}, **arguments}


def code_of(answer: Any) -> str:
    assert answer.status_code in {200, 400}
    code: str = answer.json()["errors"][0]["extensions"]["code"]
    return code


async def test_a_hash_is_enough_once_its_query_was_sent(app: App) -> None:
    http = app.client().http
    for accept in ("application/json", "application/graphql-response+json"):
        unknown = await http.post(URL, json=hashed("0" * 64), headers={"Accept": accept})
        # Clients look for this message and status before they send the query.
        assert (unknown.status_code, unknown.json()["errors"][0]["message"]) == (200, "PersistedQueryNotFound")
        assert code_of(unknown) == "PERSISTED_QUERY_NOT_FOUND"
    assert code_of(await http.post(URL, json=hashed())) == "PERSISTED_QUERY_NOT_FOUND"
    first = await http.post(URL, json=hashed(query=QUERY))
    assert first.json()["data"]["serverInfo"]["version"]
    assert (await http.post(URL, json=hashed())).json() == first.json()
    off = await http.post(URL, json=hashed(variables={"on": False}))
    assert off.json() == {"data": {"serverInfo": {}}}
    extensions = {"extensions": json.dumps(hashed()["extensions"])}
    by_get = await http.get(URL, params=extensions, headers={"Accept": "text/html,*/*"})
    assert by_get.json() == first.json()


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (hashed("0" * 64, query=QUERY), "BAD_REQUEST"),
        (hashed(version=2, query=QUERY), "PERSISTED_QUERY_NOT_SUPPORTED"),
        (hashed(7), "PERSISTED_QUERY_NOT_SUPPORTED"),
        ({"extensions": {"persistedQuery": 1}}, "BAD_REQUEST"),
        (hashed(query=7), "BAD_REQUEST"),
    ],
)
async def test_a_wrong_hash_stores_nothing(app: App, request_: dict[str, Any], code: str) -> None:
    http = app.client().http
    assert code_of(await http.post(URL, json=request_)) == code
    assert code_of(await http.post(URL, json=hashed())) == "PERSISTED_QUERY_NOT_FOUND"


def test_the_store_is_bounded_and_drops_the_least_used() -> None:
    persisted = PersistedQueries(1_000)
    queries = [f"{{ a{n} }}".ljust(100) for n in range(12)]
    digests = [hashlib.sha256(query.encode()).hexdigest() for query in queries]
    for query, digest in zip(queries[:10], digests, strict=False):
        persisted.complete(hashed(digest, query=query))
    assert persisted.complete(hashed(digests[0]))["query"] == queries[0]
    persisted.complete(hashed(digests[10], query=queries[10]))
    assert persisted.complete(hashed(digests[0]))["query"] == queries[0]
    with pytest.raises(RequestRefused, match="PersistedQueryNotFound"):
        persisted.complete(hashed(digests[1]))
    large = "{ a }".ljust(101)
    digest = hashlib.sha256(large.encode()).hexdigest()
    persisted.complete(hashed(digest, query=large))
    with pytest.raises(RequestRefused):
        persisted.complete(hashed(digest))
