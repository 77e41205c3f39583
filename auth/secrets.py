"""Checks of the server's secret, and a derived key for each purpose."""

import hmac

MIN_BYTES = 32  # bytes; as long as the SHA-256 digests it makes
PLACEHOLDERS = (
    "changeme",
    "change-me",
    "change_me",
    "default",
    "django-insecure",
    "example",
    "insecure",
    "my-secret",
    "my_secret",
    "mysecret",
    "password",
    "placeholder",
    "please",
    "replace",
    "secret",
    "supersecret",
    "super-secret",
    "super_secret",
    "the-secret",
    "todo",
    "your-",
    "your_",
    "yoursecret",
)
HOW_TO = 'make one with: python -c "import secrets; print(secrets.token_urlsafe(48))"'


def require_secret(value: str | None, *, production: bool) -> bytes | None:
    """Return the secret as bytes; None in development when there is none.

    Raises ValueError in production for a secret that is missing, short or easy to guess.
    """
    secret = value.encode() if value else None
    if production and (mistake := _mistake(value or "")):
        raise ValueError(f"SECRET_KEY {mistake}; {HOW_TO}")
    return secret


def _mistake(value: str) -> str | None:
    if not value:
        return "is not set, and production needs one"
    if (size := len(value.encode())) < MIN_BYTES:
        return f"has {size} bytes and needs at least {MIN_BYTES}"
    if value.casefold().lstrip("<[{(\"' ").startswith(PLACEHOLDERS):
        return "is a placeholder that anybody can guess"
    if value in (value + value)[1:-1]:
        return "repeats one short piece over and over"
    return None


def derive_key(secret: bytes, purpose: str) -> bytes:
    """Return 32 bytes for one purpose; signatures of one purpose are invalid for another."""
    return hmac.digest(secret, f"sheetgpt {purpose}".encode(), "sha256")
