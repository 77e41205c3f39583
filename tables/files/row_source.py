"""Rows read one after another, and the table that is found among them."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from tables.files.cell_kinds import ABOVE, LEFT, CellKind, Texts, cell_of, count_filled
from tables.files.header_rows import HeaderRows

WINDOW = 400  # rows among which a table is looked for


AHEAD = 15  # rows below an empty one by which it is decided whether the table goes on


@dataclass(frozen=True)
class Hints:
    """Properties of the header that are known: its row counted from 1, 0 for none, and names that tell it."""

    header_row: int | None = None
    has_header: bool | None = None
    known: frozenset[str] = frozenset()
    is_first: bool = False  # the header is the first row with more than one cell
    is_drawn: bool = False  # in a document for people, whose tables hardly ever lack a header


NO_HINTS = Hints()


@dataclass
class Region:
    """One table: its columns [left, right) and names. Rows are numbered from 0 in the file."""

    header: HeaderRows
    left: int
    right: int
    names: list[str | None]
    units: list[str | None]
    kinds: list[CellKind | None]
    title: str | None = None
    above: list[str] = field(default_factory=list)
    beside: list[tuple[int, int]] = field(default_factory=list)
    repeated: int = 0

    @property
    def has_header(self) -> bool:
        return self.header.depth > 0

    def cells(self, row: Texts) -> list[str | None]:
        """Return the cells of a row that are in the table."""
        return list(row[self.left : self.right])


class RowSource:
    """Rows read one after another, with a look at those ahead."""

    def __init__(self, rows: Iterable[Texts]) -> None:
        self._rows, self._ahead = iter(rows), deque[Texts]()
        self.position = 0

    def peek(self, count: int) -> list[Texts]:
        """Return up to `count` rows without taking them."""
        missing = count - len(self._ahead)
        if missing > 0:
            self._ahead.extend(islice(self._rows, missing))
        return list(islice(self._ahead, count))

    def skip(self, count: int) -> None:
        for _ in range(count):
            self.take()

    def take(self) -> Texts | None:
        """Return the next row; None at the end."""
        if not self._ahead:
            self._ahead.extend(islice(self._rows, 1))
        if not self._ahead:
            return None
        self.position += 1
        return self._ahead.popleft()


def end_of_block(rows: Sequence[Texts], index: int) -> int:
    return next((n for n in range(index, len(rows)) if not count_filled(rows[n])), len(rows))


def line_text(row: Texts) -> str:
    return " ".join(text.strip() for n in range(len(row)) if (text := cell_of(row, n)))


def blocks_of(rows: Sequence[Texts]) -> Iterator[tuple[int, int]]:
    """Yield the stretches of rows without an empty one between."""
    start: int | None = None
    for index, row in enumerate(rows):
        if not count_filled(row):
            if start is not None:
                yield start, index
            start = None
        elif start is None:
            start = index
    if start is not None:
        yield start, len(rows)


def without_marks(row: Texts) -> list[str | None]:
    """Return the row with the text of merged cells in every row, and once in a row."""
    return [None if cell == LEFT else cell[1:] if cell and cell[0] == ABOVE else cell for cell in row]
