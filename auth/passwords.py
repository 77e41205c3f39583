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
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from errors import BadUserInput, RateLimited

if TYPE_CHECKING:
    from passlib.context import CryptContext

SHORTEST, LONGEST = 8, 256  # characters
LONGEST_RAW = 4 * LONGEST  # normalising composes up to four characters into one
DECORATION = string.digits + string.punctuation
LONGEST_DECORATION = 4  # dragon2024 is as common as dragon
LEET = str.maketrans("@431!0$57", "aaeiiosst")
BCRYPT_BYTES = 72

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Verified:
    """Result of a check; `rehashed` is set when the hash is correct but outdated and must be replaced."""

    ok: bool
    rehashed: str | None = None


def check_rules(password: str, *, email: str) -> str:
    """Return the normalized password. Raises BadUserInput for the field `password`."""
    if len(password) > LONGEST_RAW or len(text := unicodedata.normalize("NFKC", password)) > LONGEST:
        raise _refused(f"Use at most {LONGEST} characters.")
    if len(text) < SHORTEST:
        raise _refused(f"Use at least {SHORTEST} characters; a few unrelated words are easy to remember.")
    if not _is_text(text):
        raise _refused("Leave out control characters: they cannot be typed again.")
    variants = _variants(text)
    if variants & {email.casefold(), email.rpartition("@")[0].casefold()}:
        raise _refused("Choose a password that is not your e-mail address.")
    if variants & _common_passwords():
        raise _refused("Everybody tries this one first: choose another, such as a few unrelated words.")
    return text


def _refused(message: str) -> BadUserInput:
    return BadUserInput.of("password", message)


def _is_text(text: str) -> bool:
    return all(unicodedata.category(character) not in ("Cc", "Cs") for character in text)


def _variants(text: str) -> set[str]:
    """Return the password as a guesser tries it: lower-cased, digits as letters, without a short suffix."""
    folded = text.casefold()
    plain = folded.rstrip(DECORATION)
    forms = {folded, plain} if len(folded) - len(plain) <= LONGEST_DECORATION else {folded}
    return forms | {form.translate(LEET) for form in forms}


@cache
def _common_passwords() -> frozenset[str]:
    return frozenset(files("auth").joinpath("common_passwords.txt").read_text("utf-8").split())


class PasswordHasher:
    """Argon2id in a few threads: each hash holds 19 MiB, so running and waiting hashes are limited."""

    def __init__(self, *, threads: int = 4, queue: int = 64) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="passwords")
        self._room = BoundedSemaphore(threads + queue)

    async def hash(self, password: str) -> str:
        """Return the hash of a password that `check_rules` accepted. Raises RateLimited."""
        return await self._run(_hash, password)

    async def verify(self, password: str, hashed: str | None) -> Verified:
        """Return the result of comparing a password with a hash. Raises RateLimited.

        For an unknown user `hashed` is None, which takes as long as a known one.
        """
        return await self._run(_verify, password, hashed)

    def close(self) -> None:
        """Drop waiting hashes; running ones end within milliseconds."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[P, R], *arguments: P.args, **options: P.kwargs) -> R:
        if not self._room.acquire(blocking=False):
            raise RateLimited("Too many people are signing in: try again in a second.", retryAfterMs=1_000)
        try:
            future = self._pool.submit(work, *arguments, **options)
        except BaseException:
            self._room.release()
            raise
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    def _leave(self, _: Future[R]) -> None:
        self._room.release()


def _hash(password: str) -> str:
    return _context().hash(unicodedata.normalize("NFKC", password))


def _verify(password: str, hashed: str | None) -> Verified:
    possible = len(password) <= LONGEST_RAW and _is_text(password)
    if hashed is None or not possible:
        _context().verify("", _dummy())
        return Verified(ok=False)
    secret = unicodedata.normalize("NFKC", password).encode()
    # bcrypt itself never looked further, and now refuses to be asked.
    compared = secret[:BCRYPT_BYTES] if hashed.startswith("$2") else secret
    if not _context().verify(compared, hashed):
        return Verified(ok=False)
    outdated = _context().needs_update(hashed)
    return Verified(ok=True, rehashed=_context().hash(secret) if outdated else None)


@cache
def _context() -> "CryptContext":
    from passlib.context import CryptContext

    return CryptContext(
        ["argon2", "bcrypt"],
        deprecated="auto",
        argon2__type="ID",
        argon2__memory_cost=19 * 1024,  # KiB
        argon2__time_cost=2,
        argon2__parallelism=1,
    )


@cache
def _dummy() -> str:
    return _context().hash(secrets.token_bytes())
