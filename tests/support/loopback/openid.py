"""OpenID Connect provider on 127.0.0.1, which can also misbehave in each way that a client must notice."""

import hmac
import json
import secrets
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tests.support.loopback.http_server import QuietHandler, loopback_server

CLIENT_ID, CLIENT_SECRET = "sheetgpt-at-loopback", "secret-of-the-loopback-client"
ANN = {
    "sub": "subject-of-ann",
    "email": "ann@example.com",
    "email_verified": True,
    "given_name": "Ann",
    "family_name": "Lee",
}


@cache
def rsa_key(number: int) -> rsa.RSAPrivateKey:
    """Return one of a few keys, which take a tenth of a second to make."""
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


@cache
def ec_key(number: int) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class LoopbackOpenID:
    """State of a provider; `calls` names the requests in order.

    `changes` replace claims of ID tokens, and remove those that are None. `algorithm` is that of their signatures,
    also `none` and `HS256`; `key_number` is the key that signs, `published` those that clients get. `metadata` replaces
    parts of the configuration, and `answer` parts of what a browser brings back.
    """

    issuer: str = ""
    person: dict[str, Any] = field(default_factory=lambda: dict(ANN))
    changes: dict[str, Any] = field(default_factory=dict)
    algorithm: str = "RS256"
    key_number: int = 1
    published: list[int] = field(default_factory=lambda: [1])
    metadata: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, str | None] = field(default_factory=dict)
    user_info: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    calls: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)
    are_codes_reusable: bool = False

    def config(self, key: str = "loopback", **more: Any) -> dict[str, Any]:
        """Return the provider as an entry of OIDC_PROVIDERS."""
        client = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        return {"key": key, "name": key.title(), "issuer": self.issuer, **client, **more}

    def rotate(self) -> None:
        """Sign with a new key from now on, and publish it alone."""
        self.key_number += 1
        self.published = [self.key_number]

    def configuration(self) -> dict[str, Any]:
        endpoints = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "jwks_uri": "keys",
            "userinfo_endpoint": "userinfo",
        }
        addresses = {name: f"{self.issuer}/{path}" for name, path in endpoints.items()}
        configuration = {"issuer": self.issuer, **addresses, "authorization_response_iss_parameter_supported": True}
        return configuration | self.metadata

    def keys(self) -> dict[str, Any]:
        unusable = [{"kty": "OKP", "crv": "unknown", "x": "x"}, {"kid": "rsa-1", "kty": "RSA", "use": "enc"}]
        keys: list[dict[str, Any]] = [*unusable, {"kid": "rsa-1", "kty": "RSA", "n": "", "e": 5}]
        for number in self.published:
            rsa_jwk = RSAAlgorithm.to_jwk(rsa_key(number).public_key(), as_dict=True)
            ec_jwk = ECAlgorithm.to_jwk(ec_key(number).public_key(), as_dict=True)
            keys += [{**rsa_jwk, "kid": f"rsa-{number}", "use": "sig"}, {**ec_jwk, "kid": f"ec-{number}"}]
        return {"keys": keys}

    def authorize(self, query: dict[str, str]) -> str:
        """Return where the browser goes: back at once, as if the person had signed in."""
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT_ID
        assert query["code_challenge_method"] == "S256"
        assert len(query["nonce"]) >= 43
        code = f"code-{secrets.token_urlsafe(32)}"
        self.codes[code] = query
        answer = {"code": code, "state": query["state"], "iss": self.issuer} | self.answer
        parameters = {name: value for name, value in answer.items() if value is not None}
        return f"{query['redirect_uri']}?{urlencode(parameters)}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        expected = ":".join((CLIENT_ID, CLIENT_SECRET))
        if unquote(b64decode(authorization.removeprefix("Basic ")).decode()) != expected:
            return 401, {"error": "invalid_client"}
        begun = self.codes.get(form["code"]) if self.are_codes_reusable else self.codes.pop(form["code"], None)
        digest = sha256(form["code_verifier"].encode()).digest()
        if begun is None or _encoded(digest) != begun["code_challenge"]:
            return 400, {"error": "invalid_grant", "error_description": "This code is wrong or was used."}
        assert form["redirect_uri"] == begun["redirect_uri"]
        access_token = secrets.token_urlsafe(32)
        id_token = self.id_token(begun["nonce"])
        self.tokens += [access_token, id_token]
        return 200, {"access_token": access_token, "token_type": "Bearer", "expires_in": 60, "id_token": id_token}

    def id_token(self, nonce: str) -> str:
        moment = int(time.time())
        times = {"iat": moment, "exp": moment + 60}
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "nonce": nonce, **times, **self.person} | self.changes
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.algorithm == "none":
            return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}."
        if self.algorithm == "HS256":  # with the public key as its secret, which everybody has
            signed = f"{_part({'alg': 'HS256', 'kid': 'rsa-1'})}.{_part(claims)}"
            secret = json.dumps(self.keys()["keys"][3]).encode()
            return f"{signed}.{_encoded(hmac.digest(secret, signed.encode(), 'sha256'))}"
        key: Any = ec_key(self.key_number) if self.algorithm == "ES256" else rsa_key(self.key_number)
        kid = f"{'ec' if self.algorithm == 'ES256' else 'rsa'}-{self.key_number}"
        return jwt.encode(claims, key, self.algorithm, headers={"kid": kid})


def _part(value: dict[str, Any]) -> str:
    return _encoded(json.dumps(value).encode())


def _encoded(value: bytes) -> str:
    return urlsafe_b64encode(value).decode().rstrip("=")


@contextmanager
def loopback_openid() -> Iterator[LoopbackOpenID]:
    """Serve a provider."""
    state = LoopbackOpenID()
    with loopback_server(_Handler, provider=state) as state.issuer:
        yield state


class _Handler(QuietHandler):
    provider: LoopbackOpenID

    def do_GET(self) -> None:
        target = urlsplit(self.path)
        name = target.path.rpartition("/")[2]
        self.provider.calls.append(name)
        if name == "authorize":
            query = {key: values[-1] for key, values in parse_qs(target.query).items()}
            return self._send(302, {}, {"Location": self.provider.authorize(query)})
        answers: dict[str, Any] = {
            "openid-configuration": self.provider.configuration,
            "keys": self.provider.keys,
            "userinfo": lambda: self.provider.user_info,
        }
        return self._send(self.provider.status, answers[name](), {})

    def do_POST(self) -> None:
        self.provider.calls.append("token")
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {key: values[-1] for key, values in parse_qs(body).items()}
        self._send(*self.provider.token(form, self.headers["Authorization"] or ""), {})

    def _send(self, status: int, answer: dict[str, Any], headers: dict[str, str]) -> None:
        data = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
