"""Export of tables to Google spreadsheets: found or created by job id, written in fixed ranges that may be repeated."""

import threading
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from integrations.google.access import GoogleAccess
from integrations.google.connection import Connection, Patience
from integrations.google.failures import SheetsFailure
from integrations.google.remote_sheet import SpreadsheetClient
from integrations.google.sheet_table import SheetTable, check_size
from integrations.google.whole_sheet import Progress, fill

__all__ = ["Patience", "SheetTable", "Sheets", "SheetsFailure", "Spreadsheet"]

DRIVE_FILES = "https://www.googleapis.com/drive/v3/files"
SPREADSHEET = "application/vnd.google-apps.spreadsheet"
JOB_KEY = "sheetgptJob"


@dataclass(frozen=True)
class Spreadsheet:
    """Spreadsheet; `url` opens it in a browser, for the service account and those it was shared with."""

    id: str
    url: str


class Sheets:
    """Blocking client: call `write` in a worker thread. Calls share no state, so threads need no lock.

    `base_url` replaces the hosts of both the Sheets and the Drive API.
    """

    def __init__(self, access: GoogleAccess, base_url: str | None = None, *, patience: Patience | None = None) -> None:
        self._access = access
        self._base_url = base_url
        self._patience = patience or Patience()
        self._stopped = threading.Event()

    def close(self) -> None:
        """End the waits of running writes and refuse their next request (STOPPED, retryable)."""
        self._stopped.set()

    def write(self, job_id: str, table: SheetTable, *, progress: Progress) -> Spreadsheet:
        """Write a table into a new spreadsheet; a second call with the same `job_id` writes into the same one.

        `progress` gets the number of rows written after each request, and may raise to stop. Raises SheetsFailure.
        """
        check_size(table.height, len(table.columns))
        with closing(Connection(self._access, self._base_url, self._patience, self._stopped)) as google:
            # If the response to a creation is lost, a retry would create a second file: search before each attempt.
            folder = self._access.folder
            key = google.repeat(lambda: _find(google, job_id) or _create(google, job_id, table.title, folder))
            url, (sheet, *_) = SpreadsheetClient(google, key).sheets()
            fill(sheet, table, progress)
            if self._access.share_with:
                _share(google, key, self._access.share_with)
            return Spreadsheet(key, url)


def _find(google: Connection, job_id: str) -> str | None:
    quoted = job_id.replace("\\", "\\\\").replace("'", "\\'")
    params = {
        "q": f"appProperties has {{ key='{JOB_KEY}' and value='{quoted}' }} and trashed = false",
        "orderBy": "createdTime",
        "fields": "files(id)",
        "supportsAllDrives": "true",
        "includeItemsFromAllDrives": "true",
    }
    files = google.read(google.once("get", DRIVE_FILES, params=params), "files")
    return str(files[0]["id"]) if files else None


def _create(google: Connection, job_id: str, title: str, folder: str | None) -> str:
    body: dict[str, Any] = {"name": title, "mimeType": SPREADSHEET, "appProperties": {JOB_KEY: job_id}}
    if folder:
        body["parents"] = [folder]
    created = google.once("post", DRIVE_FILES, params={"fields": "id", "supportsAllDrives": "true"}, body=body)
    return str(google.read(created, "id"))


def _share(google: Connection, key: str, address: str) -> None:
    google.request(
        "post",
        f"{DRIVE_FILES}/{key}/permissions",
        params={"sendNotificationEmail": "false", "supportsAllDrives": "true"},
        body={"type": "user", "role": "writer", "emailAddress": address},
    )
