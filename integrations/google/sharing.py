"""Checks before Google is used: a spreadsheet is shared with the person, and the account may act at all."""

import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any, TypeVar

from integrations.google.access import NO_ACCESS, GoogleAccess, GoogleWay
from integrations.google.connection import Connection, Patience
from integrations.google.failures import SheetsFailure

T = TypeVar("T")

PERMISSIONS_URL = "https://www.googleapis.com/drive/v3/files/{}/permissions"
SPREADSHEET_URL = "https://sheets.googleapis.com/v4/spreadsheets/{}"
ABOUT_URL = "https://www.googleapis.com/drive/v3/about"
FIELDS = "nextPageToken,permissions(type,role,emailAddress,domain)"
READERS = frozenset({"reader", "commenter"})
MAX_PAGES = 10  # of 100 permissions
# Somebody waits for the answer, and a job tries longer.
QUICK = Patience(connect=3, read=5, tries=1, total=10)


def check_sharing(google: Connection, access: GoogleAccess, key: str, *, to_write: bool) -> None:
    """Raise SheetsFailure NO_ACCESS unless the person could open, or change, the spreadsheet without this server.

    The service account opens whatever anybody has shared with it. Without this check, a person who knows the address of
    another's spreadsheet would read and change it through this server. As the person's own account, Google checks.
    """
    if access.way is not GoogleWay.SERVICE_ACCOUNT:
        return
    if access.verified_email is None:
        raise SheetsFailure(
            NO_ACCESS,
            "Confirm your e-mail address first: the spreadsheet must be shared with it. Call requestEmailVerification, "
            "then verifyEmail with the token from the mail.",
        )
    if not any(_includes(one, access.verified_email, to_write=to_write) for one in _permissions(google, access, key)):
        what = "as an editor too" if to_write else "too"
        raise SheetsFailure(
            NO_ACCESS,
            f"This spreadsheet is shared with {access.address}, but not with you. Share it with "
            f"{access.verified_email} {what}, so that this server knows that you may use it.",
        )


def _permissions(google: Connection, access: GoogleAccess, key: str) -> list[dict[str, Any]]:
    params = {"fields": FIELDS, "pageSize": "100", "supportsAllDrives": "true"}
    permissions: list[dict[str, Any]] = []
    for _ in range(MAX_PAGES):
        response = opened(access, lambda: google.request("get", PERMISSIONS_URL.format(key), params=params))
        permissions += google.read(response, "permissions")
        if not (token := response.json().get("nextPageToken")):
            break
        params["pageToken"] = token
    return permissions


def opened(access: GoogleAccess, call: Callable[[], T]) -> T:
    """Return the result of calls about a spreadsheet. Raises SheetsFailure NO_ACCESS where Google hides it."""
    try:
        return call()
    except SheetsFailure as failure:
        if failure.status in (403, 404) and failure.code in ("KEY_REFUSED", "REQUEST_REFUSED"):
            raise access.no_access() from failure
        raise


def _includes(permission: dict[str, Any], email: str, *, to_write: bool) -> bool:
    if to_write and permission.get("role") in READERS:
        return False
    match permission.get("type"):
        case "user" | "group":  # members of a group are not told, so only its own address counts
            return str(permission.get("emailAddress", "")).casefold() == email.casefold()
        case "domain":
            return email.casefold().endswith(f"@{str(permission.get('domain', '')).casefold()}")
        case "anyone":
            return True
    return False


def check_reach(
    access: GoogleAccess,
    base_url: str | None,
    spreadsheet_id: str | None,
    patience: Patience = QUICK,
    *,
    is_patient: bool = True,
) -> None:
    """Ask Google whether a job could do its work: act as the person, and write into the spreadsheet where one is named.

    Blocking. Raises SheetsFailure for a refusal; while Google is away only unless `is_patient`, because a job waits.
    """
    try:
        with closing(Connection(access, base_url, patience, threading.Event())) as google:
            if spreadsheet_id is not None:
                check_sharing(google, access, spreadsheet_id, to_write=True)
                url = SPREADSHEET_URL.format(spreadsheet_id)
                opened(access, lambda: google.request("get", url, params={"fields": "spreadsheetId"}))
            elif access.way is GoogleWay.DELEGATION:
                google.request("get", ABOUT_URL, params={"fields": "user(emailAddress)"})
    except SheetsFailure as failure:
        if not (is_patient and failure.retryable):
            raise
