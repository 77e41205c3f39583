"""A column's definition: its type, its rules, and how its texts are written."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from tables.types.dates import ORDERS
from tables.types.money import CODES
from tables.types.patterns import Matcher

Value = str | int | bool | list[str] | None


class ColumnType(StrEnum):
    """Type of a column's cells."""

    TEXT = "TEXT"
    INTEGER = "INTEGER"
    DECIMAL = "DECIMAL"
    CURRENCY = "CURRENCY"
    PERCENT = "PERCENT"
    BOOLEAN = "BOOLEAN"
    DATE = "DATE"
    DATETIME = "DATETIME"
    SELECT = "SELECT"
    MULTI_SELECT = "MULTI_SELECT"
    EMAIL = "EMAIL"
    URL = "URL"


DECIMAL_TYPES = frozenset({ColumnType.DECIMAL, ColumnType.CURRENCY, ColumnType.PERCENT})
NUMERIC_TYPES = DECIMAL_TYPES | {ColumnType.INTEGER}
# Rules that mean something in columns of some types only.
RULES = frozenset({"options", "minimum", "maximum", "max_length", "pattern", "format"})
LISTS = frozenset({ColumnType.SELECT, ColumnType.MULTI_SELECT})
DAYS = frozenset({ColumnType.DATE, ColumnType.DATETIME})
TEXT_TYPES = frozenset({ColumnType.TEXT, ColumnType.EMAIL, ColumnType.URL, ColumnType.SELECT, ColumnType.MULTI_SELECT})


class CellError(ValueError):
    """A value that its column cannot hold; the message says what to enter instead."""


@dataclass(frozen=True)
class Column:
    """One column's definition; `key` ("c7") is never reused.

    `format` says how its texts are read where they can be read in two ways, and a "?" at its end says that
    the texts did not tell:
      INTEGER DECIMAL PERCENT   the decimal mark, "." (also when None) or ",": "1.234" is 1.234 or 1234
      CURRENCY                  ISO 4217 code, then the decimal mark when it is a comma: "EUR", "EUR ,"
      DATE DATETIME             order of day, month and year: "YMD", "DMY", "MDY"; with None a date
                                that can be read in two ways is refused
    `description` says what belongs into the column, for people and for models that read it. `scope` identifies what
    the column belongs to (a table, a table at a revision, a proposal); it is no part of the definition.
    """

    key: str
    name: str
    type: ColumnType
    position: int = 0
    is_required: bool = False
    is_unique: bool = False
    is_indexed: bool = False
    options: tuple[str, ...] | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    max_length: int | None = None
    pattern: str | None = None
    format: str | None = None
    default: Value = None
    description: str | None = None
    scope: str = field(default="", compare=False, repr=False)

    @cached_property
    def matcher(self) -> Matcher | None:
        """Return the matcher of the pattern; each column object has its own time budget."""
        return None if self.pattern is None else Matcher(self.pattern)


def currency_code(column: Column) -> str | None:
    """Return the ISO 4217 code of a CURRENCY column, or None."""
    code = (column.format or "")[:3]
    return code if column.type is ColumnType.CURRENCY and code in CODES else None


def decimal_mark(column: Column) -> str:
    """Return the decimal mark of a numeric column, "." or ","."""
    return "," if (column.format or "").rstrip("?").endswith(",") else "."


def date_order(column: Column) -> str | None:
    """Return the order in which a DATE or DATETIME column is written; None when it is not known."""
    order = (column.format or "").rstrip("?")
    return order if order in ORDERS else None
