"""Texts that a spreadsheet shows for numbers: the format tells a percent, an amount, a date, a duration or a code."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum

from tables.types.money import SIGNS, split_currency
from tables.types.numbers import MAX_DIGITS, count_digits, plain_number

MILLISECONDS = 86_400_000  # of a day
LONGEST_WHOLE = 1e22  # beyond it a number of a spreadsheet is not exact, and is shown with an exponent
LAST_DAY = 2_958_465  # 9999-12-31
DAYS_TO_1904 = 1_462
LEAP_DAY = 60  # 29 February 1900, which spreadsheets count and which never was


class NumberKind(Enum):
    """Meanings of a stored number."""

    NUMBER = "a number"
    PERCENT = "a percent: the fraction times a hundred"
    AMOUNT = "an amount of money"
    DATE = "days since the beginning of the calendar"
    TIME = "a fraction of a day"
    MOMENT = "a date and a time"
    DURATION = "hours, minutes and seconds that may be more than a day"
    DIGITS = "a code with its leading zeros"
    TEXT = "a text"


@dataclass(frozen=True)
class NumberFormat:
    """`currency` is the ISO 4217 code of an amount, when its sign tells; `places` are those of a code, as 00-000.

    `decimals` are shown at least.
    """

    kind: NumberKind = NumberKind.NUMBER
    currency: str | None = None
    places: str = ""
    decimals: int = 0


# What has no code of its own in a file. The amounts are those of the United States, as their writers mean them.
BUILT_IN = {
    **dict.fromkeys((2, 4, 39, 40), "0.00"),
    9: "0%",
    10: "0.00%",
    **dict.fromkeys((14, 15, 16, 17), "d/m/y"),
    **dict.fromkeys((18, 19, 20, 21, 45, 47), "h:mm:ss"),
    **dict.fromkeys((5, 6, 42), '"$"#,##0'),
    **dict.fromkeys((7, 8, 44), '"$"#,##0.00'),
    22: "d/m/y h:mm",
    46: "[h]:mm:ss",
    49: "@",
}
# Signs that stand for several currencies, by the country that a format names beside them.
_COUNTRIES = {
    "409": "USD", "1009": "CAD", "C0C": "CAD", "C09": "AUD", "1409": "NZD", "4809": "SGD", "C04": "HKD", "404": "TWD",
    "80A": "MXN", "2C0A": "ARS", "340A": "CLP", "240A": "COP", "411": "JPY", "804": "CNY", "41D": "SEK", "414": "NOK",
    "406": "DKK", "40F": "ISK", "809": "GBP", "C01": "EGP",
}  # fmt: skip
_TOKEN = re.compile(r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|\[(?P<bracket>[^\]]*)\]|[_*].|(?P<bare>.)', re.DOTALL)
_ELAPSED = re.compile(r"h+|m+|s+", re.IGNORECASE)
_NO_LETTERS = re.compile(r"general|am/pm|a/p", re.IGNORECASE)
_WHOLE = re.compile(r"-?\d{1,38}", re.ASCII)
_AROUND = frozenset(" -+/():.'")  # what may stand between the digits of a code
_PLACE = "\0"  # of a digit in `places`
_DECIMALS = re.compile(r"[0#?]\.(0+)")
_OTHERWISE = re.compile(r"[eE/]|[0#?],+(?![0#?,])")


def read_format(code: str) -> NumberFormat:
    """Return the format of positive numbers by its code, such as `[$€-407] #,##0.00`."""
    bare, literals, brackets, places = _first_section(code)
    letters = set(_NO_LETTERS.sub("", bare).lower())
    if any(_ELAPSED.fullmatch(bracket) for bracket in brackets):
        return NumberFormat(NumberKind.DURATION)
    if letters & set("ymdhs"):
        return NumberFormat(_moment(letters, bare.lower()))
    decimals = _decimals(bare)
    if "%" in bare:
        return NumberFormat(NumberKind.PERCENT, decimals=decimals)
    if "@" in bare:
        return NumberFormat(NumberKind.TEXT)
    if currency := _currency(bare, literals, brackets):
        return NumberFormat(NumberKind.AMOUNT, currency, decimals=decimals)
    if places.count(_PLACE) > 1 and set(bare) <= _AROUND - {"."} | {"0"}:
        return NumberFormat(NumberKind.DIGITS, places=places)
    return NumberFormat(decimals=decimals)


def _decimals(bare: str) -> int:
    """Return the number of decimals that are always shown; 0 with an exponent, a scale or a fraction."""
    match = _DECIMALS.search(bare)
    return len(match[1]) if match and not _OTHERWISE.search(bare) else 0


def _first_section(code: str) -> tuple[str, list[str], list[str], str]:
    """Split the section for positive numbers: signs of the format, texts, what is in brackets, and the places."""
    bare, literals, brackets, places = "", [], [], ""
    for match in _TOKEN.finditer(code):
        sign = match["bare"]
        if sign == ";":
            break
        if sign is not None:
            bare += sign
            places += _PLACE if sign == "0" else sign
        elif (literal := match["quoted"] or match["escaped"]) is not None:
            literals.append(literal)
            places += literal
        elif (bracket := match["bracket"]) is not None:
            brackets.append(bracket)
    return bare, literals, brackets, places


def _moment(letters: set[str], bare: str) -> NumberKind:
    has_time = bool(letters & set("hs"))
    has_date = bool(letters & set("yd")) or "mmm" in bare or not has_time
    return NumberKind.MOMENT if has_date and has_time else NumberKind.DATE if has_date else NumberKind.TIME


def _currency(bare: str, literals: list[str], brackets: list[str]) -> str | None:
    for bracket in brackets:
        sign, _, country = bracket.removeprefix("$").partition("-")
        if bracket.startswith("$") and (code := _code_of(sign.strip(), country.upper().lstrip("0"))):
            return code
    signs = [literal.strip() for literal in literals] + [sign for sign in bare if sign in SIGNS]
    return next(filter(None, (_code_of(sign, "") for sign in signs)), None)


def _code_of(sign: str, country: str) -> str | None:
    split = split_currency(f"1 {sign}") if sign else None
    if split is None:
        return None
    there = _COUNTRIES.get(country, "")
    return (there if there in split[1] else split[1][0]) or None


def show(stored: str, format: NumberFormat, *, is_1904: bool = False, is_calculated: bool = False) -> str:
    """Return a stored number as people write it: `0.5` as `50%`, `45000` as `2023-03-15`.

    Every digit that is stored is shown, however few of them the format does; of what was calculated, the 15 that a
    spreadsheet has. A number that no calendar has a date for is shown as such. Raises ValueError when it is none.
    """
    if format.kind in {NumberKind.DATE, NumberKind.TIME, NumberKind.MOMENT}:
        dated = _date(float(stored), format.kind, is_1904)
        if dated is not None:
            return dated
    number = _exact(stored, is_calculated)
    if format.kind is NumberKind.DURATION:
        return _duration(number)
    plain = plain_number(number.scaleb(2) if format.kind is NumberKind.PERCENT else number)
    if plain is None:
        return str(number)
    if format.kind is NumberKind.DIGITS:
        return _in_places(plain, format.places) if plain.isdecimal() else plain
    plain = _with_zeros(plain, format.decimals)
    if format.kind is NumberKind.PERCENT:
        return f"{plain}%"
    return f"{plain} {format.currency}" if format.kind is NumberKind.AMOUNT else plain


def _with_zeros(plain: str, decimals: int) -> str:
    missing = decimals - len(plain.partition(".")[2])
    if missing <= 0 or count_digits(plain) + decimals > MAX_DIGITS:
        return plain
    return plain + ("" if "." in plain else ".") + "0" * missing


def _exact(stored: str, is_calculated: bool) -> Decimal:
    stored = stored.strip()
    if _WHOLE.fullmatch(stored):
        return Decimal(stored)
    number = float(stored)
    if number - number:  # infinite, or none
        raise ValueError(stored)
    exact = Decimal(format(number, ".15g") if is_calculated else repr(number))
    return exact.quantize(1) if number.is_integer() and abs(number) < LONGEST_WHOLE else exact


def _in_places(digits: str, places: str) -> str:
    """Fill in the digits from the right; those left over stand before the first one."""
    count = places.count(_PLACE)
    padded = digits.zfill(count)
    spare = len(padded) - count
    rest = iter(padded[spare:])
    formatted = [next(rest) if token == _PLACE else token for token in places]
    formatted.insert(places.index(_PLACE), padded[:spare])
    return "".join(formatted)


def _date(number: float, kind: NumberKind, is_1904: bool) -> str | None:
    """None for what no calendar has."""
    if not 0 <= number < LAST_DAY + 1:
        return None
    days, milliseconds = divmod(round(number * MILLISECONDS), MILLISECONDS)
    if days > LAST_DAY - (DAYS_TO_1904 if is_1904 else 0):
        return None
    clock = _short((datetime(1, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)).time().isoformat())
    if kind is NumberKind.TIME and days == 0:
        return clock
    if days == 0 and not is_1904:
        return None
    if days == LEAP_DAY and not is_1904:
        return "1900-02-29"
    first = date(1904, 1, 1) if is_1904 else date(1899, 12, 30) if days > LEAP_DAY else date(1899, 12, 31)
    day = first + timedelta(days=days)
    if kind is NumberKind.DATE and milliseconds == 0:
        return day.isoformat()
    return f"{day.isoformat()}T{clock}Z"


def _duration(number: Decimal) -> str:
    seconds, milliseconds = divmod(round(abs(number) * MILLISECONDS), 1_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{milliseconds:03}" if milliseconds else ""
    return f"{'-' if number < 0 else ''}{hours}:{minutes:02}:{seconds:02}{fraction}"


def _short(clock: str) -> str:
    """Without the zeros behind milliseconds."""
    return clock[:-3] if "." in clock else clock
