"""OpenID Connect client of one provider: discovery, the authorization URL, and the identity behind a code.

Every call blocks for at most a few times `SECONDS`; run it in a thread. No code, token or secret is in a URL of ours,
in a message or in the log.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from integrations.oidc.failures import OIDCFailure, refused, unreachable
from integrations.oidc.id_tokens import KeyMissing, checked_claims, verified_claims
from integrations.oidc.providers import ProviderConfig, is_safe

SECONDS = (5.0, 10.0)  # to connect, and to read
METADATA_SECONDS, KEY_SECONDS = 3_600.0, 600.0  # for which they are used before they are fetched again
MAX_ANSWER_BYTES = 1_000_000
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True)
class Identity:
    """Person at a provider; `issuer` and `subject` never change, everything else may."""

    issuer: str
    subject: str
    email: str | None
    is_email_verified: bool
    first_name: str
    last_name: str


class OIDCClient:
    """Client that is registered at one provider; `redirect_uri` is registered there exactly so."""

    def __init__(self, config: ProviderConfig, secret: str | None, redirect_uri: str) -> None:
        self.config, self._secret, self.redirect_uri = config, secret, redirect_uri
        self._metadata = _Cached(self._discover, METADATA_SECONDS)
        self._keys = _Cached(self._fetch_keys, KEY_SECONDS)

    def authorization_url(self, state: str, nonce: str, verifier: str) -> str:
        """Return the page of the provider on which a person signs in. Raises OIDCFailure."""
        metadata = self._metadata.get()
        with self._session(metadata) as session:
            url, _ = session.create_authorization_url(metadata["authorization_endpoint"], state, verifier, nonce=nonce)
        return str(url)

    def identity(self, code: str, verifier: str, nonce: str, issuer: str | None) -> Identity:
        """Return the person behind a code that came back with the `iss` parameter `issuer`. Raises OIDCFailure."""
        metadata = self._metadata.get()
        self._check_issuer(metadata, issuer)
        with self._session(metadata) as session:
            token = self._exchange(session, metadata, code, verifier)
            header, claims = self._verified(token.get("id_token"))
            claims = checked_claims(
                header,
                claims,
                issuer=self.config.issuer,
                client_id=self.config.client_id,
                nonce=nonce,
                access_token=token.get("access_token"),
            )
            if "email" not in claims and isinstance(metadata.get("userinfo_endpoint"), str):
                claims = claims | self._user_info(session, metadata["userinfo_endpoint"], claims["sub"])
        return _identity(self.config.issuer, claims)

    def check(self) -> int:
        """Fetch what the provider publishes, and return the number of its keys. Raises OIDCFailure."""
        return len(self._keys.fetch())

    def _check_issuer(self, metadata: Mapping[str, Any], issuer: str | None) -> None:
        """Raise OIDCFailure for an answer of another provider, before its code is sent anywhere (RFC 9207)."""
        is_required = metadata.get("authorization_response_iss_parameter_supported") is True
        if issuer != self.config.issuer and (issuer is not None or is_required):
            raise refused("the answer names another issuer")

    def _exchange(self, session: Any, metadata: Mapping[str, Any], code: str, verifier: str) -> Mapping[str, Any]:
        token: Mapping[str, Any] = _call(
            lambda: session.fetch_token(
                metadata["token_endpoint"],
                code=code,
                code_verifier=verifier,
                grant_type="authorization_code",
                allow_redirects=False,
            )
        )
        return token

    def _verified(self, token: object) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return header and claims; keys that do not fit are fetched once more, since providers rotate them."""
        try:
            return verified_claims(token, self._keys.get())
        except KeyMissing:
            try:
                return verified_claims(token, self._keys.fetch())
            except KeyMissing:
                raise refused("no published key made the signature of the ID token") from None

    def _user_info(self, session: Any, url: str, subject: str) -> dict[str, Any]:
        if not is_safe(url):
            raise refused("userinfo_endpoint does not begin with https://")
        claims = _read_json(session, url)
        if claims.get("sub") != subject:
            raise refused("the user info is of another subject than the ID token")
        return claims

    def _discover(self) -> Mapping[str, Any]:
        url = f"{self.config.issuer.rstrip('/')}/.well-known/openid-configuration"
        with self._plain_session() as session:
            metadata = _read_json(session, url)
        if metadata.get("issuer") != self.config.issuer:
            raise refused(f"the configuration at {url} is of another issuer; write the issuer exactly as it is there")
        for name in ENDPOINTS:
            if not isinstance(metadata.get(name), str) or not is_safe(metadata[name]):
                raise refused(f"{name} in the configuration at {url} does not begin with https://")
        return metadata

    def _fetch_keys(self) -> list[Mapping[str, Any]]:
        with self._plain_session() as session:
            keys = _read_json(session, self._metadata.get()["jwks_uri"]).get("keys")
        if not isinstance(keys, list):
            raise refused("jwks_uri has no list of keys")
        return [key for key in keys if isinstance(key, dict)]

    def _session(self, metadata: Mapping[str, Any]) -> Any:
        from authlib.integrations.requests_client import OAuth2Session

        methods = metadata.get("token_endpoint_auth_methods_supported")
        is_posted = isinstance(methods, list) and "client_secret_basic" not in methods
        method = "client_secret_post" if is_posted else "client_secret_basic"
        return closing(
            OAuth2Session(
                self.config.client_id,
                self._secret,
                token_endpoint_auth_method=method if self._secret else "none",
                scope=self.config.scopes,
                redirect_uri=self.redirect_uri,
                code_challenge_method="S256",
                default_timeout=SECONDS,
                leeway=0,  # the access token is used at once, and some live for a minute
            )
        )

    def _plain_session(self) -> Any:
        """Return a session without credentials, for what a provider publishes."""
        from requests import Session

        return closing(Session())


def _call(action: Callable[[], Any]) -> Any:
    """Return the result of a call. Raises OIDCFailure for a refusal, for no answer, or for one that is not JSON."""
    from authlib.integrations.base_client.errors import OAuthError
    from requests import RequestException

    try:
        return action()
    except OAuthError as error:
        raise refused(f"the provider refused: {str(error.error)[:100]}") from None
    except (RequestException, ValueError, TypeError, AttributeError) as error:
        # Not chained: the request in the cause has the code in its body.
        raise unreachable(f"the provider did not answer as it should: {type(error).__name__}") from None


def _read_json(session: Any, url: str) -> dict[str, Any]:
    """Return the object at a URL, of at most 1 MB and not after a redirection. Raises OIDCFailure."""

    def read() -> Any:
        with session.get(url, timeout=SECONDS, allow_redirects=False, stream=True) as response:
            if response.status_code != 200:
                raise unreachable(f"the provider answered {response.status_code} at {url}")
            content = b""
            for part in response.iter_content(65_536):
                content += part
                if len(content) > MAX_ANSWER_BYTES:
                    raise unreachable(f"the answer at {url} is larger than 1 MB")
            return json.loads(content)

    value = _call(read)
    if not isinstance(value, dict):
        raise unreachable(f"the answer at {url} is not a JSON object")
    return value


def _identity(issuer: str, claims: Mapping[str, Any]) -> Identity:
    email, verified = claims.get("email"), claims.get("email_verified")
    first, last = _text(claims.get("given_name")), _text(claims.get("family_name"))
    if not first and not last:
        first, _, last = _text(claims.get("name")).partition(" ")
    # Some providers send the text "true" instead of the boolean.
    is_verified = verified is True or verified == "true"
    return Identity(issuer, claims["sub"], email if isinstance(email, str) else None, is_verified, first, last)


def _text(value: object) -> str:
    """Return a name with single spaces and without control characters, of at most 100 characters."""
    if not isinstance(value, str):
        return ""
    return "".join(character for character in " ".join(value.split()) if character.isprintable())[:100]


class _Cached:
    """Value that is fetched when it is needed and too old; one thread fetches, and the others wait for it."""

    def __init__(self, fetch: Callable[[], Any], seconds: float) -> None:
        self._fetch, self._seconds = fetch, seconds
        self._value: Any = None
        self._fetched_at = float("-inf")
        self._lock = threading.Lock()

    def get(self) -> Any:
        with self._lock:
            if time.monotonic() - self._fetched_at >= self._seconds:
                self._store()
            return self._value

    def fetch(self) -> Any:
        """Return a value that is fetched now."""
        with self._lock:
            self._store()
            return self._value

    def _store(self) -> None:
        self._value, self._fetched_at = self._fetch(), time.monotonic()


__all__ = ["Identity", "OIDCClient", "OIDCFailure"]
