"""CSV and TSV files as other programs write them: which delimiter, and their rows."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

from tables.writers.xlsx import starts_like_formula

DELIMITERS = (",", ";", "\t", "|")
EXPORTED = ","  # what exports separate values with
SAMPLED = 50  # records by which a delimiter is told

Texts = list[str | None]


def sniff(sample: str) -> str:
    """The delimiter that cuts most records of a sample into equally many fields, and into most; else a comma."""
    return max(DELIMITERS, key=lambda delimiter: _score(sample, delimiter))


def _score(sample: str, delimiter: str) -> tuple[int, int]:
    widths: Counter[int] = Counter()
    try:
        for record in islice(csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter), SAMPLED):
            widths[len(record)] += 1
    except csv.Error:
        return 0, 0
    width, count = max(
        ((w, c) for w, c in widths.items() if w > 1), key=lambda item: (item[1], item[0]), default=(0, 0)
    )
    return count, width


def rows(lines: Iterable[str], delimiter: str) -> Iterator[Texts]:
    """Each record with its fields; an empty field is None. Raises ValueError for one that is no CSV.

    Where commas separate the values, an apostrophe that keeps a text from being a formula is taken off: that is
    how exports write it.
    """
    plain, reader = _plain if delimiter == EXPORTED else str, csv.reader(lines, delimiter=delimiter)
    try:
        for record in reader:
            yield [plain(field) if field else None for field in record]
    except csv.Error as error:
        message = f"The file is no CSV at line {reader.line_num:,} ({error}): close each quote that begins a value."
        raise ValueError(message) from None


def _plain(field: str) -> str:
    return field[1:] if field[0] == "'" and starts_like_formula(field.lstrip("'")) else field
