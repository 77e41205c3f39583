"""Kinds of texts in cells, by which headers, rows, units and notes are told apart."""

import re
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache

from tables.types.money import CODES

# Marks of merged cells. A text cannot hold these two characters, so that they need no type of their own.
# Unicode reserves these two for use inside programs: no file that people have holds them as text.
LEFT = "\ufdd0"  # the cell belongs to the one on its left
ABOVE = "\ufdd1"  # before a text: the cell belongs to the one above it, whose text this is

Texts = Sequence[str | None]


class CellKind(Enum):
    """Kind of the text in a cell; those from NUMBER on are values."""

    EMPTY = 0
    NULL = 1
    TEXT = 2
    NUMBER = 3
    DATE = 4
    TIME = 5
    WORD = 6  # of truth
    ADDRESS = 7
    CODE = 8  # a few letters and digits, as in an article number: a name may look like that as well

    def __init__(self, number: int) -> None:
        self.is_value = 3 <= number <= 7  # no property, since headers of wide files ask it a hundred thousand times


_CURRENCY = "€$£¥￥₹₽₩₺₴₪฿₫₦₱₿¢"
_CODES = rf"(?:{'|'.join(sorted(CODES))}|US|A|C|HK|NZ|R|Rs\.?|kr\.?|Fr\.?|SFr\.?|zł|Kč|лв\.?)"
_UNIT = rf"(?:%|‰|°|[{_CURRENCY}]|[^\W\d_]{{1,3}}[²³]?\.?)"
_NUMBER = re.compile(
    rf"[(<>≤≥~±]?\s?(?:{_CODES}\s?)?[{_CURRENCY}]?\s?[(+\-−–]?\s?[{_CURRENCY}]?\s?\.?\d[\d.,'’ \u00a0\u202f٬٫]*+"
    rf"(?:[eE][+-]?\d{{1,3}})?\s?{_UNIT}?\s?\)?[*†‡]{{0,2}}(?:\s?\(\d{{1,2}}\))?"
)
_RANGE = re.compile(r"[<>≤≥~]?\d{1,4}(?:[.,]\d+)?\s?[-–]\s?\.?\d{1,4}(?:[.,]\d+)?\s?%?")
_DASHED = re.compile(rf"[{_CURRENCY}]\s*[-–—]")
_MONTH = (
    r"(?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz]"
    r"|янв|фев|мар|апр|мая|июн|июл|авг|сен|окт|ноя|дек)[^\W\d_]{0,6}\.?"
)
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?[ap]\.?m\.?)?(?:\s?z|\s?[+-]\d{2}:?\d{2})?"
_DATE = re.compile(
    rf"(?:\d{{4}}[-./]\d{{1,2}}(?:[-./]\d{{1,2}})?|\d{{1,2}}[-./]\d{{1,2}}[-./]\d{{2,4}}|\d{{1,2}}/\d{{4}}"
    rf"|\d{{1,2}}[. ]?[ -]?{_MONTH}[,]?(?:[ -]\d{{2,4}})?|{_MONTH}[ -]\d{{1,2}}(?:,? \d{{4}})?|{_MONTH}[ -]?\d{{2,4}}"
    rf"|\d{{4}}年\d{{1,2}}月(?:\d{{1,2}}日)?)(?:[t ,]+{_CLOCK})?",
    re.IGNORECASE,
)
_TIME = re.compile(rf"(?:{_CLOCK}|\d+:\d{{2}}:\d{{2}})", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s@]{1,64}@[^\s@]+\.[^\s@]+|(?:https?://|www\.)\S+", re.IGNORECASE)
_CODE = re.compile(r"[^\W\d_]{0,6}[-_/ .#]?\d[\w./#-]{0,30}", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20|21)\d\d(?:[-–/](?:19|20|21)?\d\d)?")
_WORDS = frozenset({"true", "false", "yes", "ja", "nein", "oui", "non", "да", "нет"})
NULLS = frozenset(
    {"n/a", "na", "#n/a", "null", "nan", "none", "nil", "-", "--", "---", "–", "—", "…", "...", "..", ".", "?", "k.a.",
     "n.a.", "n.d.", "nd", "s/d", "н/д", "(na)", "(x)", "x", "z", "(z)", "*", "**", "***", "****", "*****"}
)  # fmt: skip
_LONGEST_VALUE = 60
_UNITS = frozenset(
    [
        "s",
        "ms",
        "µs",
        "us",
        "ns",
        "min",
        "h",
        "hr",
        "hrs",
        "sec",
        "secs",
        "d",
        "days",
        "day",
        "years",
        "year",
        "yr",
        "months",
        "m",
        "mm",
        "cm",
        "dm",
        "km",
        "µm",
        "um",
        "nm",
        "in",
        "ft",
        "yd",
        "mi",
        "m2",
        "m3",
        "m²",
        "m³",
        "km²",
        "km2",
        "ha",
        "l",
        "ml",
        "cl",
        "dl",
        "gal",
        "g",
        "kg",
        "mg",
        "µg",
        "ug",
        "t",
        "lb",
        "lbs",
        "oz",
        "°c",
        "°f",
        "°",
        "c",
        "f",
        "k",
        "degc",
        "degf",
        "deg",
        "rad",
        "k/s",
        "m/s",
        "km/h",
        "kmh",
        "mph",
        "kn",
        "knots",
        "v",
        "mv",
        "kv",
        "a",
        "ma",
        "w",
        "kw",
        "mw",
        "kwh",
        "mwh",
        "wh",
        "j",
        "kj",
        "mj",
        "n",
        "kn",
        "pa",
        "hpa",
        "kpa",
        "mpa",
        "bar",
        "mbar",
        "psi",
        "atm",
        "hz",
        "khz",
        "mhz",
        "ghz",
        "db",
        "dbm",
        "ω",
        "ohm",
        "kohm",
        "lux",
        "lm",
        "cd",
        "mol",
        "mmol",
        "ppm",
        "ppb",
        "%",
        "‰",
        "pct",
        "percent",
        "eur",
        "usd",
        "gbp",
        "chf",
        "jpy",
        "€",
        "$",
        "£",
        "¥",
        "pcs",
        "pc",
        "units",
        "unit",
        "count",
        "no.",
        "nr",
        "id",
        "#",
        "-",
        "text",
        "string",
        "int",
        "float",
        "number",
        "date",
        "datetime",
        "bool",
        "boolean",
        "varchar",
        "integer",
        "decimal",
        "double",
        "char",
        "yyyy-mm-dd",
        "hh:mm",
        "hh:mm:ss",
        "utc",
        "ug/l",
        "mg/l",
        "g/l",
        "mg/dl",
        "mmol/l",
        "iu",
        "ie",
        "kcal",
        "cal",
        "st",
        "stk",
        "stück",
        "m³/s",
        "l/s",
        "l/min",
        "rpm",
        "1/min",
        "bpm",
        "g/cm3",
        "g/cm³",
        "kg/m3",
        "kg/m³",
        "µg/m³",
        "ug/m3",
        "mm/h",
    ]
)
_BRACKETED = re.compile(r"[(\[][^()\[\]]{1,20}[)\]]")


@lru_cache(50_000)
def kind_of(text: str | None) -> CellKind:
    """Return the kind of a cell's text; blanks around it do not count."""
    if text is None or not (text := text.strip().removeprefix(ABOVE)) or text == LEFT:
        return CellKind.EMPTY
    if text.casefold() in NULLS or set(text) <= set("-–—."):
        return CellKind.NULL
    if len(text) > _LONGEST_VALUE or text.endswith(("'s", "’s")):
        return CellKind.TEXT
    if text.casefold() in _WORDS:
        return CellKind.WORD
    for pattern, kind in _PATTERNS:
        if pattern.fullmatch(text):
            return kind
    return CellKind.TEXT


_PATTERNS = (
    (_DATE, CellKind.DATE),
    (_TIME, CellKind.TIME),
    (_NUMBER, CellKind.NUMBER),
    (_RANGE, CellKind.NUMBER),
    (_DASHED, CellKind.NUMBER),
    (_ADDRESS, CellKind.ADDRESS),
    (_CODE, CellKind.CODE),
)


def is_year(text: str) -> bool:
    """Return whether a text is a year or a range of two, as `2023` and `2023-24`."""
    return _YEAR.fullmatch(text.strip()) is not None


def is_unit(text: str) -> bool:
    """Return whether a text stands for a unit or a type, as `degC`, `(m/s)` and `%`."""
    text = text.strip()
    return text.casefold() in _UNITS or _BRACKETED.fullmatch(text) is not None


def count_filled(row: Texts) -> int:
    """Return the number of cells with a text of their own."""
    return sum(1 for cell in row if cell and cell != LEFT and cell.strip())


def bounds(row: Texts) -> tuple[int, int]:
    """Return the first filled column and the one behind the last; (0, 0) when all are empty."""
    filled = [n for n, cell in enumerate(row) if cell and cell.strip(" \t")]
    return (filled[0], filled[-1] + 1) if filled else (0, 0)


def cell_of(row: Texts, column: int) -> str | None:
    """Return a cell; None beyond the row's end, for an empty cell and for a part of the cell to the left."""
    text = row[column] if column < len(row) else None
    return text.removeprefix(ABOVE) if text and text != LEFT else None
