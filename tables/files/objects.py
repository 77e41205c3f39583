"""JSON files: an array of objects, or of arrays whose first one names the columns."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from json.decoder import WHITESPACE  # type: ignore[attr-defined]  # it is there, and not in the stubs
from typing import Any

from tables.types.numbers import plain_number
from tables.types.parsing import join_items

MAX_NAMES = 16_384
MAX_ELEMENT = 10_000_000  # characters; a row of 200 cells has at most two thirds of that
LONGEST_LITERAL = 16  # characters, with what is before it
NO_ARRAY = 'The file is no JSON array of objects, as [{"name": "ink", "price": 3.5}].'

Texts = list[str | None]


def rows(pieces: Callable[[], Iterator[str]]) -> Iterator[Texts]:
    """The names of the columns, then each row; what is absent, null or empty is None. Raises ValueError.

    `pieces` gives the text from its beginning each time: the first time for the names.
    """
    first = next(_elements(pieces()), None)
    if isinstance(first, list):
        yield from ([_text(value) for value in element] for element in _arrays(pieces()))
        return
    names: dict[str, None] = {}
    for element in _elements(pieces()):
        if not isinstance(element, dict):
            raise ValueError(NO_ARRAY)
        names.update(dict.fromkeys(element))
        if len(names) > MAX_NAMES:
            raise ValueError(f"The objects have more than {MAX_NAMES:,} names: send fewer columns.")
    yield list(names)
    for element in _elements(pieces()):
        yield [_text(element.get(name)) for name in names]


def _arrays(pieces: Iterator[str]) -> Iterator[list[Any]]:
    for element in _elements(pieces):
        if not isinstance(element, list):
            raise ValueError(NO_ARRAY)
        yield element


class _Window:
    """The part of a text that is looked at from `place` on, and the line and column at which the part begins."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces, self.text, self.place = pieces, "", 0
        self._line = self._column = 1

    def grow(self) -> bool:
        """Leave what was read, and take in as much again as is left; False at the end of the text."""
        self._line, self._column = self._at(self.place)
        left, self.place = self.text[self.place :], 0
        more = [next(self._pieces, "")]
        while more[-1] and sum(map(len, more)) < len(left):
            more.append(next(self._pieces, ""))
        self.text = left + "".join(more)
        return bool(more[0])

    def _at(self, place: int) -> tuple[int, int]:
        lines = self.text.count("\n", 0, place)
        return self._line + lines, place - self.text.rfind("\n", 0, place) if lines else self._column + place

    def first(self) -> str:
        """The next character that is no blank; empty at the end."""
        while True:
            self.place = WHITESPACE.match(self.text, self.place).end()
            if self.place < len(self.text) or not self.grow():
                return self.text[self.place : self.place + 1]

    def may_be_cut(self, error: json.JSONDecodeError) -> bool:
        """Whether the mistake may only be that the rest is not looked at yet."""
        return error.msg.startswith("Unterminated") or error.pos > len(self.text) - LONGEST_LITERAL

    def mistake(self, error: json.JSONDecodeError) -> ValueError:
        line, column = self._at(error.pos)
        return ValueError(f"The JSON is not valid at line {line}, column {column}: {error.msg}.")


def _elements(pieces: Iterator[str]) -> Iterator[Any]:
    """One after another, so that no more than one is held."""
    decoder = json.JSONDecoder(parse_float=_number, parse_int=str)
    window = _Window(pieces)
    if window.first() != "[":
        raise ValueError(NO_ARRAY)
    window.place += 1
    while window.first() != "]":
        yield _element(decoder, window)
        if window.first() == ",":
            window.place += 1
        elif window.first() != "]":
            raise ValueError("The JSON array is not closed: send the whole file.")


def _element(decoder: json.JSONDecoder, window: _Window) -> Any:
    while True:
        try:
            element, window.place = decoder.raw_decode(window.text, window.place)
        except RecursionError:
            raise ValueError("The JSON is nested too deep: send an array of plain objects.") from None
        except json.JSONDecodeError as error:
            if not window.may_be_cut(error):
                raise window.mistake(error) from None
            if len(window.text) - window.place > MAX_ELEMENT:
                raise ValueError(f"A row has at most {MAX_ELEMENT:,} characters in JSON: send an array.") from None
            if not window.grow():
                raise window.mistake(error) from None
        else:
            return element


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
