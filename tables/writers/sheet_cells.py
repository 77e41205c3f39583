"""Cells of Google Sheets: values as they are, with the format, the rule and the link that belong to a column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from tables.types.columns import (
    DAYS,
    DECIMAL_TYPES,
    NUMERIC_TYPES,
    TEXT_TYPES,
    Column,
    ColumnType,
    Value,
    currency_code,
)
from tables.types.numbers import count_digits
from tables.types.types import format_value

Cell: TypeAlias = str | int | float | bool | None

EXACT_DIGITS = 15  # Sheets stores numbers as 64-bit floats
MAX_LISTED_OPTIONS = 500  # Google's limit of a dropdown
MAX_DECIMALS = 10
DAY_ZERO = datetime(1899, 12, 30, tzinfo=UTC)
SECONDS_OF_DAY = 86_400
# ISO 4217: currencies whose smallest unit is not a hundredth.
WHOLE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND"
MINOR_UNITS = {code: decimals for decimals, codes in {0: WHOLE, 3: THOUSANDTHS}.items() for code in codes.split()}
NARROWEST, WIDEST, CHARACTER, PADDING = 70, 400, 7, 24  # pixels


@dataclass(frozen=True)
class SheetColumn:
    """Column of a sheet: a table's column, its header, and a number format and a width in pixels of its own."""

    column: Column
    header: str
    pattern: str | None = None
    width: int | None = None


@dataclass
class ColumnStatistics:
    """Facts about the values written into a column, which choose its format and its width."""

    decimals: int = 0
    longest: int = field(default=0)

    def add(self, column: Column, value: Value) -> None:
        if value is None:
            return
        if column.type in DECIMAL_TYPES:
            self.decimals = max(self.decimals, len(str(value).partition(".")[2]))
        self.longest = max(self.longest, len(str(value)) if isinstance(value, str | int) else 20)


def sheet_cell(column: Column, value: Value) -> Cell:
    """Return a value as Sheets stores it: numbers, percents as fractions, days as serial numbers, else text.

    A number that 64-bit floats cannot hold exactly is text. None is an empty cell.
    """
    if value is None or isinstance(value, bool):
        return value
    if column.type in DAYS:
        return _serial_number(str(value))
    if column.type not in NUMERIC_TYPES:
        return format_value(column, value)
    plain = str(value)
    if count_digits(plain.rstrip("0") if "." in plain else plain) > EXACT_DIGITS:
        return format_value(column, value)
    if column.type not in DECIMAL_TYPES:
        return int(plain)
    return float(Decimal(plain) / 100 if column.type is ColumnType.PERCENT else Decimal(plain))


def _serial_number(text: str) -> int | float:
    """Return the days since 1899-12-30 of an ISO date, or of a moment in UTC."""
    moment = datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)
    passed = moment - DAY_ZERO
    return passed.days + passed.seconds / SECONDS_OF_DAY if passed.seconds else passed.days


def link_of(column: Column, cell: Cell) -> str | None:
    """Return the address that a cell of a URL or EMAIL column opens."""
    if not isinstance(cell, str) or not cell:
        return None
    if column.type is ColumnType.URL:
        return cell
    return f"mailto:{cell}" if column.type is ColumnType.EMAIL else None


def has_links(column: Column) -> bool:
    """Return True if cells of the column may have a link."""
    return column.type in {ColumnType.URL, ColumnType.EMAIL}


def number_format(sheet_column: SheetColumn, decimals: int) -> dict[str, str] | None:
    """Return Google's NumberFormat of a column whose values have up to `decimals` decimals; None for automatic."""
    column, pattern = sheet_column.column, sheet_column.pattern
    if column.type in TEXT_TYPES:
        return {"type": "TEXT"}
    places = "." + "0" * min(decimals, MAX_DECIMALS) if decimals else ""
    match column.type:
        case ColumnType.DATE:
            return {"type": "DATE", "pattern": pattern or "yyyy-mm-dd"}
        case ColumnType.DATETIME:
            return {"type": "DATE_TIME", "pattern": pattern or "yyyy-mm-dd hh:mm:ss"}
        case ColumnType.PERCENT:
            return {"type": "PERCENT", "pattern": pattern or f"0{places}%"}
        case ColumnType.CURRENCY:
            return {"type": "CURRENCY", "pattern": pattern or _currency_pattern(column, decimals)}
        case ColumnType.INTEGER:
            return {"type": "NUMBER", "pattern": pattern or "0"}
    return {"type": "NUMBER", "pattern": pattern} if pattern else None


def _currency_pattern(column: Column, decimals: int) -> str:
    code = currency_code(column)
    digits = min(max(decimals, MINOR_UNITS.get(code or "", 2)), MAX_DECIMALS)
    return "#,##0" + (f".{'0' * digits}" if digits else "") + (f" [${code}]" if code else "")


def validation_rule(column: Column) -> dict[str, Any] | None:
    """Return Google's DataValidationRule: a checkbox for BOOLEAN, a dropdown for SELECT with options."""
    if column.type is ColumnType.BOOLEAN:
        return {"condition": {"type": "BOOLEAN"}, "strict": True, "showCustomUi": True}
    options = column.options if column.type is ColumnType.SELECT else None
    if not options or len(options) > MAX_LISTED_OPTIONS:
        return None
    # Sheets reads the option "=A1" as a formula, and a dropdown has no other way to write it.
    if any(option.startswith(("=", "+")) for option in options):
        return None
    values = [{"userEnteredValue": option} for option in options]
    return {"condition": {"type": "ONE_OF_LIST", "values": values}, "strict": True, "showCustomUi": True}


def pixel_width(sheet_column: SheetColumn, longest: int) -> int:
    """Return the width of a column in pixels, for its header and its longest value."""
    if sheet_column.width is not None:
        return sheet_column.width
    characters = max(len(sheet_column.header) + 2, longest)
    return min(max(characters * CHARACTER + PADDING, NARROWEST), WIDEST)


def cells_of(columns: Sequence[SheetColumn], values: Mapping[str, Value]) -> list[Cell]:
    """Return the cells of one row of a table."""
    return [sheet_cell(one.column, values.get(one.column.key)) for one in columns]
