"""A service account and the side of the token exchange that Google plays."""

import json
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

EMAIL = "exports@sheetgpt-test.iam.gserviceaccount.com"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# google-auth names Google's endpoint as the audience wherever `token_uri` points.
AUDIENCE = "https://oauth2.googleapis.com/token"
SCOPES = {"https://www.googleapis.com/auth/spreadsheets", "https://www.googleapis.com/auth/drive.file"}
METADATA = "https://www.googleapis.com/auth/drive.metadata.readonly"


class GrantRefused(Exception):
    """Reasons that the token endpoint gives with 400 `invalid_grant`."""


def service_account_file(directory: Path, base_url: str, **changes: Any) -> Path:
    """Write a key file as Google issues it, for the token endpoint at `base_url`/token."""
    account = {
        "type": "service_account",
        "project_id": "sheetgpt-test",
        "private_key_id": "1",
        "private_key": _private_pem(),
        "client_email": EMAIL,
        "client_id": "100000000000000000001",
        "token_uri": f"{base_url}/token",
        "universe_domain": "googleapis.com",
    }
    path = directory / "service-account.json"
    path.write_text(json.dumps(account | changes), encoding="utf-8")
    return path


def check_grant(body: bytes) -> dict[str, Any]:
    """Return the claims. Raises GrantRefused unless the key signed them for Google, not for long, and in scope."""
    form = {name: values[-1] for name, values in parse_qs(body.decode()).items()}
    if form.get("grant_type") != GRANT:
        raise GrantRefused("Invalid grant_type")
    try:
        claims: dict[str, Any] = jwt.decode(
            form.get("assertion", ""),
            _key().public_key(),
            algorithms=["RS256"],
            audience=AUDIENCE,
            issuer=EMAIL,
            options={"require": ["exp", "iat", "iss", "aud"]},
        )
    except jwt.InvalidTokenError as error:
        raise GrantRefused(str(error)) from error
    if claims["exp"] - claims["iat"] > 3600 or set(claims.get("scope", "").split()) != _scopes(claims):
        raise GrantRefused("Invalid lifetime or scope")
    return claims


def _scopes(claims: dict[str, Any]) -> set[str]:
    return SCOPES if "sub" in claims else SCOPES | {METADATA}


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _private_pem() -> str:
    form = serialization.PrivateFormat.PKCS8
    return _key().private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
