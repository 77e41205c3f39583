"""Batches of operations in one HTTP request: off by default, at most ten, each as if it came alone."""

from typing import Any

from tests.support.app import App
from tests.support.client import Client

HASH = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
CREATE = "mutation C($title: String!) { createItem(input: {title: $title}) { item { title } } }"


async def post(client: Client, body: Any, **headers: str) -> Any:
    return await client.http.post(f"{client.url}/graphql", json=body, headers={**client.headers, **headers})


async def test_batches_are_refused_unless_they_are_allowed(fast_app: App) -> None:
    response = await post(fast_app.client(), [{"query": "{ __typename }"}])
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")


async def test_the_operations_run_in_order_and_each_has_its_own_result(batching: App) -> None:
    ann = await batching.person()
    items = [{"query": CREATE, "variables": {"title": f"item {n}"}} for n in range(4)]
    items.insert(2, {"query": "{ items { totalCount } }"})
    response = await post(ann, items)
    assert (response.status_code, response.headers["content-type"]) == (
        200,
        "application/graphql-response+json; charset=utf-8",
    )
    data = [result["data"] for result in response.json()]
    assert data[2] == {"items": {"totalCount": 2}}
    assert [item["createItem"]["item"]["title"] for item in data if "createItem" in item] == [
        f"item {n}" for n in range(4)
    ]


async def test_a_mistake_in_one_operation_leaves_the_others_alone(batching: App) -> None:
    ann = await batching.person()
    wrong: list[Any] = [
        {"query": "{ nothing }"},
        {"query": ""},
        {"extensions": HASH},
        7,
        None,
        {"query": "subscription { notifications { id } }"},
        {"query": "{ me { email } }", "variables": []},
        [{"query": "{ me { email } }"}],
    ]
    response = await post(ann, [*wrong, {"query": "{ me { email } }"}])
    *refused, last = response.json()
    assert [result["errors"][0]["extensions"]["code"] for result in refused] == [
        "GRAPHQL_VALIDATION_FAILED",
        "BAD_REQUEST",
        "PERSISTED_QUERY_NOT_FOUND",
        *["BAD_REQUEST"] * 5,
    ]
    assert last == {"data": {"me": {"email": "ann@example.com"}}}


async def test_a_batch_of_none_or_of_more_than_ten_is_refused_whole(batching: App) -> None:
    ann = await batching.person()
    for count in (0, 11, 500):
        response = await post(ann, [{"query": CREATE, "variables": {"title": "x"}}] * count)
        assert response.status_code == 400
        assert f"has {count:,} operations" in response.json()["errors"][0]["message"]
    assert (await ann.run("{ items { totalCount } }"))["items"]["totalCount"] == 0


async def test_strangers_and_bad_tokens_are_refused_operation_by_operation(batching: App) -> None:
    items = [{"query": "{ serverInfo { version } }"}, {"query": "{ items { totalCount } }"}]
    first, second = (await post(batching.client(), items)).json()
    assert first["data"]["serverInfo"]["version"]
    assert second["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    results = (await post(batching.client(), items, Authorization="Bearer bad")).json()
    assert [result["errors"][0]["extensions"]["code"] for result in results] == ["UNAUTHENTICATED"] * 2
