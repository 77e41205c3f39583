"""Accounts: password changes and resets, verification of addresses, names and superuser rights."""

import asyncio
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from auth.viewer import Viewer
from db.accounts import verifications
from db.core.base import now
from db.core.engine import Database
from db.core.prepared import Prepared
from db.core.session import Session
from db.jobs import jobs
from db.models.jobs import Job, JobStatus
from db.models.sessions import SessionEnd, SignIn
from db.models.users import GRANTED_COLUMNS, User
from db.models.verifications import Verification
from errors import Forbidden
from resolvers.core.ids import decode
from tests.support.app import App
from tests.support.client import Client, Refused
from tests.support.mailbox import Mailbox, every_mail
from tests.support.units import personal_organization
from tests.support.world import SYSTEM, World

PASSWORD = "correct horse battery"
OTHER = "another long passphrase"
TOKENS = "{ session { accessToken refreshToken } }"
VERIFIED = "{ me { isEmailVerified } }"
REQUESTED = "If an account with this address exists, a mail with a link to reset its password is on its way."

every_sign_in: Prepared[SignIn] = Prepared(select(SignIn).order_by(SignIn.id))
every_verification: Prepared[Verification] = Prepared(select(Verification).order_by(Verification.id))


async def can_log_in(app: App, password: str) -> bool:
    try:
        await app.client().mutate("logIn", "{ user { id } }", email="ann@example.com", password=password)
    except Refused as refused:
        if refused.codes != ["UNAUTHENTICATED"]:
            raise
        return False
    return True


def field_of(error: dict[str, Any]) -> str:
    (field,) = error["extensions"]["fieldErrors"]
    return str(field["field"])


async def test_only_the_changed_password_is_accepted(app: App) -> None:
    ann = await app.sign_up()
    await app.client().mutate("logIn", TOKENS, email="ann@example.com", password=PASSWORD)
    arguments = {"currentPassword": PASSWORD, "newPassword": OTHER}
    assert await ann.mutate("changePassword", "{ user { email } }", **arguments) == {
        "user": {"email": "ann@example.com"}
    }
    assert (await can_log_in(app, PASSWORD), await can_log_in(app, OTHER)) == (False, True)
    stored, ended, _ = await app.backend.database.read(every_sign_in, SYSTEM)
    assert (stored.revoked_at, ended.ending) == (None, SessionEnd.PASSWORD_CHANGED)


async def test_a_password_is_not_changed_without_the_old_one_or_to_a_bad_one(app: App) -> None:
    ann = await app.sign_up()
    for current, new, field in (
        ("not her password", OTHER, "currentPassword"),
        ("", OTHER, "currentPassword"),
        (PASSWORD, "short", "newPassword"),
        (PASSWORD, "password2024", "newPassword"),
        (PASSWORD, "ann@example.com", "newPassword"),
    ):
        error = await ann.refused("changePassword", currentPassword=current, newPassword=new)
        assert (error["extensions"]["code"], field_of(error)) == ("BAD_USER_INPUT", field)
    error = await app.client().refused("changePassword", currentPassword=PASSWORD, newPassword=OTHER)
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert await can_log_in(app, PASSWORD)


async def test_a_forgotten_password_is_reset_with_the_mailed_token(app: App, mailbox: Mailbox) -> None:
    ann = await app.sign_up()
    nobody = app.client()
    assert await nobody.mutate("requestPasswordReset", "{ message }", email=" ANN@example.com ") == {
        "message": REQUESTED
    }
    letter = (await mailbox.letters(2))[-1]
    assert (letter["To"], letter["Subject"]) == ("ann@example.com", "Choose a new password")
    token = await mailbox.token(2)
    for password in ("short", "ann@example.com"):
        assert field_of(await nobody.refused("resetPassword", token=token, newPassword=password)) == "newPassword"
    assert await nobody.mutate("resetPassword", "{ ok }", token=token, newPassword=OTHER) == {"ok": True}
    assert (await can_log_in(app, PASSWORD), await can_log_in(app, OTHER)) == (False, True)
    with pytest.raises(Refused) as caught:
        await ann.run("{ me { id } }")
    assert caught.value.codes == ["UNAUTHENTICATED"]
    again = await nobody.refused("resetPassword", token=token, newPassword="a third long passphrase")
    assert (field_of(again), again["message"]) == ("token", verifications.REFUSAL_MESSAGE)
    assert await can_log_in(app, OTHER)


async def test_a_token_works_for_one_of_concurrent_requests(app: App, mailbox: Mailbox) -> None:
    await app.sign_up()
    await app.client().mutate("requestPasswordReset", "{ message }", email="ann@example.com")
    token = await mailbox.token(2)
    passwords = [f"{OTHER} number {number}" for number in range(5)]
    results = await asyncio.gather(
        *(app.client().mutate("resetPassword", "{ ok }", token=token, newPassword=p) for p in passwords),
        return_exceptions=True,
    )
    (won,) = [password for password, result in zip(passwords, results, strict=True) if isinstance(result, dict)]
    assert [password for password in passwords if await can_log_in(app, password)] == [won]


async def test_a_token_that_is_old_replaced_or_for_something_else_is_refused(app: App, mailbox: Mailbox) -> None:
    ann = await app.sign_up()
    verifying = await mailbox.token(1)
    await app.client().mutate("requestPasswordReset", "{ message }", email="ann@example.com")
    first = await mailbox.token(2)
    await app.client().mutate("requestPasswordReset", "{ message }", email="ann@example.com")
    second = await mailbox.token(3)
    database = app.backend.database

    async def refused(token: str) -> None:
        error = await app.client().refused("resetPassword", token=token, newPassword=OTHER)
        assert (field_of(error), error["message"]) == ("token", verifications.REFUSAL_MESSAGE)

    for token in (first, verifying, "", "never given out", "é" * 50_000):
        await refused(token)
    assert field_of(await app.client().refused("verifyEmail", token=second)) == "token"
    (newest,) = [v for v in await database.read(every_verification, SYSTEM) if v.purpose == "RESET_PASSWORD"]

    def age(session: Session) -> None:
        session.get(Verification, newest.id).expires_at = now() - timedelta(seconds=1)

    await database.write(age, SYSTEM)
    await refused(second)
    assert await can_log_in(app, PASSWORD)
    assert (await ann.run("{ me { email } }"))["me"] == {"email": "ann@example.com"}


async def test_asking_for_a_reset_does_not_tell_whether_there_is_an_account(app: App, mailbox: Mailbox) -> None:
    await app.sign_up()
    await app.sign_up("bob")

    def deactivate(session: Session) -> None:
        user = session.scalars(select(User).where(User.email == "bob@example.com")).one()
        user.deactivated_at = now()

    await app.backend.database.write(deactivate, SYSTEM)

    async def ask(email: str) -> tuple[dict[str, Any], float]:
        started = time.perf_counter()
        answer = await app.client().mutate("requestPasswordReset", "{ message }", email=email)
        return answer, time.perf_counter() - started

    requested = [
        await ask(email) for email in ("ann@example.com", "eve@example.com", "bob@example.com", "no\0 address")
    ]
    assert [answer for answer, _ in requested] == [{"message": REQUESTED}] * 4
    quickest, slowest = min(took for _, took in requested), max(took for _, took in requested)
    assert quickest >= 0.3
    assert slowest - quickest < 0.15
    assert [letter["To"] for letter in await mailbox.letters(3)] == [
        "ann@example.com",
        "bob@example.com",
        "ann@example.com",
    ]


async def test_an_address_is_verified_with_the_token_mailed_at_sign_up(app: App, mailbox: Mailbox) -> None:
    ann = await app.sign_up()
    assert (await ann.run(VERIFIED))["me"] == {"isEmailVerified": False}
    token = await mailbox.token(1)
    assert await app.client().mutate("verifyEmail", "{ ok }", token=token) == {"ok": True}
    assert (await ann.run(VERIFIED))["me"] == {"isEmailVerified": True}
    assert field_of(await app.client().refused("verifyEmail", token=token)) == "token"
    with pytest.raises(Refused) as caught:
        await ann.run("mutation { requestEmailVerification { message } }")
    assert caught.value.codes == ["CONFLICT"]


async def test_another_mail_to_verify_an_address_makes_the_first_one_worthless(app: App, mailbox: Mailbox) -> None:
    ann = await app.sign_up()
    first = await mailbox.token(1)
    requested = await ann.run("mutation { requestEmailVerification { message } }")
    assert requested["requestEmailVerification"] == {"message": "A mail is on its way to ann@example.com."}
    second = await mailbox.token(2)
    assert field_of(await app.client().refused("verifyEmail", token=first)) == "token"
    assert await app.client().mutate("verifyEmail", "{ ok }", token=second) == {"ok": True}


async def test_only_digests_of_mailed_tokens_are_stored(app: App, mailbox: Mailbox) -> None:
    await app.sign_up()
    await app.client().mutate("requestPasswordReset", "{ message }", email="ann@example.com")
    tokens = [await mailbox.token(2)]
    database = app.backend.database
    records: list[Any] = [*await database.read(every_verification, SYSTEM), *await database.read(every_mail, SYSTEM)]
    assert len(records) == 4
    stored = repr([tuple(record) for record in records])
    assert [token for token in tokens if token in stored] == []


async def test_names_are_changed_one_by_one(app: App) -> None:
    ann = await app.sign_up()
    selection = "{ user { firstName lastName name } }"
    assert (await ann.mutate("updateProfile", selection, firstName="  Anna "))["user"] == {
        "firstName": "Anna",
        "lastName": "Lee",
        "name": "Anna Lee",
    }
    assert (await ann.mutate("updateProfile", selection, lastName="", firstName=None))["user"]["name"] == "Anna"
    for name, value in (("firstName", "x" * 101), ("lastName", "a\0")):
        assert field_of(await ann.refused("updateProfile", **{name: value})) == name
    assert (await app.client().refused("updateProfile", firstName="Eve"))["extensions"]["code"] == "UNAUTHENTICATED"
    assert (await ann.run("{ me { name } }"))["me"] == {"name": "Anna"}


async def test_rights_are_a_superuser_s_to_give(app: App) -> None:
    ann, eve = await app.sign_up(), await app.sign_up("eve")
    id_ = (await ann.run("{ me { id } }"))["me"]["id"]
    changes: list[dict[str, Any]] = [{"isSuperuser": True}, {"isActive": False}, {"isActive": True}, {}]
    for change in changes:
        assert (await eve.refused("updateUser", id=id_, **change))["extensions"]["code"] == "NOT_FOUND"
        assert (await ann.refused("updateUser", id=id_, **change))["extensions"]["code"] == "FORBIDDEN"
        error = await app.client().refused("updateUser", id=id_, **change)
        assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert (await ann.run("{ me { isSuperuser isActive } }"))["me"] == {"isSuperuser": False, "isActive": True}


async def test_a_superuser_does_not_lock_themselves_out(app: App) -> None:
    root = await superuser(app)
    id_ = (await root.run("{ me { id } }"))["me"]["id"]
    for change in ({"isSuperuser": False}, {"isActive": False}):
        assert (await root.refused("updateUser", id=id_, **change))["extensions"]["code"] == "CONFLICT"
    assert (await root.run("{ me { isSuperuser } }"))["me"] == {"isSuperuser": True}
    assert (await root.refused("updateUser", id="nonsense"))["extensions"]["code"] == "NOT_FOUND"


async def superuser(app: App) -> Client:
    client = await app.sign_up("root")
    viewer = await app.viewer(client)

    def grant(session: Session) -> None:
        assert viewer.user_id is not None
        session.get(User, viewer.user_id).is_superuser = True

    await app.backend.database.write(grant, SYSTEM)
    return client


@pytest.mark.parametrize("column", GRANTED_COLUMNS)
async def test_the_data_layer_refuses_to_grant_oneself_rights(database: Database, world: World, column: str) -> None:
    ann = await world.person("ann")
    value = {"email": "root@example.com", "deactivated_at": now()}.get(column, True)

    def grab(session: Session) -> None:
        assert ann.user_id is not None
        user = session.get_for_update(User, ann.user_id)
        user.first_name = "Anna"
        setattr(user, column, value)

    with pytest.raises(Forbidden):
        await database.write(grab, ann)
    assert ann.user_id is not None
    result = await database.find(User, SYSTEM, ann.user_id)
    assert result is not None
    assert (result.first_name, result.email, result.is_superuser, result.is_email_verified, result.deactivated_at) == (
        "Ann",
        "ann@example.com",
        False,
        False,
        None,
    )
    await database.write(grab, SYSTEM)
    changed = await database.find(User, SYSTEM, ann.user_id)
    assert changed is not None
    assert getattr(changed, column) == value


async def test_a_deactivated_user_is_refused_everything(database: Database, world: World) -> None:
    ann = await world.person("ann")

    def enqueue(session: Session) -> UUID:
        return jobs.enqueue(
            session, "work", personal_organization(session), token="secret", where={"token": "secret", "to": "x"}
        ).id

    def deactivate(session: Session) -> None:
        assert ann.user_id is not None
        session.get(User, ann.user_id).deactivated_at = now()

    id_ = await database.write(enqueue, ann)
    await database.write(deactivate, SYSTEM)
    assert await database.write(jobs.claim, SYSTEM, id_) is None
    job = await database.find(Job, SYSTEM, id_)
    assert job is not None
    assert (job.status, job.error_code, job.arguments) == (
        JobStatus.FAILED,
        "NOT_FOUND",
        {"where": {"to": "x"}, "lost_secrets": True},
    )


async def test_an_invitation_is_accepted_with_the_mailed_token(app: App, mailbox: Mailbox) -> None:
    ann, bob = await app.sign_up(), await app.sign_up("bob")
    created = await ann.mutate("createOrganization", "{ organization { id } }", name="Bees & Co")
    id_ = created["organization"]["id"]
    await ann.mutate("inviteMember", "{ __typename }", organizationId=id_, email="bob@example.com", role="MEMBER")
    letter = (await mailbox.letters(3))[-1]
    assert (letter["To"], letter["Subject"]) == ("bob@example.com", "Ann Lee invites you to Bees & Co")
    token = await mailbox.token(3)
    await bob.mutate("acceptInvitation", "{ __typename }", token=token)
    joined = await bob.run("{ organizations { nodes { name } } }")
    assert [node["name"] for node in joined["organizations"]["nodes"]].count("Bees & Co") == 1


async def test_the_data_layer_refuses_to_read_or_create_tokens(app: App, mailbox: Mailbox) -> None:
    ann = await app.sign_up()
    viewer = await app.viewer(ann)
    database = app.backend.database
    await mailbox.letters(1)
    assert await database.read(every_verification, viewer) == []

    def forge(session: Session, as_: Viewer) -> None:
        assert as_.user_id is not None
        until = now() + timedelta(hours=1)
        session.add(
            Verification(
                user_id=as_.user_id, purpose="RESET_PASSWORD", email="a@b.de", digest=b"x" * 32, expires_at=until
            )
        )

    with pytest.raises(Forbidden):
        await database.write(forge, viewer, viewer)


async def test_a_session_has_an_id_and_its_last_use_moves_with_each_refresh(app: App) -> None:
    ann = app.client()
    ann.http.headers["user-agent"] = "a telephone"
    token = (await ann.sign_up("ann@example.com"))["session"]["refreshToken"]
    query = "{ me { sessions { id userAgent ipAddress createdAt lastUsedAt isCurrent } } }"
    (before,) = (await ann.run(query))["me"]["sessions"]
    decoded = decode(before["id"])
    assert decoded is not None
    assert decoded[0] == "Session"
    assert (before["userAgent"], before["ipAddress"], before["isCurrent"]) == ("a telephone", "127.0.0.1", True)
    await ann.mutate("refreshSession", TOKENS, refreshToken=token)
    (after,) = (await ann.run(query))["me"]["sessions"]
    assert after["lastUsedAt"] > before["lastUsedAt"]
    assert {**after, "lastUsedAt": None} == {**before, "lastUsedAt": None}


async def test_only_one_s_own_sessions_are_revoked(app: App) -> None:
    ann, eve = await app.sign_up(), await app.sign_up("eve")
    (session,) = (await ann.run("{ me { sessions { id } } }"))["me"]["sessions"]
    user = (await ann.run("{ me { id } }"))["me"]["id"]
    for id_ in (session["id"], user, "nonsense"):
        assert (await eve.refused("revokeSession", id=id_))["extensions"]["code"] == "NOT_FOUND"
    assert (await app.client().refused("revokeSession", id=session["id"]))["extensions"]["code"] == "UNAUTHENTICATED"
    assert (await ann.run("{ me { email } }"))["me"] == {"email": "ann@example.com"}
    assert await ann.run("query N($id: ID!) { node(id: $id) { id } }", id=session["id"]) == {"node": None}
    assert await ann.mutate("revokeSession", "{ ok }", id=session["id"]) == {"ok": True}
    with pytest.raises(Refused):
        await ann.run("{ me { email } }")
