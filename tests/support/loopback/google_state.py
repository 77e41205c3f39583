"""State of the loopback Google: its files and who may open them, its people, its tokens and faults."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from integrations.google.access import GoogleAccess, GoogleWay
from integrations.google.service_account import DRIVE_FILE, SPREADSHEETS, read_service_account
from tests.support.loopback.service_account import EMAIL, METADATA, service_account_file
from tests.support.loopback.spreadsheets import Spreadsheet

SHARED_FOLDER = "0AGoogleSharedDriveFolder"
CLIENT_ID, CLIENT_SECRET = "1-loopback.apps.googleusercontent.com", "GOCSPX-loopback-secret"
PERSON = "ann@gmail.example"
MEMBERS = (EMAIL, "ann@example.com", "bob@example.com")
MINUTE = 60.0  # seconds


HANG, HOLD, PAGE = 1, 2, 3  # statuses of faults


@dataclass
class Fault:
    """Answers with `status`; with 0 carries the call out and resets the connection, with HANG delays the answer.

    With HOLD the call is carried out, and the answer comes when `LoopbackSheets.released` is set. With PAGE a proxy
    answers with a page of its own, as a success.
    `at` is the number of the call, from 1, instead of an operation. A 401 makes all tokens invalid.
    """

    operation: str
    status: int
    reason: str = "backendError"
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1
    at: int = 0


@dataclass(frozen=True)
class Token:
    """Access token of an identity: the address that acts, the scopes, and the OAuth client or service account."""

    address: str
    scopes: frozenset[str]
    app: str
    refresh_token: str | None = None


@dataclass
class DriveFile:
    """Owner and app of a file; one in a shared drive has no owner."""

    owner: str | None
    app: str


@dataclass
class Consent:
    """Person at the page of consent: the account they choose and the scopes that they leave checked."""

    address: str = PERSON
    is_allowed: bool = True
    withheld: frozenset[str] = frozenset()


# Google's names of HTTP statuses, in the errors of the Sheets API.
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


class Denied(Exception):
    """An answer other than 200, in the shape of the API that it comes from."""

    def __init__(
        self, status: int, reason: str, message: str, headers: dict[str, str] | None = None, *, domain: str = "global"
    ) -> None:
        self.status, self.reason, self.domain = status, reason, domain
        self.headers = headers or {}
        super().__init__(message)

    def body(self, path: str) -> dict[str, Any]:
        """Return the error of the Sheets API for its paths, and that of the Drive API for all others."""
        error: dict[str, Any] = {"code": self.status, "message": str(self)}
        if not path.startswith("/v4/"):
            return {"error": error | {"errors": [{"domain": self.domain, "reason": self.reason, "message": str(self)}]}}
        error["status"] = STATUSES.get(self.status, "UNKNOWN")
        if self.reason != error["status"]:
            kind = "type.googleapis.com/google.rpc.ErrorInfo"
            error["details"] = [{"@type": kind, "reason": self.reason, "domain": "googleapis.com"}]
        return {"error": error}


class GrantDenied(Denied):
    """An answer of the token endpoint, in the shape of RFC 6749."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(status, error, description)

    def body(self, path: str) -> dict[str, Any]:
        return {"error": self.reason, "error_description": str(self)}


class Redirected(Exception):
    """An answer that sends the browser elsewhere."""


@dataclass
class LoopbackSheets:
    """`url` goes into GOOGLE_SHEETS_URL; `calls` names every call in order, `spreadsheets` is by id.

    `caller` is the identity of the call in progress. `delegated` are the people in whose name the service account
    may act, and `members` have a role in all files of the shared drive. More than `per_minute` calls of one identity
    are refused.
    """

    url: str = ""
    spreadsheets: dict[str, Spreadsheet] = field(default_factory=dict)
    drive: dict[str, DriveFile] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    payloads: list[int] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    tokens: dict[str, Token] = field(default_factory=dict)
    grants: dict[str, Token] = field(default_factory=dict)  # by refresh token
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    consent: Consent = field(default_factory=Consent)
    redirect_uris: set[str] = field(default_factory=set)
    delegated: set[str] = field(default_factory=set)
    members: dict[str, str] = field(default_factory=lambda: dict.fromkeys(MEMBERS, "writer"))
    per_minute: int | None = None
    caller: Token = Token("", frozenset(), "")
    lock: threading.Lock = field(default_factory=threading.Lock)
    released: threading.Event = field(default_factory=threading.Event)
    _times: dict[str, list[float]] = field(default_factory=dict)

    def service_account(self, directory: Path, **changes: Any) -> Path:
        """Writes a key file that this server accepts; `changes` replace its fields."""
        return service_account_file(directory, self.url, **changes)

    def access(self, directory: Path, *, folder: str | None = SHARED_FOLDER, **changes: Any) -> GoogleAccess:
        """Access of the service account, which creates spreadsheets in a shared drive."""
        account = read_service_account(self.service_account(directory, **changes))
        way, member = GoogleWay.SERVICE_ACCOUNT, MEMBERS[1]
        return GoogleAccess(way, account.address, account.credentials, folder, verified_email=member)

    def oauth_settings(self, public_url: str = "https://sheets.example.com") -> dict[str, Any]:
        """Register the redirect of a server at this address, and return the settings of its OAuth client."""
        self.redirect_uris.add(f"{public_url}/oauth/google/callback")
        return {
            "google_oauth_client_id": CLIENT_ID,
            "google_oauth_client_secret": CLIENT_SECRET,
            "google_sheets_url": self.url,
            "public_url": public_url,
        }

    def fail(
        self, operation: str, status: int, *, reason: str = "backendError", times: int = 1, **headers: str
    ) -> None:
        """Makes the next calls of one operation fail; see Fault. Header names take underscores."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self.faults.append(Fault(operation, status, reason, names, times))

    def count(self, operation: str) -> int:
        return self.calls.count(operation)

    def expire_tokens(self) -> None:
        """Let no access token be valid any more; refresh tokens stay."""
        self.tokens.clear()

    def withdraw(self, address: str) -> None:
        """Remove the consent of a person, as they do at their Google account."""
        self.grants = {key: grant for key, grant in self.grants.items() if grant.address != address}
        self.tokens = {key: token for key, token in self.tokens.items() if token.address != address}

    def authorize(self, token: str) -> None:
        """Set the caller of the call in progress."""
        if token not in self.tokens:
            message = (
                "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or "
                "other valid authentication credential."
            )
            raise Denied(401, "UNAUTHENTICATED", message)
        self.caller = self.tokens[token]
        recent = [at for at in self._times.get(self.caller.address, ()) if at > time.monotonic() - MINUTE]
        self._times[self.caller.address] = [*recent, time.monotonic()]
        if self.per_minute is not None and len(recent) >= self.per_minute:
            message = (
                "Quota exceeded for quota metric 'Write requests' and limit 'Write requests per minute per user' of "
                "service 'sheets.googleapis.com'."
            )
            raise Denied(429, "RESOURCE_EXHAUSTED", message)

    def add(self, spreadsheet: Spreadsheet, owner: str | None, app: str = "another app") -> Spreadsheet:
        """Store a spreadsheet of a person, or with None one in the shared drive."""
        self.spreadsheets[spreadsheet.id] = spreadsheet
        self.drive[spreadsheet.id] = DriveFile(owner, app)
        return spreadsheet

    def role(self, key: str, address: str) -> str | None:
        """Return the role of an address in a file: `owner`, `writer`, `reader`, or None without access."""
        file = self.drive.get(key, DriveFile(None, "another app"))
        if file.owner is None and address in self.members:
            return self.members[address]
        return "owner" if file.owner == address else self.spreadsheets[key].shared_with.get(address)

    def opened(self, key: str, *, to_write: bool = False) -> Spreadsheet:
        """Return a spreadsheet that the caller may open through the Sheets API."""
        caller, file = self.caller, self.drive.get(key)
        is_own = file is not None and file.app == caller.app
        # The scope drive.file shows the files of the app alone: the others are not there.
        if key not in self.spreadsheets or (SPREADSHEETS not in caller.scopes and not is_own):
            raise Denied(404, "NOT_FOUND", "Requested entity was not found.")
        role = self.role(key, caller.address)
        if role is None or (to_write and role == "reader"):
            raise Denied(403, "PERMISSION_DENIED", "The caller does not have permission")
        return self.spreadsheets[key]

    def file(self, key: str, query: dict[str, Any]) -> Spreadsheet:
        """Return a file that the caller may open through the Drive API, which does not know the scope spreadsheets."""
        file, scopes = self.drive.get(key), self.caller.scopes
        is_seen = file is not None and (METADATA in scopes or (DRIVE_FILE in scopes and file.app == self.caller.app))
        is_there = file is not None and is_seen and self.role(key, self.caller.address)
        is_in_reach = file is not None and (file.owner or query.get("supportsAllDrives") == "true")
        if not is_there or not is_in_reach:
            raise Denied(404, "notFound", f"File not found: {key}.")
        return self.spreadsheets[key]


Action = Callable[[LoopbackSheets, list[str], dict[str, Any], bytes], dict[str, Any]]
