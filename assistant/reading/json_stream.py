"""Incremental parser of the JSON list in the answer of a model."""

import re
from typing import Any

LOOK_BACK = 100  # characters before a list in which its name stands

_OUTSIDE = re.compile(r'["{}\[\]]')
_INSIDE = re.compile(r'\\.|"', re.DOTALL)
# The parser refuses half a surrogate pair; escaped backslashes and whole pairs stay.
_HALF = re.compile(r"(\\[^u]|\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2})|\\u[dD][89a-fA-F][\da-fA-F]{2}")


class JsonItemParser:
    """Parser that returns each item as soon as it is closed.

    `is_whole` when the object with the list is closed; `broken` items were invalid JSON. Every character is examined
    once, however small the pieces are.
    """

    def __init__(self, name: str = "rows") -> None:
        self._name = re.compile(rf'"{re.escape(name)}"\s*:\s*\Z')
        self._text, self._at, self._depth, self._item = "", 0, 0, 0
        self._in_string = self._in_list = False
        self.has_begun = self.is_whole = False
        self.broken = 0

    def feed(self, text: str) -> list[Any]:
        """Return the items that this piece closes."""
        self._text += text
        items: list[Any] = []
        while not self.is_whole and (mark := self._mark()):
            if mark in "{[":
                self._open(mark)
            elif mark in "}]" and self._depth:
                self._depth -= 1
                items += self._close()
        self._forget()
        return items

    def _mark(self) -> str | None:
        """Return the next bracket outside of strings, or the end of a string; None when there is none yet."""
        while match := (_INSIDE if self._in_string else _OUTSIDE).search(self._text, self._at):
            self._at = match.end()
            if match[0] == '"':
                self._in_string = self._depth > 0 and not self._in_string  # prose before it may have odd quotes
            elif not self._in_string:
                return match[0]
        is_escape_cut = self._in_string and self._at < len(self._text) and self._text.endswith("\\")
        self._at = len(self._text) - is_escape_cut
        return None

    def _open(self, mark: str) -> None:
        if self._depth == 0 and mark == "[":
            return
        if self._depth == 1 and mark == "[" and self._name.search(self._text, 0, self._at - 1):
            self.has_begun = self._in_list = True
        elif self._depth == 2 and self._in_list:
            self._item = self._at - 1
        self._depth += 1

    def _close(self) -> list[Any]:
        """Return the item that was closed, if one was."""
        if self._depth == 2 and self._in_list:
            return self._parsed(self._text[self._item : self._at])
        self._in_list = self._in_list and self._depth > 1
        self.is_whole = self._depth == 0 and self.has_begun
        return []

    def _parsed(self, item: str) -> list[Any]:
        from jiter import from_json

        try:
            return [from_json(_HALF.sub(lambda half: half[1] or r"\ufffd", item).encode("utf-8", "replace"))]
        except ValueError:
            self.broken += 1
            return []

    def _forget(self) -> None:
        """Keep only the unread rest, and what may be the name of the list."""
        is_in_item = self._in_list and self._depth > 2
        begin = self._item if is_in_item else max(0, self._at - LOOK_BACK)
        self._text, self._at, self._item = self._text[begin:], self._at - begin, 0
