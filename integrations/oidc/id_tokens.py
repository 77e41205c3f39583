"""Verification of ID tokens: signature by the provider's published keys, issuer, audience, time and nonce."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from integrations.oidc.failures import refused

ALGORITHMS = {"RS256": "RSA", "ES256": "EC"}  # each with the type of its keys
LEEWAY_SECONDS = 60  # between the clocks of two servers
MAX_TOKEN = 32_768  # characters
MAX_SUBJECT = 255  # characters, as the specification says
# Claims are checked afterwards, all of them by the rules of OpenID Connect.
SIGNATURE_ONLY: Any = {f"verify_{claim}": False for claim in ("exp", "iat", "nbf", "aud", "iss", "sub", "jti")}


class KeyMissing(Exception):
    """No key that was fetched made this signature; the provider may have rotated its keys."""


def verified_claims(token: object, keys: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of a token with a valid signature. Raises OIDCFailure, or KeyMissing."""
    import jwt

    if not isinstance(token, str) or len(token) > MAX_TOKEN:
        raise refused("the answer has no ID token")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise refused("the ID token is malformed") from None
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:  # among them `none`, and HS256 with a public key as its secret
        raise refused("the ID token is not signed with RS256 or ES256")
    for key in _candidates(keys, header):
        try:
            decoded = jwt.decode_complete(token, key, [algorithm], SIGNATURE_ONLY)
        except jwt.InvalidSignatureError:
            continue
        except jwt.PyJWTError:
            raise refused("the ID token is malformed") from None
        return decoded["header"], decoded["payload"]
    raise KeyMissing


def _candidates(keys: Sequence[Mapping[str, Any]], header: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the signing keys that fit the header; all of its algorithm when it names none."""
    from jwt import PyJWK, PyJWTError

    algorithm = header["alg"]
    for key in keys:
        is_named = "kid" not in header or key.get("kid") == header["kid"]
        is_signing = key.get("use", "sig") == "sig" and key.get("alg", algorithm) == algorithm
        if is_named and is_signing and key.get("kty") == ALGORITHMS[algorithm]:
            try:
                yield PyJWK(dict(key), algorithm).key
            except (PyJWTError, ValueError, TypeError):  # a key that this library cannot read signs nothing here
                continue


def checked_claims(
    header: dict[str, Any],
    claims: dict[str, Any],
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: str | None,
) -> dict[str, Any]:
    """Return the claims of a token that this sign-in asked for. Raises OIDCFailure with the name of the wrong claim."""
    from authlib.oidc.core import CodeIDToken
    from joserfc.errors import JoseError

    options: Any = {
        "iss": {"essential": True, "value": issuer},
        "aud": {"essential": True, "value": client_id},
        "nonce": {"essential": True, "value": nonce},
    }
    parameters = {"nonce": nonce, "client_id": client_id, "access_token": access_token}
    checked: Any = CodeIDToken(claims, header, options, parameters)
    try:
        checked.validate(leeway=LEEWAY_SECONDS)
    except (JoseError, TypeError, ValueError) as error:
        name = getattr(error, "claim", None) or getattr(error, "description", None) or type(error).__name__
        raise refused(f"the ID token is not for this sign-in: {name}") from None
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT:
        raise refused("the ID token has no usable subject")
    return claims
