import json
from typing import Any

import httpx
import pytest

from tests.support.processes.transport_app import Served, serving

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
STREAM = "text/event-stream"


def post(served: Served, query: object, accept: str = GRAPHQL, **headers: str) -> httpx.Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return served.http.post("/graphql", json={"query": query}, headers={"accept": accept, **names})


def media(response: httpx.Response) -> str:
    return response.headers["content-type"].partition(";")[0]


def code(response: httpx.Response) -> str:
    (error,) = response.json()["errors"]
    assert "data" not in response.json()
    return str(error["extensions"]["code"])


def test_a_query_is_answered(shared: Served) -> None:
    response = post(shared, "{hello}")
    assert (response.status_code, media(response)) == (200, GRAPHQL)
    assert response.json() == {"data": {"hello": "Hello world"}}
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, GRAPHQL),
        ("", GRAPHQL),
        ("*/*", GRAPHQL),
        ("application/*", GRAPHQL),
        (JSON, JSON),
        ("application/json; charset=utf-8", JSON),
        ("application/json, text/plain, */*", JSON),
        (f"{GRAPHQL}, application/graphql+json, {JSON}, {STREAM}, multipart/mixed", GRAPHQL),  # urql
        (f"{GRAPHQL},{JSON};q=0.9", GRAPHQL),  # Apollo
        (f"{GRAPHQL};q=0.5, {JSON}", JSON),
        (f"{GRAPHQL};q=0, */*;q=0.1, {JSON};q=0.2", JSON),
        (f"multipart/mixed;deferSpec=20220824, {JSON}", JSON),
        (f"{STREAM};q=0.9, {JSON}", JSON),
        (f"{STREAM}, {JSON}", STREAM),
        (f"{JSON};q=0.9, {STREAM}", STREAM),
        (f"{JSON};q=nonsense, {GRAPHQL};q=0.1", GRAPHQL),
        ("APPLICATION/JSON", JSON),
    ],
)
def test_the_media_type_is_chosen_by_q_and_then_by_order(shared: Served, accept: str | None, chosen: str) -> None:
    with httpx.Client(verify=False) as client:
        del client.headers["accept"]
        headers = {} if accept is None else {"accept": accept}
        response = client.post(f"{shared.url}/graphql", json={"query": "{hello}"}, headers=headers)
    assert (response.status_code, media(response)) == (200, chosen)
    assert "accept" in response.headers["vary"]


@pytest.mark.parametrize("accept", ["text/html", "image/png", f"{JSON};q=0", "application/json; charset=utf-16"])
def test_an_accept_header_that_names_nothing_of_ours_is_answered_406_in_json(shared: Served, accept: str) -> None:
    response = post(shared, "{hello}", accept)
    assert (response.status_code, media(response), code(response)) == (406, JSON, "NOT_ACCEPTABLE")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{hello", "GRAPHQL_PARSE_FAILED"),
        ("{nothing}", "GRAPHQL_VALIDATION_FAILED"),
        ("{hello(name: 3)}", "GRAPHQL_VALIDATION_FAILED"),
        ("fragment f on Query {hello}", "GRAPHQL_VALIDATION_FAILED"),
        ("query A {hello} query B {hello}", "OPERATION_RESOLUTION_FAILURE"),
        ("query ($name: String!) {hello(name: $name)}", "BAD_USER_INPUT"),
        ("{" + "rows {rows {" * 5 + "id" + "}}" * 5 + "}", "DOCUMENT_TOO_COMPLEX"),
    ],
)
def test_a_request_error_is_400_without_data_where_the_client_knows_the_newer_media_type(
    shared: Served, query: str, expected: str
) -> None:
    newer, older = post(shared, query), post(shared, query, JSON)
    assert (newer.status_code, media(newer), code(newer)) == (400, GRAPHQL, expected)
    assert (older.status_code, media(older), code(older)) == (200, JSON, expected)


def test_an_error_while_executing_is_200_with_data(shared: Served) -> None:
    response = post(shared, "{missing hello}")
    assert response.status_code == 200
    request_id = response.headers["x-request-id"]
    assert response.json() == {
        "errors": [
            {
                "message": "There is no such thing, or you may not see it.",
                "locations": [{"line": 1, "column": 2}],
                "path": ["missing"],
                "extensions": {"code": "NOT_FOUND", "status": 404, "fieldErrors": [], "requestId": request_id},
            }
        ],
        "data": {"missing": None, "hello": "Hello world"},
    }


def test_errors_carry_their_fields_and_details(shared: Served) -> None:
    refused, conflict = post(shared, "{refused conflict}").json()["errors"]
    assert refused["extensions"]["fieldErrors"] == [{"field": "name", "message": "Names have letters."}]
    assert (conflict["extensions"]["code"], conflict["extensions"]["current"]) == ("CONFLICT", {"value": 3})


def test_a_bug_is_masked_and_named_by_the_request_id(shared: Served) -> None:
    response = post(shared, "{bug}")
    assert "secret" not in response.text
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert response.headers["x-request-id"] in error["message"]


def test_errors_are_at_most_ten_of_three_hundred_characters(shared: Served) -> None:
    errors = post(shared, "{bugs {bug}}").json()["errors"]
    assert [len(error["message"]) for error in errors] == [300] * 10


def test_a_client_does_not_get_its_own_large_value_back(shared: Served) -> None:
    body = {"query": "query ($n: Int!) {rows(first: $n) {id}}", "variables": {"n": "x" * 90_000}}
    response = shared.http.post("/graphql", json=body)
    assert response.status_code == 400
    assert len(response.content) < 1000


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"1", "The request is not a JSON object"),
        (b"null", "The request is not a JSON object"),
        (b'"query"', "The request is not a JSON object"),
        (b"", "The body is not JSON in UTF-8"),
        (b"{", "The body is not JSON in UTF-8"),
        (b'{"query": "\xff"}', "The body is not JSON in UTF-8"),
        (b'\xef\xbb\xbf{"query": "{hello}"}', "The body is not JSON in UTF-8"),
        (b"[" * 50_000, "The body is not JSON in UTF-8"),
        (b'{"query": "{hello}", "variables": ' + b'{"a":' * 3000 + b"1" + b"}" * 3001, "The body is not JSON"),
        (b'[{"query": "{hello}"}]', "Batched requests are not supported. Send one operation in each request."),
        (b"[]", "Batched requests are not supported"),
        (b"{}", "The request has no query"),
        (b'{"query": null}', "The request has no query"),
        (b'{"query": " "}', "The request has no query"),
        (b'{"query": 3}', "The request has no query"),
        (b'{"query": "{hello}", "variables": []}', "variables must be a JSON object or null."),
        (b'{"query": "{hello}", "variables": "{}"}', "variables must be a JSON object or null."),
        (b'{"query": "{hello}", "extensions": 3}', "extensions must be a JSON object or null."),
        (b'{"query": "{hello}", "operationName": 3}', "operationName must be a string or null."),
    ],
)
@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
def test_what_is_not_a_graphql_request_is_400_and_says_why(
    shared: Served, body: bytes, message: str, accept: str
) -> None:
    headers = {"content-type": JSON, "accept": accept}
    response = shared.http.post("/graphql", content=body, headers=headers)
    assert (response.status_code, media(response), code(response)) == (400, accept, "BAD_REQUEST")
    assert response.json()["errors"][0]["message"].startswith(message)


def test_deep_variables_that_are_json_are_not_an_error_of_the_server(shared: Served) -> None:
    deep = b'{"a":' * 500 + b"1" + b"}" * 500
    body = b'{"query": "query ($n: Int) {rows(first: $n) {id}}", "variables": {"n": ' + deep + b"}}"
    response = shared.http.post("/graphql", content=body, headers={"content-type": JSON})
    assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")


def test_values_that_are_absent_or_null_are_left_out(shared: Served) -> None:
    body = {"query": "{hello}", "variables": None, "operationName": None, "extensions": None}
    assert shared.http.post("/graphql", json=body).json() == {"data": {"hello": "Hello world"}}


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/plain",
        "application/json-seq",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin-1",
        "application/jsonp",
    ],
)
def test_only_json_is_read_so_that_no_web_page_can_post_without_being_asked(
    shared: Served, content_type: str | None
) -> None:
    headers = {"content-type": content_type} if content_type else {}
    content = b'{"query": "mutation {bump}"}'
    response = shared.http.post("/graphql", content=content, headers=headers)
    assert (response.status_code, code(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert shared.world.mutations == 0


def test_json_with_its_charset_is_read(shared: Served) -> None:
    headers = {"content-type": 'Application/JSON; charset="UTF-8"'}
    response = shared.http.post("/graphql", content=b'{"query": "{hello}"}', headers=headers)
    assert response.status_code == 200


def get(served: Served, accept: str = JSON, **parameters: str) -> httpx.Response:
    return served.http.get("/graphql", params=parameters, headers={"accept": accept})


def test_a_query_can_be_asked_by_get(shared: Served) -> None:
    query = "query A {hello} query B($name: String!) {hello(name: $name)}"
    response = get(shared, query=query, operationName="B", variables='{"name": "Zoë"}')
    assert response.json() == {"data": {"hello": "Hello Zoë"}}


@pytest.mark.parametrize(
    "parameters",
    [{}, {"query": ""}, {"query": "{hello}", "variables": "{"}, {"query": "{hello}", "variables": "[]"}],
)
def test_a_get_that_is_no_request_is_400(shared: Served, parameters: dict[str, str]) -> None:
    response = get(shared, **parameters)
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("query_string", ["query=%ff", "&".join(f"a{n}=1" for n in range(50))])
def test_a_query_string_that_cannot_be_read_is_400(shared: Served, query_string: str) -> None:
    response = shared.http.get(f"/graphql?{query_string}", headers={"accept": JSON})
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
def test_a_mutation_by_get_is_405_and_does_nothing(shared: Served, accept: str) -> None:
    response = get(shared, accept, query="mutation {bump}")
    assert (response.status_code, response.headers["allow"], code(response)) == (405, "POST", "METHOD_NOT_ALLOWED")
    assert shared.world.mutations == 0


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_405(shared: Served, method: str) -> None:
    response = shared.http.request(method, "/graphql")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")
    assert code(response) == "METHOD_NOT_ALLOWED"


def test_a_subscription_by_plain_post_is_406_with_a_hint(shared: Served) -> None:
    for accept in (JSON, "*/*"):
        response = post(shared, "subscription {count}", accept)
        assert (response.status_code, code(response)) == (406, "NOT_ACCEPTABLE")
        assert "Accept: text/event-stream" in response.json()["errors"][0]["message"]


def test_defer_is_not_answered_in_a_form_that_the_client_did_not_ask_for(shared: Served) -> None:
    response = post(shared, "{... @defer {hello}}")
    assert (response.status_code, media(response), code(response)) == (400, GRAPHQL, "GRAPHQL_VALIDATION_FAILED")


def test_the_caller_is_passed_to_authenticate(shared: Served) -> None:
    response = post(shared, "{viewer requestId}", authorization="Bearer good", user_agent="tests/1")
    request_id = response.headers["x-request-id"]
    assert response.json() == {"data": {"viewer": "viewer-1", "requestId": request_id}}
    caller = shared.world.callers[-1]
    assert (caller.authorization, caller.request_id) == ("Bearer good", request_id)
    assert (caller.ip_address, caller.user_agent) == ("127.0.0.1", "tests/1")


def test_a_bad_token_is_a_request_error_of_401(shared: Served) -> None:
    newer = post(shared, "{hello}", authorization="Bearer bad")
    older = post(shared, "{hello}", JSON, authorization="Bearer bad")
    assert (newer.status_code, code(newer)) == (401, "UNAUTHENTICATED")
    assert (older.status_code, code(older)) == (200, "UNAUTHENTICATED")


def test_a_bug_in_authentication_is_masked(shared: Served) -> None:
    response = post(shared, "{hello}", authorization="Bearer bug")
    assert (response.status_code, code(response)) == (500, "INTERNAL_SERVER_ERROR")
    assert "secret" not in response.text


def test_values_that_orjson_refuses_are_sent_all_the_same(shared: Served) -> None:
    response = post(shared, "{anything}")
    assert response.status_code == 200
    assert str(2**80) in response.text
    assert json.loads(response.text)["data"]["anything"][0]


def test_an_operation_that_takes_too_long_is_stopped() -> None:
    with serving(deadline=0.05) as served:
        response = post(served, "{slow}")
        (error,) = response.json()["errors"]
    assert (error["extensions"]["code"], error["extensions"]["status"]) == ("DEADLINE_EXCEEDED", 504)


def test_a_browser_gets_the_page_and_a_client_an_error(shared: Served) -> None:
    browser = get(shared, "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
    assert (browser.status_code, media(browser)) == (200, "text/html")
    assert get(shared, "*/*").status_code == 400


def test_a_browser_that_opens_a_query_gets_its_answer(shared: Served) -> None:
    response = get(shared, "text/html, */*;q=0.8", query="{hello}")
    assert response.json() == {"data": {"hello": "Hello world"}}


async def test_many_requests_at_once_do_not_mix(shared: Served) -> None:
    import asyncio

    async with httpx.AsyncClient(verify=False) as client:

        async def ask(n: int) -> Any:
            body = {"query": "query ($n: String!) {hello(name: $n)}", "variables": {"n": str(n)}}
            return (await client.post(f"{shared.url}/graphql", json=body)).json()["data"]["hello"]

        assert await asyncio.gather(*map(ask, range(50))) == [f"Hello {n}" for n in range(50)]
