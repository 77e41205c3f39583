"""Limits on operations and their cost, as clients of each protocol see them."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import get_introspection_query

from schema import schema
from schema.core.costs import WEIGHTS
from tests.support.app import App, open_app
from tests.support.client import Client, Refused
from tests.support.processes.running_app import listening

ME = "{ me { email } }"
GRAPHQL = "application/graphql-response+json"
STREAM = "text/event-stream"


async def ask(client: Client, query: str = ME, accept: str = GRAPHQL, **body: Any) -> httpx.Response:
    headers = {**client.headers, "Accept": accept}
    return await client.http.post("http://site/graphql", json={"query": query, **body}, headers=headers)


def state(response: httpx.Response) -> dict[str, int]:
    """Return what remains of each quota, by the name of its policy."""
    return {name: int(left) for name, left in re.findall(r'"([a-z-]+)";r=(\d+);t=\d+', response.headers["ratelimit"])}


async def test_a_person_has_so_many_operations_and_every_response_tells_how_many_are_left(
    database_url: str, tmp_path: Path
) -> None:
    async with open_app(database_url, tmp_path, operation_limit_person="3 per hour") as app:
        ann, bob = await app.person("ann"), await app.person("bob")
        left = [state(await ask(ann))["operations-person"] for _ in range(3)]
        assert left == [2, 1, 0]
        refused = await ask(ann)
        assert (refused.status_code, refused.headers["content-type"]) == (429, f"{GRAPHQL}; charset=utf-8")
        (error,) = refused.json()["errors"]
        assert error["extensions"]["code"] == "RATE_LIMITED"
        assert error["message"].startswith("The limit is 3 operations per hour for one person: 3 are used")
        assert 0 < int(refused.headers["retry-after"]) <= 3_600
        policies = refused.headers["ratelimit-policy"].split(", ")
        assert '"operations-person";q=3;w=3600' in policies
        old = await ask(ann, accept="application/json")
        assert (old.status_code, old.json()["errors"][0]["extensions"]["status"]) == (200, 429)
        assert (await ask(bob)).json() == {"data": {"me": {"email": "bob@example.com"}}}


async def test_an_address_has_so_many_requests_whatever_they_are(database_url: str, tmp_path: Path) -> None:
    async with open_app(database_url, tmp_path, operation_limit_address="6 per hour") as app:
        client = app.client()
        for content in (b"not json", b"[" * 9_000, json.dumps({"query": "{ nothing }"}).encode()):
            headers = {"Content-Type": "application/json", "Authorization": "Bearer forged"}
            await client.http.post("http://site/graphql", content=content, headers=headers)
        await client.http.get("http://site/s/unknown")
        await client.http.get("http://site/files/unknown")
        assert state(await ask(client))["operations-address"] == 0
        refused = await ask(client)
        (error,) = refused.json()["errors"]
        assert (refused.status_code, error["extensions"]["code"]) == (429, "RATE_LIMITED")
        assert error["extensions"]["retryAfterMs"] > 3_000_000
        assert error["message"].startswith("The limit is 6 operations per hour for one IP address: 6 are used")
        page = await client.http.get("http://site/s/unknown")
        assert (page.status_code, page.json()["type"]) == (429, "RATE_LIMITED")
        assert int(page.headers["retry-after"]) <= 3_600
        assert (await client.http.get("http://site/health")).status_code == 200


async def test_cost_is_charged_by_person_and_tells_of_the_refusal_before_anything_runs(
    database_url: str, tmp_path: Path
) -> None:
    async with open_app(database_url, tmp_path, cost_limit_person="100 per hour") as app:
        ann = await app.person("ann")
        first = await ask(ann, "{ me { email name } }", extensions={"cost": True})
        assert first.json()["extensions"] == {"cost": {"operation": 3, "limit": 25_000}}
        assert state(first)["cost-person"] == 97
        create = 'mutation { createOrganization(input: {name: "X"}) { organization { tables { totalCount } } } }'
        costly = "{ organizations { nodes { name } totalCount } }"
        assert (await ask(ann, costly)).json()["data"]["organizations"]["totalCount"] == 1
        assert (await ask(ann, create)).json()["data"]
        refused = await ask(ann, create)
        message = refused.json()["errors"][0]["message"]
        assert re.match(
            r"The limit is 100 units of cost per hour for one person: \d+ are used, and this needs \d+\.", message
        )
        assert (await ask(ann, costly)).status_code == 429
        bob = await app.person("bob")
        query = "{ organizations { totalCount } }"
        assert (await ask(bob, query)).json()["data"]["organizations"]["totalCount"] == 1


async def test_cost_is_reported_only_on_request(app: App) -> None:
    ann = await app.person()
    query = "query T($f: RowFilter) { tables(first: 3) { nodes { rows(filter: $f) { totalCount } } } }"
    for extensions in ({}, {"cost": False}, {"cost": "yes"}):
        assert "extensions" not in (await ask(ann, query, extensions=extensions)).json()
    plain = (await ask(ann, query, extensions={"cost": True})).json()["extensions"]["cost"]["operation"]
    filter = {"column": "c1", "op": "EQ", "value": 1}
    filtered = await ask(ann, query, extensions={"cost": True}, variables={"f": filter})
    assert plain == 1 + WEIGHTS.page + 3 * (1 + 1 + WEIGHTS.page + 1 + WEIGHTS.fields["totalCount"])
    assert filtered.json()["extensions"]["cost"]["operation"] == plain + 3 * WEIGHTS.arguments["filter"]


async def test_operations_on_sockets_and_event_streams_count_like_others(sqlite_url: str, tmp_path: Path) -> None:
    async with open_app(sqlite_url, tmp_path, operation_limit_person="4 per hour") as app, listening(app) as ann:
        await ann.sign_up("ann@example.com")
        async with ann.socket() as socket:
            for _ in range(2):  # connection_init was the first operation
                assert [event async for event in socket.follow(ME)] == [{"me": {"email": "ann@example.com"}}]
            streamed = await ask_at(ann, STREAM)
            assert state(streamed)["operations-person"] == 0
            with pytest.raises(Refused) as caught:
                await anext(socket.follow(ME))
            assert caught.value.codes == ["RATE_LIMITED"]
        refused = await ask_at(ann, STREAM)
        assert "RATE_LIMITED" in refused.text


async def ask_at(client: Client, accept: str) -> httpx.Response:
    headers = {**client.headers, "Accept": accept}
    return await client.http.post(f"{client.url}/graphql", json={"query": ME}, headers=headers)


@pytest.mark.parametrize(("token", "challenge"), [("forged", 'Bearer realm="SheetGPT"'), (None, None)])
async def test_a_response_with_401_tells_how_to_sign_in(app: App, token: str | None, challenge: str | None) -> None:
    client = app.client()
    client.token = token
    response = await ask(client)
    assert response.headers.get("www-authenticate") == challenge
    assert response.status_code == (401 if challenge else 200)


def test_every_weight_names_a_field_or_an_argument_of_the_schema() -> None:
    types: Any = [kind for kind in schema._schema.type_map.values() if hasattr(kind, "fields")]
    fields = {name for kind in types for name in kind.fields}
    arguments = {name for kind in types for field in kind.fields.values() for name in getattr(field, "args", ())}
    assert set(WEIGHTS.fields) <= fields | {"__schema", "__type"}
    assert set(WEIGHTS.arguments) <= arguments


async def test_an_operation_asks_for_the_whole_schema_once(app: App) -> None:
    client, document = app.client(), get_introspection_query()
    assert "__schema" in (await ask(client, document)).json()["data"]
    types = "__schema { types { name fields { name } } }"
    for twice in (f"{{ {types} other: {types} }}", f"{{ ...S a: {types} }} fragment S on Query {{ {types} }}"):
        (error,) = (await ask(client, twice)).json()["errors"]
        assert error["extensions"]["code"] == "DOCUMENT_TOO_COMPLEX"
        assert re.match(r"The document may cost 30,0\d\d; at most 25000 units of cost are allowed", error["message"])
    types = " ".join(f't{n}: __type(name: "Row") {{ name }}' for n in range(20))
    assert len((await ask(client, f"{{ {types} }}")).json()["data"]) == 20
