"""Changes of an e-mail address: asked for with the password, confirmed from the new one, told to the old one."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from db.core.base import now
from db.core.session import Session
from db.models.users import User
from db.models.verifications import Purpose, Verification
from tests.support.app import App
from tests.support.client import Client, Refused
from tests.support.mailbox import Mailbox, plain_text
from tests.support.world import SYSTEM

PASSWORD = "correct horse battery"
OTHER = "another long passphrase"
pytestmark = pytest.mark.usefixtures("without_pauses")
ME = "{ me { email isEmailVerified } }"


async def ask(client: Client, email: str = "anna@example.com", password: str = PASSWORD) -> str:
    payload = await client.mutate("changeEmail", "{ message }", newEmail=email, password=password)
    return str(payload["message"])


async def confirm(app: App, token: str) -> Any:
    return await app.client().mutate("confirmEmailChange", "{ ok }", token=token)


async def refusal(app: App, token: str) -> str:
    error = await app.client().refused("confirmEmailChange", token=token)
    (field,) = error["extensions"]["fieldErrors"]
    assert (error["extensions"]["code"], field["field"]) == ("BAD_USER_INPUT", "token")
    return str(field["message"])


async def email_of(client: Client) -> str:
    return str((await client.run(ME))["me"]["email"])


async def test_an_address_changes_when_the_new_one_confirms_it_and_the_old_one_is_told(
    app: App, mailbox: Mailbox
) -> None:
    ann = await app.sign_up()
    message = await ask(ann, " Anna@Example.com ")
    assert message == "If anna@example.com has no account, a mail with a token for confirmEmailChange is on its way."
    assert await email_of(ann) == "ann@example.com"
    token = await mailbox.token(3)
    warning, offer = (await mailbox.letters(3))[1:]
    assert (warning["To"], offer["To"]) == ("ann@example.com", "anna@example.com")
    assert "anna@example.com" in plain_text(warning)
    assert token not in plain_text(warning)
    assert await confirm(app, token) == {"ok": True}
    assert (await ann.run(ME))["me"] == {"email": "anna@example.com", "isEmailVerified": True}
    notice = (await mailbox.letters(4))[3]
    assert (notice["To"], notice["Subject"]) == ("ann@example.com", "Your address was changed")
    await app.client().mutate("logIn", "{ user { id } }", email="anna@example.com", password=PASSWORD)
    error = await app.client().refused("logIn", email="ann@example.com", password=PASSWORD)
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    await refusal(app, token)  # it works once
    await app.client().sign_up("ann@example.com")  # the old address is free


async def test_the_password_and_an_address_are_needed(app: App, mailbox: Mailbox) -> None:
    ann = await app.sign_up()
    wrong = {"newEmail": "no address", "password": "wrong password"}
    error = await ann.refused("changeEmail", **wrong)
    assert [item["field"] for item in error["extensions"]["fieldErrors"]] == ["password", "newEmail"]
    error = await ann.refused("changeEmail", newEmail="ANN@example.com", password=PASSWORD)
    assert [item["field"] for item in error["extensions"]["fieldErrors"]] == ["newEmail"]
    assert len(await mailbox.letters(1)) == 1  # that of the sign-up


async def test_an_address_with_an_account_is_answered_alike_and_gets_no_mail(app: App, mailbox: Mailbox) -> None:
    ann, _ = await app.sign_up("ann"), await app.sign_up("bob")
    assert await ask(ann, "bob@example.com") == (await ask(ann, "new@example.com")).replace("new", "bob")
    assert [letter["To"] for letter in (await mailbox.letters(5))[2:]] == [
        "ann@example.com",
        "ann@example.com",
        "new@example.com",
    ]


async def test_an_address_that_is_taken_meanwhile_stays_with_its_account(app: App, mailbox: Mailbox) -> None:
    ann = await app.sign_up()
    await ask(ann)
    token = await mailbox.token(3)
    anna = app.client()
    await anna.sign_up("anna@example.com")
    assert "has an account by now" in await refusal(app, token)
    assert (await email_of(ann), await email_of(anna)) == ("ann@example.com", "anna@example.com")


async def test_a_new_password_another_request_and_time_end_a_request(app: App, mailbox: Mailbox) -> None:
    ann = await app.sign_up()
    await ask(ann)
    first = await mailbox.token(3)
    await ask(ann, "other@example.com")
    second = await mailbox.token(5)
    await refusal(app, first)
    await ann.mutate("changePassword", "{ user { id } }", currentPassword=PASSWORD, newPassword=OTHER)
    await refusal(app, second)
    await ask(ann, password=OTHER)
    third = await mailbox.token(7)

    def expire(session: Session) -> None:
        query = select(Verification).where(Verification.purpose == Purpose.CHANGE_EMAIL)
        for verification in session.scalars(query):
            verification.expires_at = now() - timedelta(seconds=1)

    await app.backend.database.write(expire, SYSTEM)
    await refusal(app, third)
    assert await email_of(ann) == "ann@example.com"


async def test_a_reset_of_the_password_ends_a_request_and_tokens_have_one_purpose(app: App, mailbox: Mailbox) -> None:
    ann = await app.sign_up()
    await ask(ann)
    change = await mailbox.token(3)
    error = await app.client().refused("verifyEmail", token=change)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    error = await app.client().refused("resetPassword", token=change, newPassword=OTHER)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    await app.client().mutate("requestPasswordReset", "{ message }", email="ann@example.com")
    reset = await mailbox.token(4)
    await refusal(app, reset)
    await app.client().mutate("resetPassword", "{ ok }", token=reset, newPassword=OTHER)
    await refusal(app, change)


async def test_mails_to_the_old_address_prove_nothing_after_a_change(app: App, mailbox: Mailbox) -> None:
    ann = await app.sign_up()
    verify = await mailbox.token(1)
    await app.client().mutate("requestPasswordReset", "{ message }", email="ann@example.com")
    reset = await mailbox.token(2)
    await ask(ann)
    await confirm(app, await mailbox.token(4))
    for name, arguments in (("verifyEmail", {}), ("resetPassword", {"newPassword": OTHER})):
        token = verify if name == "verifyEmail" else reset
        error = await app.client().refused(name, token=token, **arguments)
        assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_deactivated_account_keeps_its_address(app: App, mailbox: Mailbox) -> None:
    ann = await app.sign_up()
    await ask(ann)
    token, viewer = await mailbox.token(3), await app.viewer(ann)

    def deactivate(session: Session) -> None:
        assert viewer.user_id is not None
        session.get(User, viewer.user_id).deactivated_at = now()

    await app.backend.database.write(deactivate, SYSTEM)
    await refusal(app, token)
    with pytest.raises(Refused):
        await ask(ann)


async def test_guesses_of_the_password_are_limited(app: App) -> None:
    ann = await app.sign_up()
    codes = [
        (await ann.refused("changeEmail", newEmail="anna@example.com", password="wrong"))["extensions"]["code"]
        for _ in range(11)
    ]
    assert codes[0] == "BAD_USER_INPUT"
    assert codes[-1] == "RATE_LIMITED"
