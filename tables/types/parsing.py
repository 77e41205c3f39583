"""Parsing of people's texts and JSON values for a column, type by type."""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal

from tables.types import dates, numbers
from tables.types.boolean_words import FALSE_WORDS, TRUE_WORDS
from tables.types.columns import CellError, Column, ColumnType, Value, currency_code, date_order, decimal_mark
from tables.types.money import is_no_amount, split_currency

MAX_TEXT = 32_767
MAX_INTEGER = 2**53 - 1


def check_text(text: str) -> None:
    """Raise CellError for what no cell can hold; the length counts as spreadsheets do, in UTF-16 units."""
    if "\0" in text:
        raise CellError("The text holds a NUL character (U+0000): remove it.")
    try:
        units = len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
    except UnicodeEncodeError:
        raise CellError("The text holds half a surrogate pair, which is no character: remove it.") from None
    if units > MAX_TEXT:
        raise CellError(f"A cell holds at most {MAX_TEXT:,} characters and this is {units:,}: shorten it.")


def display_text(raw: object) -> str:
    """Return the value as an error names it: its beginning, in quotation marks."""
    if isinstance(raw, int) and abs(raw) >= 10**40:
        return "This number"
    if isinstance(raw, bool):
        return f"“{str(raw).lower()}”"
    text = str(raw) if isinstance(raw, str | int | float) else "This value"
    return f"“{text[:40]}{'…' if len(text) > 40 else ''}”"


def _text(_: Column, raw: object) -> str:
    if isinstance(raw, str):
        return raw
    if isinstance(raw, bool):
        return str(raw).lower()
    if isinstance(raw, int | float | Decimal) and (plain := numbers.plain_number(_exact(raw))) is not None:
        return plain
    raise CellError(f"{display_text(raw)} is not a text: send a string.")


def _exact(raw: int | float | Decimal) -> int | float | Decimal:
    """Raise CellError for a float that stands for many numbers: the digits that were sent are lost already."""
    if isinstance(raw, float) and abs(raw) > MAX_INTEGER:
        raise CellError(f"{display_text(raw)} is more than a JSON number holds exactly: send it as a string.")
    return raw


def bounded(raw: object, plain: str | None) -> str:
    if plain is None or numbers.count_digits(plain) > numbers.MAX_DIGITS:
        raise CellError(f"{display_text(raw)} has no value with at most {numbers.MAX_DIGITS} digits: shorten it.")
    return plain


def _number(column: Column, raw: object, text: str | None = None) -> numbers.Number:
    """Return the number in `raw`, or in `text` when something was taken off it."""
    if isinstance(raw, int | float | Decimal) and not isinstance(raw, bool):
        return numbers.Number(bounded(raw, numbers.plain_number(_exact(raw))), None)
    text = text or (raw if isinstance(raw, str) else "")
    number = numbers.read_number(text, decimal_mark(column))
    if number is None:
        raise CellError(f"{display_text(raw)} is not a number: write it as 1234{decimal_mark(column)}50.")
    return numbers.Number(bounded(raw, number.plain), number.evidence)


def _integer(column: Column, raw: object) -> int:
    number = _number(column, raw)
    whole, _, fraction = number.plain.partition(".")
    if fraction.strip("0") or (fraction and number.evidence == "?"):
        raise CellError(f"{display_text(raw)} is not a whole number: write digits only, as 1234.")
    if abs(int(whole)) > MAX_INTEGER:
        raise CellError(f"{display_text(raw)} is beyond ±{MAX_INTEGER}: keep it in a text column.")
    return int(whole)


def _decimal(column: Column, raw: object) -> str:
    return _number(column, raw).plain


def _percent(column: Column, raw: object) -> str:
    return _number(column, raw, numbers.without_percent(raw) if isinstance(raw, str) else None).plain


def _currency(column: Column, raw: object) -> str | None:
    amount = split_currency(raw) if isinstance(raw, str) else None
    if amount is None:
        return _number(column, raw).plain
    code = currency_code(column)
    if code is not None and code not in amount[1]:
        raise CellError(f"{display_text(raw)} is another currency than {code}: this column holds {code} only.")
    return None if is_no_amount(amount[0], str(raw)) else _number(column, raw, amount[0]).plain


def _boolean(_: Column, raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    word = numbers.visible(raw).casefold() if isinstance(raw, str) else ""
    if word in TRUE_WORDS or numbers.simplify(word) == "1" or (raw == 1 and isinstance(raw, int)):
        return True
    if word in FALSE_WORDS or numbers.simplify(word) == "0" or (raw == 0 and isinstance(raw, int)):
        return False
    raise CellError(f"{display_text(raw)} is neither yes nor no: write true or false.")


def _is_canonical(shape: re.Pattern[str], text: str, read: Callable[[str], object]) -> bool:
    """Return True when the text is the canonical value itself, as most are that programs write."""
    if not shape.fullmatch(text):
        return False
    try:
        read(text)
    except ValueError:
        return False
    return True


def _date(column: Column, raw: object) -> str:
    text, order = raw if isinstance(raw, str) else "", date_order(column)
    if _is_canonical(dates.DAY, text, date.fromisoformat):
        return text
    if reading := dates.read_date(text) or dates.read_digits(text):
        if day := reading.resolve(order):
            return day.isoformat()
        raise _unresolved(raw, reading, order)
    timed = dates.read_datetime(text)
    moment = timed.resolve(order) if timed else None
    if moment and moment.time() == moment.min.time():
        return moment.date().isoformat()
    raise CellError(f"{display_text(raw)} is not a date: write it as 2025-12-31.")


def _datetime(column: Column, raw: object) -> str:
    text, order = raw if isinstance(raw, str) else "", date_order(column)
    if _is_canonical(dates.MOMENT, text, datetime.fromisoformat):
        return text
    if reading := dates.read_datetime(text):
        if moment := reading.resolve(order):
            return dates.show_datetime(moment)
        raise _unresolved(raw, reading.day, order)
    if dates.read_date(text) or dates.read_digits(text):
        return f"{_date(column, raw)}T00:00:00Z"
    raise CellError(f"{display_text(raw)} is not a date with a time: write it as 2025-12-31T14:30:00Z.")


def _unresolved(raw: object, reading: dates.DateReading, order: str | None) -> CellError:
    meant = " or ".join(day.isoformat() for day in sorted(set(reading.dates.values())))
    if len(reading.dates) > 1:
        return CellError(f"{display_text(raw)} can be read in two ways: write {meant}.")
    return CellError(f"{display_text(raw)} is not in this column's order {order}: write {meant}.")


def _select(column: Column, raw: object) -> str:
    text = _text(column, raw).strip()
    if column.options is None or text in column.options:
        return text
    alike = [option for option in column.options if option.casefold() == text.casefold()]
    if not alike:
        raise CellError(f"{display_text(text)} is not an option: choose one of {listed(column.options)}.")
    return alike[0]


def listed(options: Sequence[str]) -> str:
    return ", ".join(options[:10]) + (", …" if len(options) > 10 else "")


_BREAKS = ",;\n，；、"
_ITEM = re.compile(rf'\s*(?:"((?:[^"]|"")*)"\s*|([^{_BREAKS}]*))(?:[{_BREAKS}]|\Z)')
_QUOTED = re.compile(rf'[{_BREAKS}"]')


def _multi_select(column: Column, raw: object) -> list[str] | None:
    if isinstance(raw, list):
        items = raw
    elif isinstance(raw, str):
        items = split_items(raw)
    else:
        raise CellError(f"{display_text(raw)} is not a list: send a list of strings.")
    chosen: dict[str, None] = {}
    for item in items:
        if not isinstance(item, str):
            raise CellError(f"{display_text(item)} in the list is not a text: send a list of strings.")
        check_text(item)
        if item.strip():
            chosen[_select(column, item)] = None
    check_text(join_items(list(chosen)))
    return list(chosen) or None


def split_items(text: str) -> list[str]:
    """Items between commas, semicolons (those of Chinese too) or line ends; one that holds them is in double quotes."""
    items, position = [], 0
    while position < len(text) and (match := _ITEM.match(text, position)):
        quoted, plain = match.groups()
        items.append(quoted.replace('""', '"') if quoted is not None else plain.strip())
        position = match.end()
    return items


def join_items(items: Sequence[str]) -> str:
    """Return the text that `split_items` reads back as these items."""
    quoted = (item.replace('"', '""') for item in items)
    return ", ".join(f'"{text}"' if _QUOTED.search(text) else text for text in quoted)


_EMAIL = re.compile(r"[^\s@<>()\[\],;:\"\\]{1,64}@(?:[^\s@.,;:<>()/\\\"]{1,63}\.)+[^\s@.,;:<>()/\\\"]{2,63}")
_URL = re.compile(r"(?:https?|ftp)://[^\s/?#<>\"@]+(?:[/?#][^\s<>\"]*)?", re.IGNORECASE)


def _email(_: Column, raw: object) -> str:
    text = numbers.visible(raw) if isinstance(raw, str) else ""
    if len(text) > 254 or not _EMAIL.fullmatch(text):
        raise CellError(f"{display_text(raw)} is not an e-mail address: write it as name@example.org.")
    return text


def _url(_: Column, raw: object) -> str:
    text = numbers.visible(raw) if isinstance(raw, str) else ""
    if not _URL.fullmatch(text):
        raise CellError(f"{display_text(raw)} is not a web address: write it in full, as https://example.org/page.")
    return text


READERS: dict[ColumnType, Callable[[Column, object], Value]] = {
    ColumnType.TEXT: _text,
    ColumnType.INTEGER: _integer,
    ColumnType.DECIMAL: _decimal,
    ColumnType.CURRENCY: _currency,
    ColumnType.PERCENT: _percent,
    ColumnType.BOOLEAN: _boolean,
    ColumnType.DATE: _date,
    ColumnType.DATETIME: _datetime,
    ColumnType.SELECT: _select,
    ColumnType.MULTI_SELECT: _multi_select,
    ColumnType.EMAIL: _email,
    ColumnType.URL: _url,
}
