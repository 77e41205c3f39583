"""Sessions: login, logout, token rotation and the rights of a token."""

import asyncio
import logging
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from auth.tokens import issue_access, refresh_digest
from db.core.base import now
from db.core.prepared import Prepared
from db.core.session import Session
from db.models.sessions import RefreshToken, SignIn
from db.models.users import User
from resolvers.core.ids import decode
from tests.support.app import SECRET, App, open_app
from tests.support.client import Client, Refused
from tests.support.world import SYSTEM
from transport.core.logs import JSONFormatter

PASSWORD = "correct horse battery"
TOKENS = "{ session { accessToken refreshToken expiresIn tokenType } }"

every_user: Prepared[User] = Prepared(select(User).order_by(User.id))
every_sign_in: Prepared[SignIn] = Prepared(select(SignIn).order_by(SignIn.id))
every_token: Prepared[RefreshToken] = Prepared(select(RefreshToken).order_by(RefreshToken.id))


async def code_of_me(client: Client) -> str:
    """Return the error code of the query `me`."""
    with pytest.raises(Refused) as caught:
        await client.run("{ me { id } }")
    (code,) = caught.value.codes
    return code


async def test_an_unknown_address_and_a_wrong_password_get_one_answer_in_one_time(app: App) -> None:
    ann = await app.person()

    async def attempt(email: str) -> tuple[dict[str, Any], float]:
        started = time.process_time()  # of all threads: other processes do not disturb it
        error = await app.client().refused("logIn", email=email, password="not her password")
        error["extensions"].pop("requestId")
        return error, time.process_time() - started

    await attempt("warm@example.com")
    tries = [(await attempt("ann@example.com"), await attempt("eve@example.com")) for _ in range(7)]
    assert all(known[0] == unknown[0] for known, unknown in tries)
    known = tries[0][0]
    assert (await attempt("a\0b"))[0] == known[0]
    assert known[0]["message"] == "The e-mail address or the password is wrong."
    assert known[0]["extensions"]["code"] == "UNAUTHENTICATED"
    quickest = [min(each[n][1] for each in tries) for n in (0, 1)]
    assert max(quickest) < 1.5 * min(quickest), quickest
    assert len((await ann.run("{ me { sessions { id } } }"))["me"]["sessions"]) == 1


async def test_a_refresh_token_works_once_and_then_its_successor(app: App) -> None:
    ann = app.client()
    first = (await ann.sign_up("ann@example.com"))["session"]
    second = (await ann.mutate("refreshSession", TOKENS, refreshToken=first["refreshToken"]))["session"]
    third = (await ann.mutate("refreshSession", TOKENS, refreshToken=second["refreshToken"]))["session"]
    assert len({session["refreshToken"] for session in (first, second, third)}) == 3
    for session in (first, second, third):
        ann.token = session["accessToken"]
        assert (await ann.run("{ me { email } }"))["me"] == {"email": "ann@example.com"}
    assert len(await app.backend.database.read(every_sign_in, SYSTEM)) == 1


async def test_a_used_refresh_token_that_comes_back_ends_the_session(app: App) -> None:
    ann = app.client()
    first = (await ann.sign_up("ann@example.com"))["session"]
    other = app.client()
    logged = await other.mutate("logIn", TOKENS, email="ann@example.com", password=PASSWORD)
    second = (await ann.mutate("refreshSession", TOKENS, refreshToken=first["refreshToken"]))["session"]
    thief = app.client()
    thief.user_agent = "other"
    error = await thief.refused("refreshSession", refreshToken=first["refreshToken"])
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    message = "This refresh token was used before, so its session was ended for safety. Log in again."
    assert error["message"] == message
    for session in (first, second):
        ann.token = session["accessToken"]
        assert await code_of_me(ann) == "UNAUTHENTICATED"
        error = await app.client().refused("refreshSession", refreshToken=session["refreshToken"])
        assert error["extensions"]["code"] == "UNAUTHENTICATED"
    other.token = logged["session"]["accessToken"]
    assert (await other.run("{ me { email } }"))["me"] == {"email": "ann@example.com"}
    ended, standing = await app.backend.database.read(every_sign_in, SYSTEM)
    assert (ended.revoked_at is not None, standing.revoked_at) == (True, None)


async def test_of_ten_refreshes_at_once_all_get_the_same_successor(app: App) -> None:
    ann = app.client()
    token = (await ann.sign_up("ann@example.com"))["session"]["refreshToken"]
    answers = await asyncio.gather(
        *(app.client().mutate("refreshSession", TOKENS, refreshToken=token) for _ in range(10))
    )
    sessions = [answer["session"] for answer in answers]
    assert len({session["refreshToken"] for session in sessions}) == 1
    for session in sessions:
        ann.token = session["accessToken"]
        assert (await ann.run("{ me { email } }"))["me"] == {"email": "ann@example.com"}
    stored = await app.backend.database.read(every_token, SYSTEM)
    assert [row.used_at is None for row in stored] == [False, True]
    assert {token, sessions[0]["refreshToken"]}.isdisjoint(map(repr, stored))
    follower = (await ann.mutate("refreshSession", TOKENS, refreshToken=sessions[0]["refreshToken"]))["session"]
    assert follower["refreshToken"] != sessions[0]["refreshToken"]


async def age(app: App, seconds: float) -> None:
    """Move the first use of each refresh token into the past."""

    def unit(session: Session) -> None:
        for token in session.scalars(select(RefreshToken).where(RefreshToken.used_at.is_not(None))):
            assert token.used_at is not None
            token.used_at -= timedelta(seconds=seconds)

    await app.backend.database.write(unit, SYSTEM)


@pytest.mark.parametrize(("seconds", "agent", "passes"), [(8, "a", True), (11, "a", False), (0, "b", False)])
async def test_a_repeated_refresh_is_answered_for_ten_seconds_to_the_same_client(
    app: App, seconds: float, agent: str, passes: bool
) -> None:
    ann, again = app.client(), app.client()
    ann.user_agent, again.user_agent = "a", agent
    token = (await ann.sign_up("ann@example.com"))["session"]["refreshToken"]
    first = (await ann.mutate("refreshSession", TOKENS, refreshToken=token))["session"]
    await age(app, seconds)
    if passes:
        repeated = (await again.mutate("refreshSession", TOKENS, refreshToken=token))["session"]
        assert repeated["refreshToken"] == first["refreshToken"]
    else:
        assert (await again.refused("refreshSession", refreshToken=token))["extensions"]["code"] == "UNAUTHENTICATED"
    (sign_in,) = await app.backend.database.read(every_sign_in, SYSTEM)
    assert (sign_in.revoked_at is None) is passes


async def test_a_refresh_that_is_repeated_after_log_out_is_refused(app: App) -> None:
    ann = await app.person()
    token = (await ann.mutate("logIn", TOKENS, email="ann@example.com", password=PASSWORD))["session"]["refreshToken"]
    fresh = (await ann.mutate("refreshSession", TOKENS, refreshToken=token))["session"]
    await ann.mutate("logOut", "{ ok }", refreshToken=fresh["refreshToken"])
    error = await ann.refused("refreshSession", refreshToken=token)
    assert error["message"] == "This refresh token is invalid or has expired. Log in again."


async def test_the_successor_stays_the_same_when_the_secret_key_is_changed(database_url: str, tmp_path: Path) -> None:
    async with open_app(database_url, tmp_path) as app:
        token = (await app.client().sign_up("ann@example.com"))["session"]["refreshToken"]
        first = (await app.client().mutate("refreshSession", TOKENS, refreshToken=token))["session"]
    settings = {"secret_key": "another secret that is long enough to sign with", "secret_keys_previous": SECRET}
    async with open_app(database_url, tmp_path, **settings) as app:
        again = (await app.client().mutate("refreshSession", TOKENS, refreshToken=token))["session"]
        assert again["refreshToken"] == first["refreshToken"]
        third = (await app.client().mutate("refreshSession", TOKENS, refreshToken=again["refreshToken"]))["session"]
        assert third["refreshToken"] != again["refreshToken"]


@pytest.mark.parametrize("authorization", ["Bearer nonsense", "Basic YTpi", "Bearer", "Bearer a.b.c"])
async def test_a_refresh_ignores_a_bad_access_token_and_nothing_else_does(app: App, authorization: str) -> None:
    ann = app.client()
    token = (await ann.sign_up("ann@example.com"))["session"]["refreshToken"]
    refresh = "mutation R($token: String!) { refreshSession(input: {refreshToken: $token}) { session { accessToken } } "

    async def answer(document: str) -> dict[str, Any]:
        body = {"query": document, "variables": {"token": token}}
        headers = {"Authorization": authorization}
        answered: dict[str, Any] = (await ann.http.post(f"{ann.url}/graphql", json=body, headers=headers)).json()
        return answered

    for refused in (
        refresh + "logOutEverywhere { ok } }",
        refresh + "__typename }",
        refresh + "... on Mutation { logOutEverywhere { ok } } }",
        "query Q($token: String) { me { id } serverInfo { version } a: __type(name: $token) { name } }",
        refresh + "nonsense }",
        "{",
    ):
        errors = (await answer(refused))["errors"]
        assert [error["extensions"]["code"] for error in errors] == ["UNAUTHENTICATED"], refused
    assert len(await app.backend.database.read(every_token, SYSTEM)) == 1
    ann.token = (await answer(refresh + "}"))["data"]["refreshSession"]["session"]["accessToken"]
    assert (await ann.run("{ me { email } }"))["me"] == {"email": "ann@example.com"}


async def test_logging_out_ends_the_session_at_once(app: App) -> None:
    ann = app.client()
    session = (await ann.sign_up("ann@example.com"))["session"]
    assert await ann.run("mutation { logOut { ok } }") == {"logOut": {"ok": True}}
    assert await code_of_me(ann) == "UNAUTHENTICATED"
    with pytest.raises(Refused) as caught:
        await ann.run("mutation { logOut { ok } }")
    assert caught.value.codes == ["UNAUTHENTICATED"]
    error = await app.client().refused("refreshSession", refreshToken=session["refreshToken"])
    assert error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_logging_out_by_the_refresh_token_needs_no_access_token(app: App) -> None:
    ann = app.client()
    session = (await ann.sign_up("ann@example.com"))["session"]
    assert await app.client().mutate("logOut", "{ ok }", refreshToken=session["refreshToken"]) == {"ok": True}
    assert await code_of_me(ann) == "UNAUTHENTICATED"
    error = await app.client().refused("logOut", refreshToken="never given out")
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    with pytest.raises(Refused) as caught:
        await app.client().run("mutation { logOut(input: {}) { ok } }")
    assert caught.value.codes == ["UNAUTHENTICATED"]


async def test_sessions_are_listed_to_their_owner(app: App) -> None:
    ann = app.client()
    ann.http.headers["user-agent"] = "first device " + "x" * 400
    await ann.sign_up("ann@example.com")
    ann.http.headers["user-agent"] = "second device"
    second = app.client()
    second.token = (await second.mutate("logIn", TOKENS, email="ann@example.com", password=PASSWORD))["session"][
        "accessToken"
    ]
    query = "{ me { id sessions { id userAgent ipAddress isCurrent createdAt lastUsedAt } } }"
    sessions = (await second.run(query))["me"]["sessions"]
    assert [(s["userAgent"], s["ipAddress"], s["isCurrent"]) for s in sessions] == [
        ("second device", "127.0.0.1", True),
        ("first device " + "x" * 287, "127.0.0.1", False),
    ]
    assert all(s["createdAt"][:16] <= s["lastUsedAt"][:16] for s in sessions)
    await ann.run("mutation { logOut { ok } }")
    assert [s["id"] for s in (await second.run(query))["me"]["sessions"]] == [sessions[0]["id"]]


async def test_only_digests_and_hashes_are_kept(app: App) -> None:
    ann = app.client()
    session = (await ann.sign_up("ann@example.com"))["session"]
    database = app.backend.database
    (token,) = await database.read(every_token, SYSTEM)
    assert bytes(token.digest) == refresh_digest(session["refreshToken"])
    (user,) = await database.read(every_user, SYSTEM)
    assert user.password_hash.startswith("$argon2id$")
    (sign_in,) = await database.read(every_sign_in, SYSTEM)
    records: list[Any] = [token, user, sign_in]
    stored = repr([tuple(record) for record in records])
    for secret in (PASSWORD, session["refreshToken"], session["accessToken"]):
        assert secret not in stored


async def test_an_invalid_token_is_refused_for_every_operation(app: App) -> None:
    ann = app.client()
    signed = await ann.sign_up("ann@example.com")
    good = signed["session"]["accessToken"]
    (sign_in,) = await app.backend.database.read(every_sign_in, SYSTEM)
    decoded = decode(signed["user"]["id"])
    assert decoded is not None

    def forged(secret: str = SECRET, user_id: UUID = decoded[1], session_id: UUID = sign_in.id, ago: int = 0) -> str:
        moment, life = now() - timedelta(minutes=ago), timedelta(minutes=30)
        email = "ann@example.com"
        return issue_access(
            secret.encode(), user_id=user_id, email=email, session_id=session_id, lifetime=life, now=moment
        )

    ann.token = forged()
    assert (await ann.run("{ me { email } }"))["me"] == {"email": "ann@example.com"}
    for bad in (
        "nonsense",
        good[:-2],
        forged(secret="a secret of somebody else that is long enough"),
        forged(user_id=uuid4()),
        forged(session_id=uuid4()),
        forged(ago=31),
        forged(ago=-5),
    ):
        ann.token = bad
        for query in ("{ me { id } }", "{ serverInfo { message } }"):
            with pytest.raises(Refused) as caught:
                await ann.run(query)
            assert caught.value.codes == ["UNAUTHENTICATED"], bad
    for header in ("Basic YTpi", "Bearer", good, "Bearer é"):
        answer = await ann.http.post(
            "http://site/graphql", json={"query": "{ me { id } }"}, headers={b"Authorization": header.encode()}
        )
        assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["UNAUTHENTICATED"], header


async def test_the_refresh_token_ages_while_it_is_not_used(app: App) -> None:
    ann = app.client()
    token = (await ann.sign_up("ann@example.com"))["session"]["refreshToken"]
    (before,) = await app.backend.database.read(every_sign_in, SYSTEM)
    assert timedelta(days=29, hours=23) < before.expires_at - now() <= timedelta(days=30)

    def age(session: Session) -> None:
        session.get(SignIn, before.id).expires_at = now() - timedelta(seconds=1)

    await app.backend.database.write(age, SYSTEM)
    error = await app.client().refused("refreshSession", refreshToken=token)
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert (await ann.run("{ me { sessions { id } } }"))["me"]["sessions"] == []


async def test_no_secret_is_in_the_logs(database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with open_app(database_url, tmp_path) as app:
        ann = app.client()
        session = (await ann.sign_up("ann@example.com"))["session"]
        await app.client().refused("logIn", email="ann@example.com", password="a guess that fails")
        again = (await ann.mutate("refreshSession", TOKENS, refreshToken=session["refreshToken"]))["session"]
        ann.user_agent = "elsewhere"
        await ann.refused("refreshSession", refreshToken=session["refreshToken"])
        await code_of_me(ann)
    written = "\n".join(JSONFormatter().format(record) for record in caplog.records if record.name != "asyncio")
    assert '"operation":"SignUp"' in written
    secrets = [PASSWORD, "a guess that fails", SECRET, *session.values(), *again.values()]
    assert [secret for secret in secrets if isinstance(secret, str) and secret != "Bearer" and secret in written] == []
