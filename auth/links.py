"""Links that open something without signing in: signed paths that expire, and share tokens."""

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from auth.secrets import derive_key
from errors import Forbidden

NOT_VALID = "This link is not valid: ask for a new link, and copy the whole of it."
EXPIRED = "This link has expired: ask for a new link."
SECONDS = re.compile(r"[1-9][0-9]{0,11}", re.ASCII)


def sign(secret: bytes, path: str, *, expires_at: datetime) -> str:
    """Return `path?expires=…&signature=…`, valid until `expires_at`, in whole seconds.

    Raises ValueError unless the path is plain and absolute: the signature covers no query.
    """
    if not path.startswith("/") or "?" in path or "#" in path:
        raise ValueError(f"a path such as /exports/1 can be signed, not {path!r}")
    expires = str(int(expires_at.timestamp()))
    return f"{path}?expires={expires}&signature={_signature(secret, path, expires).decode()}"


def verify(secrets: Sequence[bytes], path: str, expires: str | None, signature: str | None, *, now: datetime) -> None:
    """Raise Forbidden unless one of `secrets` signed this path and it has not expired.

    `path` is spelled as for `sign`; `expires` and `signature` are taken from the query.
    """
    if not expires or not signature or not SECONDS.fullmatch(expires):
        raise Forbidden(NOT_VALID)
    received = signature.encode("utf-8", "surrogatepass")
    if not any(hmac.compare_digest(received, _signature(secret, path, expires)) for secret in secrets):
        raise Forbidden(NOT_VALID)
    if int(expires) <= now.timestamp():
        raise Forbidden(EXPIRED)


def _signature(secret: bytes, path: str, expires: str) -> bytes:
    message = f"{expires}\n{path}".encode("utf-8", "surrogatepass")
    digest = hmac.digest(derive_key(secret, "download link"), message, "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=")


def share_token(secret: bytes, id_: UUID) -> str:
    """Return the token of a share link: 43 characters that do not reveal the id, the same at each call."""
    digest = hmac.digest(derive_key(secret, "shared link"), id_.bytes, "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def share_digest(token: str) -> bytes:
    """Return the digest under which a token is stored."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
