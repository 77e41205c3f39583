"""Merged cells of a workbook's sheet, marked in the rows that they cover."""

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache

from tables.files.cell_kinds import ABOVE, LEFT

MAX_COLUMNS = 16_384
MAX_FILLED = 2_000  # rows of one range that are filled

Cell = str | dict[str, str] | None

_RANGE = re.compile(r"([A-Z]+)(\d+):([A-Z]+)(\d+)")


class MergedCells:
    """The ranges of a sheet; rows are given in order. `repeated` counts those over several rows."""

    def __init__(self, references: Sequence[str]) -> None:
        self._starts: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        self._open: list[tuple[int, int, int, Cell]] = []
        self.repeated = 0
        for reference in references:
            if match := _RANGE.fullmatch(reference):
                left, right = column_number(match[1]) - 1, column_number(match[3]) - 1
                self._starts[int(match[2])].append((left, right, int(match[4])))

    def filled(self, number: int, row: list[Cell]) -> list[Cell]:
        """Return a row, numbered from 1, with the cells that others cover marked; blank ranges stay empty."""
        if not self._starts and not self._open:
            return row
        self._open = [each for each in self._open if each[2] >= number]
        for left, right, _, value in self._open:
            if isinstance(value, str):
                self._mark(row, left, right, ABOVE + value)
        for left, right, bottom in self._starts.pop(number, ()):
            value = row[left] if left < len(row) else None
            if value is None or any(left <= other[1] and other[0] <= right for other in self._open):
                continue  # ranges that overlap are no work of a spreadsheet program
            self._mark(row, left, right, value)
            if bottom > number:
                self.repeated += 1
                self._open.append((left, right, min(bottom, number + MAX_FILLED), value))
        return row

    def _mark(self, row: list[Cell], left: int, right: int, value: Cell) -> None:
        row += [None] * (min(right, left + 500) + 1 - len(row))
        row[left] = value
        for n in range(left + 1, min(right, left + 500) + 1):
            row[n] = LEFT


@lru_cache(MAX_COLUMNS)
def column_number(letters: str) -> int:
    """Return 1 for A, 27 for AA. Raises ValueError for any other text."""
    number = 0
    for letter in letters.upper():
        number = 26 * number + ord(letter) - ord("A") + 1
    if not 1 <= number <= MAX_COLUMNS:
        raise ValueError(letters)
    return number
