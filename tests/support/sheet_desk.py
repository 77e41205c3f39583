"""Sheet at the loopback Google that was exported once, to export into again."""

from collections.abc import Sequence
from typing import Any

import pytest

from integrations.google.sheets import SheetMode, Sheets, SheetsFailure, SheetTable, SheetTarget, Spreadsheet
from tables.types.columns import Column, ColumnType, Value
from tables.writers.sheet_cells import SheetColumn
from tests.support.loopback.sheets import LoopbackSheets
from tests.support.loopback.spreadsheets import Sheet

T = ColumnType
COLUMNS = [
    Column("c1", "Item", T.TEXT),
    Column("c2", "Price", T.CURRENCY, format="EUR"),
    Column("c3", "Paid", T.BOOLEAN),
    Column("c4", "Day", T.DATE),
]
ROWS: list[list[Value]] = [
    ["Rent", "1200", True, "2026-05-01"],
    ["Food", "310.50", False, None],
    ["Fun", None, None, "2026-05-03"],
]
HEADER = ["Item", "Price", "Paid", "Day"]
CELLS: list[list[Any]] = [["Rent", 1200, True, 46143], ["Food", 310.5, False], ["Fun", "", "", 46145]]


def table(
    rows: Sequence[Sequence[Value]] = ROWS, columns: Sequence[Column] = COLUMNS, name: str = "Costs"
) -> SheetTable:
    values = [{column.key: value for column, value in zip(columns, row, strict=True)} for row in rows]
    return SheetTable("Costs", name, [SheetColumn(one, one.name) for one in columns], len(rows), lambda: values)


class Desk:
    """Sheet that was exported once, and exports into it."""

    def __init__(self, google: LoopbackSheets, sheets: Sheets) -> None:
        self.google, self.sheets = google, sheets
        created = sheets.write("first", table(), progress=lambda rows: None)
        self.id = created.id
        self.last = table()

    @property
    def sheet(self) -> Sheet:
        return self.google.spreadsheets[self.id].sheet

    def write(self, mode: SheetMode, arguments: SheetTable, *, job: str = "next", **options: Any) -> Spreadsheet:
        given_options: dict[str, Any] = {
            "key_columns": ["c1"] if mode is SheetMode.UPSERT else [],
            "base": self.last,
        } | options
        target = SheetTarget(mode, self.id, **given_options)
        return self.sheets.write(job, arguments, target, progress=lambda rows: None)

    def refused(self, mode: SheetMode, arguments: SheetTable, **options: Any) -> SheetsFailure:
        """Return the failure of an export that must change nothing."""
        before, calls = self.sheet.copy(), self.google.count("spreadsheets.batchUpdate")
        with pytest.raises(SheetsFailure) as caught:
            self.write(mode, arguments, **options)
        assert self.sheet == before
        assert self.google.count("spreadsheets.batchUpdate") == calls
        return caught.value
