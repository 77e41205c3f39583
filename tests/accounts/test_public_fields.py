"""Root fields for unauthenticated callers: a short list; every other one is refused before its input is read."""

import json
from typing import Any

import pytest
from graphql import GraphQLField, get_named_type, is_composite_type, is_required_argument

from db.core.session import Session
from schema import schema
from tests.support.app import App
from tests.support.client import Client
from tests.support.processes.running_app import listening

ROOTS = {kind: schema._schema.type_map[kind.title()].fields for kind in ("query", "mutation", "subscription")}  # type: ignore[attr-defined]  # the roots are object types
PUBLIC = {
    "query": {"me", "serverInfo", "health", "signInProviders"},
    "mutation": {
        "signUp",
        "logIn",
        "logOut",
        "refreshSession",
        "exchangeSignInCode",
        "requestPasswordReset",
        "resetPassword",
        "verifyEmail",
        "confirmEmailChange",
    },
    "subscription": set[str](),
}
FIELDS = [(kind, name) for kind, fields in ROOTS.items() for name in fields]
RESTRICTED = [(kind, name) for kind, name in FIELDS if name not in PUBLIC[kind]]
GRAPHQL_JSON = "application/graphql-response+json"


def document(kind: str, name: str) -> str:
    """Return an operation with one root field and a variable for each required argument."""
    field: GraphQLField = ROOTS[kind][name]
    needed = {key: argument for key, argument in field.args.items() if is_required_argument(argument)}
    if kind == "mutation":
        needed = dict(field.args)
    declared = ", ".join(f"${key}: {argument.type}" for key, argument in needed.items())
    passed = ", ".join(f"{key}: ${key}" for key in needed)
    selection = " { __typename }" if is_composite_type(get_named_type(field.type)) else ""
    if not needed:
        return f"{kind} {{ {name}{selection} }}"
    return f"{kind} Stranger({declared}) {{ {name}({passed}){selection} }}"


def codes(answer: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in answer.get("errors", ())]


async def post(client: Client, query: str, accept: str = GRAPHQL_JSON, **variables: Any) -> Any:
    headers = {**client.headers, "Accept": accept}
    return await client.http.post(
        f"{client.url}/graphql", json={"query": query, "variables": variables}, headers=headers
    )


async def test_every_restricted_field_is_refused_over_http(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable is sent: an operation whose input was coerced first would be a BAD_USER_INPUT."""
    stranger = app.client()
    monkeypatch.setattr(Session, "__init__", _no_write)
    for kind, name in RESTRICTED:
        if kind == "subscription":
            continue
        answer = await post(stranger, document(kind, name))
        assert (name, answer.status_code, codes(answer.json())) == (name, 401, ["UNAUTHENTICATED"])
        assert "data" not in answer.json()


async def test_every_restricted_field_is_refused_as_an_event_stream(app: App) -> None:
    stranger = app.client()
    for kind, name in RESTRICTED:
        answer = await post(stranger, document(kind, name), accept="text/event-stream")
        events = [line for line in answer.text.splitlines() if line.startswith("data: {")]
        assert (name, [codes(json.loads(event[5:])) for event in events]) == (name, [["UNAUTHENTICATED"]])


async def test_every_restricted_field_is_refused_over_websocket(app: App) -> None:
    async with listening(app) as stranger, stranger.socket() as socket:
        for number, (kind, name) in enumerate(RESTRICTED):
            payload = {"query": document(kind, name)}
            await socket.connection.send(json.dumps({"id": str(number), "type": "subscribe", "payload": payload}))
            frame = json.loads(await socket.connection.recv())
            assert (name, frame["type"]) == (name, "error")
            assert codes({"errors": frame["payload"]}) == ["UNAUTHENTICATED"]


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in PUBLIC for name in sorted(PUBLIC[kind])])
async def test_a_public_field_is_not_refused(app: App, kind: str, name: str) -> None:
    answer = (await post(app.client(), document(kind, name))).json()
    # `logOut` itself asks for a token when it gets none.
    assert ("UNAUTHENTICATED" in codes(answer)) is (name == "logOut")


async def test_one_restricted_field_refuses_the_whole_operation(app: App) -> None:
    stranger = app.client()
    for query in (
        "{ serverInfo { version } tables { nodes { id } } }",
        "{ ...Lists } fragment Lists on Query { ... { tables { nodes { id } } } }",
        "query($out: Boolean!) { tables @skip(if: $out) { nodes { id } } }",
        "query($in: Boolean = true) { tables @include(if: $in) { nodes { id } } }",
    ):
        answer = (await post(stranger, query)).json()
        assert codes(answer) == ["UNAUTHENTICATED"]
        assert answer["errors"][0]["locations"]


async def test_fields_that_are_left_out_do_not_refuse_an_operation(app: App) -> None:
    query = (
        "query($in: Boolean!) { __typename serverInfo { version } me @include(if: $in) { id } "
        "tables @include(if: $in) { nodes { id } } }"
    )
    stranger, ann = app.client(), await app.person()
    signed_in: dict[str, Any] = {"in": True}
    signed_out: dict[str, Any] = {"in": False}
    assert codes((await post(stranger, query, **signed_in)).json()) == ["UNAUTHENTICATED"]
    assert (await post(stranger, query, **signed_out)).json()["data"]["__typename"] == "Query"
    assert set((await post(ann, query, **signed_in)).json()["data"]) == {"__typename", "serverInfo", "me", "tables"}


async def test_a_stranger_reads_the_schema(app: App) -> None:
    answer = (await post(app.client(), '{ __schema { queryType { name } } __type(name: "User") { name } }')).json()
    assert answer["data"]["__type"]["name"] == "User"


def _no_write(*_: Any, **__: Any) -> None:
    raise AssertionError("an unauthenticated caller reached a transaction")
