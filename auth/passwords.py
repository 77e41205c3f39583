"""Password rules, and hashing that neither blocks nor floods the server."""

import asyncio
import secrets
import string
import unicodedata
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, ParamSpec, TypeAlias, TypeVar

from errors import BadUserInput, RateLimited
from telemetry import metrics
from telemetry.catalog import LIMITS

if TYPE_CHECKING:
    from passlib.context import CryptContext

MIN_LENGTH, MAX_LENGTH = 8, 256  # characters
MAX_RAW_LENGTH = 4 * MAX_LENGTH  # normalising composes up to four characters into one
SUFFIX_CHARACTERS = string.digits + string.punctuation
MAX_SUFFIX_LENGTH = 4  # dragon2024 is as common as dragon
LEET = str.maketrans("@431!0$57", "aaeiiosst")
BCRYPT_BYTES = 72

P = ParamSpec("P")
R = TypeVar("R")
Cost: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Verified:
    """Result of a check; `rehashed` is set when the hash is correct but outdated and must be replaced."""

    ok: bool
    rehashed: str | None = None


def check_rules(password: str, *, email: str) -> str:
    """Return the normalized password. Raises BadUserInput for the field `password`."""
    if len(password) > MAX_RAW_LENGTH or len(text := unicodedata.normalize("NFKC", password)) > MAX_LENGTH:
        raise _refused(f"Use at most {MAX_LENGTH} characters.")
    if len(text) < MIN_LENGTH:
        raise _refused(f"Use at least {MIN_LENGTH} characters; a few unrelated words are easy to remember.")
    if not _is_text(text):
        raise _refused("Remove the control characters: they cannot be typed at the next sign-in.")
    variants = _variants(text)
    if variants & {email.casefold(), email.rpartition("@")[0].casefold()}:
        raise _refused("Choose a password that is not your e-mail address.")
    if variants & _common_passwords():
        raise _refused("This password is among the most common ones. Choose another, such as a few unrelated words.")
    return text


def _refused(message: str) -> BadUserInput:
    return BadUserInput.of("password", message)


def _is_text(text: str) -> bool:
    return all(unicodedata.category(character) not in ("Cc", "Cs") for character in text)


def _variants(text: str) -> set[str]:
    """Return the password as a guesser tries it: lower-cased, digits as letters, without a short suffix."""
    folded = text.casefold()
    plain = folded.rstrip(SUFFIX_CHARACTERS)
    forms = {folded, plain} if len(folded) - len(plain) <= MAX_SUFFIX_LENGTH else {folded}
    return forms | {form.translate(LEET) for form in forms}


@cache
def _common_passwords() -> frozenset[str]:
    return frozenset(files("auth").joinpath("common_passwords.txt").read_text("utf-8").split())


class PasswordHasher:
    """Argon2id in a few threads: each hash holds `megabytes`, so running and waiting hashes are limited."""

    def __init__(self, *, rounds: int = 2, megabytes: int = 19, threads: int = 4, queue: int = 64) -> None:
        self._cost = rounds, megabytes
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="passwords")
        self._slots = BoundedSemaphore(threads + queue)

    async def hash(self, password: str) -> str:
        """Return the hash of a password that `check_rules` accepted. Raises RateLimited."""
        return await self._run(_hash, self._cost, password)

    async def verify(self, password: str, hashed: str | None) -> Verified:
        """Return the result of comparing a password with a hash. Raises RateLimited.

        For an unknown user `hashed` is None, and for one without a password empty; both take as long as a known one.
        """
        return await self._run(_verify, self._cost, password, hashed)

    def close(self) -> None:
        """Drop waiting hashes; running ones end within milliseconds."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[P, R], *arguments: P.args, **options: P.kwargs) -> R:
        if not self._slots.acquire(blocking=False):
            metrics.count(LIMITS, "passwords")
            raise RateLimited("Too many users are signing in. Try again in a second.", retryAfterMs=1_000)
        try:
            future = self._pool.submit(work, *arguments, **options)
        except BaseException:
            self._slots.release()
            raise
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    def _leave(self, _: Future[R]) -> None:
        self._slots.release()


def _hash(cost: Cost, password: str) -> str:
    return _context(cost).hash(unicodedata.normalize("NFKC", password))


def _verify(cost: Cost, password: str, hashed: str | None) -> Verified:
    context = _context(cost)
    is_possible = len(password) <= MAX_RAW_LENGTH and _is_text(password)
    if not hashed or not is_possible:  # empty for an account that only signs in with a provider
        context.verify("", _dummy(cost))
        return Verified(ok=False)
    secret = unicodedata.normalize("NFKC", password).encode()
    # bcrypt only ever hashed the first 72 bytes; newer versions of the library refuse longer input.
    compared = secret[:BCRYPT_BYTES] if hashed.startswith("$2") else secret
    if not context.verify(compared, hashed):
        return Verified(ok=False)
    is_outdated = context.needs_update(hashed)
    return Verified(ok=True, rehashed=context.hash(secret) if is_outdated else None)


@cache
def _context(cost: Cost) -> "CryptContext":
    """Return the hashes with which passwords are checked, at a cost in rounds and MiB."""
    from passlib.context import CryptContext

    rounds, megabytes = cost
    return CryptContext(
        ["argon2", "bcrypt"],
        deprecated="auto",
        argon2__type="ID",
        argon2__memory_cost=megabytes * 1024,  # KiB
        argon2__time_cost=rounds,
        argon2__parallelism=1,
    )


@cache
def _dummy(cost: Cost) -> str:
    return _context(cost).hash(secrets.token_bytes())
