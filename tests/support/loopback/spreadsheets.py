"""Spreadsheets in memory, with the rules of the Sheets API that a writer can trip over."""

import copy
import re
import secrets
from dataclasses import dataclass, field
from typing import Any

Cell = str | int | float | bool
MAX_CELLS = 10_000_000
MAX_CHARACTERS = 50_000


class Refused(Exception):
    """A 400 as the API words it."""


@dataclass
class Sheet:
    title: str = "Sheet1"
    sheet_id: int = 0
    rows: int = 1000
    columns: int = 26
    frozen_rows: int = 0
    bold_rows: set[int] = field(default_factory=set)
    cells: dict[tuple[int, int], Cell] = field(default_factory=dict)

    def values(self) -> list[list[Cell]]:
        """Return the cells as the API does, without trailing empty cells and rows."""
        rows: list[list[Cell]] = []
        for row, column in sorted(self.cells):
            rows += [[] for _ in range(row + 1 - len(rows))]
            rows[row] += [""] * (column - len(rows[row])) + [self.cells[row, column]]
        return rows

    def resize(self, rows: int, columns: int) -> None:
        if rows * columns > MAX_CELLS:
            raise Refused("This action would increase the number of cells above the limit of 10000000 cells.")
        self.rows, self.columns = rows, columns
        self.cells = {(r, c): value for (r, c), value in self.cells.items() if r < rows and c < columns}

    def put(self, range_: "Range", values: list[list[Any]]) -> None:
        if range_.last_row >= self.rows or range_.last_column >= self.columns:
            limits = f"Max rows: {self.rows}, max columns: {self.columns}"
            raise Refused(f"Range ({range_.text}) exceeds grid limits. {limits}")
        if len(values) > range_.rows or any(len(row) > range_.columns for row in values):
            raise Refused(f"Requested writing within range [{range_.text}], but tried writing outside of it")
        for r, row in enumerate(values, range_.first_row):
            for c, value in enumerate(row, range_.first_column):
                self._set(r, c, value)

    def _set(self, row: int, column: int, value: Any) -> None:
        if isinstance(value, list | dict):
            raise Refused(f"Invalid values[{row}][{column}]: {type(value).__name__}")
        if isinstance(value, str) and len(value) > MAX_CHARACTERS:
            raise Refused("Your input contains more than the maximum of 50000 characters in a single cell.")
        if value == "":
            self.cells.pop((row, column), None)
        elif value is not None:  # null leaves a cell as it is
            self.cells[row, column] = value


@dataclass
class Spreadsheet:
    name: str
    app_properties: dict[str, str] = field(default_factory=dict)
    id: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    sheet: Sheet = field(default_factory=Sheet)
    shared_with: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"https://docs.google.com/spreadsheets/d/{self.id}/edit"

    def batch_update(self, requests: list[dict[str, Any]]) -> None:
        """Carry out all requests or none."""
        changed = copy.deepcopy(self.sheet)
        for number, request in enumerate(requests):
            ((kind, ask),) = request.items()
            try:
                {"updateSheetProperties": _update_properties, "repeatCell": _repeat_cell}[kind](changed, ask)
            except Refused as error:
                raise Refused(f"Invalid requests[{number}].{kind}: {error}") from error
            except KeyError as error:
                raise Refused(f"Invalid requests[{number}].{kind}: no field {error}") from error
        self.sheet = changed

    def range(self, text: str) -> "Range":
        found = re.fullmatch(r"(?:'((?:[^']|'')+)'!|(\w+)!)?([A-Z]+)(\d+):([A-Z]+)(\d+)", text)
        if not found or (found[1] or found[2] or self.sheet.title).replace("''", "'") != self.sheet.title:
            raise Refused(f"Unable to parse range: {text}")
        first, last = (int(found[4]) - 1, _column(found[3])), (int(found[6]) - 1, _column(found[5]))
        return Range(text, *first, *last)


@dataclass(frozen=True)
class Range:
    """Positions count from 0 and are inclusive."""

    text: str
    first_row: int
    first_column: int
    last_row: int
    last_column: int

    @property
    def rows(self) -> int:
        return self.last_row - self.first_row + 1

    @property
    def columns(self) -> int:
        return self.last_column - self.first_column + 1


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _update_properties(sheet: Sheet, ask: dict[str, Any]) -> None:
    properties, fields = ask["properties"], ask["fields"].split(",")
    if properties["sheetId"] != sheet.sheet_id:
        raise Refused(f"No grid with id: {properties['sheetId']}")
    grid = properties.get("gridProperties", {})
    known = {"title", *(f"gridProperties.{name}" for name in ("rowCount", "columnCount", "frozenRowCount"))}
    if unknown := set(fields) - known:
        raise Refused(f"Invalid field mask: {sorted(unknown)}")
    if "title" in fields:
        sheet.title = properties["title"]
        if not sheet.title or len(sheet.title) > 100:
            raise Refused("The sheet name must be 1 to 100 characters long.")
    rows = grid["rowCount"] if "gridProperties.rowCount" in fields else sheet.rows
    columns = grid["columnCount"] if "gridProperties.columnCount" in fields else sheet.columns
    sheet.resize(rows, columns)
    if "gridProperties.frozenRowCount" in fields:
        sheet.frozen_rows = grid["frozenRowCount"]
    if sheet.frozen_rows >= sheet.rows:
        raise Refused("You can't freeze all visible rows on the sheet.")


def _repeat_cell(sheet: Sheet, ask: dict[str, Any]) -> None:
    if ask["fields"] != "userEnteredFormat.textFormat.bold" or ask["range"]["sheetId"] != sheet.sheet_id:
        raise Refused(f"This server knows bold only, not {ask['fields']}")
    rows = range(ask["range"]["startRowIndex"], ask["range"]["endRowIndex"])
    if ask["cell"]["userEnteredFormat"]["textFormat"]["bold"]:
        sheet.bold_rows |= set(rows)
    else:
        sheet.bold_rows -= set(rows)
