"""Tokens made by hand, genuine and forged: every forgery that one would try."""

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from auth.secrets import derive_key
from auth.tokens import issue_access, new_refresh

SECRET = b"0123456789abcdef0123456789abcdef"
KEY = derive_key(SECRET, "access token")
NOW = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
AT = int(NOW.timestamp())
USER, SESSION = UUID(int=7), UUID(int=8)
HOUR = timedelta(hours=1)
HEADER = {"alg": "HS256", "typ": "at+jwt"}
CLAIMS: dict[str, Any] = {
    "iss": "sheetgpt",
    "aud": "sheetgpt-api",
    "sub": str(USER),
    "email": "ada@example.org",
    "sid": str(SESSION),
    "jti": "one",
    "iat": AT,
    "exp": AT + 3600,
}


def genuine() -> str:
    return issue_access(SECRET, user_id=USER, email="ada@example.org", session_id=SESSION, lifetime=HOUR, now=NOW)


def segment(content: object) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(header: object, claims: object, key: bytes = KEY, digest: str = "sha256") -> str:
    """Return a token assembled by hand, because libraries refuse to create it."""
    body = f"{segment(header)}.{segment(claims)}"
    return f"{body}.{segment(hmac.digest(key, body.encode(), digest))}"


def with_claims(**changes: object) -> str:
    return signed(HEADER, CLAIMS | changes)


def with_header(**changes: object) -> str:
    return signed(HEADER | changes, CLAIMS)


def without(name: str) -> str:
    return signed(HEADER, {key: value for key, value in CLAIMS.items() if key != name})


rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
public_key = rsa_key.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
body, _, signature = signed(HEADER, CLAIMS).rpartition(".")
other_body = signed(HEADER, CLAIMS | {"sub": str(SESSION)}).rpartition(".")[0]

FORGERIES: Mapping[str, str] = {
    # the algorithm
    "no algorithm and no signature": f"{segment(HEADER | {'alg': 'none'})}.{segment(CLAIMS)}.",
    "no algorithm, in other letters": f"{segment(HEADER | {'alg': 'nOnE'})}.{segment(CLAIMS)}.",
    "no algorithm with a signature": with_header(alg="none"),
    "an empty algorithm": with_header(alg=""),
    "a list of algorithms": with_header(alg=["HS256"]),
    "an object for an algorithm": with_header(alg={}),
    "a null algorithm": with_header(alg=None),
    "an algorithm left out": signed({"typ": "at+jwt"}, CLAIMS),
    "a longer hash": signed(HEADER | {"alg": "HS512"}, CLAIMS, digest="sha512"),
    "another algorithm over a good signature": with_header(alg="RS256"),
    "signed by somebody's RSA key": jwt.encode(CLAIMS, rsa_key, "RS256", headers={"typ": "at+jwt"}),
    "signed with a public key as if it were the secret": signed(HEADER, CLAIMS, key=public_key),
    # the key
    "another secret": signed(HEADER, CLAIMS, key=b"x" * 32),
    "an empty secret": signed(HEADER, CLAIMS, key=b""),
    "the secret itself instead of the key derived from it": signed(HEADER, CLAIMS, key=SECRET),
    "the key of download links": signed(HEADER, CLAIMS, key=derive_key(SECRET, "download link")),
    "a key id that names a file": signed(HEADER | {"kid": "/dev/null"}, CLAIMS, key=b""),
    "a key id that is SQL": signed(HEADER | {"kid": "x' UNION SELECT 'k"}, CLAIMS, key=b"k"),
    "a key id that is a number": with_header(kid=0),
    "a key in the header": signed(HEADER | {"jwk": {"kty": "oct", "k": segment(b"k" * 32)}}, CLAIMS, key=b"k" * 32),
    "a key at an address": signed(HEADER | {"jku": "https://127.0.0.1/keys"}, CLAIMS, key=b"k" * 32),
    # the header
    "an extension that must be understood": with_header(crit=["exp"]),
    "an empty list of extensions": with_header(crit=[]),
    "a detached payload": with_header(b64=False, crit=["b64"]),
    "the type of an ID token": with_header(typ="JWT"),
    "a type in other letters": with_header(typ="AT+JWT"),
    "a type that is no text": with_header(typ=1),
    "no type": signed({"alg": "HS256"}, CLAIMS),
    "a header that is a list": signed([], CLAIMS),
    "a header that is no JSON": signed(b"{", CLAIMS),
    "a header nested deeply": signed(b"[" * 2500, b""),
    "a header with a long number": signed(b"1" * 2500, b""),
    # the payload
    "another payload under a good signature": f"{other_body}.{signature}",
    "a good payload with its signature cut": f"{body}.{signature[:-2]}",
    "a good payload without its signature": f"{body}.",
    "a payload that is a list": signed(HEADER, []),
    "a payload that is text": signed(HEADER, "sub"),
    "a payload that is no JSON": signed(HEADER, b"\xff\xfe"),
    "a payload nested deeply": signed(HEADER, b'{"a":' * 400 + b"1" + b"}" * 400),
    # the claims
    **{f"no {name}": without(name) for name in CLAIMS},
    **{f"a null {name}": with_claims(**{name: None}) for name in CLAIMS},
    **{f"an {name} that is a list": with_claims(**{name: [CLAIMS[name]]}) for name in CLAIMS},
    **{f"an {name} that is an object": with_claims(**{name: {}}) for name in CLAIMS},
    **{f"an {name} that is true": with_claims(**{name: True}) for name in CLAIMS},
    "another issuer": with_claims(iss="https://accounts.google.com"),
    "another audience": with_claims(aud="sheetgpt-web"),
    "ours among several audiences": with_claims(aud=["sheetgpt-api", "other"]),
    "a user that is no id": with_claims(sub="admin"),
    "a session that is no id": with_claims(sid="1 OR 1=1"),
    "issued in the future": with_claims(iat=AT + 62, exp=AT + 3600),
    "not yet valid": with_claims(nbf=AT + 3000),
    "a start that is no number": with_claims(nbf="now"),
    "a start that is null": with_claims(nbf=None),
    "ends in the far future": with_claims(exp=AT + 10 * 365 * 86400),
    "a life just too long": with_claims(exp=AT + 86461),
    "ends after the end of all time": with_claims(exp=10**30, iat=10**30 - 5),
    "ends before it starts": with_claims(exp=AT - 10, iat=AT - 5),
    "ends when it starts": with_claims(exp=AT, iat=AT),
    "an end that is a fraction": with_claims(exp=AT + 3600.5),
    "an end that is text": with_claims(exp=str(AT + 3600)),
    "an end that is infinite": with_claims(exp=float("inf")),
    "an end that is not a number": with_claims(exp=float("nan")),
    # no token at all
    "a refresh token": new_refresh()[0],
    "nothing": "",
    "a space": " ",
    "one dot": ".",
    "two dots": "..",
    "three dots": "...",
    "many dots": "." * 4000,
    "an encrypted token": "a.b.c.d.e",
    "not base64": "!!!.???.***",
    "the word null": "null",
    "a zero byte": genuine() + "\0",
    "a space before": " " + genuine(),
    "a line end after": genuine() + "\n",
    "the scheme with it": f"Bearer {genuine()}",
    "letters beyond ASCII": "ä.ö.ü",
    "half a character": "\ud800.a.b",
    "full-width letters": "".join(chr(ord(c) + 0xFEE0) for c in genuine()),
    "a megabyte": "a" * 1_000_000,
    "a genuine one that is too large": signed(HEADER, CLAIMS | {"email": "a" * 4096}),
}
