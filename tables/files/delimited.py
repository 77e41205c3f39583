"""CSV and TSV files as other programs write them: the dialect, and the rows."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from tables.writers.xlsx import starts_like_formula

DELIMITERS = ("\t", ";", "|", ",")
EXPORTED = ","  # separates the values of exports
SAMPLED = 100  # records by which a dialect is told

Texts = list[str | None]

_SEPARATOR = re.compile(r"\ufeff?\"?sep=(.)\"?\r?\n?", re.IGNORECASE)
_DECIMAL = re.compile(r"(?<=\d),(?=\d)")
_KEPT = re.compile(r'="([^"]*)"')
_ESCAPED = re.compile(r'\\(["\\])')

WIDEST = 16_384  # values of a row, as in workbooks


@dataclass(frozen=True)
class Dialect:
    """Delimiter of the values; spaces behind it that are no content; quotes escaped with a backslash."""

    delimiter: str
    has_spaces: bool = False
    has_backslashes: bool = False
    has_separator_line: bool = False


def sniff(sample: str, delimiter: str | None = None) -> Dialect:
    """Return the dialect of a text by its beginning; the delimiter may be known."""
    first = sample.partition("\n")[0]
    if named := _SEPARATOR.fullmatch(first.strip("\r")):
        sample = sample.partition("\n")[2]
        delimiter = delimiter or named[1]
    delimiter = delimiter or _delimiter(sample)
    plain = _score(sample, Dialect(delimiter))
    spaced = Dialect(delimiter, has_spaces=True)
    has_spaces = _has_spaces(sample, delimiter) or (
        re.search(rf'{re.escape(delimiter)} +"', sample) is not None and _score(sample, spaced) > plain
    )
    has_backslashes = '\\"' in sample and _score(
        sample, Dialect(delimiter, has_spaces, has_backslashes=True)
    ) >= _score(sample, Dialect(delimiter, has_spaces))
    return Dialect(delimiter, has_spaces, has_backslashes, has_separator_line=named is not None)


def _delimiter(sample: str) -> str:
    """Return the delimiter that cuts most records into equally many fields; a comma when none does."""
    scores = {delimiter: _score(sample, Dialect(delimiter)) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: scores[delimiter])
    if not any(scores.values()) or scores[best] == (0, 0):
        return EXPORTED
    if best != EXPORTED:
        return best
    # Decimal commas cut as well as delimiters do: the names of the columns have none.
    for other in DELIMITERS[:-1]:
        head = next((line for line in sample.splitlines() if other in line), "")
        is_decimal = sample.count(",") == len(_DECIMAL.findall(sample))
        if scores[other][0] >= 0.8 * scores[","][0] > 0 and head and ("," not in head or is_decimal):
            return other
    return best


def _score(sample: str, dialect: Dialect) -> tuple[int, int]:
    """Return how many records have the commonest width, and that width; empty fields at the end do not count."""
    widths: Counter[int] = Counter()
    try:
        for record in islice(rows(io.StringIO(sample, newline=""), dialect), SAMPLED):
            width = max((n for n, field in enumerate(record, 1) if field), default=0)
            widths[width] += 1
    except ValueError:
        return 0, 0
    width, count = max(
        ((w, c) for w, c in widths.items() if w > 1), key=lambda item: (item[1], item[0]), default=(0, 0)
    )
    return count, width


def _has_spaces(sample: str, delimiter: str) -> bool:
    """Return whether a space follows nearly every delimiter, as people write lists."""
    lines = [line for line in sample.splitlines()[:SAMPLED] if delimiter in line]
    cuts = sum(line.rstrip(delimiter).count(delimiter) for line in lines)
    return delimiter.strip() != "" and cuts > 2 and sum(line.count(f"{delimiter} ") for line in lines) >= 0.9 * cuts


def rows(lines: Iterable[str], dialect: Dialect) -> Iterator[Texts]:
    """Yield the fields of each record; an empty field is None. Raises ValueError for text that is no CSV.

    Where commas separate the values, an apostrophe that keeps a text from being a formula is taken off: exports
    write it. `="00123"` is the text 00123.
    """
    if dialect.has_separator_line:
        lines = islice(lines, 1, None)
    if dialect.has_backslashes:
        lines = (_ESCAPED.sub(lambda match: '""' if match[1] == '"' else "\\", line) for line in lines)
    reader = csv.reader(lines, delimiter=dialect.delimiter, skipinitialspace=dialect.has_spaces)
    plain = _exported if dialect.delimiter == EXPORTED else _plain
    try:
        for record in reader:
            if len(record) > WIDEST:
                message = f"Line {reader.line_num:,} has {len(record):,} values: a row has at most {WIDEST:,}."
                raise ValueError(message)
            yield [plain(field) if field else None for field in record]
    except csv.Error as error:
        message = f"The file is no CSV at line {reader.line_num:,} ({error}): close each quote that begins a value."
        raise ValueError(message) from None


def _plain(field: str) -> str | None:
    if field[0] == "=" and (quoted := _KEPT.fullmatch(field)):
        return quoted[1] or None
    return field


def _exported(field: str) -> str | None:
    if field[0] == "'" and starts_like_formula(field.lstrip("'")):
        return field[1:]
    return _plain(field)
