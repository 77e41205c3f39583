"""Google's sign-in: the page of consent, the token endpoint and the revocation of tokens."""

import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode

from tests.support.loopback.google_state import (
    CLIENT_ID,
    CLIENT_SECRET,
    Action,
    Denied,
    GrantDenied,
    LoopbackSheets,
    Redirected,
    Token,
)
from tests.support.loopback.service_account import EMAIL, GRANT, GrantRefused, check_grant

Form = dict[str, str]
SECONDS = 3599  # of an access token


def _authorize(google: LoopbackSheets, _: list[str], query: dict[str, Any], __: bytes) -> dict[str, Any]:
    """Send the browser back at once, as if the person had pressed a button."""
    if query.get("client_id") != CLIENT_ID:
        raise Denied(401, "invalid_client", "The OAuth client was not found.")
    if query.get("redirect_uri") not in google.redirect_uris:
        raise Denied(400, "redirect_uri_mismatch", "Error 400: redirect_uri_mismatch")
    if query.get("response_type") != "code" or query.get("code_challenge_method") != "S256":
        raise Denied(400, "invalid_request", "This server takes codes with PKCE only.")
    back = {"state": query["state"], "iss": "https://accounts.google.com"}
    if not google.consent.is_allowed:
        raise Redirected(f"{query['redirect_uri']}?{urlencode({'error': 'access_denied', **back})}")
    scopes = frozenset(query["scope"].split()) - google.consent.withheld
    code = f"4/0A{secrets.token_urlsafe(40)}"
    google.codes[code] = {**query, "granted": scopes, "address": google.consent.address}
    raise Redirected(f"{query['redirect_uri']}?{urlencode({**back, 'code': code, 'scope': ' '.join(sorted(scopes))})}")


def _token(google: LoopbackSheets, _: list[str], __: dict[str, Any], body: bytes) -> dict[str, Any]:
    form = {name: values[-1] for name, values in parse_qs(body.decode()).items()}
    if form.get("grant_type") == GRANT:
        return _for_service_account(google, body)
    if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
        raise GrantDenied("invalid_client", "The OAuth client was not found.", 401)
    if form.get("grant_type") == "refresh_token":
        return _for_refresh_token(google, form)
    return _for_code(google, form)


def _for_service_account(google: LoopbackSheets, body: bytes) -> dict[str, Any]:
    try:
        claims = check_grant(body)
    except GrantRefused as error:
        raise GrantDenied("invalid_grant", str(error)) from error
    subject = claims.get("sub", EMAIL)
    if subject not in {EMAIL, *google.delegated}:
        message = (
            "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of "
            "the scopes requested."
        )
        raise GrantDenied("unauthorized_client", message, 401)
    return _issued(google, Token(subject, frozenset(claims["scope"].split()), EMAIL))


def _for_code(google: LoopbackSheets, form: Form) -> dict[str, Any]:
    requested = google.codes.pop(form.get("code", ""), None)
    if form.get("redirect_uri") not in google.redirect_uris:
        raise GrantDenied("redirect_uri_mismatch", "Bad Request")
    if requested is None or requested["redirect_uri"] != form["redirect_uri"]:
        raise GrantDenied("invalid_grant", "Malformed auth code.")
    digest = sha256(form.get("code_verifier", "").encode()).digest()
    if urlsafe_b64encode(digest).rstrip(b"=").decode() != requested["code_challenge"]:
        raise GrantDenied("invalid_grant", "Invalid code verifier.")
    refresh_token = f"1//0{secrets.token_urlsafe(40)}"
    google.grants[refresh_token] = token = Token(requested["address"], requested["granted"], CLIENT_ID, refresh_token)
    return _issued(google, token) | {"refresh_token": refresh_token}


def _for_refresh_token(google: LoopbackSheets, form: Form) -> dict[str, Any]:
    grant = google.grants.get(form.get("refresh_token", ""))
    if grant is None:
        raise GrantDenied("invalid_grant", "Token has been expired or revoked.")
    return _issued(google, grant)


def _issued(google: LoopbackSheets, token: Token) -> dict[str, Any]:
    value = f"ya29.{secrets.token_urlsafe(32)}"
    google.tokens[value] = token
    scope = " ".join(sorted(token.scopes))
    return {"access_token": value, "expires_in": SECONDS, "token_type": "Bearer", "scope": scope}


def _revoke(google: LoopbackSheets, _: list[str], query: dict[str, Any], body: bytes) -> dict[str, Any]:
    arguments = query.get("token") or parse_qs(body.decode()).get("token", [""])[-1]
    revoked = google.grants.get(arguments) or google.tokens.get(arguments)
    if revoked is None:
        raise GrantDenied("invalid_token", "Token expired or revoked")
    google.withdraw(revoked.address)
    return {}


ROUTES: list[tuple[str, str, str, Action]] = [
    ("GET", "/o/oauth2/v2/auth", "authorize", _authorize),
    ("POST", "/token", "token", _token),
    ("POST", "/revoke", "revoke", _revoke),
]
