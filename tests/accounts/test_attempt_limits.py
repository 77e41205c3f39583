"""Limits on attempts to log in, sign up, renew tokens and reset passwords."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from auth import limits
from auth.limits import Action, Attempts, Rates, network
from errors import RateLimited
from settings.settings import Settings
from tests.support.app import App, open_app
from tests.support.client import Client, Refused

PASSWORD = "correct horse battery"
TOKENS = "{ session { accessToken refreshToken } }"


@asynccontextmanager
async def limited(url: str, directory: Path, **rates: str) -> AsyncIterator[App]:
    async with open_app(url, directory, **rates) as app:
        yield app


async def attempt(client: Client, name: str, **arguments: Any) -> str:
    """Return the error code of an attempt, or an empty text if it passes the limit."""
    try:
        await client.mutate(name, "{ __typename }", **arguments)
    except Refused as refused:
        (error,) = refused.errors
        if error["extensions"]["code"] == "RATE_LIMITED":
            assert 0 < error["extensions"]["retryAfterMs"] <= 3_600_000
            assert error["message"].startswith("Too many attempts: the limit is ")
        return refused.codes[0]
    return ""


async def test_an_account_is_tried_ten_times_wherever_from_and_others_are_not_held_up(
    database_url: str, tmp_path: Path
) -> None:
    async with limited(database_url, tmp_path, log_in_limit_account="3 per 15 minutes") as app:
        await app.person("ann")
        await app.person("bob")
        client = app.client()
        arguments = {"email": "ann@example.com", "password": "not her password"}
        codes = [await attempt(client, "logIn", **arguments) for _ in range(5)]
        assert codes == ["UNAUTHENTICATED"] * 3 + ["RATE_LIMITED"] * 2
        assert await attempt(client, "logIn", email=" ANN@example.com", password=PASSWORD) == "RATE_LIMITED"
        assert await attempt(client, "logIn", email="bob@example.com", password=PASSWORD) == ""
        unknown = {"email": "eve@example.com", "password": "whatever it is"}
        assert [await attempt(client, "logIn", **unknown) for _ in range(4)] == codes[:4]


async def test_an_address_is_held_up_whomever_it_tries(database_url: str, tmp_path: Path) -> None:
    async with limited(database_url, tmp_path, log_in_limit_address="3 per minute") as app:
        codes = [
            await attempt(app.client(), "logIn", email=f"{number}@example.com", password="whatever it is")
            for number in range(4)
        ]
        assert codes == ["UNAUTHENTICATED"] * 3 + ["RATE_LIMITED"]


async def test_aliases_and_requests_at_once_count_each(database_url: str, tmp_path: Path) -> None:
    async with limited(database_url, tmp_path, log_in_limit_account="3 per 15 minutes") as app:
        await app.person("ann")
        log_in = 'logIn(input: {email: "ann@example.com", password: "not her password"}) { user { id } }'
        document = "mutation { " + " ".join(f"a{number}: {log_in}" for number in range(5)) + " }"
        body = {"query": document}
        errors = (await app.client().http.post("http://site/graphql", json=body)).json()["errors"]
        # One mutation that fails ends the operation: the payloads cannot be null.
        first = [error["extensions"]["code"] for error in errors]
        assert set(first) == {"UNAUTHENTICATED"}
        rest = await asyncio.gather(
            *(attempt(app.client(), "logIn", email="ann@example.com", password=PASSWORD) for _ in range(5))
        )
        assert rest.count("RATE_LIMITED") >= 3
        assert len(first) + rest.count("") <= 3


async def test_guessing_the_old_password_counts_like_logging_in(database_url: str, tmp_path: Path) -> None:
    async with limited(database_url, tmp_path, log_in_limit_account="2 per 15 minutes") as app:
        ann = await app.person("ann")
        arguments = {"currentPassword": "not her password", "newPassword": "another long passphrase"}
        codes = [await attempt(ann, "changePassword", **arguments) for _ in range(3)]
        assert codes == ["BAD_USER_INPUT"] * 2 + ["RATE_LIMITED"]
        assert await attempt(app.client(), "logIn", email="ann@example.com", password=PASSWORD) == "RATE_LIMITED"


async def test_signing_up_is_limited_by_account_and_by_address(database_url: str, tmp_path: Path) -> None:
    rates = {"sign_up_limit_account": "2 per hour", "sign_up_limit_address": "4 per hour"}
    async with limited(database_url, tmp_path, **rates) as app:
        client = app.client()
        codes = [await attempt(client, "signUp", email="ann@example.com", password=PASSWORD) for _ in range(3)]
        assert codes == ["", "CONFLICT", "RATE_LIMITED"]
        codes = [await attempt(client, "signUp", email=f"{n}@example.com", password=PASSWORD) for n in range(2)]
        assert codes == ["", "RATE_LIMITED"]


async def test_renewing_is_limited_by_account_and_by_address(database_url: str, tmp_path: Path) -> None:
    rates = {"refresh_limit_account": "2 per minute", "refresh_limit_address": "4 per minute"}
    async with limited(database_url, tmp_path, **rates) as app:
        client = app.client()
        session = (await client.sign_up("ann@example.com"))["session"]
        for _ in range(2):
            session = (await client.mutate("refreshSession", TOKENS, refreshToken=session["refreshToken"]))["session"]
        assert await attempt(client, "refreshSession", refreshToken=session["refreshToken"]) == "RATE_LIMITED"
        codes = [await attempt(client, "refreshSession", refreshToken="never given out") for _ in range(2)]
        assert codes == ["UNAUTHENTICATED", "RATE_LIMITED"]
        client.token = session["accessToken"]
        assert (await client.run("{ me { email } }"))["me"] == {"email": "ann@example.com"}


async def test_resets_are_limited_alike_for_known_and_unknown_accounts(database_url: str, tmp_path: Path) -> None:
    rates = {"reset_limit_account": "2 per hour", "reset_limit_address": "6 per hour"}
    async with limited(database_url, tmp_path, **rates) as app:
        await app.person("ann")
        for email in ("ann@example.com", "eve@example.com"):
            codes = [await attempt(app.client(), "requestPasswordReset", email=email) for _ in range(3)]
            assert codes == ["", "", "RATE_LIMITED"]
        arguments = {"token": "never given out", "newPassword": "another long passphrase"}
        assert await attempt(app.client(), "resetPassword", **arguments) == "RATE_LIMITED"
        assert await attempt(app.client(), "verifyEmail", token="never given out") == "RATE_LIMITED"


async def test_attempts_outside_the_window_are_forgotten() -> None:
    attempts = Attempts({Action.LOG_IN: Rates("1 per second", "100 per second")})
    await attempts.count(Action.LOG_IN, "192.0.2.1", "ann")
    with pytest.raises(RateLimited, match="Wait a second and try again") as caught:
        await attempts.count(Action.LOG_IN, "192.0.2.2", "ann")
    await asyncio.sleep(caught.value.details["retryAfterMs"] / 1000 + 0.02)
    await attempts.count(Action.LOG_IN, "192.0.2.1", "ann")


async def test_an_address_that_is_held_up_uses_no_attempts_of_an_account() -> None:
    attempts = Attempts({Action.LOG_IN: Rates("2 per hour", "1 per hour")})
    await attempts.count(Action.LOG_IN, "192.0.2.1", "ann")
    for _ in range(3):
        with pytest.raises(RateLimited, match="Wait 60 minutes"):
            await attempts.count(Action.LOG_IN, "192.0.2.1", "ann")
    await attempts.count(Action.LOG_IN, "192.0.2.2", "ann")


async def test_counting_stays_quick_with_many_addresses() -> None:
    attempts = Attempts({Action.LOG_IN: Rates("10 per minute", "10 per minute")})
    started = time.perf_counter()
    for number in range(2_000):
        await attempts.count(Action.LOG_IN, f"10.0.{number // 256}.{number % 256}", str(number))
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    ("address", "whom"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
        (None, ""),
    ],
)
def test_an_address_stands_for_itself_or_its_network(address: str | None, whom: str) -> None:
    assert network(address) == whom


@pytest.mark.parametrize("rate", ["", "0 per hour", "off", "10", "10 per fortnight", "-1 per hour", "10 per 0 hours"])
def test_a_limit_cannot_be_turned_off(rate: str) -> None:
    arguments: dict[str, Any] = {"log_in_limit_account": rate}
    with pytest.raises(ValidationError, match="log_in_limit_account"):
        Settings(_env_file=None, **arguments)


def test_waiting_times_are_given_in_readable_units() -> None:
    words = [limits.in_words(milliseconds) for milliseconds in (1, 1_000, 1_001, 59_500, 60_001, 899_000)]
    assert words == ["a second", "a second", "2 seconds", "a minute", "2 minutes", "15 minutes"]
