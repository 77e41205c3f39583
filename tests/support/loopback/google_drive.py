"""Effects of the calls of the Drive v3 API."""

import json
import re
from typing import Any

from integrations.google.service_account import DRIVE_FILE
from tests.support.loopback.google_state import SHARED_FOLDER, Action, Denied, LoopbackSheets
from tests.support.loopback.service_account import EMAIL
from tests.support.loopback.spreadsheets import Spreadsheet

SPREADSHEET = "application/vnd.google-apps.spreadsheet"


def _list_files(google: LoopbackSheets, _: list[str], query: dict[str, Any], __: bytes) -> dict[str, Any]:
    requested = r"appProperties has \{ key='((?:[^'\\]|\\.)*)' and value='((?:[^'\\]|\\.)*)' \} and trashed = false"
    match = re.fullmatch(requested, query.get("q", ""))
    if not match:
        raise Denied(400, "invalid", f"Invalid Value for q: {query.get('q')}")
    key, value = (re.sub(r"\\(.)", r"\1", part) for part in match.groups())
    files = [
        one
        for one in google.spreadsheets.values()
        if one.app_properties.get(key) == value and _is_listed(google, one.id, query)
    ]
    return {"files": [{"id": one.id} for one in files]}


def _is_listed(google: LoopbackSheets, key: str, query: dict[str, Any]) -> bool:
    """Return True if the caller sees a file in lists; app properties are private to the app."""
    file = google.drive[key]
    if file.owner is None and (query.get("supportsAllDrives"), query.get("includeItemsFromAllDrives")) != ("true",) * 2:
        return False
    return file.app == google.caller.app and google.role(key, google.caller.address) is not None


def _create_file(google: LoopbackSheets, _: list[str], query: dict[str, Any], body: bytes) -> dict[str, Any]:
    ask = json.loads(body)
    if ask.get("mimeType") != SPREADSHEET:
        raise Denied(400, "invalid", "This server makes spreadsheets only.")
    properties = ask.get("appProperties", {})
    if any(len(f"{key}{value}".encode()) > 124 for key, value in properties.items()):
        raise Denied(400, "propertyTooLarge", "An app property may have 124 bytes, key and value together.")
    owner = _owner_of_new(google, ask.get("parents"), query)
    return {"id": google.add(Spreadsheet(ask["name"], properties), owner, google.caller.app).id}


def _owner_of_new(google: LoopbackSheets, parents: list[str] | None, query: dict[str, Any]) -> str | None:
    """Return the owner of a new file: the caller, or none in a shared drive."""
    if parents is not None:
        if parents != [SHARED_FOLDER] or query.get("supportsAllDrives") != "true" or google.caller.address != EMAIL:
            raise Denied(404, "notFound", f"File not found: {parents[0]}.")
        return None
    if google.caller.address == EMAIL:
        message = "Service Accounts do not have storage quota. Leverage shared drives, or use OAuth delegation instead."
        raise Denied(403, "storageQuotaExceeded", message, domain="usageLimits")
    return google.caller.address


def _get_file(google: LoopbackSheets, parts: list[str], query: dict[str, Any], _: bytes) -> dict[str, Any]:
    if parts[0] == SHARED_FOLDER:
        if query.get("supportsAllDrives") != "true" or google.caller.address != EMAIL:
            raise Denied(404, "notFound", f"File not found: {SHARED_FOLDER}.")
        kind = "application/vnd.google-apps.folder"
        return {"mimeType": kind, "driveId": "0AGoogleSharedDrive", "capabilities": {"canAddChildren": True}}
    google.file(parts[0], query)
    return {"mimeType": SPREADSHEET}


def _share(google: LoopbackSheets, parts: list[str], query: dict[str, Any], body: bytes) -> dict[str, Any]:
    ask = json.loads(body)
    google.file(parts[0], query).shared_with[ask["emailAddress"]] = ask["role"]
    return {"id": ask["emailAddress"], "type": ask["type"], "role": ask["role"]}


def _list_permissions(google: LoopbackSheets, parts: list[str], query: dict[str, Any], _: bytes) -> dict[str, Any]:
    one = google.file(parts[0], query)
    if google.role(one.id, google.caller.address) == "reader":
        raise Denied(403, "insufficientFilePermissions", "The user does not have sufficient permissions for this file.")
    owner = google.drive[one.id].owner
    roles = {**({owner: "owner"} if owner else google.members), **one.shared_with}
    return {"permissions": [_permission(address, role) for address, role in roles.items()]}


def _permission(address: str, role: str) -> dict[str, str]:
    if address == "anyone":
        return {"id": "anyoneWithLink", "type": "anyone", "role": role}
    return {"id": address, "type": "user", "role": role, "emailAddress": address}


def _about(google: LoopbackSheets, _: list[str], query: dict[str, Any], __: bytes) -> dict[str, Any]:
    if not query.get("fields"):
        raise Denied(400, "required", "The 'fields' parameter is required for this method.")
    if DRIVE_FILE not in google.caller.scopes:
        raise Denied(403, "insufficientPermissions", "Request had insufficient authentication scopes.")
    return {"user": {"emailAddress": google.caller.address}}


FILES = "/drive/v3/files"
ROUTES: list[tuple[str, str, str, Action]] = [
    ("GET", FILES, "files.list", _list_files),
    ("POST", FILES, "files.create", _create_file),
    ("GET", rf"{FILES}/([^/]+)", "files.get", _get_file),
    ("POST", rf"{FILES}/([^/]+)/permissions", "permissions.create", _share),
    ("GET", rf"{FILES}/([^/]+)/permissions", "permissions.list", _list_permissions),
    ("GET", "/drive/v3/about", "about.get", _about),
]
