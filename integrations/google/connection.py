"""Calls of Google's APIs: the bearer token, deadlines and retries."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import uniform
from typing import TYPE_CHECKING, Any, TypeVar

from integrations.google.access import GoogleAccess
from integrations.google.failures import SheetsFailure, bad_account, not_google, refusal, token_refused
from integrations.google.quota import RequestKind

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

SHEETS_HOST = "https://sheets.googleapis.com"
GOOGLE_HOSTS = ("https://sheets.googleapis.com", "https://www.googleapis.com")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Patience:
    """Limits of one call, in seconds. Google's quota is per minute, so all waits together exceed one minute."""

    connect: float = 5.0
    read: float = 60.0
    tries: int = 8
    first_wait: float = 1.0
    longest_wait: float = 32.0
    total: float = 240.0


class Connection:
    """Session with a bearer token, for one thread; close it after use.

    google-auth's own session would also ask Google for the account's allowed regions in a background thread. This one
    connects only to the API's host and the account's `token_uri`.
    """

    def __init__(
        self, access: GoogleAccess, base_url: str | None, patience: Patience, stopped: threading.Event
    ) -> None:
        import requests
        from google.auth.transport.requests import Request

        self.credentials = access.credentials()
        self._access = access
        self.session = requests.Session()
        self.session.auth = self._sign
        self._tokens = requests.Session()
        self._ask_token: Any = Request(self._tokens)
        self._base_url = base_url and base_url.rstrip("/")
        self._patience = patience
        self._stopped = stopped

    def close(self) -> None:
        self.session.close()
        self._tokens.close()

    def request(self, method: str, endpoint: str, **ask: Any) -> "Response":
        """Send a request and retry it after transient failures; only for requests that may be repeated."""
        return self.repeat(lambda: self.once(method, endpoint, **ask))

    def repeat(self, action: Callable[[], Result]) -> Result:
        """Run the action until it succeeds, fails permanently, or the retries are used up."""
        patience = self._patience
        give_up = time.monotonic() + patience.total
        for tried in range(1, patience.tries + 1):
            try:
                return action()
            except SheetsFailure as failure:
                backoff = min(patience.first_wait * 2 ** (tried - 1), patience.longest_wait)
                wait = max(failure.retry_after, uniform(0.75, 1) * backoff)  # noqa: S311 # jitter is no secret
                late = time.monotonic() + wait > give_up
                if not failure.retryable or tried == patience.tries or late:
                    raise
                self._stopped.wait(wait)
        raise AssertionError("the last try returns or raises")

    def once(
        self, method: str, endpoint: str, *, params: Mapping[str, Any] | None = None, body: Any = None
    ) -> "Response":
        """Send one request. Raises SheetsFailure for any response that is not a success."""
        response = self._send(method, endpoint, params, body)
        if response.status_code == 401:
            # Google can end an access token before its time: a new one decides whether the account is refused.
            self.credentials.token = None
            response = self._send(method, endpoint, params, body)
        if response.status_code >= 300:
            raise refusal(response)
        if method.lower() != "get" and not _is_object(response):
            # A proxy that answers with a page of its own would leave an export that is complete and has no cells.
            raise not_google()
        return response

    def _send(self, method: str, endpoint: str, params: Mapping[str, Any] | None, body: Any) -> "Response":
        from google.auth.exceptions import RefreshError, TransportError
        from requests import RequestException

        if self._stopped.is_set():
            raise SheetsFailure("STOPPED", "The server is stopping. The export continues later.", retryable=True)
        data = body if body is None or isinstance(body, bytes) else _encoded(body)
        if endpoint.startswith(SHEETS_HOST):
            # A search is a read although it is sent by POST.
            is_read = method.lower() == "get" or endpoint.endswith(":search")
            self._access.quota.take(
                RequestKind.READ if is_read else RequestKind.WRITE, self._access.address, self._stopped
            )
        try:
            return self.session.request(
                method,
                self._redirected(endpoint),
                params=params,
                data=data,
                headers={"Content-Type": "application/json"} if data else None,
                timeout=(self._patience.connect, self._patience.read),
                allow_redirects=False,
            )
        except RefreshError as error:
            raise token_refused(error) from error
        except (RequestException, TransportError) as error:
            raise SheetsFailure(
                "UNREACHABLE", "Google Sheets could not be reached. Try again.", retryable=True
            ) from error

    def read(self, response: "Response", name: str) -> Any:
        """Return a field of the response. Raises SheetsFailure when it does not come from Google's API."""
        try:
            return response.json()[name]
        except (ValueError, KeyError, TypeError):
            raise not_google() from None

    def _sign(self, request: "PreparedRequest") -> "PreparedRequest":
        if not self.credentials.valid:
            patience = self._patience

            def ask(*args: Any, **kwargs: Any) -> Any:
                return self._ask_token(*args, timeout=patience.connect + patience.read, **kwargs)

            try:
                self.credentials.refresh(ask)
            except TypeError as error:
                # google-auth raises this for a 200 that is not JSON.
                raise bad_account("has a token_uri that issues no tokens") from error
        request.headers["Authorization"] = f"Bearer {self.credentials.token}"
        return request

    def _redirected(self, endpoint: str) -> str:
        for host in GOOGLE_HOSTS:
            if self._base_url and endpoint.startswith(f"{host}/"):
                return self._base_url + endpoint.removeprefix(host)
        return endpoint


def _is_object(response: "Response") -> bool:
    try:
        return isinstance(response.json(), dict)
    except ValueError:
        return False


def _encoded(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
