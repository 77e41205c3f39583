"""Spreadsheets in memory, with the rules of the Sheets API that a writer can trip over."""

import re
import secrets
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

Cell = str | int | float | bool
MAX_CELLS = 10_000_000
MAX_CHARACTERS = 50_000
MAX_METADATA = 30_000  # characters of all developer metadata of a sheet
VALUE_KINDS: dict[str, set[type]] = {
    "numberValue": {int, float},
    "stringValue": {str},
    "boolValue": {bool},
    "formulaValue": {str},
}


class Refused(Exception):
    """A 400 as the API words it."""


class CellState(NamedTuple):
    """Content of one cell: Google's ExtendedValue, CellFormat and DataValidationRule, and a person's note."""

    value: dict[str, Any] | None = None
    format: dict[str, Any] = {}  # noqa: RUF012  never changed in place
    rule: dict[str, Any] | None = None
    note: str | None = None
    result: Cell | None = None

    @property
    def plain(self) -> Cell | None:
        """The value as an unformatted value range shows it; of a formula its result."""
        if self.value is None:
            return None
        ((kind, value),) = self.value.items()
        return self.result if kind == "formulaValue" else value


EMPTY = CellState()


@dataclass
class Sheet:
    """One sheet; cells, metadata and sizes are by index from 0."""

    title: str = "Sheet1"
    sheet_id: int = 0
    rows: int = 1000
    columns: int = 26
    frozen_rows: int = 0
    cells: dict[tuple[int, int], CellState] = field(default_factory=dict)
    widths: dict[int, int] = field(default_factory=dict)
    basic_filter: dict[str, Any] | None = None
    # Developer metadata by id; `row` is the index of the row that it moves with.
    metadata: dict[int, dict[str, Any]] = field(default_factory=dict)

    def copy(self) -> "Sheet":
        """Return a copy to change; states of cells are shared, because they are never changed in place."""
        return replace(
            self,
            cells=dict(self.cells),
            widths=dict(self.widths),
            metadata={key: dict(one) for key, one in self.metadata.items()},
        )

    def values(self) -> list[list[Cell]]:
        """Return the cells as the API does, without trailing empty cells and rows."""
        rows: list[list[Cell]] = []
        filled = [position for position, cell in self.cells.items() if cell.value is not None]
        for row, column in sorted(filled):
            plain = self.cells[row, column].plain
            rows += [[] for _ in range(row + 1 - len(rows))]
            rows[row] += [""] * (column - len(rows[row])) + ["" if plain is None else plain]
        return rows

    @property
    def bold_rows(self) -> set[int]:
        return {row for (row, _), cell in self.cells.items() if cell.format.get("textFormat", {}).get("bold")}

    def pattern(self, position: str) -> str | None:
        """Return the pattern of a cell's number format, such as that of `B2`."""
        pattern: str | None = self.at(position).format.get("numberFormat", {}).get("pattern")
        return pattern

    def at(self, position: str) -> CellState:
        return self.cells.get(place_of(position), EMPTY)

    def type_in(self, position: str, value: Cell | None) -> None:
        """Change a cell as a person does, who may type a formula."""
        kind = {bool: "boolValue", str: "stringValue"}.get(type(value), "numberValue")
        if isinstance(value, str) and value.startswith("="):
            kind = "formulaValue"
        self._change(position, value=None if value in (None, "") else {kind: value}, result=7)

    def comment(self, position: str, note: str) -> None:
        self._change(position, note=note)

    def _change(self, position: str, **changes: Any) -> None:
        index = place_of(position)
        self.cells[index] = self.cells.get(index, EMPTY)._replace(**changes)

    def resize(self, rows: int, columns: int) -> None:
        if rows < 1 or columns < 1:
            raise Refused("You can't delete all the rows or columns on the sheet.")
        self.rows, self.columns = rows, columns
        self.cells = {(r, c): cell for (r, c), cell in self.cells.items() if r < rows and c < columns}

    def move_rows(self, start: int, by: int) -> None:
        """Insert `by` rows before row `start`, or delete `-by` rows from there on; metadata moves along."""
        stored = {(r, c): cell for (r, c), cell in self.cells.items() if r < start}
        moved = {(r + by, c): cell for (r, c), cell in self.cells.items() if r >= start + max(0, -by)}
        self.cells = stored | moved
        self.rows += by
        for key, one in list(self.metadata.items()):
            row = one.get("row")
            if row is not None and row >= start:
                if by < 0 and row < start - by:
                    del self.metadata[key]
                else:
                    one["row"] = row + by

    def put(self, range_: "Range", values: list[list[Any]]) -> None:
        self.check(range_)
        if len(values) > range_.rows or any(len(row) > range_.columns for row in values):
            raise Refused(f"Requested writing within range [{range_.text}], but tried writing outside of it")
        for r, row in enumerate(values, range_.first_row):
            for c, value in enumerate(row, range_.first_column):
                if isinstance(value, list | dict):
                    raise Refused(f"Invalid values[{r}][{c}]: {type(value).__name__}")
                if value is not None:  # null leaves a cell as it is
                    self.set_value(r, c, _extended(value))

    def check(self, range_: "Range") -> None:
        if range_.last_row >= self.rows or range_.last_column >= self.columns:
            limits = f"Max rows: {self.rows}, max columns: {self.columns}"
            raise Refused(f"Range ({range_.text}) exceeds grid limits. {limits}")

    def set_value(self, row: int, column: int, value: dict[str, Any] | None) -> None:
        if value is not None:
            value = _checked(value)
        before = self.cells.get((row, column))
        if before is not None:
            self.cells[row, column] = before._replace(value=value)
        elif value is not None:
            self.cells[row, column] = CellState(value)

    def described(self, ranges: list["Range"], index: int) -> dict[str, Any]:
        """Return the sheet as `spreadsheets.get` shows it, with the data of `ranges`."""
        grid: dict[str, int] = {"rowCount": self.rows, "columnCount": self.columns}
        if self.frozen_rows:
            grid["frozenRowCount"] = self.frozen_rows
        properties = {"sheetId": self.sheet_id, "title": self.title, "index": index, "sheetType": "GRID"}
        displayed: dict[str, Any] = {"properties": properties | {"gridProperties": grid}}
        displayed["data"] = [self._data(one) for one in ranges]
        if self.basic_filter:
            displayed["basicFilter"] = self.basic_filter
        if own := [self.described_metadata(key) for key, one in self.metadata.items() if one["row"] is None]:
            displayed["developerMetadata"] = own
        return displayed

    def described_metadata(self, key: int) -> dict[str, Any]:
        one = self.metadata[key]
        described: dict[str, Any] = {
            name: one[name] for name in ("metadataKey", "metadataValue", "visibility") if name in one
        }
        location: dict[str, Any] = {"locationType": "SHEET", "sheetId": self.sheet_id}
        if (row := one["row"]) is not None:
            span = {"sheetId": self.sheet_id, "dimension": "ROWS", "startIndex": row, "endIndex": row + 1}
            location = {"locationType": "ROW", "dimensionRange": span}
        return {"metadataId": key, "location": location, **described}

    def _data(self, range_: "Range") -> dict[str, Any]:
        self.check(range_)
        rows: list[list[dict[str, Any]]] = []
        for r in range(range_.first_row, range_.last_row + 1):
            cells = [_cell_data(self.cells.get((r, c))) for c in range(range_.first_column, range_.last_column + 1)]
            while cells and not cells[-1]:
                cells.pop()
            rows.append(cells)
        while rows and not rows[-1]:
            rows.pop()
        displayed: dict[str, Any] = {"rowData": [{"values": row} if row else {} for row in rows]} if rows else {}
        # Like every field of Google's JSON, an index of 0 is left out.
        displayed |= {name: value for name, value in range_.start.items() if value}
        spans = [dict.fromkeys(["pixelSize"], self.widths.get(c, 100)) for c in range(self.columns)]
        displayed["columnMetadata"] = spans[range_.first_column : range_.last_column + 1]
        # The metadata of a row is shown with the row.
        displayed["rowMetadata"] = [
            {"developerMetadata": result} if (result := self._metadata_of_row(r)) else {}
            for r in range(range_.first_row, range_.last_row + 1)
        ]
        return displayed

    def _metadata_of_row(self, row: int) -> list[dict[str, Any]]:
        return [self.described_metadata(key) for key, one in self.metadata.items() if one["row"] == row]


def _checked(value: dict[str, Any]) -> dict[str, Any] | None:
    """Return an ExtendedValue as the API stores it."""
    if len(value) != 1 or (kind := next(iter(value))) not in VALUE_KINDS:
        raise Refused(f"Invalid value at 'userEnteredValue': {value}")
    content = value[kind]
    if type(content) not in VALUE_KINDS[kind]:
        raise Refused(f"Invalid value at 'userEnteredValue.{kind}': {content!r}")
    if type(content) is str and len(content) > MAX_CHARACTERS:
        raise Refused("Your input contains more than the maximum of 50000 characters in a single cell.")
    return None if content == "" else value


def _cell_data(cell: CellState | None) -> dict[str, Any]:
    if cell is None or cell == EMPTY:
        return {}
    displayed: dict[str, Any] = {}
    if cell.value is not None:
        displayed["userEnteredValue"] = cell.value
        displayed["effectiveValue"] = _extended(cell.plain) if "formulaValue" in cell.value else cell.value
        displayed["formattedValue"] = str(cell.plain)
    if cell.format:
        displayed |= {"userEnteredFormat": cell.format, "effectiveFormat": cell.format}
        if link := cell.format.get("textFormat", {}).get("link", {}).get("uri"):
            displayed["hyperlink"] = link
    if cell.rule:
        displayed["dataValidation"] = cell.rule
    return displayed | ({"note": cell.note} if cell.note else {})


def _extended(value: Any) -> dict[str, Any]:
    kind = "boolValue" if isinstance(value, bool) else "stringValue" if isinstance(value, str) else "numberValue"
    return {kind: value}


@dataclass
class Spreadsheet:
    """Spreadsheet of one or more sheets; `sheet` is the first."""

    name: str
    app_properties: dict[str, str] = field(default_factory=dict)
    id: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    sheets: list[Sheet] = field(default_factory=lambda: [Sheet()])
    shared_with: dict[str, str] = field(default_factory=dict)

    @property
    def sheet(self) -> Sheet:
        return self.sheets[0]

    @property
    def url(self) -> str:
        return f"https://docs.google.com/spreadsheets/d/{self.id}/edit"

    def named(self, title: str) -> Sheet:
        for sheet in self.sheets:
            if sheet.title == title:
                return sheet
        raise Refused(f"Unable to parse range: {title}")

    def range(self, text: str) -> tuple[Sheet, "Range"]:
        """Return the sheet and the cells of A1 notation; rows or columns that it leaves out are all of them."""
        match = re.fullmatch(r"(?:(?:'((?:[^']|'')+)'|(\w+))(?:!|$))?(?:([A-Z]*)(\d*)(?::([A-Z]*)(\d*))?)?", text)
        if not match:
            raise Refused(f"Unable to parse range: {text}")
        title = (match[1] or "").replace("''", "'") or match[2]
        sheet = self.named(title) if title else self.sheet
        if not (match[3] or match[4]):
            return sheet, Range(text, 0, 0, sheet.rows - 1, sheet.columns - 1)
        first = int(match[4] or 1) - 1, _column(match[3] or "A")
        if match[5] is None:
            return sheet, Range(text, *first, *first)
        last_row = int(match[6]) - 1 if match[6] else sheet.rows - 1
        return sheet, Range(text, *first, last_row, _column(match[5]) if match[5] else sheet.columns - 1)


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

    @property
    def start(self) -> dict[str, int]:
        return {"startRow": self.first_row, "startColumn": self.first_column}


def place_of(text: str) -> tuple[int, int]:
    """Return row and column of a cell such as `B2`, from 0."""
    match = re.fullmatch(r"([A-Z]+)(\d+)", text)
    assert match, text
    return int(match[2]) - 1, _column(match[1])


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
