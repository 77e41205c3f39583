"""Scores of tables read against the expected ones, counted in cells."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "corpus"
PROSE = Path(__file__).parent / "prose.jsonl"
REPLIES = Path(__file__).parent / "replies.jsonl"

# The readers were made for the known; those once held out were written without a look at the readers, which have been
# made better for them since; no reader was ever changed after a look at what is held out.
GROUPS = KNOWN, ONCE_HELD_OUT, HELD_OUT = "known", "once held out", "held out"

Row = tuple[str | None, ...]


@dataclass(frozen=True)
class Expected:
    """Texts of cells as `shown` gives them."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Sample:
    """A text with the tables that a person would make of it, and which of the GROUPS it is in."""

    name: str
    language: str
    kind: str
    group: str
    text: str
    tables: tuple[Expected, ...]


@dataclass(frozen=True)
class Score:
    """Cells that are right, that were found, and that were expected; names of columns that are right, and expected."""

    right: int = 0
    read_count: int = 0
    expected: int = 0
    names_right: int = 0
    names_expected: int = 0

    def __add__(self, other: "Score") -> "Score":
        return Score(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))

    @property
    def precision(self) -> float:
        return self.right / self.read_count if self.read_count else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.expected if self.expected else 1.0


def samples() -> Iterator[Sample]:
    """Yield the corpus, by name."""
    for path in sorted(FOLDER.glob("*.json")):
        stored = json.loads(path.read_text(encoding="utf-8"))
        text = path.with_suffix(".txt").read_text(encoding="utf-8")
        yield Sample(path.stem, stored["language"], stored["kind"], stored["group"], text, _tables(stored))


def prose_samples() -> Iterator[Sample]:
    """Yield sentences and notes that only a model can read, so that a reply has no table of the readers beside it."""
    for line in PROSE.read_text(encoding="utf-8").splitlines():
        stored = json.loads(line)
        yield Sample(stored["name"], stored["language"], "prose", KNOWN, stored["text"], _tables(stored))


def written_replies() -> Iterator[tuple[Sample, str]]:
    """Yield messages with a reply in the manner of a chat model, written by hand and not by the script."""
    for line in REPLIES.read_text(encoding="utf-8").splitlines():
        stored = json.loads(line)
        sample = Sample(stored["name"], stored["language"], "reply", stored["group"], stored["text"], _tables(stored))
        yield sample, stored["reply"]


def _tables(stored: dict[str, Any]) -> tuple[Expected, ...]:
    return tuple(
        Expected(tuple(table["columns"]), tuple(tuple(map(shown, row)) for row in table["rows"]))
        for table in stored["tables"]
    )


def shown(value: Any) -> str | None:
    """Return one text for equal values: 12.50 is 12.5, and an empty one is None."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "; ".join(map(str, value))
    try:
        return format(Decimal(str(value)).normalize(), "f")
    except InvalidOperation:
        return " ".join(str(value).split())


def score(expected: Sequence[Expected], result: Sequence[Expected]) -> Score:
    """Compare each expected table with the one found table that is most like it; the others found are too much."""
    pairs = sorted(
        ((_compared(e, f), i, j) for (i, e), (j, f) in product(enumerate(expected), enumerate(result))),
        key=lambda pair: -pair[0].right,
    )
    total, taken_expected, taken_found = Score(), set[int](), set[int]()
    for compared, i, j in pairs:
        if i not in taken_expected and j not in taken_found and compared.right:
            total += compared
            taken_expected.add(i)
            taken_found.add(j)
    for i, table in enumerate(expected):
        if i not in taken_expected:
            total += Score(expected=_filled(table), names_expected=len(table.columns))
    return total + Score(read_count=sum(_filled(table) for j, table in enumerate(result) if j not in taken_found))


def _filled(table: Expected) -> int:
    return sum(cell is not None for row in table.rows for cell in row)


def _compared(expected: Expected, result: Expected) -> Score:
    columns = _columns(expected, result)
    used = [
        tuple(row[columns[i]] if i in columns else None for i in range(len(expected.columns))) for row in result.rows
    ]
    return Score(
        right=_aligned(expected.rows, used),
        read_count=_filled(result),
        expected=_filled(expected),
        names_right=sum(expected.columns[i].casefold() == result.columns[j].casefold() for i, j in columns.items()),
        names_expected=len(expected.columns),
    )


def _columns(expected: Expected, result: Expected) -> dict[int, int]:
    """Map expected columns to found ones: by name, else by content."""
    chosen: dict[int, int] = {}
    likeness = sorted(
        (
            (e.casefold() == f.casefold(), _common(expected.rows, i, result.rows, j), -i, -j)
            for (i, e), (j, f) in product(enumerate(expected.columns), enumerate(result.columns))
        ),
        reverse=True,
    )
    for is_same, common, i, j in likeness:
        if (is_same or common) and -i not in chosen and -j not in chosen.values():
            chosen[-i] = -j
    return chosen


def _common(expected: Sequence[Row], i: int, result: Sequence[Row], j: int) -> int:
    return (Counter(row[i] for row in expected if row[i]) & Counter(row[j] for row in result if row[j])).total()


def _aligned(expected: Sequence[Row], result: Sequence[Row]) -> int:
    """Count the most cells that agree when rows are paired in order."""

    @cache
    def best(i: int, j: int) -> int:
        if i == len(expected) or j == len(result):
            return 0
        agree = sum(a is not None and a == b for a, b in zip(expected[i], result[j], strict=True))
        return max(agree + best(i + 1, j + 1), best(i + 1, j), best(i, j + 1))

    return best(0, 0)
