"""Effects of the calls of the Sheets v4 and Drive v3 APIs on spreadsheets in memory."""

import json
import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from integrations.google.access import GoogleAccess, GoogleWay
from integrations.google.service_account import read_service_account
from tests.support.loopback.field_masks import BadMask, Tree, masked, parse_mask
from tests.support.loopback.service_account import GrantRefused, check_grant, service_account_file
from tests.support.loopback.sheet_requests import batch_update
from tests.support.loopback.spreadsheets import Refused, Spreadsheet

SHARED_FOLDER = "0AGoogleSharedDriveFolder"


@dataclass
class Fault:
    """Answers with `status`, or with 0 carries the call out and resets the connection before answering."""

    operation: str
    status: int
    reason: str = "backendError"
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1


@dataclass
class LoopbackSheets:
    """`url` goes into GOOGLE_SHEETS_URL; `calls` names every call in order, `spreadsheets` is by id."""

    url: str = ""
    spreadsheets: dict[str, Spreadsheet] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    payloads: list[int] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def service_account(self, directory: Path, **changes: Any) -> Path:
        """Writes a key file that this server accepts; `changes` replace its fields."""
        return service_account_file(directory, self.url, **changes)

    def access(self, directory: Path, *, folder: str | None = SHARED_FOLDER, **changes: Any) -> GoogleAccess:
        """Access of the service account, which creates spreadsheets in a shared drive."""
        account = read_service_account(self.service_account(directory, **changes))
        return GoogleAccess(GoogleWay.SERVICE_ACCOUNT, account.address, account.credentials, folder)

    def fail(
        self, operation: str, status: int, *, reason: str = "backendError", times: int = 1, **headers: str
    ) -> None:
        """Makes the next calls of one operation fail; see Fault. Header names take underscores."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self.faults.append(Fault(operation, status, reason, names, times))

    def count(self, operation: str) -> int:
        return self.calls.count(operation)


class Denied(Exception):
    """An answer other than 200, in the shape of Google's errors."""

    def __init__(
        self, status: int, reason: str, message: str, headers: dict[str, str] | None = None, *, domain: str = "global"
    ) -> None:
        self.status = status
        self.headers = headers or {}
        listed = [{"domain": domain, "reason": reason, "message": message}]
        error = {"code": status, "message": message, "status": reason, "errors": listed}
        # The token endpoint has the shape of RFC 6749.
        grant = {"error": reason, "error_description": message}
        self.body: dict[str, Any] = grant if reason == "invalid_grant" else {"error": error}
        super().__init__(message)


def _token(google: LoopbackSheets, _: list[str], __: dict[str, str], body: bytes) -> dict[str, Any]:
    try:
        check_grant(body)
    except GrantRefused as error:
        raise Denied(400, "invalid_grant", str(error)) from error
    token = f"ya29.{secrets.token_urlsafe(32)}"
    google.tokens.add(token)
    return {"access_token": token, "expires_in": 3599, "token_type": "Bearer"}


def _list_files(google: LoopbackSheets, _: list[str], query: dict[str, str], __: bytes) -> dict[str, Any]:
    asked = r"appProperties has \{ key='((?:[^'\\]|\\.)*)' and value='((?:[^'\\]|\\.)*)' \} and trashed = false"
    found = re.fullmatch(asked, query.get("q", ""))
    if not found:
        raise Denied(400, "invalid", f"Invalid Value for q: {query.get('q')}")
    key, value = (re.sub(r"\\(.)", r"\1", part) for part in found.groups())
    files = [one for one in google.spreadsheets.values() if one.app_properties.get(key) == value]
    return {"files": [{"id": one.id} for one in files]}


def _create_file(google: LoopbackSheets, _: list[str], query: dict[str, str], body: bytes) -> dict[str, Any]:
    ask = json.loads(body)
    if ask.get("mimeType") != "application/vnd.google-apps.spreadsheet":
        raise Denied(400, "invalid", "This server makes spreadsheets only.")
    properties = ask.get("appProperties", {})
    if any(len(f"{key}{value}".encode()) > 124 for key, value in properties.items()):
        raise Denied(400, "propertyTooLarge", "An app property may have 124 bytes, key and value together.")
    if ask.get("parents") is None:
        message = "Service Accounts do not have storage quota. Leverage shared drives, or use OAuth delegation instead."
        raise Denied(403, "storageQuotaExceeded", message, domain="usageLimits")
    if ask["parents"] != [SHARED_FOLDER] or query.get("supportsAllDrives") != "true":
        raise Denied(404, "notFound", f"File not found: {ask['parents'][0]}.")
    made = Spreadsheet(ask["name"], properties)
    google.spreadsheets[made.id] = made
    return {"id": made.id}


def _share(google: LoopbackSheets, parts: list[str], _: dict[str, str], body: bytes) -> dict[str, Any]:
    ask = json.loads(body)
    _get(google, parts[0]).shared_with[ask["emailAddress"]] = ask["role"]
    return {"id": ask["emailAddress"], "type": ask["type"], "role": ask["role"]}


def _get(google: LoopbackSheets, key: str) -> Spreadsheet:
    if key not in google.spreadsheets:
        raise Denied(404, "NOT_FOUND", "Requested entity was not found.")
    return google.spreadsheets[key]


def _read(google: LoopbackSheets, parts: list[str], query: dict[str, Any], __: bytes) -> dict[str, Any]:
    """Return the spreadsheet; cells only of the `ranges`, or of all with includeGridData, as `fields` selects."""
    one = _get(google, parts[0])
    ranges = [one.range(text) for text in query.get("ranges", [])]
    tree = _mask(query.get("fields"))
    whole = (tree is None and query.get("includeGridData") == "true") or "data" in (tree or {}).get("sheets", {})
    shown = []
    for index, sheet in enumerate(one.sheets):
        asked = [range_ for owner, range_ in ranges if owner is sheet]
        if asked or not ranges:
            data = asked if whole and ranges else [one.range(_quoted(sheet.title))[1]] if whole else []
            shown.append(sheet.described(data, index))
    answer = {"spreadsheetId": one.id, "spreadsheetUrl": one.url, "properties": {"title": one.name}, "sheets": shown}
    return answer if tree is None else masked(answer, tree)


def _quoted(title: str) -> str:
    return "'" + title.replace("'", "''") + "'"


def _mask(text: str | None) -> Tree | None:
    try:
        return None if text is None else parse_mask(text)
    except BadMask as error:
        raise Refused(f"Invalid field mask: {error}") from error


def _batch_update(google: LoopbackSheets, parts: list[str], _: dict[str, Any], body: bytes) -> dict[str, Any]:
    one = _get(google, parts[0])
    replies = batch_update(one, json.loads(body)["requests"])
    return {"spreadsheetId": one.id, "replies": replies}


def _write_values(google: LoopbackSheets, parts: list[str], query: dict[str, Any], body: bytes) -> dict[str, Any]:
    one, ask = _get(google, parts[0]), json.loads(body)
    if query.get("valueInputOption") != "RAW" or ask.get("majorDimension", "ROWS") != "ROWS":
        raise Refused("This server takes RAW rows only.")
    sheet, range_ = one.range(parts[1])
    sheet.put(range_, ask["values"])
    return {"spreadsheetId": one.id, "updatedRange": range_.text, "updatedRows": len(ask["values"])}


def _read_values(google: LoopbackSheets, parts: list[str], _: dict[str, Any], __: bytes) -> dict[str, Any]:
    one = _get(google, parts[0])
    sheet, range_ = one.range(parts[1])
    sheet.check(range_)
    rows = sheet.values()[range_.first_row : range_.last_row + 1]
    values = [row[range_.first_column : range_.last_column + 1] for row in rows]
    return {"range": range_.text, "majorDimension": "ROWS", "values": values}


def _search_metadata(google: LoopbackSheets, parts: list[str], _: dict[str, Any], body: bytes) -> dict[str, Any]:
    one = _get(google, parts[0])
    keys = {data_filter["developerMetadataLookup"]["metadataKey"] for data_filter in json.loads(body)["dataFilters"]}
    found = [
        {"developerMetadata": sheet.described_metadata(id_)}
        for sheet in one.sheets
        for id_, metadata in sheet.metadata.items()
        if metadata["metadataKey"] in keys
    ]
    return {"matchedDeveloperMetadata": found} if found else {}


Action = Callable[[LoopbackSheets, list[str], dict[str, Any], bytes], dict[str, Any]]
FILES, BOOKS = "/drive/v3/files", "/v4/spreadsheets"
ROUTES: list[tuple[str, str, str, Action]] = [
    ("POST", "/token", "token", _token),
    ("GET", FILES, "files.list", _list_files),
    ("POST", FILES, "files.create", _create_file),
    ("POST", rf"{FILES}/([^/]+)/permissions", "permissions.create", _share),
    ("GET", rf"{BOOKS}/([^/:]+)", "spreadsheets.get", _read),
    ("POST", rf"{BOOKS}/([^/:]+):batchUpdate", "spreadsheets.batchUpdate", _batch_update),
    ("PUT", rf"{BOOKS}/([^/:]+)/values/([^/]+)", "values.update", _write_values),
    ("GET", rf"{BOOKS}/([^/:]+)/values/([^/]+)", "values.get", _read_values),
    ("POST", rf"{BOOKS}/([^/:]+)/developerMetadata:search", "developerMetadata.search", _search_metadata),
]
