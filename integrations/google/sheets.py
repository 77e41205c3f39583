"""Export of tables to Google spreadsheets: found or created by job id, written in fixed ranges that may be repeated."""

import json
import math
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

from integrations.google.access import GoogleAccess
from integrations.google.connection import Connection, Patience
from integrations.google.failures import SheetsFailure

if TYPE_CHECKING:
    from gspread.http_client import HTTPClient
    from requests import Response

__all__ = ["Patience", "Sheets", "SheetsFailure", "Spreadsheet"]

Cell: TypeAlias = str | int | float | bool | None
DRIVE_FILES = "https://www.googleapis.com/drive/v3/files"
SPREADSHEET = "application/vnd.google-apps.spreadsheet"
JOB_KEY = "sheetgptJob"
# Google's limits: cells of a spreadsheet, columns of a sheet, characters of a cell and of a sheet's name.
MAX_CELLS = 10_000_000
MAX_COLUMNS = 18_278
MAX_CHARACTERS = 50_000
MAX_NAME = 100
# A request may have 2 MB; some of it is the envelope.
CHUNK_BYTES = 1_900_000
CHUNK_CELLS = 50_000
LARGEST_EXACT = 2**53 - 1


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

    def write(
        self,
        job_id: str,
        title: str,
        sheet_name: str,
        header: Sequence[str],
        rows: Iterable[Sequence[Cell]],
        *,
        progress: Callable[[int], None],
    ) -> Spreadsheet:
        """Write one table. A second call with the same `job_id` writes into the same spreadsheet.

        Text stays text, also `=1+1`; None is an empty cell; a short row is padded. `progress` gets the number of
        rows written after each request, and may raise to stop. Raises SheetsFailure; ValueError for a row longer
        than the header or a float that is not finite.
        """
        with closing(Connection(self._access, self._base_url, self._patience, self._stopped)) as google:
            client = _client(google)
            # If the response to a creation is lost, a retry would create a second file: search before each attempt.
            key = google.repeat(lambda: _find(google, job_id) or _create(google, job_id, title, self._access.folder))
            sheet = _Sheet(client, key, _sheet_name(sheet_name), columns=max(1, len(header)))
            done = 0
            for chunk in _chunks(chain([header], rows), sheet.columns):
                sheet.put(done, chunk)
                done += len(chunk)
                progress(done - 1)
            sheet.finish(done)
            if self._access.share_with:
                _share(google, key, self._access.share_with)
            return Spreadsheet(key, sheet.url)


class _Sheet:
    """First sheet of a spreadsheet, `columns` wide; its grid is enlarged before rows are written."""

    def __init__(self, client: "HTTPClient", key: str, name: str, columns: int) -> None:
        if columns > MAX_COLUMNS:
            raise _too_large(f"{columns:,} columns")
        fields = "spreadsheetUrl,sheets.properties(sheetId,gridProperties)"
        found = client.fetch_sheet_metadata(key, {"fields": fields})
        properties = found["sheets"][0]["properties"]
        self.url: str = found["spreadsheetUrl"]
        self.columns = columns
        self._client, self._key, self._name, self._id = client, key, name, properties["sheetId"]
        self._rows = min(int(properties["gridProperties"]["rowCount"]), MAX_CELLS // columns)
        grid = {"rowCount": self._rows, "columnCount": columns}
        self._update(self._properties({"title": name, "gridProperties": grid}))

    def put(self, first: int, chunk: Sequence[Sequence[Cell]]) -> None:
        """Write the chunk from row `first` (from 0) on."""
        from gspread.utils import absolute_range_name, rowcol_to_a1

        last = first + len(chunk)
        self._reserve(last)
        corners = f"{rowcol_to_a1(first + 1, 1)}:{rowcol_to_a1(last, self.columns)}"
        self._client.values_update(
            self._key,
            absolute_range_name(self._name, corners),
            params={"valueInputOption": "RAW"},
            body={"majorDimension": "ROWS", "values": chunk},
        )

    def finish(self, rows: int) -> None:
        """Cut the grid to the rows, freeze the header and make it bold, in one atomic request."""
        # A sheet of nothing but frozen rows is refused.
        grid = {"rowCount": max(2, rows), "frozenRowCount": 1}
        bold = {"userEnteredFormat": {"textFormat": {"bold": True}}}
        header = {"sheetId": self._id, "startRowIndex": 0, "endRowIndex": 1}
        fields = "userEnteredFormat.textFormat.bold"
        self._update(
            self._properties({"gridProperties": grid}),
            {"repeatCell": {"range": header, "cell": bold, "fields": fields}},
        )

    def _reserve(self, rows: int) -> None:
        """Enlarge the grid by doubling, because each growth costs one of 60 writes a minute."""
        if rows * self.columns > MAX_CELLS:
            raise _too_large(f"{rows * self.columns:,} cells and more")
        if rows > self._rows:
            self._rows = min(max(rows, 2 * self._rows), MAX_CELLS // self.columns)
            self._update(self._properties({"gridProperties": {"rowCount": self._rows}}))

    def _properties(self, properties: dict[str, Any]) -> dict[str, Any]:
        grid = [f"gridProperties.{name}" for name in properties["gridProperties"]]
        fields = ",".join([name for name in properties if name != "gridProperties"] + grid)
        change = {"properties": {"sheetId": self._id, **properties}, "fields": fields}
        return {"updateSheetProperties": change}

    def _update(self, *requests: dict[str, Any]) -> None:
        self._client.batch_update(self._key, {"requests": requests})


def _client(google: Connection) -> "HTTPClient":
    """Return gspread's client with its requests sent through ours: other hosts, deadlines, retries."""
    from gspread.http_client import HTTPClient

    class Client(HTTPClient):
        def request(  # gspread's signature
            self,
            method: str,
            endpoint: str,
            params: Any = None,
            data: Any = None,
            json: Any = None,
            files: Any = None,
            headers: Any = None,
        ) -> "Response":
            assert (data, files, headers) == (None, None, None), "no call of ours sends these"
            return google.request(method, endpoint, params=params, body=json)

    return Client(google.credentials, google.session)


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


def _chunks(rows: Iterable[Sequence[Cell]], columns: int) -> Iterator[list[list[Cell]]]:
    """Yield chunks of whole rows, as many as one request may carry."""
    chunk: list[list[Cell]] = []
    size = 0
    for number, row in enumerate(rows, start=1):
        cells = [_cell(value, number) for value in row]
        if len(cells) > columns:
            raise ValueError(f"row {number} has {len(cells)} cells, the header {columns}")
        cells += [""] * (columns - len(cells))
        bytes_ = len(json.dumps(cells, ensure_ascii=False).encode("utf-8", "replace")) + 2
        if bytes_ > CHUNK_BYTES:
            raise _too_large(f"a row of {bytes_:,} bytes (row {number})")
        if chunk and (size + bytes_ > CHUNK_BYTES or (len(chunk) + 1) * columns > CHUNK_CELLS):
            yield chunk
            chunk, size = [], 0
        chunk.append(cells)
        size += bytes_
    if chunk:
        yield chunk


def _cell(value: Cell, row: int) -> Cell:
    # A null leaves what was there before; only the empty string empties a cell.
    if value is None:
        return ""
    if isinstance(value, str) and len(value) > MAX_CHARACTERS:
        raise _too_large(f"a cell of {len(value):,} characters (row {row})")
    if isinstance(value, int) and abs(value) > LARGEST_EXACT:
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"row {row} has {value}, which is no number that JSON can carry")
    return value


def _sheet_name(name: str) -> str:
    printable = "".join(character for character in name if character.isprintable())
    return printable.strip(" '")[:MAX_NAME].rstrip(" '") or "Sheet1"


def _too_large(what: str) -> SheetsFailure:
    return SheetsFailure("TOO_LARGE", f"Google Sheets does not accept {what}. Export to CSV or XLSX instead.")
