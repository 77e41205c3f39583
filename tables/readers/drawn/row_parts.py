"""Parts of a row with single blanks between its cells: days and numbers first, then words, then values."""

import re
from typing import NamedTuple

from tables.readers.leading_days import is_month
from tables.readers.spans import Line
from tables.types.date_words import WEEKDAYS, fold
from tables.types.null_words import is_null

Range = tuple[int, int]

WORD = re.compile(r"\S+")
_YEAR = r"(?:,?[ ](?:de[ ]|del[ ])?(?:19|20)\d\d|[ ]'\d\d)?"
_LETTERS = r"[^\W\d_]{1,12}"
_CLOCK = r"\d{1,2}[:.h]\d{2}(?::\d\d)?(?:[ ]?[ap]m)?(?:h|[ ]?Uhr)?"
_DAY_ALONE = (
    rf"(?P<day>(?:19|20)\d\d[-/.]\d\d?[-/.]\d\d?|\d\d?月\d\d?日|\d\d?[./-]\d\d?(?:[./-](?:(?:19|20)?\d\d)?)?"
    rf"|\d\d?(?:st|nd|rd|th|er|\.|º)?[ -](?:de[ ]|of[ ])?(?P<month>{_LETTERS})\.?{_YEAR}"
    rf"|(?P<named>{_LETTERS})\.?[ ]\d\d?(?:st|nd|rd|th)?{_YEAR}(?![\d.,])|(?P<bare>\d\d?\.?))"
    rf"(?:[ ]{_CLOCK})?(?P<stop>[ ]?[:–—|,](?=\s)|[ ]-(?=\s)|(?=\s|\Z))"
)
_DAYS = tuple(
    re.compile(before + _DAY_ALONE, re.IGNORECASE)
    for before in ("(?P<weekday>)", rf"(?P<weekday>{_LETTERS})[.,]{{0,2}}[ ]")
)
_SHORT_DAY = re.compile(r"\d\d?[.-]\d\d?|\d/\d\d?|\d\d/\d")
_TIME = re.compile(rf"{_CLOCK}(?:[ ]?[-–][ ]?{_CLOCK})?(?:[ ]?[:–—|-](?=\s)|(?=\s))", re.IGNORECASE)
_COUNT = re.compile(r"#?(?P<number>\d{1,4})[.)]?(?=\s)")
_BULLET = re.compile(r"[ \t]*(?:[-*•–‣◦▪][ \t]+)?")
_SIGNS = "€$£¥₹₽₩₺₴₪"
_NUMERIC = re.compile(
    rf"[(]?[-+−–~≈<>±]?[{_SIGNS}]?[-+−–]?\d[\d.,'’:/%–-]*(?:[x×]\d+)?(?:[{_SIGNS}%°*†‡)]|[kKmMhsglWV]|kg|km|cm|mm|ml|[KMGT]i?B|min|h\d\d)?[)*]?"
)
_BARE = re.compile(r"[-+]?\d[\d.,'’]*[%€$£¥]?")
_GROUP, _FIRST_GROUP = re.compile(r"\d{3}(?:[.,]\d\d)?"), re.compile(r"[-+−]?\d{1,3}")
_MEASURE_LIST = """
% ‰ g kg mg t l ml cl dl m cm mm km m² m³ m2 m3 ha h min s ms °c °f c bar hpa mbar v a w kw kwh mw hz rpm km/h m/s mph
lb lbs oz ft in pcs pc ea stk stk. st. szt szt. шт шт. м кг г л ud uds un pz pz. ct cts kcal cal bpm mmhg mg/l mg/dl
mb gb tb kb pts
"""
_CURRENCY_LIST = """
€ $ £ ¥ ₹ ₽ r$ us$ a$ c$ ₺ ₴ ₩ ₪ руб руб.
zł kč kr kr. ft eur usd gbp chf pln sek nok dkk jpy cny inr rub brl czk huf cad aud 元 円 원
"""
_CURRENCIES = frozenset(_CURRENCY_LIST.split())
_MEASURES = _CURRENCIES | frozenset(_MEASURE_LIST.split())
# In place of hours: `Mercredi 9h-12h fermé`.
_CLOSED = frozenset(
    ["closed", "geschlossen", "ruhetag", "fermé", "cerrado", "chiuso", "fechado", "gesloten", "休", "휴무"]
)
_HOURS = re.compile(r"\d{1,2}h(?:\d\d)?[-–]\d{1,2}h(?:\d\d)?")
_DASHES = frozenset("-–—")


class RowParts(NamedTuple):
    line: Line
    leads: tuple[Range, ...]
    lead_kinds: tuple[str, ...]  # "day", "time" or "count", one for each of the leads
    words: Range  # empty when values follow the leads
    values: tuple[Range, ...]


def row_parts(line: Line) -> RowParts:
    """Return the parts of a line, as ranges in it."""
    content = line.text
    at = _BULLET.match(content).end()  # type: ignore[union-attr]  # it matches everywhere
    leads: list[Range] = []
    kinds: list[str] = []
    while len(leads) < 3 and (lead := _lead(content, at, kinds)):
        kind, span, at = lead
        leads.append(span)
        kinds.append(kind)
        while at < len(content) and content[at] in " \t":
            at += 1
    spans = [match.span() for match in WORD.finditer(content, at)]
    values: list[Range] = []
    while spans and (value := _last_value(content, spans)):
        if len(values) == 1 and content[slice(*value)] in _DASHES and not _ends_in_number(content, spans):
            break  # the dash parts a name from its value
        values.insert(0, value)
    words = (spans[0][0], spans[-1][1]) if spans else (at, at)
    return RowParts(line, tuple(leads), tuple(kinds), words, tuple(values))


def with_thousands(row: RowParts) -> RowParts:
    """Return the row with `1 980,00` as one value, where it is the only one behind a day and words."""
    if len(row.values) != 2 or row.lead_kinds[-1:] != ("day",) or row.words[0] == row.words[1]:
        return row
    (start, end), (second, last) = row.values
    is_one = second == end + 1 and _are_groups(row.line.text[start:end], row.line.text[second:last])
    return row._replace(values=((start, last),)) if is_one and row.line.text[last - 3] in ".," else row


def row_name(row: RowParts) -> str:
    return row.line.text[slice(*row.words)]


def cell_ranges(row: RowParts) -> list[Range]:
    """Return the ranges of the cells: leads, words if there are any, values."""
    return [*row.leads, *([row.words] if row.words[1] > row.words[0] else []), *row.values]


def is_numeric(word: str) -> bool:
    if word.casefold() in _CLOSED or _HOURS.fullmatch(word):
        return True
    return (word[-1:] not in ",:;" and _NUMERIC.fullmatch(word) is not None) or (len(word) < 4 and is_null(word))


def _lead(content: str, at: int, kinds: list[str]) -> tuple[str, Range, int] | None:
    """Return the kind and the range of a day, a time or a count at an offset, and where the rest begins."""
    if kinds and kinds[-1] == "time":
        return None
    if (match := _TIME.match(content, at)) and not _reads_on(content, match.end()):
        return "time", (at, at + len(match[0].rstrip(" :–—|-"))), match.end()
    for pattern in _DAYS:
        if (match := pattern.match(content, at)) and _is_day(match):
            return "day", (at, match.start("stop")), match.end()
    if not kinds and (match := _COUNT.match(content, at)):
        return "count", match.span("number"), match.end()
    return None


def _reads_on(content: str, at: int) -> bool:
    """Return True where an amount such as `7.50 €` begins, and no time."""
    return content[at : at + 2].strip() in tuple(_SIGNS)


def _is_day(match: re.Match[str]) -> bool:
    if match["weekday"] and fold(match["weekday"]) not in WEEKDAYS:
        return False
    if match["bare"]:
        return bool(match["weekday"]) and 1 <= int(match["bare"].rstrip(".")) <= 31
    has_stop = bool(match["stop"])
    if word := match["month"] or match["named"]:
        return is_month(word, has_stop=has_stop)
    if _SHORT_DAY.fullmatch(match["day"]) and not has_stop:
        return False  # `2.5 kg flour`
    first, *others = (int(number) for number in re.findall(r"\d+", match["day"]))
    return first > 31 or (0 < first <= 31 and 0 < others[0] <= 31 and min(first, others[0]) <= 12)


def _ends_in_number(content: str, spans: list[Range]) -> bool:
    return bool(spans) and _BARE.fullmatch(content[slice(*spans[-1])]) is not None


def _are_groups(first: str, second: str) -> bool:
    """Return True for the two parts of `3 200 ₽`."""
    return _FIRST_GROUP.fullmatch(first) is not None and _GROUP.fullmatch(second) is not None


def _last_value(content: str, spans: list[Range]) -> Range | None:
    """Take the last value from the words: a number, with its unit behind it or its currency before it."""

    def word(n: int) -> str:
        return content[slice(*spans[n])]

    if len(spans) > 1 and word(-1).casefold() in _MEASURES and is_numeric(word(-2)):
        count = 2
        is_money = word(-1).casefold() in _CURRENCIES
        while is_money and len(spans) > count and _are_groups(word(-count - 1), word(-count)):
            count += 1
    elif is_numeric(word(-1)):
        count = 2 if len(spans) > 1 and word(-2).casefold() in _CURRENCIES else 1
    else:
        return None
    start, end = spans[-count][0], spans[-1][1]
    del spans[-count:]
    return start, end
