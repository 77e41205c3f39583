"""Export of tables to Google spreadsheets: found or created by job id, written in fixed ranges that may be repeated."""

import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from integrations.google.access import GoogleAccess
from integrations.google.appending import append
from integrations.google.changes import Progress
from integrations.google.connection import Connection, Patience
from integrations.google.failures import SheetsFailure
from integrations.google.remote_sheet import SpreadsheetClient
from integrations.google.replacing import replace_sheet
from integrations.google.sharing import check_sharing, opened
from integrations.google.sheet_table import SheetTable, check_size, sheet_title
from integrations.google.upserting import upsert
from integrations.google.whole_sheet import fill

__all__ = [
    "Patience",
    "SheetMode",
    "SheetTable",
    "SheetTarget",
    "Sheets",
    "SheetsFailure",
    "Spreadsheet",
]

DRIVE_FILES = "https://www.googleapis.com/drive/v3/files"
SPREADSHEET = "application/vnd.google-apps.spreadsheet"
JOB_KEY = "sheetgptJob"


class SheetMode(StrEnum):
    """Handling of what stands in the spreadsheet; the modes of an export."""

    CREATE = "CREATE"
    REPLACE = "REPLACE"
    APPEND = "APPEND"
    UPSERT = "UPSERT"


@dataclass(frozen=True)
class SheetTarget:
    """Spreadsheet to write into, None for a new one, and the way to write.

    `key_columns` are the keys of the columns that identify rows in mode UPSERT. `base` is the table as the last export
    wrote it into this sheet, by which changes of people are noticed; `overwrites` writes over them.
    """

    mode: SheetMode = SheetMode.CREATE
    spreadsheet_id: str | None = None
    key_columns: Sequence[str] = ()
    base: SheetTable | None = None
    overwrites: bool = False


@dataclass(frozen=True)
class Spreadsheet:
    """Spreadsheet that was written; `url` opens it in a browser. `changed_cells` counts cells with new content."""

    id: str
    url: str
    sheet_name: str
    changed_cells: int
    conflict: str | None = None


NEW_SPREADSHEET = SheetTarget()


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

    def write(
        self, job_id: str, table: SheetTable, target: SheetTarget = NEW_SPREADSHEET, *, progress: Progress
    ) -> Spreadsheet:
        """Write a table into a spreadsheet; a second call with the same `job_id` has no further effect.

        `progress` gets the number of rows written after each request, and may raise to stop. Raises SheetsFailure;
        unless it is retryable or TOO_LARGE, nothing was written.
        """
        check_size(table.height, len(table.columns))
        with closing(Connection(self._access, self._base_url, self._patience, self._stopped)) as google:
            if target.spreadsheet_id is None:
                return self._create(google, job_id, table, progress)
            check_sharing(google, self._access, target.spreadsheet_id, to_write=True)
            client = SpreadsheetClient(google, target.spreadsheet_id)
            return opened(self._access, lambda: _write_into(client, job_id, table, target, progress))

    def _create(self, google: Connection, job_id: str, table: SheetTable, progress: Progress) -> Spreadsheet:
        # If the response to a creation is lost, a retry would create a second file: search before each attempt.
        folder = self._access.folder
        key = google.repeat(lambda: _find(google, job_id) or _create(google, job_id, table.title, folder))
        url, (sheet, *_) = SpreadsheetClient(google, key).sheets()
        changes = fill(sheet, table, progress)
        if self._access.share_with:
            _share(google, key, self._access.share_with)
        return Spreadsheet(key, url, sheet_title(table.sheet_name), changes.changed_cells)


def _write_into(
    client: SpreadsheetClient, job_id: str, table: SheetTable, target: SheetTarget, progress: Progress
) -> Spreadsheet:
    is_replaced = target.mode in (SheetMode.CREATE, SheetMode.REPLACE)
    url, sheet = client.find_sheet(sheet_title(table.sheet_name), create=is_replaced)
    base, overwrites = target.base, target.overwrites
    if target.mode is SheetMode.APPEND:
        changes = append(sheet, table, job_id, progress=progress)
    elif target.mode is SheetMode.UPSERT:
        changes = upsert(sheet, table, target.key_columns, base, overwrites=overwrites, progress=progress)
    else:
        changes = replace_sheet(sheet, table, base, overwrites=overwrites, progress=progress)
    return Spreadsheet(client.key, url, sheet.title, changes.changed_cells, changes.conflict)


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
