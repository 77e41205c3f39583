"""Elements of a JSON array, one after another, from pieces of its text."""

import json
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from json.decoder import WHITESPACE  # type: ignore[attr-defined]  # it is there, and not in the stubs
from typing import Any

from tables.types.numbers import plain_number

MAX_ELEMENT = 10_000_000  # characters; a row of 200 cells has at most two thirds of that
LONGEST_LITERAL = 16  # characters, with what is before it
NO_ARRAY = 'The file is no JSON array of objects, as [{"name": "ink", "price": 3.5}].'


class _Window:
    """The part of a text that is looked at from `index` on, and the line and column at which the part begins."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces, self.text, self.index = pieces, "", 0
        self._line = self._column = 1

    def load_more(self) -> bool:
        """Drop the text that was read and load as much as is left; return False at the end of the text."""
        self._line, self._column = self._position(self.index)
        left, self.index = self.text[self.index :], 0
        more = [next(self._pieces, "")]
        while more[-1] and sum(map(len, more)) < len(left):
            more.append(next(self._pieces, ""))
        self.text = left + "".join(more)
        return bool(more[0])

    def _position(self, index: int) -> tuple[int, int]:
        lines = self.text.count("\n", 0, index)
        return self._line + lines, index - self.text.rfind("\n", 0, index) if lines else self._column + index

    def first(self) -> str:
        """Return the next character that is no blank; empty at the end."""
        while True:
            self.index = WHITESPACE.match(self.text, self.index).end()
            if self.index < len(self.text) or not self.load_more():
                return self.text[self.index : self.index + 1]

    def may_be_cut(self, error: json.JSONDecodeError) -> bool:
        """Return whether the error may only come from text that is not read yet."""
        return error.msg.startswith("Unterminated") or error.pos > len(self.text) - LONGEST_LITERAL

    def syntax_error(self, error: json.JSONDecodeError) -> ValueError:
        line, column = self._position(error.pos)
        return ValueError(
            f"The JSON is not valid at line {line}, column {column}: {error.msg}. Correct it, or send the whole file."
        )


def read_elements(pieces: Iterator[str]) -> Iterator[Any]:
    """Yield the elements one after another, so that no more than one is held."""
    decoder = json.JSONDecoder(parse_float=number_text, parse_int=str, parse_constant=lambda _: None)
    window = _Window(pieces)
    if window.first() != "[":
        raise ValueError(NO_ARRAY)
    window.index += 1
    while window.first() != "]":
        yield _element(decoder, window)
        if window.first() == ",":
            window.index += 1
        elif window.first() != "]":
            raise ValueError("The JSON array is not closed: send the whole file.")


def _element(decoder: json.JSONDecoder, window: _Window) -> Any:
    while True:
        try:
            element, window.index = decoder.raw_decode(window.text, window.index)
        except RecursionError:
            raise ValueError("The JSON is nested too deep: send an array of plain objects.") from None
        except json.JSONDecodeError as error:
            if not window.may_be_cut(error):
                raise window.syntax_error(error) from None
            if len(window.text) - window.index > MAX_ELEMENT:
                raise ValueError(f"A row has at most {MAX_ELEMENT:,} characters in JSON: send an array.") from None
            if not window.load_more():
                raise window.syntax_error(error) from None
        else:
            return element


def number_text(literal: str) -> str:
    """Return a number without an exponent; as it stands where that has too many digits."""
    try:
        return plain_number(Decimal(literal)) or literal
    except InvalidOperation:
        return literal
