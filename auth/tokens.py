"""Access tokens, which carry their claims and are verified without a query, and opaque refresh tokens."""

import hashlib
import hmac
import secrets as randomness
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import jwt
from jwt.types import Options

from auth.secrets import derive_key
from errors import Unauthenticated

ALGORITHM = "HS256"
ISSUER = "sheetgpt"
AUDIENCE = "sheetgpt-api"
TYPE = "at+jwt"  # RFC 9068
MAX_LIFETIME = timedelta(hours=24)
LEEWAY = timedelta(seconds=60)  # between the clocks of two servers
MAX_LENGTH = 4096  # characters
NOT_VALID = "The access token is not valid: call logIn, or refreshSession with your refresh token."
EXPIRED = "The access token has expired: leave it out and call refreshSession with your refresh token, or logIn."
# Times are checked here, against the caller's clock.
OPTIONS: Options = {
    "require": ["sub", "email", "iat", "exp", "jti", "sid", "iss", "aud"],
    "strict_aud": True,
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}


@dataclass(frozen=True)
class Claims:
    """Claims of an access token; `expires_at` is in UTC."""

    user_id: UUID
    email: str
    session_id: UUID
    expires_at: datetime
    token_id: str


def issue_access(
    secret: bytes, *, user_id: UUID, email: str, session_id: UUID, lifetime: timedelta, now: datetime
) -> str:
    """Return a token of a session, valid for whole seconds. Raises ValueError for an invalid lifetime."""
    if not timedelta(0) < lifetime <= MAX_LIFETIME:
        raise ValueError(f"an access token lives up to {MAX_LIFETIME}, not {lifetime}")
    issued = int(now.timestamp())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(user_id),
        "email": email,
        "sid": str(session_id),
        "jti": randomness.token_urlsafe(16),
        "iat": issued,
        "exp": issued + int(lifetime.total_seconds()),
    }
    return jwt.encode(claims, _key(secret), ALGORITHM, headers={"typ": TYPE})


def read_access(secrets: Sequence[bytes], token: str, *, now: datetime) -> Claims:
    """Return the claims of a token signed with any of `secrets`. Raises Unauthenticated."""
    claims, start = _verified(tuple(secrets), token)
    if start > (now + LEEWAY).timestamp():
        raise Unauthenticated(NOT_VALID)
    if claims.expires_at <= now:
        raise Unauthenticated(EXPIRED)
    return claims


@lru_cache(maxsize=2048)  # a client sends the same token with each request; lru_cache stores no failures
def _verified(secrets: tuple[bytes, ...], token: str) -> tuple[Claims, int]:
    """Return the payload and its start in seconds since 1970; the expiry is checked by the caller."""
    claims = _signed_claims(secrets, token)
    try:
        start, expires = _times(claims)
        return _read(claims, expires), start
    except (ValueError, TypeError, OverflowError) as error:
        raise Unauthenticated(NOT_VALID) from error


def _signed_claims(secrets: Sequence[bytes], token: str) -> Mapping[str, Any]:
    if len(token) > MAX_LENGTH or not token.isascii():
        raise Unauthenticated(NOT_VALID)
    for secret in secrets:
        try:
            decoded = jwt.decode_complete(token, _key(secret), [ALGORITHM], OPTIONS, audience=AUDIENCE, issuer=ISSUER)
        except jwt.InvalidSignatureError:
            continue
        except jwt.PyJWTError as error:
            raise Unauthenticated(NOT_VALID) from error
        if decoded["header"].get("typ") != TYPE:
            raise Unauthenticated(NOT_VALID)
        claims: Mapping[str, Any] = decoded["payload"]
        return claims
    raise Unauthenticated(NOT_VALID)


def _times(claims: Mapping[str, Any]) -> tuple[int, int]:
    """Return start and end in seconds since 1970. Raises ValueError for a lifetime that is never issued."""
    issued, expires, start = (_seconds(claims.get(name, 0)) for name in ("iat", "exp", "nbf"))
    if not 0 < expires - issued <= (MAX_LIFETIME + LEEWAY).total_seconds():
        raise ValueError("no token is issued with this lifetime")
    return max(issued, start), expires


def _seconds(value: object) -> int:
    if type(value) is not int:  # bool is an int too
        raise TypeError("times are whole seconds")
    return value


def _read(claims: Mapping[str, Any], expires: int) -> Claims:
    email, token_id = claims["email"], claims["jti"]
    if not isinstance(email, str):
        raise TypeError("the e-mail address is text")
    expires_at = datetime.fromtimestamp(
        max(expires, 0), UTC
    )  # a negative time has expired, and some platforms refuse it
    return Claims(_uuid(claims["sub"]), email, _uuid(claims["sid"]), expires_at, token_id)


def _uuid(value: object) -> UUID:
    if not isinstance(value, str):
        raise TypeError("ids are text")
    return UUID(value)


def _key(secret: bytes) -> bytes:
    return derive_key(secret, "access token")


def new_refresh() -> tuple[str, bytes]:
    """Return a refresh token of 256 random bits and the digest to store."""
    token = randomness.token_urlsafe(32)
    return token, refresh_digest(token)


def successors_of(secrets: Sequence[bytes], token: str) -> list[str]:
    """Return the refresh token that follows another one, by each secret, the present one first.

    It is derived and not stored, so that a client that asks twice gets it twice. Without the secret it cannot be
    guessed from its predecessor.
    """
    old = token.encode("utf-8", "surrogatepass")
    digests = [hmac.digest(derive_key(secret, "refresh successor"), old, "sha256") for secret in secrets]
    return [urlsafe_b64encode(digest).decode().rstrip("=") for digest in digests]


def refresh_digest(token: str) -> bytes:
    """Return a digest of 32 bytes. A plain hash is enough, because 256 random bits cannot be guessed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
