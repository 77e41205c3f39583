"""Dialects of CSV and TSV files, recognized by the beginning of the file."""

import csv
import io
import re
from collections import Counter
from itertools import islice

from tables.files.delimited import EXPORTED, NULL, Dialect, rows, unwrapped

DELIMITERS = ("\t", ";", "|", ",")
RARE = ("\x01", "\x1f", "^", "~", "¦")  # taken only where they cut every record alike
SAMPLED = 100  # records by which a dialect is told

_SEPARATOR = re.compile(r"\ufeff?\"?sep=(.)\"?\r?\n?", re.IGNORECASE)
_DECIMAL = re.compile(r"(?<=\d),(?=\d)")


def sniff(sample: str, delimiter: str | None = None) -> Dialect:
    """Return the dialect of a text by its beginning; the delimiter may be known."""
    first = sample.partition("\n")[0]
    if named := _SEPARATOR.fullmatch(first.strip("\r")):
        sample = sample.partition("\n")[2]
        delimiter = delimiter or named[1]
    if is_wrapped := _is_wrapped(sample):
        sample = "\n".join(unwrapped(sample.splitlines()))
    delimiter = delimiter or _delimiter(sample)
    if delimiter == "\t" and NULL in re.split(r"[\t\r\n]", sample):
        return Dialect(delimiter, has_separator_line=named is not None, is_dump=True)
    plain = _score(sample, Dialect(delimiter))
    spaced = Dialect(delimiter, has_spaces=True)
    has_spaces = _has_spaces(sample, delimiter) or (
        re.search(rf'{re.escape(delimiter)} +"', sample) is not None and _score(sample, spaced) > plain
    )
    has_backslashes = '\\"' in sample and _score(
        sample, Dialect(delimiter, has_spaces, has_backslashes=True)
    ) >= _score(sample, Dialect(delimiter, has_spaces))
    return Dialect(
        delimiter, has_spaces, has_backslashes, named is not None,
        is_wrapped=is_wrapped, is_padded=not has_spaces and _is_padded(sample, delimiter),
    )  # fmt: skip


def is_regular(sample: str, dialect: Dialect) -> bool:
    """Return whether at least half of the records have the same width, of two values or more."""
    records = islice(rows(io.StringIO(sample, newline=""), dialect, is_whole=False), SAMPLED)
    widths = Counter(max(n for n, field in enumerate(record, 1) if field) for record in records if any(record))
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    return width > 1 and 2 * count >= widths.total()


def _is_wrapped(sample: str) -> bool:
    """Return whether most lines are one quoted value with a record in it, as programs write that quote twice."""
    lines = [line for line in sample.splitlines()[:SAMPLED] if line]
    wrapped = [line for line in lines if line[0] == line[-1] == '"' and len(line) > 2]
    if not wrapped or 2 * len(wrapped) < len(lines) or not any('""' in line for line in wrapped):
        return False
    if any(len(_values(line)) > 1 for line in wrapped):
        return False
    widths = {len(_values(line)) for line in unwrapped(lines)}
    return len(widths) == 1 and widths.pop() > 1


def _values(line: str) -> list[str]:
    """Return a line cut by the delimiter that gives most values."""
    return max((next(csv.reader([line], delimiter=each)) for each in DELIMITERS), key=len)


def _is_padded(sample: str, delimiter: str) -> bool:
    """Return whether spaces align the delimiters of three lines or more."""
    if delimiter == ",":
        return False
    lines = [line for line in sample.splitlines()[:SAMPLED] if delimiter in line]
    edges = Counter(tuple(n for n, sign in enumerate(line) if sign == delimiter) for line in lines)
    aligned = max(edges.values(), default=0)
    return aligned > 2 and aligned >= 0.7 * len(lines) and any(f" {delimiter}" in line for line in lines)


def _delimiter(sample: str) -> str:
    """Return the delimiter that cuts most records into equally many fields; a comma when none does."""
    scores = {delimiter: _score(sample, Dialect(delimiter)) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: scores[delimiter])
    if scores[best][0] < 2 and (rare := _rare_delimiter(sample)):
        return rare
    if not any(scores.values()) or scores[best] == (0, 0):
        return EXPORTED
    if best != EXPORTED:
        return best
    # Decimal commas cut as well as delimiters do: the names of the columns have none.
    for other in DELIMITERS[:-1]:
        head = next((line for line in sample.splitlines() if other in line), "")
        is_decimal = sample.count(",") == len(_DECIMAL.findall(sample))
        least = 0.5 if is_decimal else 0.8
        if scores[other][0] >= max(2, least * scores[","][0]) and head and ("," not in head or is_decimal):
            return other
    return best


def _rare_delimiter(sample: str) -> str | None:
    """Return a rare delimiter that splits all the lines into equally many values."""
    lines = [line for line in sample.splitlines()[:SAMPLED] if line]
    for delimiter in RARE if len(lines) > 1 else ():
        counts = {line.count(delimiter) for line in lines}
        if len(counts) == 1 and counts.pop():
            return delimiter
    return None


def _score(sample: str, dialect: Dialect) -> tuple[int, int]:
    """Return how many records have the commonest width, and that width, with or without empty fields at the end."""
    widths: Counter[int] = Counter()
    filled: Counter[int] = Counter()
    try:
        for record in islice(rows(io.StringIO(sample, newline=""), dialect, is_whole=False), SAMPLED):
            widths[len(record)] += any(record)
            filled[max((n for n, field in enumerate(record, 1) if field), default=0)] += 1
    except ValueError:
        return 0, 0
    return max(
        ((count, width) for counts in (widths, filled) for width, count in counts.items() if width > 1),
        default=(0, 0),
    )


def _has_spaces(sample: str, delimiter: str) -> bool:
    """Return whether a space follows nearly every delimiter, as people write lists."""
    lines = [line for line in sample.splitlines()[:SAMPLED] if delimiter in line]
    cuts = sum(line.rstrip(delimiter).count(delimiter) for line in lines)
    return delimiter.strip() != "" and cuts > 2 and sum(line.count(f"{delimiter} ") for line in lines) >= 0.9 * cuts
