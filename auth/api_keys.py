"""API keys for scripts: their scopes, their format and the digest that is stored of them."""

import hashlib
import hmac
import re
import secrets as randomness
import string
from dataclasses import dataclass
from enum import StrEnum

KEY = re.compile(r"(sgk_[A-Za-z0-9]{12})_[A-Za-z0-9_-]{43}", re.ASCII)
START = "sgk_"
_LETTERS = string.ascii_letters + string.digits


class ApiScope(StrEnum):
    """Permission of an API key, within what its user may do."""

    READ = "READ"
    WRITE = "WRITE"
    EXPORT = "EXPORT"
    ADMIN = "ADMIN"


@dataclass(frozen=True)
class NewApiKey:
    """Created key: the secret to show once, and the parts to store."""

    secret: str
    prefix: str
    digest: bytes


def new_api_key() -> NewApiKey:
    """Return a key of 256 random bits behind a public prefix, by which people and the database find it."""
    prefix = START + "".join(randomness.choice(_LETTERS) for _ in range(12))
    secret = f"{prefix}_{randomness.token_urlsafe(32)}"
    return NewApiKey(secret, prefix, _digest(secret))


def is_api_key(token: str) -> bool:
    """Return True for a text that is meant as an API key, whether or not it is a valid one."""
    return token.startswith(START)


def prefix_of(secret: str) -> str | None:
    """Return the prefix of a well-formed key, None for any other text."""
    match = KEY.fullmatch(secret)
    return match[1] if match else None


def matches(secret: str, digest: bytes) -> bool:
    """Return True if the digest is that of the secret; takes the same time wherever they differ."""
    return hmac.compare_digest(_digest(secret), digest)


def _digest(secret: str) -> bytes:
    # A fast hash is right here: 256 random bits cannot be guessed, so that slowness would only tax each request.
    return hashlib.sha256(secret.encode()).digest()
