"""Writer of tables as XLSX: one sheet of typed cells, written row by row in constant memory."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

from errors import BadUserInput
from tables.types.columns import DECIMAL_TYPES, TEXT_TYPES, Column, ColumnType, Value, currency_code
from tables.types.numbers import count_digits
from tables.types.types import format_value

MAX_ROWS = 1_048_576
MAX_COLUMNS = 16_384
_MAX_SHEET_NAME = 31
_EXACT_DIGITS = 15
_SAMPLE = 100
_NARROWEST, _WIDEST = 8, 60

# Before March 1900 a spreadsheet's days are off by one: its calendar has a 29 February 1900.
_FIRST_DATE = date(1900, 3, 1)
_MILLISECOND = 1_000  # microseconds: the resolution of a date stored as days with 15 digits
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_MAX_CELL_TEXT = 32_767  # UTF-16 units; Excel calls a workbook with a longer one damaged
_SURROGATES = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True)
class SheetStyle:
    """Appearance of a sheet: its header, and number formats and widths (in characters) by column key."""

    include_header: bool = True
    freeze_header: bool = True
    formats: Mapping[str, str] = field(default_factory=dict)
    widths: Mapping[str, int] = field(default_factory=dict)


def starts_like_formula(text: str) -> bool:
    """Return True if a spreadsheet may run the text as a formula when it is opened or edited."""
    return text.startswith(FORMULA_STARTS)


def safe_sheet_name(name: str) -> str:
    """Return the name made valid for a sheet: at most 31 UTF-16 units, without []:*?/\\ and not "History"."""
    cleaned = re.sub(r"[\[\]:*?/\\\x00-\x1f\ud800-\udfff\ufffe\uffff]", "_", name).strip().strip("'")
    units = cleaned.encode("utf-16-le")[: 2 * _MAX_SHEET_NAME]
    short = units.decode("utf-16-le", errors="ignore").strip().strip("'")
    return f"{short}_" if short.casefold() == "history" else short or "Table"


def write_xlsx(
    target: str | Path | BinaryIO,
    columns: Sequence[Column],
    rows: Iterable[Mapping[str, Value]],
    sheet_name: str,
    style: SheetStyle | None = None,
) -> int:
    """Write one sheet to a path or a binary file and return the number of rows below its bold header.

    Rows hold values under their column's key. Numbers are numbers where 15 digits hold them, otherwise text;
    percents are fractions; dates are dates from 1900-03-01 on; moments are UTC. Raises BadUserInput when the
    table does not fit on a sheet. When anything raises before the last row, the target stays untouched.
    """
    from xlsxwriter.workbook import Workbook  # type: ignore[import-untyped]  # it ships no types

    style = style or SheetStyle()
    if len(columns) > MAX_COLUMNS:
        raise BadUserInput(f"A sheet has at most {MAX_COLUMNS:,} columns: export fewer columns, or as CSV.")
    workbook = Workbook(target, {"constant_memory": True})
    sheet = workbook.add_worksheet(safe_sheet_name(sheet_name))
    try:
        count = _fill(_Sheet(workbook, sheet, style), columns, rows)
    except BaseException:
        sheet.row_data_fh.close()
        Path(sheet.row_data_filename).unlink()
        raise
    workbook.close()
    return count


def _fill(sheet: "_Sheet", columns: Sequence[Column], rows: Iterable[Mapping[str, Value]]) -> int:
    remaining = iter(rows)
    first = list(islice(remaining, _SAMPLE))
    below = sheet.write_header(columns, first)
    count = 0
    for count, row in enumerate(chain(first, remaining), 1):
        line = count - 1 + below
        if line >= MAX_ROWS:
            raise BadUserInput(f"A sheet has at most {MAX_ROWS:,} rows, its header included: export as CSV.")
        for index, column in enumerate(columns):
            sheet.write(line, index, column, row.get(column.key))
    return count


def _width(column: Column, rows: Sequence[Mapping[str, Value]]) -> int:
    texts = (format_value(column, row.get(column.key)) for row in rows)
    longest = max((len(line) for text in (column.name, *texts) for line in text.split("\n")), default=0)
    return min(max(longest + 2, _NARROWEST), _WIDEST)


class _Sheet:
    """Open sheet with a cache of its cell formats, of which a workbook should hold each once."""

    def __init__(self, workbook: Any, sheet: Any, style: SheetStyle) -> None:
        self._workbook, self._sheet, self._style = workbook, sheet, style
        self._formats: dict[tuple[tuple[str, object], ...], Any] = {}

    def write_header(self, columns: Sequence[Column], rows: Sequence[Mapping[str, Value]]) -> int:
        """Set the widths, write the header if there is one, and return the index of the first row below it."""
        for index, column in enumerate(columns):
            self._sheet.set_column(index, index, self._style.widths.get(column.key) or _width(column, rows))
            if self._style.include_header:
                self._write_text(0, index, column.name, column, bold=True)
        if self._style.include_header and self._style.freeze_header:
            self._sheet.freeze_panes(1, 0)
        return int(self._style.include_header)

    def write(self, row: int, index: int, column: Column, value: Value) -> None:
        if value is None:
            return
        if isinstance(value, bool):
            self._sheet.write_boolean(row, index, value)
        elif column.type in TEXT_TYPES:
            self._write_text(row, index, format_value(column, value), column)
        elif column.type in {ColumnType.DATE, ColumnType.DATETIME}:
            self._write_date(row, index, column, str(value))
        else:
            self._write_number(row, index, column, str(value))

    def _write_text(self, row: int, index: int, text: str, column: Column, *, bold: bool = False) -> None:
        text = _SURROGATES.sub("\ufffd", text)
        if 2 * len(text) > _MAX_CELL_TEXT and len(text.encode("utf-16-le")) > 2 * _MAX_CELL_TEXT:
            raise BadUserInput(
                f"The text of {column.name!r} in row {row + 1:,} of the sheet is too long. A cell of a workbook has at "
                f"most {_MAX_CELL_TEXT:,} characters: export as CSV or JSON."
            )
        cell_format = self._format(bold=bold, quote_prefix=starts_like_formula(text))
        if text.startswith("<r>") and text.endswith("</r>"):
            # XlsxWriter copies such a string into the sheet as XML of its own; in pieces it is escaped.
            self._sheet.write_rich_string(row, index, "<", "r", text[2:], cell_format)
        else:
            self._sheet.write_string(row, index, text, cell_format)

    def _write_date(self, row: int, index: int, column: Column, text: str) -> None:
        moment = datetime.fromisoformat(text.removesuffix("Z"))
        if moment.date() < _FIRST_DATE or moment.microsecond % _MILLISECOND:
            self._sheet.write_string(row, index, text)
            return
        date_format = "yyyy-mm-dd" if "T" not in text else "yyyy-mm-dd hh:mm:ss"
        date_format += ".000" if moment.microsecond else ""
        number_format = self._style.formats.get(column.key, date_format)
        self._sheet.write_datetime(row, index, moment, self._format(num_format=number_format))

    def _write_number(self, row: int, index: int, column: Column, plain: str) -> None:
        if count_digits(plain.rstrip("0") if "." in plain else plain) > _EXACT_DIGITS:
            self._sheet.write_string(row, index, format_value(column, plain))
            return
        number = Decimal(plain) / 100 if column.type is ColumnType.PERCENT else Decimal(plain)
        number_format = self._style.formats.get(column.key) or _number_format(column, plain)
        cell_format = self._format(num_format=number_format)
        self._sheet.write_number(row, index, float(number), cell_format)

    def _format(self, **properties: object) -> Any:
        key = tuple(properties.items())
        if key not in self._formats:
            self._formats[key] = self._workbook.add_format(properties)
        return self._formats[key]


def _number_format(column: Column, plain: str) -> str:
    """Return the Excel number format with as many decimals as the value has."""
    decimals = len(plain.partition(".")[2])
    places = f".{'0' * decimals}" if decimals else ""
    if column.type is ColumnType.PERCENT:
        return f"0{places}%"
    if column.type is not ColumnType.CURRENCY:
        return f"0{places}" if column.type in DECIMAL_TYPES else "0"
    code = currency_code(column)
    return f"#,##0{places}" + (f" [${code}]" if code else "")
