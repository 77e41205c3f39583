"""Table of a user that is exported to Google Sheets, through GraphQL."""

from typing import Any
from uuid import UUID

from auth.viewer import Viewer
from db.models.organizations import Organization
from resolvers.core.ids import global_id
from tests.support.in_process_product import InProcessProduct
from tests.support.loopback.sheets import LoopbackSheets
from tests.support.loopback.spreadsheets import Sheet

CREATE = "mutation C($input: CreateTableInput!) { createTable(input: $input) { table { id } } }"
ADD = "mutation A($input: AddRowsInput!) { addRows(input: $input) { rows { id } } }"
CELLS = "mutation U($input: UpdateCellsInput!) { updateCells(input: $input) { rows { id } } }"
DELETE = "mutation D($input: DeleteRowsInput!) { deleteRows(input: $input) { revision { number } } }"
UNDO = "mutation U($input: UndoRevisionInput!) { undoRevision(input: $input) { revision { number } } }"
EXPORT = """{ id status error { code message } changedCells conflict sheetName spreadsheetUrl spreadsheetId rowCount
  revision mode }"""
START = f"mutation S($input: StartExportInput!) {{ startExport(input: $input) {{ export {EXPORT} }} }}"
SHOW = f"query E($id: ID!) {{ export(id: $id) {EXPORT} }}"
COLUMNS = [
    {"name": "Item", "type": "TEXT", "isUnique": True},
    {"name": "Price", "type": "CURRENCY", "format": "EUR"},
    {"name": "Paid", "type": "BOOLEAN"},
    {"name": "Day", "type": "DATE"},
]
ROWS: list[dict[str, Any]] = [
    {"Item": "Rent", "Price": "1200", "Paid": True, "Day": "2026-05-01"},
    {"Item": "Food", "Price": "310.50", "Paid": False},
    {"Item": "Fun", "Day": "2026-05-03"},
]


class SheetStory:
    """Table with rows, and its exports; `sheet` is the last spreadsheet's."""

    def __init__(self, product: InProcessProduct, viewer: Viewer, google: LoopbackSheets) -> None:
        self.product, self.viewer, self.google = product, viewer, google
        self.table, self.spreadsheet = "", ""
        self.rows: list[str] = []

    async def begin(self, organization: UUID | None = None) -> None:
        """Create the table; with an organization, its members see it."""
        arguments: dict[str, Any] = {"name": "Costs", "columns": COLUMNS}
        if organization is not None:
            arguments |= {"organizationId": global_id(Organization, organization), "visibility": "ORGANIZATION"}
        self.table = (await self.product.get(self.viewer, CREATE, input=arguments))["table"]["id"]
        await self.add(ROWS)

    async def add(self, rows: list[dict[str, Any]]) -> None:
        arguments = {"tableId": self.table, "rows": rows}
        added = await self.product.get(self.viewer, ADD, input=arguments)
        self.rows += [row["id"] for row in added["rows"]]

    async def change(self, *cells: tuple[int, str, Any]) -> None:
        """Change cells, given by the index of their row, their column and their new value."""
        changes = [{"rowId": self.rows[row], "column": column, "value": value} for row, column, value in cells]
        await self.product.get(self.viewer, CELLS, input={"tableId": self.table, "cells": changes})

    async def delete(self, row: int) -> int:
        """Delete a row by its index and return the number of the revision."""
        arguments = {"tableId": self.table, "rowIds": [self.rows.pop(row)]}
        deleted = await self.product.get(self.viewer, DELETE, input=arguments)
        return int(deleted["revision"]["number"])

    async def undo(self, revision: int) -> None:
        await self.product.get(self.viewer, UNDO, input={"tableId": self.table, "revision": revision})

    async def export(self, mode: str = "CREATE", **options: Any) -> Any:
        """Export the table and return the export when it is over."""
        started = await self.start(mode, **options)
        await self.product.over(self.viewer, started["id"])
        done = await self.product.get(self.viewer, SHOW, id=started["id"])
        self.spreadsheet = done["spreadsheetId"] or self.spreadsheet
        return done

    async def start(self, mode: str = "CREATE", **options: Any) -> Any:
        if mode != "CREATE":
            options = {"spreadsheetId": self.spreadsheet} | options
        return (await self.product.get(self.viewer, START, input=self.input(mode, **options)))["export"]

    def input(self, mode: str, **options: Any) -> dict[str, Any]:
        return {"tableId": self.table, "destination": "GOOGLE_SHEETS", "mode": mode} | options

    @property
    def sheet(self) -> Sheet:
        return self.google.spreadsheets[self.spreadsheet].sheet
