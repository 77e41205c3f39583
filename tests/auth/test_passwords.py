"""Password rules, and hashing that neither reveals accounts nor floods the server."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable
from importlib.resources import files
from pathlib import Path

import bcrypt
import pytest
from passlib.context import CryptContext

from auth.passwords import PasswordHasher, Verified, check_rules
from errors import BadUserInput, FieldError, RateLimited

pytestmark = pytest.mark.usefixtures("real_hash_cost")

ROOT = Path(__file__).parents[2]
EMAIL = "Ada.Lovelace@example.org"
GOOD = "nine orange lamps"
BCRYPT = bcrypt.hashpw(GOOD.encode(), bcrypt.gensalt(4)).decode()
STORED = {
    "argon2": CryptContext(["argon2"], argon2__memory_cost=64).hash(GOOD),
    "bcrypt": BCRYPT,
    "unknown user": None,
}


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "x7 Kq!2v",
        "Straßenbahn Linie 4",
        "пароль от моего сейфа",
        "密码是很长的一句话",
        "🦆🐌🦔🐝🦋🐞🦎🐙",
        "lovelace and babbage",
        "dragons over Lisbon",
        "dragon48151623",
        " spaces around ",
        "ab" * 128,
    ],
)
def test_a_password_is_accepted_as_it_was_typed(password: str) -> None:
    assert check_rules(password, email=EMAIL) == password


def test_spellings_that_look_alike_are_one_password() -> None:
    composed, decomposed, wide = "café crème noir", "cafe\u0301 cre\u0300me noir", "ｃａｆé crème noir"
    assert {check_rules(text, email=EMAIL) for text in (composed, decomposed, wide)} == {composed}


@pytest.mark.parametrize(
    ("password", "message"),
    [
        pytest.param("", "Use at least 8 characters", id="empty"),
        pytest.param("x7Kq!2v", "Use at least 8 characters", id="seven characters"),
        pytest.param("e\u0301" * 7, "Use at least 8 characters", id="seven characters and their accents"),
        pytest.param("ab" * 128 + "c", "Use at most 256 characters.", id="257 characters"),
        pytest.param("a" * 1_000_000, "Use at most 256 characters.", id="a megabyte"),
        pytest.param("\ufdfa" * 100, "Use at most 256 characters.", id="a ligature of eighteen letters"),
        pytest.param("nine\0orange\0lamps", "Remove the control characters", id="zero bytes"),
        pytest.param("nine orange lamps\n", "Remove the control characters", id="a line end"),
        pytest.param("nine orange \ud800", "Remove the control characters", id="half a character"),
        pytest.param("ada.lovelace@example.org", "not your e-mail address", id="the address"),
        pytest.param("ADA.LOVELACE", "not your e-mail address", id="the name in the address"),
        pytest.param("ada.lovelace1", "not your e-mail address", id="the name and a digit"),
        pytest.param("password", "among the most common", id="the commonest"),
        pytest.param("PassWord", "among the most common", id="in other letters"),
        pytest.param("ｐａｓｓｗｏｒｄ", "among the most common", id="full width"),
        pytest.param("P@ssw0rd!", "among the most common", id="signs for letters"),
        pytest.param("password2024", "among the most common", id="with a year"),
        pytest.param("Dragon123!", "among the most common", id="a short word, decorated"),
        pytest.param("12345678", "among the most common", id="digits in order"),
        pytest.param("qwertyuiop", "among the most common", id="a row of keys"),
        pytest.param("1qaz2wsx", "among the most common", id="columns of keys"),
        pytest.param("aaaaaaaa", "among the most common", id="one letter"),
    ],
)
def test_a_refused_password_says_what_to_do(password: str, message: str) -> None:
    with pytest.raises(BadUserInput, match=message) as refused:
        check_rules(password, email=EMAIL)
    assert refused.value.fields == (FieldError("password", refused.value.message),)


def test_the_common_passwords_are_there_and_all_refused() -> None:
    text = files("auth").joinpath("common_passwords.txt").read_text("utf-8")
    lines = text.splitlines()
    assert lines == sorted(set(lines))
    assert text == "".join(f"{line}\n" for line in text.casefold().split())
    obvious = """password password1 password123 12345678 123456789 1234567890 11111111 87654321 qwertyuiop qwerty123
        iloveyou iloveyou1 letmein123 football1 baseball sunshine1 princess1 admin123 welcome1 trustno1 superman
        1q2w3e4r 1qaz2wsx abcd1234 asdfghjkl michael1 jennifer charlie1 starwars passw0rd changeme test1234"""
    assert set(obvious.split()) <= set(lines)
    long_enough = [line for line in lines if len(line) >= 8]
    assert len(long_enough) > 3000
    for line in long_enough:
        with pytest.raises(BadUserInput):
            check_rules(line.upper(), email=EMAIL)


async def test_a_hash_is_argon2id_with_the_stated_cost_and_a_salt(hasher: PasswordHasher) -> None:
    first, second = await asyncio.gather(hasher.hash(GOOD), hasher.hash(GOOD))
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert await hasher.verify(GOOD, first) == Verified(ok=True)
    assert await hasher.verify(GOOD, second) == Verified(ok=True)


@pytest.mark.parametrize(
    "password",
    [
        GOOD.upper(),
        GOOD + " ",
        "",
        "x" * 1_000_000,
        GOOD + "\0",
        "\ud800",
    ],
    ids=["case", "space", "empty", "megabyte", "zero byte", "half a character"],
)
@pytest.mark.parametrize("scheme", STORED)
async def test_a_wrong_password_is_wrong(hasher: PasswordHasher, password: str, scheme: str) -> None:
    assert await hasher.verify(password, STORED[scheme]) == Verified(ok=False)


async def test_a_password_typed_on_another_keyboard_is_the_same(hasher: PasswordHasher) -> None:
    assert (await hasher.verify("cafe\u0301 noir", await hasher.hash("café noir"))).ok
    assert (await hasher.verify("café noir", await hasher.hash("cafe\u0301 noir"))).ok


@pytest.mark.parametrize(
    "weaker",
    [
        pytest.param(BCRYPT, id="bcrypt"),
        pytest.param(CryptContext(["argon2"], argon2__memory_cost=64).hash(GOOD), id="less memory"),
        pytest.param(CryptContext(["argon2"], argon2__type="I", argon2__memory_cost=19456).hash(GOOD), id="argon2i"),
    ],
)
async def test_an_outdated_hash_is_replaced_when_it_is_verified(hasher: PasswordHasher, weaker: str) -> None:
    verified = await hasher.verify(GOOD, weaker)
    assert verified.ok
    assert verified.rehashed is not None
    assert verified.rehashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await hasher.verify(GOOD, verified.rehashed) == Verified(ok=True)
    assert await hasher.verify("wrong", weaker) == Verified(ok=False)


async def test_a_long_password_of_bcrypt_is_kept_whole_from_then_on(hasher: PasswordHasher) -> None:
    password = "é" * 60
    verified = await hasher.verify(password, bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode())
    assert verified.ok
    assert verified.rehashed is not None
    assert await hasher.verify(password, verified.rehashed) == Verified(ok=True)
    assert await hasher.verify(password[:-1], verified.rehashed) == Verified(ok=False)


async def test_a_broken_hash_is_an_error_and_not_a_wrong_password(hasher: PasswordHasher) -> None:
    with pytest.raises(ValueError, match="hash could not be identified"):
        await hasher.verify(GOOD, "plain text")


async def seconds(work: Awaitable[object]) -> float:
    """Return seconds of CPU time, which a busy machine does not stretch."""
    started = time.process_time()
    await work
    return time.process_time() - started


async def test_an_unknown_user_takes_as_long_as_a_known_one(hasher: PasswordHasher) -> None:
    hashed = await hasher.hash(GOOD)
    await hasher.verify(GOOD, None)
    known, unknown = [], []
    for _ in range(9):
        known.append(await seconds(hasher.verify("wrong one", hashed)))
        unknown.append(await seconds(hasher.verify("wrong one", None)))
    assert 0.7 < min(unknown) / min(known) < 1.4


async def test_a_hash_of_another_cost_is_renewed_and_the_cost_is_in_it() -> None:
    cheap, costly = (PasswordHasher(rounds=rounds, megabytes=rounds * 8) for rounds in (1, 2))
    hashed = await cheap.hash(GOOD)
    assert "$m=8192,t=1,p=1$" in hashed
    assert await cheap.verify(GOOD, hashed) == Verified(ok=True)
    renewed = (await costly.verify(GOOD, hashed)).rehashed
    assert renewed is not None
    assert "$m=16384,t=2,p=1$" in renewed
    assert await costly.verify(GOOD, renewed) == Verified(ok=True)
    for hasher in (cheap, costly):
        hasher.close()


async def test_what_does_not_fit_is_told_to_come_back_and_room_is_made_again() -> None:
    hasher = PasswordHasher(threads=1, queue=2)
    results = await asyncio.gather(*(hasher.hash(GOOD) for _ in range(5)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, RateLimited)]
    assert [type(result) for result in results] == [str, str, str, RateLimited, RateLimited]
    assert {error.details["retryAfterMs"] for error in refused} == {1_000}
    assert await hasher.verify(GOOD, str(results[0])) == Verified(ok=True)
    hasher.close()


async def test_those_who_stop_waiting_leave_their_place_to_others() -> None:
    hasher = PasswordHasher(threads=1, queue=1)
    for _ in range(5):
        first = asyncio.create_task(hasher.hash(GOOD))
        given_up = asyncio.create_task(hasher.hash(GOOD))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.wait([given_up])
        assert given_up.cancelled()
        other = asyncio.create_task(hasher.hash(GOOD))
        assert len({await first, await other}) == 2
    hasher.close()


async def test_others_are_served_while_passwords_are_hashed(hasher: PasswordHasher) -> None:
    hashing = asyncio.gather(*(hasher.hash(GOOD) for _ in range(8)))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 8


async def test_a_closed_hasher_drops_what_waits_and_takes_nothing_new() -> None:
    hasher = PasswordHasher(threads=1, queue=8)
    tasks = [asyncio.create_task(hasher.hash(GOOD)) for _ in range(6)]
    await asyncio.sleep(0)
    hasher.close()
    done, waiting = await asyncio.wait(tasks, timeout=10)
    assert not waiting
    assert sum(task.cancelled() for task in done) >= 4
    with pytest.raises(RuntimeError, match="after shutdown"):
        await hasher.hash(GOOD)


def test_nothing_is_loaded_at_import_and_nothing_warns() -> None:
    script = f"""
import asyncio, sys
from auth import passwords
from auth.passwords import PasswordHasher
assert "passlib" not in sys.modules
async def main():
    hasher = PasswordHasher()
    assert (await hasher.verify("{GOOD}", await hasher.hash("{GOOD}"))).ok
    assert (await hasher.verify("test", "$2a$04$5BJqKfqMQvV7nS.yUguNcueVirQqDBGaLXSqj.rs.pZPlNR0UX/HK")).rehashed
    hasher.close()
asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stderr) == (0, "")
