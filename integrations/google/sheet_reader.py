"""Reader of one sheet of a Google spreadsheet; number formats decide the types of its cells."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Any
from urllib.parse import parse_qs, urlsplit

from integrations.google import sheet_dropdowns
from integrations.google.access import GoogleAccess
from integrations.google.connection import Connection, Patience
from integrations.google.failures import SheetsFailure, not_google
from integrations.google.sharing import check_sharing, opened
from tables.files.number_formats import NumberFormat, NumberKind, read_format, show

SPREADSHEETS_URL = "https://sheets.googleapis.com/v4/spreadsheets/{}"
PROPERTIES = "properties(title),sheets(properties(sheetId,title,hidden,sheetType,gridProperties(rowCount,columnCount)))"
CELLS = "sheets(data(rowData(values(effectiveValue,formattedValue,effectiveFormat(numberFormat(type,pattern))))))"
CHUNK_CELLS = 40_000  # of one request; a chunk of empty cells makes the next one four times as large
MAX_CHUNK_CELLS = 2_000_000
MAX_ROWS = 110_000  # more than a table may have; the caller refuses what is too much
# Shorter than for an export: somebody waits for the answer.
PATIENCE = Patience(connect=5, read=30, tries=4, first_wait=0.5, longest_wait=8, total=60)
NO_SHEET, BAD_RANGE = "NO_SUCH_SHEET", "BAD_RANGE"
A1 = re.compile(r"\$?([A-Z]{1,3})?\$?([1-9]\d{0,7})?(?::\$?([A-Z]{1,3})?\$?([1-9]\d{0,7})?)?", re.IGNORECASE)
# Patterns of formats that name none: Google then shows the values as the language of the spreadsheet does.
DEFAULT_PATTERNS = {
    "DATE": "yyyy-mm-dd",
    "TIME": "h:mm:ss",
    "DATE_TIME": "yyyy-mm-dd h:mm:ss",
    "PERCENT": "0.00%",
    "TEXT": "@",
}

# Unlike in a workbook, the days before March 1900 are those of the calendar, and those before 1900 are negative.
FIRST_DAY = datetime(1899, 12, 30)  # noqa: DTZ001  a spreadsheet has no zones
MILLISECONDS = 86_400_000  # of a day

Cell = str | dict[str, str] | None


@dataclass(frozen=True)
class SheetRequest:
    """Sheet to read: of a spreadsheet by its id, the one with a title or `gid`, else the first that is not hidden."""

    spreadsheet_id: str
    title: str | None = None
    gid: int | None = None
    range: str | None = None


@dataclass(frozen=True)
class _Grid:
    """Rows and columns to read, from 0 and without the last."""

    title: str
    first_row: int
    end_row: int
    first_column: int
    end_column: int

    def a1(self, start: int, end: int) -> str:
        quoted = self.title.replace("'", "''")
        return f"'{quoted}'!{_letters(self.first_column)}{start + 1}:{_letters(self.end_column - 1)}{end}"


def gid_of(url: str) -> int | None:
    """Return the number of the sheet that the address of a spreadsheet opens."""
    parts = urlsplit(url)
    gid = (parse_qs(parts.fragment).get("gid") or parse_qs(parts.query).get("gid") or [""])[-1]
    return int(gid) if gid.isascii() and gid.isdigit() and len(gid) < 12 else None


class SheetReader:
    """Blocking reader: call `read_into` in a worker thread, and `close` to end its waits."""

    def __init__(self, access: GoogleAccess, base_url: str | None = None, *, patience: Patience = PATIENCE) -> None:
        self._access, self._base_url, self._patience = access, base_url, patience
        self._stopped = threading.Event()

    def close(self) -> None:
        """End the waits of a running read and refuse its next request."""
        self._stopped.set()

    def read_into(self, request: SheetRequest, target: IO[bytes]) -> str:
        """Write the rows of a sheet into a file, as `DocumentReader.rows_into` does; return the spreadsheet's title.

        Raises SheetsFailure, among others NO_ACCESS, NO_SUCH_SHEET and BAD_RANGE.
        """
        with closing(Connection(self._access, self._base_url, self._patience, self._stopped)) as google:
            check_sharing(google, self._access, request.spreadsheet_id, to_write=False)
            book = self._get(google, request, {"fields": PROPERTIES})
            grid, notes = _chosen(book, request)
            for row in self._rows(google, request, grid):
                target.write(json.dumps(row).encode() + b"\n")
            options = self._options(google, request, grid)
            target.write(json.dumps({"sheet": grid.title, "notes": notes, "options": options}).encode() + b"\n")
            return str(book.get("properties", {}).get("title") or grid.title)

    def _rows(self, google: Connection, request: SheetRequest, grid: _Grid) -> Iterator[list[Cell]]:
        """Yield the rows down to the last one with a value; Google leaves out those that are empty at the end."""
        width, cells, start, blank = grid.end_column - grid.first_column, CHUNK_CELLS, grid.first_row, 0
        formats: dict[tuple[str, str], NumberFormat] = {}
        while start < min(grid.end_row, grid.first_row + MAX_ROWS):
            end = min(grid.end_row, start + max(1, cells // width))
            params = {"fields": CELLS, "ranges": grid.a1(start, end)}
            data = self._get(google, request, params)["sheets"][0].get("data") or [{}]
            rows = data[0].get("rowData") or []
            for row in rows:
                read = [_cell(cell, formats) for cell in row.get("values") or ()]
                if not any(cell is not None for cell in read):
                    blank += 1
                    continue
                # Empty rows between others separate tables, and number the rows.
                yield from ([] for _ in range(blank))
                blank = 0
                yield read
            blank += end - start - len(rows)
            cells = cells if rows else min(4 * cells, MAX_CHUNK_CELLS)
            start = end

    def _options(self, google: Connection, request: SheetRequest, grid: _Grid) -> dict[int, list[str]]:
        """Return the options of columns with a dropdown, by the index in the rows."""
        end = min(grid.end_row, grid.first_row + sheet_dropdowns.ROWS_READ)
        params = {"fields": sheet_dropdowns.FIELDS, "ranges": grid.a1(grid.first_row, end)}
        data = self._get(google, request, params)["sheets"][0].get("data") or [{}]
        return sheet_dropdowns.dropdowns(data[0].get("rowData") or [])

    def _get(self, google: Connection, request: SheetRequest, params: dict[str, str]) -> Any:
        url = SPREADSHEETS_URL.format(request.spreadsheet_id)
        response = opened(self._access, lambda: google.request("get", url, params=params))
        try:
            content = response.json()
            content["sheets"][0]["properties"] if "properties" in params["fields"] else content["sheets"][0]
        except (ValueError, KeyError, TypeError, IndexError):
            raise not_google() from None
        return content


def _chosen(book: dict[str, Any], request: SheetRequest) -> tuple[_Grid, list[str]]:
    """Return the cells to read and notes on those left out. Raises SheetsFailure."""
    grids = [one["properties"] for one in book["sheets"] if "gridProperties" in one["properties"]]
    titles = [properties["title"] for properties in grids]
    visible = [properties for properties in grids if not properties.get("hidden")] or grids
    if request.title is not None:
        visible = [properties for properties in grids if properties["title"].casefold() == request.title.casefold()]
    elif request.gid is not None:
        visible = [properties for properties in grids if properties.get("sheetId", 0) == request.gid]
    if not visible:
        named = repr(request.title) if request.title is not None else f"number {request.gid}"
        raise SheetsFailure(NO_SHEET, f"The spreadsheet has no sheet {named}. It has: {_listed(titles)}.")
    chosen = visible[0]
    size = chosen["gridProperties"]
    grid = _clipped(request.range, chosen["title"], int(size["rowCount"]), int(size["columnCount"]))
    others = [title for title in titles if title != chosen["title"]]
    notes = [f"Sheets that were not read: {_listed(others)}. To import one, name it as `sheet`."] if others else []
    return grid, notes


def _clipped(range_: str | None, title: str, rows: int, columns: int) -> _Grid:
    """Return a range in A1 notation, clipped to the sheet. Raises SheetsFailure BAD_RANGE."""
    if range_ is None:
        return _Grid(title, 0, rows, 0, columns)
    match = A1.fullmatch(range_.strip())
    if match is None or not any(match.groups()):
        raise SheetsFailure(BAD_RANGE, f"{range_[:40]!r} is no range. Write one such as A1:F200, A:F or 2:100.")
    first_column, first_row, last_column, last_row = match.groups()
    if ":" not in range_:
        last_column, last_row = last_column or first_column, last_row or first_row
    (left, right), (top, bottom) = _ordered(_index(first_column), _index(last_column)), _ordered(first_row, last_row)
    grid = _Grid(title, top - 1, min(bottom or rows, rows), left - 1, min(right or columns, columns))
    if grid.first_row >= grid.end_row or grid.first_column >= grid.end_column:
        size = f"{rows:,} rows and {columns:,} columns"
        raise SheetsFailure(BAD_RANGE, f"The range {range_[:40]} is outside of the sheet, which has {size}.")
    return grid


def _ordered(first: str | int | None, last: str | int | None) -> tuple[int, int | None]:
    """Return both ends from 1, the smaller one first; an end that is left out is that of the sheet."""
    start, end = int(first or 1), int(last) if last else None
    return (end, start) if end is not None and end < start else (start, end)


def _index(letters: str | None) -> int | None:
    number = 0
    for letter in (letters or "").upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number or None


def _letters(column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, remainder = divmod(column - 1, 26)
        letters = chr(ord("A") + remainder) + letters
    return letters


def _cell(cell: dict[str, Any], formats: dict[tuple[str, str], NumberFormat]) -> Cell:
    """Return a cell as `workbooks.Cell`: a text behind `"`, what shows a number or a date, or a problem."""
    value = cell.get("effectiveValue") or {}
    if "stringValue" in value:
        text = str(value["stringValue"])
        return f'"{text}' if text else None
    if "boolValue" in value:
        return "true" if value["boolValue"] else "false"
    if "errorValue" in value:
        display_text = str(cell.get("formattedValue") or f"#{value['errorValue'].get('type', 'ERROR')}!")
        return {"problem": f"The cell shows {display_text}, an error of its spreadsheet: correct or empty it there.",
                "shown": display_text}  # fmt: skip
    if "numberValue" not in value:
        return None
    format_ = _format(cell, formats)
    number = value["numberValue"]
    display_text = _day(number, format_.kind) or show(repr(number), format_)
    return f'"{display_text}' if format_.kind is NumberKind.TEXT else display_text


def _day(number: float, kind: NumberKind) -> str | None:
    """Return a date, with its time where the format has one; None for other formats and for no date of a calendar."""
    if kind not in {NumberKind.DATE, NumberKind.MOMENT}:
        return None
    days, milliseconds = divmod(round(number * MILLISECONDS), MILLISECONDS)
    try:
        moment = FIRST_DAY + timedelta(days=days, milliseconds=milliseconds)
    except OverflowError:
        return None
    if kind is NumberKind.DATE and milliseconds == 0:
        return moment.date().isoformat()
    return moment.isoformat(timespec="milliseconds" if milliseconds % 1_000 else "seconds") + "Z"


def _format(cell: dict[str, Any], formats: dict[tuple[str, str], NumberFormat]) -> NumberFormat:
    stated = cell.get("effectiveFormat", {}).get("numberFormat") or {}
    key = str(stated.get("type", "")), str(stated.get("pattern") or "")
    if key not in formats:
        kind, pattern = key
        formats[key] = read_format(pattern or DEFAULT_PATTERNS.get(kind, "General"))
    return formats[key]


def _listed(titles: list[str]) -> str:
    more = f" and {len(titles) - 10} more" if len(titles) > 10 else ""
    return ", ".join(titles[:10]) + more
