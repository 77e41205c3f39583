"""Trials of each configured way to Google, which tell the operator what to correct."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

from integrations.google.access import NO_ACCESS, Google, GoogleAccess, GooglePerson, GoogleWay
from integrations.google.connection import Connection, Patience
from integrations.google.failures import SheetsFailure
from integrations.google.oauth import OAuthClient
from integrations.google.service_account import SCOPES, ServiceAccount
from integrations.google.sharing import ABOUT_URL, SPREADSHEET_URL, check_reach

FILE_URL = "https://www.googleapis.com/drive/v3/files/{}"
FOLDER = "application/vnd.google-apps.folder"
NO_SPREADSHEET = "no-spreadsheet-has-this-id"
PATIENCE = Patience(connect=5, read=15, tries=2, first_wait=0.5, total=20)


@dataclass(frozen=True)
class CheckResult:
    """Result of one trial; `problem` is None when it works."""

    name: str
    detail: str
    problem: str | None = None


def check_google(
    google: Google, subject: str | None = None, spreadsheet_id: str | None = None
) -> Iterator[CheckResult]:
    """Try each configured way; blocking.

    `subject` is a person for the trial of delegation, and `spreadsheet_id` one to open as the service account.
    """
    if google.oauth is not None:
        yield _check_client(google.oauth)
    account = google.service_account
    if account is None:
        return
    access = GoogleAccess(GoogleWay.SERVICE_ACCOUNT, account.address, account.credentials)
    first = _tried("Service account", account.address, lambda: _check_apis(google, access))
    yield first
    if first.problem is not None:
        return
    if google.folder is not None:
        folder = google.folder
        yield _tried("GOOGLE_DRIVE_FOLDER", folder, lambda: _check_folder(google, access, folder))
    if google.delegation:
        yield _check_delegation(google, account, subject)
    if spreadsheet_id is not None:
        yield _tried("Spreadsheet", spreadsheet_id, lambda: _check_spreadsheet(google, access, spreadsheet_id))


def _check_client(client: OAuthClient) -> CheckResult:
    scopes = " ".join(scope.rpartition("/")[2] for scope in client.scopes)
    detail = f"{client.client_id}, redirect URI {client.redirect_uri}, scopes {scopes}"
    return _tried("OAuth client", detail, client.check)


def _check_delegation(google: Google, account: ServiceAccount, subject: str | None) -> CheckResult:
    client_id = account.key.get("client_id", "of the key file")
    detail = f"client id {client_id}, scopes {','.join(SCOPES)}"
    if subject is None:
        return CheckResult("GOOGLE_DELEGATION", f"{detail}; not tried: add --as with the address of a person")
    person = GooglePerson(subject, is_email_verified=True)
    return _tried(
        "GOOGLE_DELEGATION",
        f"{detail}, as {subject}",
        lambda: check_reach(google.access_for(person), google.base_url, None, PATIENCE, is_patient=False),
    )


def _tried(name: str, detail: str, trial: Callable[[], None]) -> CheckResult:
    try:
        trial()
    except SheetsFailure as failure:
        return CheckResult(name, detail, failure.message)
    return CheckResult(name, detail)


def _check_apis(google: Google, access: GoogleAccess) -> None:
    """Use both APIs; the one of Sheets knows no such spreadsheet, which only an enabled API says."""
    with closing(Connection(access, google.base_url, PATIENCE, threading.Event())) as connection:
        connection.request("get", ABOUT_URL, params={"fields": "user(emailAddress)"})
        try:
            connection.request("get", SPREADSHEET_URL.format(NO_SPREADSHEET), params={"fields": "spreadsheetId"})
        except SheetsFailure as failure:
            if failure.status != 404:
                raise


def _check_folder(google: Google, access: GoogleAccess, folder: str) -> None:
    params = {"fields": "mimeType,driveId,capabilities(canAddChildren)", "supportsAllDrives": "true"}
    with closing(Connection(access, google.base_url, PATIENCE, threading.Event())) as connection:
        try:
            folder_properties = connection.request("get", FILE_URL.format(folder), params=params).json()
        except SheetsFailure as failure:
            if failure.status != 404:
                raise
            raise _folder_refused(f"is not there for {access.address}. Add this address to the shared drive") from None
    if folder_properties.get("mimeType") != FOLDER:
        raise _folder_refused("is no folder")
    if not folder_properties.get("driveId"):
        raise _folder_refused("is in somebody's My Drive, where a service account has no storage. Use a shared drive")
    if not folder_properties.get("capabilities", {}).get("canAddChildren"):
        raise _folder_refused(f"takes no files of {access.address}. Make this address a content manager of the drive")


def _folder_refused(reason: str) -> SheetsFailure:
    return SheetsFailure(NO_ACCESS, f"The folder {reason}.")


def _check_spreadsheet(google: Google, access: GoogleAccess, spreadsheet_id: str) -> None:
    with closing(Connection(access, google.base_url, PATIENCE, threading.Event())) as connection:
        try:
            connection.request("get", SPREADSHEET_URL.format(spreadsheet_id), params={"fields": "spreadsheetId"})
        except SheetsFailure as failure:
            if failure.status in (403, 404):
                raise access.no_access() from None
            raise
