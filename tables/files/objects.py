"""JSON files: an array of objects, or of arrays whose first one names the columns."""

import json
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from json.decoder import WHITESPACE  # type: ignore[attr-defined]  # it is there, and not in the stubs
from typing import Any

from tables.numbers import plain_number
from tables.reading import join_items

NO_ARRAY = 'The file is no JSON array of objects, as [{"name": "ink", "price": 3.5}].'

Texts = list[str | None]


def rows(text: str) -> Iterator[Texts]:
    """The names of the columns, then each row; what is absent, null or empty is None. Raises ValueError."""
    first = next(_elements(text), None)
    if isinstance(first, list):
        yield from ([_text(value) for value in element] for element in _elements(text) if isinstance(element, list))
        return
    names: dict[str, int] = {}
    for element in _elements(text):
        if not isinstance(element, dict):
            raise ValueError(NO_ARRAY)
        for name in element:
            names.setdefault(name, len(names))
    yield list(names)
    for element in _elements(text):
        yield [_text(element.get(name)) for name in names]


def _elements(text: str) -> Iterator[Any]:
    """One after another, so that no more than one is held."""
    decoder = json.JSONDecoder(parse_float=_number, parse_int=str)
    place = _after_blanks(text, 0)
    if text[place : place + 1] != "[":
        raise ValueError(NO_ARRAY)
    place = _after_blanks(text, place + 1)
    while text[place : place + 1] != "]":
        try:
            element, place = decoder.raw_decode(text, place)
        except RecursionError:
            raise ValueError("The JSON is nested too deep: send an array of plain objects.") from None
        except json.JSONDecodeError as error:
            raise ValueError(
                f"The JSON is not valid at line {error.lineno}, column {error.colno}: {error.msg}."
            ) from None
        yield element
        place = _after_blanks(text, place)
        if text[place : place + 1] == ",":
            place = _after_blanks(text, place + 1)
        elif text[place : place + 1] != "]":
            raise ValueError("The JSON array is not closed: send the whole file.")


def _after_blanks(text: str, place: int) -> int:
    end: int = WHITESPACE.match(text, place).end()
    return end


def _number(literal: str) -> str:
    try:
        return plain_number(Decimal(literal)) or literal
    except InvalidOperation:
        return literal


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return join_items(value) or None
    return json.dumps(value, ensure_ascii=False)
