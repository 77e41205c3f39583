"""Inference of column types: the narrowest type in which every text that is not empty parses."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tables.types import dates, numbers
from tables.types.boolean_words import are_boolean
from tables.types.columns import NUMERIC_TYPES, CellError, Column, ColumnType
from tables.types.date_words import fold
from tables.types.money import CODES, is_no_amount, shared_sign, split_currency
from tables.types.null_words import is_null, without_reference
from tables.types.numbers import Number
from tables.types.parsing import READERS

_T = TypeVar("_T")
Found = tuple[ColumnType, str | None]

# Past 15 digits a spreadsheet changes the number, and what is that long is a card, an account, an article.
_THOUSAND = 3  # digits
_MAX_DIGITS = 15
# Numbers that most programs write, of at most 15 digits and without three digits behind a point.
_UNAMBIGUOUS = re.compile(r"-?(?:0|[1-9]\d{0,8})(?:\.(?:\d\d?|\d{4,6}))?", re.ASCII)
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_CODE = re.compile(
    rf"""[-+(]?0\d.*                    # a leading zero: 007, 030 1234567
    | [-+]?\d+[eE]\d+                # an article such as 1E5, or an exponent; 1.5e3 and 1e-5 are numbers
    | \+\s?\d[\d\s]{{6,}}              # an international telephone number
    | {_OCTET}(?:\.{_OCTET}){{3}}       # an IPv4 address
    """,
    re.ASCII | re.VERBOSE,
)
_NAMES_A_DAY = re.compile(
    r"date|datum|fecha|\bdata\b|\bdia\b|\bday\b|\btag\b|dtstart|dtend|дата|日期|日付|날짜|tarih|تاريخ", re.IGNORECASE
)
_NAMES_AN_ID = re.compile(r"[ug]?u?id|message-?id|identifier", re.IGNORECASE)
_NAMES_A_CODE = re.compile(
    r"""(?:\w+[ .-])?
    (?: iban | bic | swift | isbn | issn | ean | gtin | upc | sku | imei | siret | siren | blz | plz
      | zip | post(?:al)?[ -]?code | postleitzahl | code\ postal | c[oó]digo\ postal
      | tel | telefon | telefono | teléfono | telephone | téléphone | phone | mobile | mobil | handy | móvil
      | fax | telefax | kontonummer | seriennummer | artikelnummer
      | (?:account|card|serial|article|passport|vat|tax)(?=[ .#-]+(?:number|num|no|nr|id|\#))
    )
    (?:[ .:#-]*(?:number|num|nummer|no|nr|code|id))?[.:#]*""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True)
class _Cells:
    """The filled cells of a column, and the text that it stands in."""

    name: str
    texts: list[str]
    has_blanks: bool
    context: str


def infer(name: str, key: str, texts: Sequence[str | None], context: str = "") -> Column:
    """Find the column's type and the way its texts are written; without any text it is TEXT.

    Marks of absence (`N/A`, a dash) have no say, and footnotes behind numbers and dates are overlooked. `context` is
    the text around, which tells the currency of a sign that several share.

    Texts that stand for something else than a quantity stay TEXT: leading zeros, more than 15 digits,
    telephone numbers, addresses, and numbers under a name such as "Phone" or "ZIP". So do mixed currencies.
    """
    filled = [text.strip() for text in texts if text and text.strip()]
    values = [text for text in filled if not is_null(text)]
    cells = _Cells(name, values, len(values) < len(texts), context)
    for candidate in _CANDIDATES if values else ():
        if inferred := candidate(cells):
            return Column(key=key, name=name, type=inferred[0], format=inferred[1])
    return Column(key=key, name=name, type=ColumnType.TEXT)


def ambiguous(column: Column) -> bool:
    """Return True when the column's texts could also be read in another way, as 03/04/2025 or 1.234 alone can."""
    return (column.format or "").endswith("?")


def is_code(text: str) -> bool:
    """Return True when a text that reads as a number may stand for something else, which a number would not keep."""
    return _CODE.fullmatch(numbers.simplify(text)) is not None


def format_of(type: ColumnType, texts: Iterable[str]) -> str | None:
    """Return the format of the texts that can become values of a type, as they tell it together.

    The order of dates is None when they do not tell it. Raises CellError when they have several currencies, or a
    sign that several share.
    """
    if type in {ColumnType.DATE, ColumnType.DATETIME}:
        return _order(texts)
    if type is ColumnType.CURRENCY:
        return _currency_format(texts)
    if type not in NUMERIC_TYPES:
        return None
    percent = type is ColumnType.PERCENT
    amounts = (numbers.without_percent(text) or text if percent else text for text in texts)
    return _written(_mark([number for text in amounts if (number := numbers.read_number(text))]))


def _order(texts: Iterable[str]) -> str | None:
    timed = ((dates.read_datetime(text), text) for text in texts)
    readings = [day for time, text in timed if (day := time.day if time else dates.read_date(text))]
    numeric = [reading for reading in readings if not reading.is_certain]
    ordered = _ordered(ColumnType.DATE, numeric) if numeric else None
    return ordered[1] if ordered and ordered[1] in dates.ORDERS else None


def _currency_format(texts: Iterable[str]) -> str | None:
    split = [split_currency(text) or (text, None) for text in texts]
    codes = {codes[0] or " or ".join(codes[1:]) for _, codes in split if codes}
    if not codes:
        return None
    if len(codes) > 1 or not codes & CODES:
        raise CellError(f"The amounts can be in {', '.join(sorted(codes))}: give the currency as the format.")
    mark = _written(_mark([number for text, _ in split if (number := numbers.read_number(text))], in_groups=True))
    return f"{codes.pop()} {mark}" if mark else codes.pop()


def _boolean(cells: _Cells) -> Found | None:
    words = frozenset(numbers.visible(text).casefold() for text in cells.texts)
    return (ColumnType.BOOLEAN, None) if are_boolean(words, has_blanks=cells.has_blanks) else None


def _quantity(cells: _Cells) -> Found | None:
    texts = _without_references(cells.texts)
    if _NAMES_A_CODE.fullmatch(cells.name.strip()) or any(map(is_code, texts)):
        return None
    return _integer_or_decimal(texts) or _percent(texts) or _currency(texts, cells.context)


def _without_references(texts: Sequence[str]) -> list[str]:
    """Return the texts without footnote marks; a mark that every one of them has is no footnote's."""
    bare = [without_reference(text) for text in texts]
    return list(texts) if bare[0] != texts[0] and texts[0].endswith("#") else bare


def _integer_or_decimal(cells: Sequence[str]) -> Found | None:
    if all(map(_UNAMBIGUOUS.fullmatch, cells)):
        return ColumnType.DECIMAL if any("." in cell for cell in cells) else ColumnType.INTEGER, None
    if (read := _read_all(cells)) is None:
        return None
    mark, numbers_read = read
    whole = all("." not in number.plain for number in numbers_read)
    return (ColumnType.INTEGER if whole else ColumnType.DECIMAL), _written(mark)


def _percent(cells: Sequence[str]) -> Found | None:
    amounts = _all(map(numbers.without_percent, cells))
    read = _read_all(amounts) if amounts else None
    return (ColumnType.PERCENT, _written(read[0])) if read else None


def _currency(cells: Sequence[str], context: str) -> Found | None:
    """Find the currency; every sign means the same one; amounts without a sign go along with those that have one."""
    meanings, amounts = set(), []
    for cell in cells:
        split = split_currency(cell)
        amounts.append(split[0] if split else cell)
        if split:
            meanings.add(split[1])
    # `$ -` is how spreadsheets show nothing as an amount.
    amounts = [amount for amount, cell in zip(amounts, cells, strict=True) if not is_no_amount(amount, cell)]
    codes = {meant[0] for meant in meanings}
    code = codes.pop() if len(codes) == 1 else None
    read = _read_all(amounts, in_groups=True) if amounts and code is not None else None
    if read is None or code is None or any(map(is_code, amounts)):
        return None
    mark, is_guess = _written(read[0]), False
    if not code and len(meanings) == 1:
        has_cents = any("." in number.plain for number in read[1])
        code, is_guess = shared_sign(meanings.pop(), context, has_cents=has_cents) or "", True
    if not code:
        return None
    return ColumnType.CURRENCY, " ".join(filter(None, (code, mark or ("?" if is_guess else None))))


def _read_all(texts: Sequence[str], *, in_groups: bool = False) -> tuple[str, list[Number]] | None:
    """Read every text as a number by the decimal mark that they show together, "?" behind a guess.

    Where nothing tells, a point is the decimal mark; with `in_groups` (amounts of money) three digits behind
    the mark are taken for thousands.
    """
    first = _all(numbers.read_number(text) for text in texts)
    if first is None:
        return None
    mark = _mark(first, in_groups=in_groups)
    numbers_read = _all(numbers.read_number(text, mark[0]) for text in texts)
    if numbers_read is None or any(
        _digits(text, number) > _MAX_DIGITS for text, number in zip(texts, numbers_read, strict=True)
    ):
        return None
    return mark, numbers_read


def _digits(text: str, number: Number) -> int:
    """Count the digits that were written; an exponent writes no zeros."""
    mantissa = re.split("[eE]", text, maxsplit=1)[0] if "e" in text.casefold() else ""
    return sum(map(str.isdecimal, mantissa)) if mantissa else numbers.count_digits(number.plain)


def _mark(numbers_read: Sequence[Number], *, in_groups: bool = False) -> str:
    """Return the decimal mark of numbers that were read with a point as theirs."""
    marks = {number.evidence for number in numbers_read} & {".", ","}
    open_ones = [number for number in numbers_read if number.evidence == "?"]
    mark = "," if marks == {","} else "."
    is_grouped = in_groups or _are_thousands_among_hundreds(numbers_read)
    if is_grouped and not marks and open_ones and all("." in number.plain for number in open_ones):
        mark = ","
    return f"{mark}?" if open_ones and len(marks) != 1 else mark


def _are_thousands_among_hundreds(numbers_read: Sequence[Number]) -> bool:
    """Return True for 1.240, 860 and 2.015: among whole hundreds, three digits behind a point are no fraction."""
    whole = [len(number.plain.lstrip("-")) for number in numbers_read if number.evidence is None]
    return bool(whole) and max(whole) == _THOUSAND


def _written(mark: str) -> str | None:
    return None if mark == "." else mark


def _all(values: Iterable[_T | None]) -> list[_T] | None:
    """Return the whole list, or None as soon as one is None."""
    complete: list[_T] = []
    for one in values:
        if one is None:
            return None
        complete.append(one)
    return complete


def _date(cells: _Cells) -> Found | None:
    texts = _without_references(cells.texts)
    readings = _all(map(dates.read_date, texts))
    return _ordered(ColumnType.DATE, readings) if readings else None


def _digits_of_days(cells: _Cells) -> Found | None:
    """Read 20251231 as a date under a name that speaks of days; elsewhere it is a number."""
    if not _NAMES_A_DAY.search(fold(cells.name)):
        return None
    readings = _all(map(dates.read_digits, cells.texts))
    return (ColumnType.DATE, "YMD") if readings else None


def _datetime(whole: _Cells) -> Found | None:
    """Find dates with a time of day; a date alone among them is its midnight."""
    cells = _without_references(whole.texts)
    timed = [dates.read_datetime(cell) for cell in cells]
    if not any(timed):
        return None
    days = _all(one.day if one else dates.read_date(cell) for one, cell in zip(timed, cells, strict=True))
    ordered = _ordered(ColumnType.DATETIME, days) if days else None
    return ordered if ordered and _all_parse(ordered, cells) else None


def _ordered(type: ColumnType, readings: Sequence[dates.DateReading]) -> Found | None:
    """Find the order that all dates share; a day past the 12th tells it, or else points between the numbers do."""
    numeric = [reading for reading in readings if not reading.is_certain]
    shared = frozenset(dates.ORDERS).intersection(*(reading.dates for reading in numeric or readings))
    if not numeric:
        return type, next(iter(shared), None)
    if len(shared) > 1:
        return type, "DMY" if all(reading.is_dotted for reading in numeric) else "DMY?"
    return (type, next(iter(shared))) if shared else None


def _simple(type: ColumnType) -> Callable[[_Cells], Found | None]:
    return lambda cells: (type, None) if _all_parse((type, None), cells.texts) else None


def _email(cells: _Cells) -> Found | None:
    """Find addresses, unless the column's name tells that it identifies something, as those of calendars do."""
    return None if _NAMES_AN_ID.fullmatch(cells.name.strip()) else _simple(ColumnType.EMAIL)(cells)


def _all_parse(inferred: Found, cells: Sequence[str]) -> bool:
    column = Column(key="", name="", type=inferred[0], format=inferred[1])
    try:
        for cell in cells:
            READERS[column.type](column, cell)
    except CellError:
        return False
    return True


_CANDIDATES = (
    _boolean,
    _digits_of_days,
    _quantity,
    _date,
    _datetime,
    _email,
    _simple(ColumnType.URL),
)
