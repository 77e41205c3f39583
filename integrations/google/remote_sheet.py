"""Client of one Google spreadsheet and of its sheets: batches of requests, the grid, and cells."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.google.cell_writer import MAX_BYTES, CellWriter, LinkOf, Send
from integrations.google.connection import Connection
from integrations.google.failures import SheetsFailure, not_google
from integrations.google.sheet_table import SheetTable, check_size
from tables.writers.sheet_cells import Cell, link_of

MAX_CELLS_READ = 100_000  # cells of one answer
_SHEETS = "sheets(properties(sheetId,title,gridProperties(rowCount,columnCount)))"
_VALUES = "sheets(data(rowData(values(userEnteredValue))))"


class Formula:
    """Content of a cell that holds a formula."""


FORMULA = Formula()
Content = Cell | Formula


class SpreadsheetClient:
    """Client of one spreadsheet; its requests are retried, so each may be carried out twice."""

    def __init__(self, google: Connection, key: str) -> None:
        from gspread.urls import SPREADSHEET_BATCH_UPDATE_URL, SPREADSHEET_URL

        self.google, self.key = google, key
        self.url, self._batch_url = SPREADSHEET_URL % key, SPREADSHEET_BATCH_UPDATE_URL % key

    def get(self, fields: str, ranges: Sequence[str] = ()) -> Any:
        """Return the fields of the spreadsheet that the mask selects, of all sheets or of those in the ranges."""
        response = self.google.request("get", self.url, params={"fields": fields, "ranges": list(ranges)})
        try:
            return response.json()
        except ValueError:
            raise not_google() from None

    def sheets(self) -> tuple[str, list["RemoteSheet"]]:
        """Return the address of the spreadsheet and its sheets in order."""
        properties = self.get(f"spreadsheetUrl,{_SHEETS}")
        try:
            return properties["spreadsheetUrl"], [self._sheet(one["properties"]) for one in properties["sheets"]]
        except (KeyError, TypeError):
            raise not_google() from None

    def _sheet(self, properties: dict[str, Any]) -> "RemoteSheet":
        # Google leaves out fields that are 0, and a grid for sheets that hold a chart.
        grid = properties.get("gridProperties", {})
        rows, columns = grid.get("rowCount", 0), grid.get("columnCount", 0)
        return RemoteSheet(self, properties.get("sheetId", 0), properties["title"], rows, columns)

    def find_sheet(self, title: str, *, create: bool = False) -> tuple[str, "RemoteSheet"]:
        """Return the address of the spreadsheet and its sheet of this title, which is added where asked."""
        url, sheets = self.sheets()
        if create and _titled(sheets, title) is None:
            url, sheets = self.google.repeat(lambda: self._with_sheet(title))
        sheet = _titled(sheets, title)
        if sheet is None:
            raise _no_sheet(title, sheets)
        return url, sheet

    def _with_sheet(self, title: str) -> tuple[str, list["RemoteSheet"]]:
        """Add a sheet unless it is there: the answer to an earlier attempt may have been lost."""
        if _titled(self.sheets()[1], title) is None:
            addition = {"addSheet": {"properties": {"title": title}}}
            self.google.once("post", self._batch_url, body={"requests": [addition]})
        return self.sheets()

    def send(self, body: bytes) -> None:
        """Send the body of one batch."""
        self.google.request("post", self._batch_url, body=body)

    def send_once(self, requests: Sequence[dict[str, Any]]) -> None:
        """Send a batch that must not be carried out twice."""
        self.google.once("post", self._batch_url, body={"requests": list(requests)})

    def update(self, requests: Iterable[dict[str, Any]]) -> None:
        """Carry out requests in one atomic batch, or in several when Google does not accept so many bytes."""
        batch: list[str] = []
        size = 0
        for text in (json.dumps(request, ensure_ascii=False) for request in requests):
            length = len(text.encode("utf-8", "replace")) + 1
            if batch and size + length > MAX_BYTES:
                self._send_texts(batch)
                batch, size = [], 0
            batch.append(text)
            size += length
        if batch:
            self._send_texts(batch)

    def _send_texts(self, texts: Sequence[str]) -> None:
        self.send(f'{{"requests":[{",".join(texts)}]}}'.encode("utf-8", "replace"))


@dataclass
class RemoteSheet:
    """Sheet with `rows` and `columns`, the size of its grid when it was last read."""

    client: SpreadsheetClient
    id: int
    title: str
    rows: int
    columns: int

    def writer(
        self,
        table: SheetTable,
        send: Send | None = None,
        *,
        indices: Sequence[int] | None = None,
        first: Sequence[dict[str, Any]] = (),
    ) -> CellWriter:
        """Return a writer of cells of the table, whose columns are at `indices` of the sheet.

        `first` are requests of the first batch that come before its cells.
        """
        links = _links(table, range(len(table.columns)) if indices is None else indices)
        return CellWriter(self.id, send or self.client.send, links, [json.dumps(one) for one in first])

    def set_properties(self, title: str, rows: int, columns: int) -> dict[str, Any]:
        """Return the request that names the sheet and sets the size of its grid."""
        grid = {"rowCount": rows, "columnCount": columns}
        properties = {"sheetId": self.id, "title": title, "gridProperties": grid}
        fields = "title,gridProperties.rowCount,gridProperties.columnCount"
        return {"updateSheetProperties": {"properties": properties, "fields": fields}}

    def grow(self, rows: int, columns: int) -> None:
        """Enlarge the grid to at least this size; it is never cut, because people may have enlarged it too."""
        check_size(max(rows, self.rows), max(columns, self.columns))
        if rows > self.rows or columns > self.columns:
            self.client.google.repeat(lambda: self._grow(rows, columns))

    def _grow(self, rows: int, columns: int) -> None:
        """Append what is missing now: an earlier attempt may have been carried out."""
        self.refresh()
        missing = {"ROWS": rows - self.rows, "COLUMNS": columns - self.columns}
        requests = [
            {"appendDimension": {"sheetId": self.id, "dimension": dimension, "length": length}}
            for dimension, length in missing.items()
            if length > 0
        ]
        if requests:
            self.client.send_once(requests)
            self.rows, self.columns = max(rows, self.rows), max(columns, self.columns)

    def refresh(self) -> None:
        """Read the size of the grid again. Raise SheetsFailure if the sheet was deleted."""
        _, sheets = self.client.sheets()
        for sheet in sheets:
            if sheet.id == self.id:
                self.rows, self.columns = sheet.rows, sheet.columns
                return
        raise _no_sheet(self.title, sheets)

    def read_rows(self, first: int, end: int, columns: int) -> Iterator[tuple[int, list[Content]]]:
        """Yield index and contents of the rows from `first` to before `end`, without empty cells at their ends."""
        step = max(1, MAX_CELLS_READ // max(1, columns))
        for start in range(first, min(end, self.rows), step):
            yield from enumerate(self._read(start, min(start + step, end, self.rows), columns), start)

    def _read(self, first: int, end: int, columns: int) -> Iterator[list[Content]]:
        from gspread.utils import absolute_range_name, rowcol_to_a1

        corners = f"{rowcol_to_a1(first + 1, 1)}:{rowcol_to_a1(end, max(1, min(columns, self.columns)))}"
        ranges = self.client.get(_VALUES, [absolute_range_name(self.title, corners)])
        try:
            (sheet,) = ranges["sheets"]
            (data,) = sheet.get("data", [{}])
            rows = data.get("rowData", [])
        except (KeyError, TypeError, ValueError):
            raise not_google() from None
        for row in rows:
            yield [_content(cell.get("userEnteredValue")) for cell in row.get("values", [])]


def _content(value: dict[str, Any] | None) -> Content:
    if not value:
        return None
    ((kind, content),) = value.items()
    return FORMULA if kind == "formulaValue" else content if kind != "errorValue" else "#ERROR!"


def _titled(sheets: Sequence[RemoteSheet], title: str) -> RemoteSheet | None:
    return next((sheet for sheet in sheets if sheet.title.casefold() == title.casefold()), None)


def _no_sheet(title: str, sheets: Sequence[RemoteSheet]) -> SheetsFailure:
    names = ", ".join(f"“{sheet.title}”" for sheet in sheets[:20])
    return SheetsFailure(
        "NO_SHEET", f"The spreadsheet has no sheet “{title}”. Pass one of its sheets as sheetName: {names}."
    )


def _links(table: SheetTable, indices: Sequence[int]) -> LinkOf | None:
    linked = {indices[position]: table.columns[position].column for position in table.link_columns}
    if not linked:
        return None

    def find(index: int, cell: Cell) -> str | None:
        return link_of(linked[index], cell) if index in linked else None

    return find
