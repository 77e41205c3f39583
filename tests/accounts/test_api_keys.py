"""API keys: created once, limited to their scopes, named in the audit log and revoked at once everywhere."""

import asyncio
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from graphql import get_named_type, is_composite_type, is_required_argument
from sqlalchemy import select

from auth.api_keys import ApiScope
from auth.viewer import Viewer
from db.accounts import api_keys
from db.core.base import now
from db.core.session import Session
from db.models.api_keys import ApiKey
from db.models.items import Item
from db.models.users import User
from errors import Forbidden
from execution.executor import Executor
from execution.operations import Request, Result
from resolvers.core.authentication import require_viewer
from resolvers.core.context import Context
from schema import schema
from schema.core.scopes import SCOPES, require_scope
from tests.support.app import App
from tests.support.client import Client, Refused
from tests.support.processes.running_app import listening
from tests.support.world import SYSTEM
from transport.core.errors import format_error

KEY = "{ apiKey { id name prefix scopes lastUsedAt expiresAt createdAt } secret }"
MINE = "{ me { apiKeys { id name prefix scopes lastUsedAt } } }"
PASSWORD = "correct horse battery"
TITLE = {"title": "Buy paint"}
# Fields that need a session: nobody takes over an account with a leaked key.
SESSION_ONLY = {
    f"Mutation.{name}"
    for name in [
        "signUp",
        "logIn",
        "logOut",
        "refreshSession",
        "exchangeSignInCode",
        "changePassword",
        "requestPasswordReset",
        "resetPassword",
        "requestEmailVerification",
        "verifyEmail",
        "changeEmail",
        "confirmEmailChange",
        "deleteAccount",
        "connectGoogle",
        "confirmGoogle",
        "disconnectGoogle",
        "createApiKey",
    ]
}


async def create(client: Client, *scopes: str, **more: Any) -> tuple[dict[str, Any], Client]:
    """Create a key; return it and a client that uses it."""
    created = await client.mutate("createApiKey", KEY, name="Nightly", scopes=list(scopes), **more)
    script = Client(client.url, client.http)
    script.token = created["secret"]
    return created["apiKey"], script


async def stored(app: App) -> list[ApiKey]:
    query = select(ApiKey).order_by(ApiKey.id)
    return await app.backend.database.write(lambda session: list(session.scalars(query)), SYSTEM)


async def code_of(client: Client, document: str = "{ me { id } }", **variables: Any) -> str | None:
    """Return the code of an operation's error, None if it succeeds."""
    try:
        await client.run(document, **variables)
    except Refused as refused:
        return refused.codes[0]
    return None


async def test_a_key_is_shown_once_and_acts_as_its_user(app: App) -> None:
    ann = await app.person()
    key, script = await create(ann, "WRITE", "READ", "READ")
    assert re.fullmatch(r"sgk_[A-Za-z0-9]{12}_[A-Za-z0-9_-]{43}", script.token or "")
    assert (key["name"], key["scopes"], key["expiresAt"], key["lastUsedAt"]) == (
        "Nightly",
        ["READ", "WRITE"],
        None,
        None,
    )
    assert script.token is not None
    assert script.token.startswith(key["prefix"] + "_")
    assert (await script.run("{ me { email } }"))["me"] == {"email": "ann@example.com"}
    await script.mutate("createItem", "{ item { title } }", **TITLE)
    (row,) = await stored(app)
    remaining = [str(getattr(row, column.key)) for column in ApiKey.__table__.columns]
    assert not any(script.token in text or script.token[17:] in text for text in remaining)
    (listed,) = (await ann.run(MINE))["me"]["apiKeys"]
    assert {name: listed[name] for name in ("id", "name", "prefix", "scopes")} == {
        name: key[name] for name in ("id", "name", "prefix", "scopes")
    }
    assert listed["lastUsedAt"] is not None
    await script.run("{ me { id } }")
    assert (await stored(app))[0].last_used_at == row.last_used_at  # written coarsely
    await app.backend.database.write(age, SYSTEM, row, timedelta(minutes=6))
    await script.run("{ me { id } }")
    assert ((await stored(app))[0].last_used_at or now()) > now() - timedelta(minutes=1)


def age(session: Session, key: ApiKey, by: timedelta) -> None:
    session.get(ApiKey, key.id).last_used_at = now() - by


async def test_the_audit_log_names_the_key(app: App) -> None:
    ann = await app.person()
    works = await app.organization(ann)
    key, script = await create(ann, "ADMIN")
    _, admin = await create(ann, "ADMIN")
    await script.mutate("updateOrganization", "{ organization { id } }", id=works, name="By key")
    await ann.mutate("updateOrganization", "{ organization { id } }", id=works, name="By hand")
    entries = "query E($id: ID) { auditLog(subjectId: $id, first: 2) { nodes { action apiKey actor { email } } } }"
    for reader in (admin, ann):
        listed = (await reader.run(entries, id=works))["auditLog"]["nodes"]
        assert [entry["apiKey"] for entry in listed] == [None, key["prefix"]]
        assert {entry["actor"]["email"] for entry in listed} == {"ann@example.com"}


def test_every_root_field_has_a_scope_or_needs_a_session() -> None:
    fields = {
        f"{kind}.{name}"
        for kind in ("Query", "Mutation", "Subscription")
        for name in schema._schema.type_map[kind].fields  # type: ignore[attr-defined]  # the roots are object types
    }
    missing = sorted(fields - set(SCOPES) - SESSION_ONLY)
    assert missing == [], f"decide in schema/core/scopes.py who may use {missing} with an API key"
    assert SESSION_ONLY.isdisjoint(SCOPES)
    assert sorted((SESSION_ONLY | set(SCOPES)) - fields) == []


def test_each_scope_admits_exactly_its_fields() -> None:
    """Admission precedes variables and resolvers, so that no database is needed."""
    executor = Executor(schema, format_error=format_error, require_viewer=require_viewer, require_scope=require_scope)
    user = Viewer(now_id())
    for name in sorted({*SCOPES, *SESSION_ONLY}):
        kind, _, field = name.partition(".")
        for scopes in ({ApiScope.READ}, {ApiScope.WRITE}, {ApiScope.EXPORT}, {ApiScope.ADMIN}, set(ApiScope), set()):
            viewer = Viewer(user.user_id, scopes=frozenset(scopes))
            context: Any = Context(None, viewer)  # type: ignore[arg-type]  # nothing is run
            prepared = executor.prepare(Request(document(kind, field)), context)
            code = prepared.errors[0]["extensions"]["code"] if isinstance(prepared, Result) else None
            assert code == (None if SCOPES.get(name) in scopes else "FORBIDDEN"), (name, scopes)


def now_id() -> Any:
    return Item(title="x").id


def document(kind: str, name: str) -> str:
    """Return an operation with one root field and a variable for each required argument."""
    field = schema._schema.type_map[kind].fields[name]  # type: ignore[attr-defined]  # the roots are object types
    needed = {key: argument for key, argument in field.args.items() if is_required_argument(argument)}
    declared = ", ".join(f"${key}: {argument.type}" for key, argument in needed.items())
    passed = ", ".join(f"{key}: ${key}" for key in needed)
    selection = " { __typename }" if is_composite_type(get_named_type(field.type)) else ""
    if not needed:
        return f"{kind.lower()} {{ {name}{selection} }}"
    return f"{kind.lower()} Script({declared}) {{ {name}({passed}){selection} }}"


async def test_a_refused_key_changes_nothing_and_is_told_what_it_lacks(app: App) -> None:
    ann = await app.person()
    _, reader = await create(ann, "READ")
    _, writer = await create(ann, "WRITE")
    error = await reader.refused("createItem", **TITLE)
    assert (error["extensions"]["code"], error.get("path")) == ("FORBIDDEN", None)
    assert "needs the scope WRITE, and this API key has READ" in error["message"]
    both = 'mutation { a: createItem(input: {title: "A"}) { item { id } } b: logOutEverywhere { ok } }'
    assert await code_of(writer, both) == "FORBIDDEN"
    hidden = "mutation($no: Boolean = false) { ... on Mutation { ...Many } } fragment Many on Mutation "
    hidden += '{ deleteOrganization(input: {id: "x"}) @skip(if: $no) { deletedId } }'
    assert await code_of(writer, hidden) == "FORBIDDEN"
    assert await code_of(writer, "{ items { totalCount } }") == "FORBIDDEN"
    assert await code_of(writer, "{ __typename __schema { queryType { name } } }") is None
    assert (await reader.run("{ items { totalCount } }"))["items"]["totalCount"] == 0
    for name, arguments in (
        ("createApiKey", {"name": "More", "scopes": ["ADMIN"]}),
        ("changePassword", {"currentPassword": PASSWORD, "newPassword": "another long passphrase"}),
        ("deleteAccount", {"password": PASSWORD}),
        ("logIn", {"email": "ann@example.com", "password": PASSWORD}),
    ):
        _, everything = await create(ann, *ApiScope)
        assert (await everything.refused(name, **arguments))["extensions"]["code"] == "FORBIDDEN"
    assert len(await stored(app)) == 6
    answer = await ann.http.post(
        f"{ann.url}/graphql", json={"query": "{ items { totalCount } }"}, headers=writer.headers
    )
    assert (answer.status_code in (200, 403), answer.json().get("data")) == (True, None)


async def test_nested_secrets_and_downloads_need_their_scope(app: App) -> None:
    ann = await app.person()
    key, reader = await create(ann, "READ")
    _, admin = await create(ann, "READ", "ADMIN")
    for document_ in ("{ me { sessions { id } } }", MINE):
        assert await code_of(reader, document_) == "FORBIDDEN"
        assert await code_of(admin, document_) is None
    node = "query N($id: ID!) { node(id: $id) { id } }"
    assert (await reader.run(node, id=key["id"]))["node"] is None
    assert (await admin.run(node, id=key["id"]))["node"] == {"id": key["id"]}
    sent = {"text": "See the file", "attachments": [None]}
    files = {"attachments.0": ("a.txt", b"Hello")}
    text = await ann.upload("sendMessage", "{ message { id } }", files, **sent)
    link = "query A($id: ID!) { message(id: $id) { attachments { name url } } }"
    _, exporter = await create(ann, "READ", "EXPORT")
    assert await code_of(reader, link, id=text["message"]["id"]) == "FORBIDDEN"
    assert await code_of(exporter, link, id=text["message"]["id"]) is None


async def test_a_superuser_s_key_has_the_rights_of_a_superuser_with_the_scope_admin_only(app: App) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    viewer = await app.viewer(ann)

    def promote(session: Session, is_superuser: bool) -> None:
        session.get(User, viewer.user_id or now_id()).is_superuser = is_superuser

    item = (await bob.mutate("createItem", "{ item { id } }", **TITLE))["item"]["id"]
    await app.backend.database.write(promote, SYSTEM, True)
    _, plain = await create(ann, "READ", "WRITE", "EXPORT")
    _, admin = await create(ann, "READ", "ADMIN")
    read = "query I($id: ID!) { item(id: $id) { title } }"
    assert (await plain.run(read, id=item))["item"] is None
    assert (await admin.run(read, id=item))["item"] == TITLE
    assert await code_of(plain, "{ users { totalCount } }") == "FORBIDDEN"
    root = await app.person("root")
    root_viewer = await app.viewer(root)

    def promote_root(session: Session) -> None:
        session.get(User, root_viewer.user_id or now_id()).is_superuser = True

    await app.backend.database.write(promote_root, SYSTEM)
    me = (await ann.run("{ me { id } }"))["me"]["id"]
    await root.mutate("updateUser", "{ user { id } }", id=me, isSuperuser=False)
    assert await code_of(admin) == "UNAUTHENTICATED"  # it had those rights
    assert await code_of(plain) is None


@pytest.mark.parametrize("way", ["revoked", "expired", "deactivated", "reset", "deleted"])
async def test_an_ended_key_is_refused_at_once(app: App, way: str) -> None:
    ann = await app.person()
    key, script = await create(ann, "READ")
    other, spare = await create(ann, "READ")
    me = (await script.run("{ me { id } }"))["me"]["id"]
    viewer = await app.viewer(ann)

    def change(session: Session) -> None:
        if way == "expired":
            for row in session.scalars(select(ApiKey)):
                row.expires_at = now()
        elif way == "reset":
            api_keys.end_all(session, viewer.user_id or now_id())
        else:
            session.get(User, viewer.user_id or now_id()).deactivated_at = now()

    if way == "revoked":
        payload = await ann.mutate("revokeApiKey", "{ deletedId ok }", id=key["id"])
        assert payload == {"deletedId": key["id"], "ok": True}
        assert [one["id"] for one in (await ann.run(MINE))["me"]["apiKeys"]] == [other["id"]]
    elif way == "deleted":
        await ann.mutate("deleteAccount", "{ __typename }", password=PASSWORD)
    else:
        await app.backend.database.write(change, SYSTEM)
    for document_ in ("{ me { id } }", "{ __typename }"):
        assert await code_of(script, document_) == "UNAUTHENTICATED"
    assert await code_of(spare) == (None if way == "revoked" else "UNAUTHENTICATED")
    assert me


async def test_only_the_whole_key_is_accepted_and_a_wrong_one_tells_nothing(app: App) -> None:
    ann = await app.person()
    key, script = await create(ann, "READ")
    secret = script.token or ""
    messages = set()
    for wrong in (
        secret[:-1],
        secret + "A",
        secret[:-1] + ("A" if secret[-1] != "A" else "B"),
        secret[:17] + secret[17:].swapcase(),
        key["prefix"],
        key["prefix"] + "_" + "A" * 43,
        "sgk_" + "0" * 12 + secret[16:],
        "sgk_",
        "sgk_" + "é" * 12 + "_" + "x" * 43,
        "sgk_' OR 1=1 --",
        secret + "\x00",
        "sgk_" + "A" * 4_000,
    ):
        headers = [(b"Authorization", f"Bearer {wrong}".encode("latin-1", "replace"))]
        answer = await ann.http.post(f"{ann.url}/graphql", json={"query": "{ me { id } }"}, headers=headers)
        (error,) = answer.json()["errors"]
        assert (error["extensions"]["code"], answer.json().get("data")) == ("UNAUTHENTICATED", None), wrong[:20]
        messages.add(error["message"])
    assert messages == {"This API key is unknown, expired or revoked. Create another with createApiKey."}
    assert (await stored(app))[0].last_used_at is None


async def test_a_key_of_another_is_neither_seen_nor_revoked(app: App) -> None:
    ann, eve = await app.person("ann"), await app.person("eve")
    key, script = await create(ann, "READ")
    node = "query N($id: ID!) { node(id: $id) { id } }"
    assert (await eve.run(node, id=key["id"]))["node"] is None
    assert (await eve.refused("revokeApiKey", id=key["id"]))["extensions"]["code"] == "NOT_FOUND"
    await app.organization(ann, eve)
    fellows = "{ organizations(last: 1) { nodes { members { nodes { user { email apiKeys { id } } } } } } }"
    (organization,) = (await eve.run(fellows))["organizations"]["nodes"]
    assert {one["user"]["email"]: one["user"]["apiKeys"] for one in organization["members"]["nodes"]} == {
        "ann@example.com": [],
        "eve@example.com": [],
    }
    assert await code_of(script) is None


async def test_terms_are_checked_and_a_repeated_request_shows_no_secret(app: App) -> None:
    ann = await app.person()
    past = (now() - timedelta(seconds=1)).isoformat()
    for arguments, field in (
        ({"name": " ", "scopes": ["READ"]}, "name"),
        ({"name": "x" * 101, "scopes": ["READ"]}, "name"),
        ({"name": "A", "scopes": []}, "scopes"),
        ({"name": "A", "scopes": ["READ"], "expiresAt": past}, "expiresAt"),
    ):
        error = await ann.refused("createApiKey", **arguments)
        assert [one["field"] for one in error["extensions"]["fieldErrors"]] == [field]
    later = (now() + timedelta(days=1)).isoformat()
    arguments = {"name": "A", "scopes": ["READ"], "expiresAt": later, "idempotencyKey": "k"}
    first, again = [await ann.mutate("createApiKey", KEY, **arguments) for _ in range(2)]
    assert (first["apiKey"], again["secret"]) == (again["apiKey"], None)
    assert first["secret"].startswith(first["apiKey"]["prefix"])
    assert len(await stored(app)) == 1


async def test_a_user_has_fifty_keys_at_most(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_keys, "MAX_KEYS", 3)
    ann, eve = await app.person("ann"), await app.person("eve")
    results = await asyncio.gather(*(create(ann, "READ") for _ in range(5)), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Refused"] * 2 + ["tuple"] * 3
    await create(eve, "READ")
    key = next(result for result in results if isinstance(result, tuple))[0]
    await ann.mutate("revokeApiKey", "{ ok }", id=key["id"])
    await create(ann, "READ")
    assert (await ann.refused("createApiKey", name="A", scopes=["READ"]))["extensions"]["code"] == "CONFLICT"


async def test_a_reading_key_cannot_write_even_past_the_admission(app: App) -> None:
    ann = await app.person()
    viewer = await app.viewer(ann)

    def write(session: Session) -> None:
        session.get(User, session.user_id).first_name = "Changed"

    reading = Viewer(viewer.user_id, scopes=frozenset({ApiScope.READ}))
    with pytest.raises(Forbidden):
        await app.backend.database.write(write, reading)
    assert (await ann.run("{ me { firstName } }"))["me"] == {"firstName": "Ann"}


async def test_streams_of_a_revoked_key_close_and_those_of_another_stay(app: App) -> None:
    follow = "subscription { notifications { id } }"
    async with listening(app) as server:
        ann = Client(server.url, server.http)
        await ann.sign_up("ann@example.com")
        key, script = await create(ann, "READ")
        _, other = await create(ann, "READ")
        _, writer = await create(ann, "WRITE")
        with pytest.raises(Refused) as refused:
            await anext(writer.follow(follow))
        assert refused.value.codes == ["FORBIDDEN"]
        with pytest.raises(Refused) as refused:
            await anext(writer.follow_sse(follow))
        assert refused.value.codes == ["FORBIDDEN"]
        async with script.socket() as socket, other.socket() as staying:
            for one in (socket, staying):
                subscribe = {"id": "1", "type": "subscribe", "payload": {"query": follow}}
                await one.connection.send(json.dumps(subscribe))
            stream = asyncio.create_task(_end_of_stream(script, follow))
            async with asyncio.timeout(5):
                while len(app.product.connections) < 3:
                    await asyncio.sleep(0.01)
                await asyncio.sleep(0.1)
                await ann.mutate("revokeApiKey", "{ ok }", id=key["id"])
                await socket.connection.wait_closed()
                assert await stream == "UNAUTHENTICATED"
            assert (socket.connection.close_code, socket.connection.close_reason) == (
                4401,
                "this API key was revoked: use another",
            )
            run = {"id": "2", "type": "subscribe", "payload": {"query": "{ me { email } }"}}
            await staying.connection.send(json.dumps(run))
            assert json.loads(await staying.connection.recv())["payload"]["data"]["me"]["email"] == "ann@example.com"


async def _end_of_stream(client: Client, document_: str) -> str:
    """Return the code of the error that ends an event stream."""
    try:
        async for _ in client.follow_sse(document_):
            pass
    except Refused as refused:
        return refused.codes[0]
    return "COMPLETE"
