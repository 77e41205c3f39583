"""The loopback Google: its answers have the shape of Google's documented examples, and it refuses what Google does."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.google.connection import Connection, Patience
from integrations.google.service_account import DRIVE_FILE, SPREADSHEETS
from tests.support.loopback.google_state import CLIENT_ID, PERSON, SHARED_FOLDER, LoopbackSheets, Token
from tests.support.loopback.service_account import EMAIL, METADATA
from tests.support.loopback.spreadsheets import Spreadsheet

# Shapes as Google documents them at developers.google.com: drive/api/guides/handle-errors, the reference of both APIs
# and identity/protocols/oauth2/web-server. A name with a question mark may be left out.
DRIVE_ERROR = {
    "error": {"code": int, "message": str, "errors": [{"domain": str, "reason": str, "message": str}]},
}
SHEETS_ERROR = {
    "error": {
        "code": int,
        "message": str,
        "status": str,
        "details?": [{"@type": str, "reason": str, "domain": str}],
    },
}
GRANT_ERROR = {"error": str, "error_description": str}
BOOK = {
    "spreadsheetId": str,
    "spreadsheetUrl": str,
    "properties": {"title": str},
    "sheets": [{"properties": {"title": str, "gridProperties": {"rowCount": int, "columnCount": int}}}],
}
SERVICE, OWN = frozenset({SPREADSHEETS, DRIVE_FILE, METADATA}), frozenset({DRIVE_FILE})


def fits(value: Any, shape: Any) -> bool:
    """Return True if a value has at least the fields of a shape, with values of its types."""
    if isinstance(shape, dict):
        required = {name for name in shape if not name.endswith("?")}
        known = {name.removesuffix("?"): part for name, part in shape.items()}
        return required <= set(value) and all(fits(value[name], part) for name, part in known.items() if name in value)
    if isinstance(shape, list):
        return bool(value) and all(fits(one, shape[0]) for one in value)
    return isinstance(value, shape)


class Caller:
    """Calls with an access token of an identity."""

    def __init__(self, google: LoopbackSheets, address: str, scopes: frozenset[str], app: str) -> None:
        self._url, token = google.url, f"ya29.{address}.{app}"
        google.tokens[token] = Token(address, scopes, app)
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **query: Any) -> tuple[int, Any]:
        answer = httpx.get(self._url + path, params=query, headers=self._headers)
        return answer.status_code, answer.json()

    def post(self, path: str, body: dict[str, Any], **query: Any) -> tuple[int, Any]:
        answer = httpx.post(self._url + path, params=query, json=body, headers=self._headers)
        return answer.status_code, answer.json()


FILES, BOOKS = "/drive/v3/files", "/v4/spreadsheets"
NEW = {"name": "New", "mimeType": "application/vnd.google-apps.spreadsheet"}


def test_a_service_account_has_no_storage_but_in_a_shared_drive(google: LoopbackSheets) -> None:
    robot = Caller(google, EMAIL, SERVICE, EMAIL)
    status, body = robot.post(FILES, NEW, supportsAllDrives="true")
    assert (status, fits(body, DRIVE_ERROR)) == (403, True)
    (reason,) = body["error"]["errors"]
    assert (reason["domain"], reason["reason"]) == ("usageLimits", "storageQuotaExceeded")
    assert robot.post(FILES, NEW | {"parents": [SHARED_FOLDER]})[0] == 404  # without supportsAllDrives
    status, body = robot.post(FILES, NEW | {"parents": [SHARED_FOLDER]}, supportsAllDrives="true")
    assert (status, fits(body, {"id": str})) == (200, True)
    assert robot.get(f"{FILES}/{body['id']}/permissions")[0] == 404
    status, listed = robot.get(f"{FILES}/{body['id']}/permissions", supportsAllDrives="true")
    shape = {"permissions": [{"id": str, "type": str, "role": str, "emailAddress?": str}]}
    assert (status, fits(listed, shape)) == (200, True)


def test_the_scope_drive_file_sees_the_files_of_the_app_alone(google: LoopbackSheets) -> None:
    own, other = google.add(Spreadsheet("Own"), PERSON, CLIENT_ID), google.add(Spreadsheet("Other"), PERSON)
    person = Caller(google, PERSON, OWN, CLIENT_ID)
    status, body = person.get(f"{BOOKS}/{own.id}")
    assert (status, fits(body, BOOK)) == (200, True)
    status, body = person.get(f"{BOOKS}/{other.id}")
    assert (status, body["error"]["status"], fits(body, SHEETS_ERROR)) == (404, "NOT_FOUND", True)
    assert person.get(f"{FILES}/{other.id}")[0] == 404
    wide = Caller(google, PERSON, frozenset({SPREADSHEETS}), CLIENT_ID)
    assert (wide.get(f"{BOOKS}/{other.id}")[0], wide.get("/drive/v3/about", fields="user")[0]) == (200, 403)


def test_what_is_not_shared_or_shared_to_read_is_refused(google: LoopbackSheets) -> None:
    book, robot = google.add(Spreadsheet("Private"), PERSON), Caller(google, EMAIL, SERVICE, EMAIL)
    status, body = robot.get(f"{BOOKS}/{book.id}")
    assert (status, body["error"]["status"], fits(body, SHEETS_ERROR)) == (403, "PERMISSION_DENIED", True)
    book.shared_with[EMAIL] = "reader"
    assert robot.get(f"{BOOKS}/{book.id}")[0] == 200
    assert robot.post(f"{BOOKS}/{book.id}:batchUpdate", {"requests": []})[0] == 403


def test_quotas_tokens_and_payloads_have_limits(google: LoopbackSheets) -> None:
    book, person = google.add(Spreadsheet("Own"), PERSON, CLIENT_ID), Caller(google, PERSON, OWN, CLIENT_ID)
    assert person.post(f"{BOOKS}/{book.id}:batchUpdate", {"requests": ["x" * 2_000_000]})[0] == 413
    google.per_minute = 2
    statuses = [person.get(f"{BOOKS}/{book.id}") for _ in range(2)]
    assert [status for status, _ in statuses] == [200, 429]
    assert (statuses[1][1]["error"]["status"], fits(statuses[1][1], SHEETS_ERROR)) == ("RESOURCE_EXHAUSTED", True)
    google.expire_tokens()
    status, body = person.get(f"{BOOKS}/{book.id}")
    assert (status, body["error"]["status"]) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "refresh_token", "refresh_token": "1//gone"}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "1//gone", "client_secret": "wrong"}, "invalid_client"),
        ({"grant_type": "authorization_code", "code": "4/x", "redirect_uri": "https://x"}, "redirect_uri_mismatch"),
    ],
)
def test_the_token_endpoint_refuses_as_rfc_6749_says(google: LoopbackSheets, form: dict[str, str], error: str) -> None:
    client = {"client_id": CLIENT_ID, "client_secret": google.oauth_settings()["google_oauth_client_secret"]}
    answer = httpx.post(f"{google.url}/token", data=client | form)
    assert (answer.status_code in (400, 401), answer.json()["error"]) == (True, error)
    assert fits(answer.json(), GRANT_ERROR)


def test_an_access_token_that_ends_early_is_renewed_once(google: LoopbackSheets, tmp_path: Path) -> None:
    import threading

    connection = Connection(google.access(tmp_path), google.url, Patience(tries=1), threading.Event())
    about = "https://www.googleapis.com/drive/v3/about"
    assert connection.request("get", about, params={"fields": "user"}).status_code == 200
    google.expire_tokens()
    assert connection.request("get", about, params={"fields": "user"}).json()["user"]["emailAddress"] == EMAIL
    assert google.calls == ["token", "about.get", "about.get", "token", "about.get"]
    connection.close()
