"""Users: sign-up, the query `me`, and operations that need an account."""

import asyncio
import json

import pytest
from sqlalchemy import select

from db.core.prepared import Prepared
from db.models.users import User
from tests.support.app import App
from tests.support.client import Refused
from tests.support.world import SYSTEM

PASSWORD = "correct horse battery"
SIGNED_UP = "{ user { id email } session { accessToken refreshToken } }"
FOLLOWING = "subscription F($id: ID!) { replyStream(messageId: $id) { __typename } }"

every_user: Prepared[User] = Prepared(select(User).order_by(User.id))


async def users(app: App) -> list[str]:
    return [user.email for user in await app.backend.database.read(every_user, SYSTEM)]


async def test_signing_up_signs_in(app: App) -> None:
    ann = app.client()
    assert await ann.run("{ me { id } }") == {"me": None}
    signed = await ann.sign_up("ann@example.com")
    assert signed["user"] == {"id": signed["user"]["id"], "email": "ann@example.com", "name": "Ann Lee"}
    assert signed["message"] == "Welcome, Ann Lee: you are signed in."
    assert (signed["session"]["tokenType"], signed["session"]["expiresIn"]) == ("Bearer", 1800)
    me = (
        await ann.run(
            "{ me { id email firstName lastName name isSuperuser isEmailVerified isActive createdBy { id } memberships"
            " { totalCount nodes { role status user { email } organization { name isPersonal myRole } } } } }"
        )
    )["me"]
    assert me == {
        "id": signed["user"]["id"],
        "email": "ann@example.com",
        "firstName": "Ann",
        "lastName": "Lee",
        "name": "Ann Lee",
        "isSuperuser": False,
        "isEmailVerified": False,
        "isActive": True,
        "createdBy": None,
        "memberships": {
            "totalCount": 1,
            "nodes": [
                {
                    "role": "ADMIN",
                    "status": "ACTIVE",
                    "user": {"email": "ann@example.com"},
                    "organization": {"name": "Ann Lee", "isPersonal": True, "myRole": "ADMIN"},
                }
            ],
        },
    }


async def test_a_user_without_a_name_is_shown_by_address(app: App) -> None:
    signed = await app.client().mutate("signUp", "{ user { name } }", email="ann.lee@example.com", password=PASSWORD)
    assert signed["user"]["name"] == "ann.lee"


async def test_an_address_is_the_same_in_any_case_and_with_spaces_around_it(app: App) -> None:
    signed = await app.client().mutate("signUp", SIGNED_UP, email="  Ann@Example.COM ", password=PASSWORD)
    assert signed["user"]["email"] == "ann@example.com"
    logged = await app.client().mutate("logIn", SIGNED_UP, email="\tANN@example.com\n", password=PASSWORD)
    assert logged["user"] == signed["user"]
    error = await app.client().refused("signUp", email="aNN@example.com", password=PASSWORD)
    assert error["extensions"]["code"] == "CONFLICT"


@pytest.mark.parametrize("email", ["", "ann", "ann@", "@example.com", "a b@example.com", "a\0@example.com", "a@b@c.de"])
async def test_an_invalid_address_is_refused_with_its_field(app: App, email: str) -> None:
    error = await app.client().refused("signUp", email=email, password=PASSWORD)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    (mistake,) = error["extensions"]["fieldErrors"]
    assert mistake["field"] == "email"
    assert mistake["message"].startswith("This is not a valid e-mail address. ")
    assert mistake["message"].endswith(" Write it as name@example.com.")
    assert await users(app) == []


@pytest.mark.parametrize(
    ("password", "message"),
    [
        ("short", "Use at least 8 characters; a few unrelated words are easy to remember."),
        ("x" * 257, "Use at most 256 characters."),
        ("password2024", "This password is among the most common ones. Choose another, such as a few unrelated words."),
        ("Ann@Example.com", "Choose a password that is not your e-mail address."),
        ("correct\0horse", "Remove the control characters: they cannot be typed at the next sign-in."),
    ],
)
async def test_a_bad_password_is_refused_under_its_field(app: App, password: str, message: str) -> None:
    error = await app.client().refused("signUp", email="ann@example.com", password=password)
    assert error["extensions"]["fieldErrors"] == [{"field": "password", "message": message}]
    assert password not in json.dumps(error)
    assert await users(app) == []


async def test_names_have_a_limit(app: App) -> None:
    for name, value in (("firstName", "x" * 101), ("lastName", "a\0")):
        error = await app.client().refused("signUp", email="ann@example.com", password=PASSWORD, **{name: value})
        assert [field["field"] for field in error["extensions"]["fieldErrors"]] == [name]
    assert await users(app) == []


async def test_an_address_has_one_account_also_when_two_come_at_once(app: App) -> None:
    results = await asyncio.gather(*(app.client().sign_up("ann@example.com") for _ in range(6)), return_exceptions=True)
    refusals = [result for result in results if isinstance(result, Refused)]
    assert [refusal.codes for refusal in refusals] == [["CONFLICT"]] * 5
    assert "Log in instead" in str(refusals[0])
    assert await users(app) == ["ann@example.com"]


async def test_an_idempotency_key_returns_the_account_only_with_its_password(app: App) -> None:
    arguments = {"email": "ann@example.com", "password": PASSWORD, "idempotencyKey": "once"}
    created = await asyncio.gather(*(app.client().mutate("signUp", SIGNED_UP, **arguments) for _ in range(5)))
    created.append(await app.client().mutate("signUp", SIGNED_UP, **arguments))
    assert len({payload["user"]["id"] for payload in created}) == 1
    assert await users(app) == ["ann@example.com"]
    for payload in created:
        client = app.client()
        client.token = payload["session"]["accessToken"]
        assert (await client.run("{ me { email } }"))["me"]["email"] == "ann@example.com"
    for other in ({"password": "another long password"}, {"idempotencyKey": "twice"}, {"idempotencyKey": None}):
        assert (await app.client().refused("signUp", **(arguments | other)))["extensions"]["code"] == "CONFLICT"
    error = await app.client().refused("signUp", **(arguments | {"idempotencyKey": "a\0b"}))
    assert [field["field"] for field in error["extensions"]["fieldErrors"]] == ["idempotencyKey"]


async def test_a_stranger_sees_neither_a_person_nor_their_sessions(app: App) -> None:
    ann, eve = await app.person("ann"), await app.person("eve")
    id_ = (await ann.run("{ me { id } }"))["me"]["id"]
    query = "query Of($id: ID!) { user(id: $id) { email } node(id: $id) { id } }"
    assert await eve.run(query, id=id_) == {"user": None, "node": None}
    assert await ann.run(query, id=id_) == {"user": {"email": "ann@example.com"}, "node": {"id": id_}}


async def test_without_a_token_me_is_null(app: App) -> None:
    nobody = app.client()
    assert await nobody.run("{ me { id } serverInfo { message } health { status } }") == {
        "me": None,
        "serverInfo": {"message": "API is running"},
        "health": {"status": "healthy"},
    }
    for query in ("{ conversations { totalCount } }", "{ organizations { totalCount } }"):
        with pytest.raises(Refused) as caught:
            await nobody.run(query)
        assert caught.value.codes == ["UNAUTHENTICATED"]
        assert "logIn" in str(caught.value)


async def test_other_operations_require_a_sign_in(app: App) -> None:
    ann, nobody = await app.person(), app.client()
    text = await ann.mutate("sendMessage", "{ conversation { id } reply { id } }", text="a,b\n1,2", wait=True)
    conversation, reply = text["conversation"]["id"], text["reply"]["id"]
    for name, arguments in (
        ("createConversation", {}),
        ("updateConversation", {"id": conversation, "title": "Mine"}),
        ("sendMessage", {"text": "Hello"}),
        ("stopReply", {"messageId": reply}),
    ):
        assert (await nobody.refused(name, **arguments))["extensions"]["code"] == "UNAUTHENTICATED", name
    with pytest.raises(Refused) as caught:
        await nobody.run("query C($id: ID!) { conversation(id: $id) { title } }", id=conversation)
    assert caught.value.codes == ["UNAUTHENTICATED"]
    with pytest.raises(Refused) as caught:
        async for _ in app.follow(
            nobody, "subscription F($id: ID!) { replyStream(messageId: $id) { __typename } }", id=reply
        ):
            pass
    assert caught.value.codes == ["UNAUTHENTICATED"]
    assert await ann.run("{ conversations { totalCount nodes { title } } }") == {
        "conversations": {"totalCount": 1, "nodes": [{"title": "a, b"}]}
    }
