"""OAuth 2.0 at Google: the authorization URL, the exchange of codes, access tokens and their revocation.

Every call of `OAuthClient` blocks for at most `SECONDS`; run it in a thread. No code and no token is ever in a URL of
ours, in a message or in the log.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from integrations.google.failures import SheetsFailure
from integrations.google.service_account import DRIVE_FILE, SCOPE_PREFIX

ISSUER = "https://accounts.google.com"
AUTHORIZE_URL = "https://accounts.google.com/o/oauth2/v2/auth"
TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105  no password
REVOKE_URL = "https://oauth2.googleapis.com/revoke"
ABOUT_URL = "https://www.googleapis.com/drive/v3/about"
SECONDS = (5.0, 15.0)  # to connect, and to read
LEEWAY_SECONDS = 120.0  # an access token is renewed this long before it expires
MAX_CACHED = 1_000  # access tokens

CODE_REFUSED = "CODE_REFUSED"
SCOPES_MISSING = "SCOPES_MISSING"
RECONNECT = "RECONNECT"
UNREACHABLE = "UNREACHABLE"


def scopes_of(names: str) -> tuple[str, ...]:
    """Return the full scopes of a setting, such as `drive.file spreadsheets`; without drive.file none can be made."""
    chosen = {DRIVE_FILE, *(f"{SCOPE_PREFIX}{name}" for name in names.replace(",", " ").split())}
    return tuple(sorted(chosen))


@dataclass(frozen=True)
class Grant:
    """Consent of a person: the address of their Google account and the token that stands for it."""

    email: str
    scopes: tuple[str, ...]
    refresh_token: str = field(repr=False)


class OAuthClient:
    """OAuth client of this server; `redirect_uri` is registered at Google exactly so."""

    def __init__(
        self, client_id: str, client_secret: str, redirect_uri: str, scopes: Sequence[str], base_url: str | None = None
    ) -> None:
        self.client_id, self._secret = client_id, client_secret
        self.redirect_uri, self.scopes = redirect_uri, tuple(scopes)
        self._base_url = base_url and base_url.rstrip("/")
        self._tokens = AccessTokens(self._refresh)

    def authorization_url(self, state: str, verifier: str, login_hint: str | None = None) -> str:
        """Return the page of Google on which a person consents; it always issues a refresh token."""
        more = {"login_hint": login_hint} if login_hint else {}
        with self._session() as session:
            url, _ = session.create_authorization_url(
                self._url(AUTHORIZE_URL), state, verifier, access_type="offline", prompt="consent", **more
            )
        return str(url)

    def exchange(self, code: str, verifier: str) -> Grant:
        """Exchange the code of a consent. Raises SheetsFailure CODE_REFUSED, SCOPES_MISSING or UNREACHABLE."""
        with self._session() as session:
            token = self._call(
                lambda: session.fetch_token(
                    self._url(TOKEN_URL), code=code, code_verifier=verifier, grant_type="authorization_code"
                ),
                SheetsFailure(CODE_REFUSED, "Google refused the code. Start again with connectGoogle."),
            )
            scopes, refresh_token = str(token.get("scope", "")).split(), token.get("refresh_token")
            # People can withhold single permissions; without this one, no spreadsheet can be created.
            if DRIVE_FILE not in scopes or not isinstance(refresh_token, str):
                self._try_to_revoke(session, token)
                raise SheetsFailure(SCOPES_MISSING, "Google was not allowed to give access to spreadsheets.")
            return Grant(self._address(session), tuple(sorted(scopes)), refresh_token)

    def revoke(self, refresh_token: str) -> bool:
        """Revoke a person's consent; return False if Google could not be reached. A dead token counts as revoked."""
        with self._session() as session:
            return self._try_to_revoke(session, {"refresh_token": refresh_token})

    def credentials(self, refresh_token: str) -> Any:
        """Return google-auth's credentials, whose access tokens all threads share."""
        from google.oauth2.credentials import Credentials

        last: str | None = None

        def renew(request: Any, scopes: Any) -> tuple[str, datetime]:  # noqa: ARG001  google-auth's signature
            nonlocal last
            last, expires_at = self._tokens.get(refresh_token, refused=last)
            return last, expires_at

        make: Any = Credentials
        return make(token=None, refresh_handler=renew, scopes=list(self.scopes))

    def check(self) -> None:
        """Ask Google whether it knows this client, its secret and its redirect. Raises SheetsFailure."""
        try:
            with self._session() as session:
                self._call(
                    lambda: session.fetch_token(
                        self._url(TOKEN_URL), code="check", code_verifier="x" * 43, grant_type="authorization_code"
                    ),
                    SheetsFailure(CODE_REFUSED, "Google refused the code, which is none."),
                )
        except SheetsFailure as failure:
            # Only a client that Google knows is told that its code is wrong.
            if failure.code != CODE_REFUSED:
                raise

    def _refresh(self, refresh_token: str) -> tuple[str, float]:
        with self._session() as session:
            token = self._call(
                lambda: session.refresh_token(self._url(TOKEN_URL), refresh_token=refresh_token, scope=None),
                SheetsFailure(
                    RECONNECT,
                    "Google no longer accepts the connection to your account: it expired or was removed. Call "
                    "connectGoogle again.",
                ),
                # The second is the answer to a token of another client than the one that is configured now.
                ("invalid_grant", "unauthorized_client"),
            )
        return str(token["access_token"]), float(token.get("expires_in") or 0)

    def _address(self, session: Any) -> str:
        """Return the e-mail address of the account whose access token the session has."""
        response = self._call(lambda: session.get(self._url(ABOUT_URL), params={"fields": "user(emailAddress)"}), None)
        try:
            return str(response.json()["user"]["emailAddress"])
        except (ValueError, KeyError, TypeError):
            raise _unreachable() from None

    def _call(
        self, action: Callable[[], Any], refused: SheetsFailure | None, errors: Sequence[str] = ("invalid_grant",)
    ) -> Any:
        """Return the result of a call; one of `errors` raises `refused`, no answer raises UNREACHABLE."""
        from authlib.integrations.base_client.errors import OAuthError
        from requests import RequestException

        try:
            return action()
        except OAuthError as error:
            if refused is None or error.error not in errors:
                raise SheetsFailure("CLIENT_REFUSED", CLIENT_ADVICE.get(error.error, CLIENT_REFUSED)) from None
            raise refused from None
        except (RequestException, ValueError):
            # Not chained: the request in the cause has the code or the token in its body.
            raise _unreachable() from None

    def _try_to_revoke(self, session: Any, token: dict[str, Any]) -> bool:
        from requests import RequestException

        value = token.get("refresh_token") or token.get("access_token")
        try:
            # In the body, as RFC 7009 says: Google also takes it in the query, which proxies write into their logs.
            response = session.revoke_token(self._url(REVOKE_URL), token=value, timeout=SECONDS)
        except RequestException:
            return False
        return response.status_code in (200, 400)

    def _session(self) -> Any:
        from authlib.integrations.requests_client import OAuth2Session

        return closing(
            OAuth2Session(
                self.client_id,
                self._secret,
                token_endpoint_auth_method="client_secret_post",  # noqa: S106  no password
                revocation_endpoint_auth_method="none",
                scope=" ".join(self.scopes),
                redirect_uri=self.redirect_uri,
                code_challenge_method="S256",
                default_timeout=SECONDS,
            )
        )

    def _url(self, url: str) -> str:
        return f"{self._base_url}{urlsplit(url).path}" if self._base_url else url


CLIENT_REFUSED = "Google refused this server's OAuth client. Ask the operator to run `python app.py check google`."
CLIENT_ADVICE = {
    "invalid_client": "Google does not know the client in GOOGLE_OAUTH_CLIENT_ID, or its secret is another one. Copy "
    "both from the Google Cloud console.",
    "redirect_uri_mismatch": "The redirect URI is not registered at Google. Add PUBLIC_URL/oauth/google/callback to "
    "the OAuth client, exactly so.",
}


def _unreachable() -> SheetsFailure:
    return SheetsFailure(UNREACHABLE, "Google could not be reached. Try again in a moment.", retryable=True)


class AccessTokens:
    """Access tokens by refresh token, in memory. Threads that need the same token wait for one renewal of it."""

    def __init__(self, renew: Callable[[str], tuple[str, float]]) -> None:
        self._renew = renew
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, refresh_token: str, refused: str | None = None) -> tuple[str, datetime]:
        """Return an access token other than `refused`, and its expiry in UTC without a zone, as google-auth has it."""
        entry = self._entry(sha256(refresh_token.encode()).digest())
        with entry.lock:
            if entry.token == refused or entry.renew_at <= time.monotonic():
                token, seconds = self._renew(refresh_token)
                entry.token = token
                entry.renew_at = time.monotonic() + max(0.0, seconds - LEEWAY_SECONDS)
                entry.expires_at = datetime.now(UTC).replace(tzinfo=None) + timedelta(seconds=seconds)
            assert entry.token is not None
            return entry.token, entry.expires_at

    def _entry(self, key: bytes) -> "_Entry":
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > MAX_CACHED:
                self._entries.popitem(last=False)
            return entry


@dataclass
class _Entry:
    lock: threading.Lock = field(default_factory=threading.Lock)
    token: str | None = None
    renew_at: float = 0.0
    expires_at: datetime = datetime.min  # noqa: DTZ901  replaced before it is read
