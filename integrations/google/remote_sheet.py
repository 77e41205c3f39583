"""One sheet of a Google spreadsheet: its place in the grid, batches of requests, and its cells."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.google.cell_writer import MAX_BYTES, CellWriter, LinkOf, Send
from integrations.google.connection import Connection
from integrations.google.failures import not_google
from integrations.google.sheet_table import SheetTable
from tables.writers.sheet_cells import Cell, link_of

_SHEETS = "sheets(properties(sheetId,title,gridProperties(rowCount,columnCount)))"


class SpreadsheetClient:
    """Client of one spreadsheet; its requests are retried, so each may be carried out twice."""

    def __init__(self, google: Connection, key: str) -> None:
        from gspread.urls import SPREADSHEET_BATCH_UPDATE_URL, SPREADSHEET_URL

        self.google, self.key = google, key
        self._url, self._batch_url = SPREADSHEET_URL % key, SPREADSHEET_BATCH_UPDATE_URL % key

    def get(self, fields: str, ranges: Sequence[str] = ()) -> Any:
        """Return the fields of the spreadsheet that the mask selects, of all sheets or of those in the ranges."""
        response = self.google.request("get", self._url, params={"fields": fields, "ranges": list(ranges)})
        try:
            return response.json()
        except ValueError:
            raise not_google() from None

    def sheets(self) -> tuple[str, list["RemoteSheet"]]:
        """Return the address of the spreadsheet and its sheets in order."""
        found = self.get(f"spreadsheetUrl,{_SHEETS}")
        try:
            return found["spreadsheetUrl"], [self._sheet(one["properties"]) for one in found["sheets"]]
        except (KeyError, TypeError):
            raise not_google() from None

    def _sheet(self, properties: dict[str, Any]) -> "RemoteSheet":
        grid = properties["gridProperties"]
        # Google leaves out a sheetId of 0.
        return RemoteSheet(
            self, properties.get("sheetId", 0), properties["title"], grid["rowCount"], grid["columnCount"]
        )

    def send(self, body: bytes) -> None:
        """Send the body of one batch."""
        self.google.request("post", self._batch_url, body=body)

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
    """Sheet with `rows` and `columns`, the size of its grid when it was read."""

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
        links = _links(table, indices or range(len(table.columns)))
        return CellWriter(self.id, send or self.client.send, links, [json.dumps(one) for one in first])

    def set_properties(self, title: str, rows: int, columns: int) -> dict[str, Any]:
        """Return the request that names the sheet and sets the size of its grid."""
        grid = {"rowCount": rows, "columnCount": columns}
        properties = {"sheetId": self.id, "title": title, "gridProperties": grid}
        fields = "title,gridProperties.rowCount,gridProperties.columnCount"
        return {"updateSheetProperties": {"properties": properties, "fields": fields}}


def _links(table: SheetTable, indices: Sequence[int]) -> LinkOf | None:
    linked = {index: one.column for index, one in zip(indices, table.columns, strict=True)}
    linked = {index: linked[index] for place, index in enumerate(indices) if place in table.link_columns}
    if not linked:
        return None

    def find(index: int, cell: Cell) -> str | None:
        return link_of(linked[index], cell) if index in linked else None

    return find
