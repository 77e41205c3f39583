"""CSV and TSV files as other programs write them, row by row."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from tables.writers.xlsx import starts_like_formula

EXPORTED = ","  # separates the values of exports

Texts = list[str | None]

_KEPT = re.compile(r'="([^"]*)"')
_ESCAPED = re.compile(r'\\(["\\])')
_RULE = re.compile(r"[-=+_*|: ]{3,}")
NULL = "\\N"  # as databases write it
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED_CHARACTERS = {"t": "\t", "n": "\n", "r": "\r", "0": "", "b": "\b", "Z": ""}
_END_OF_FILE = "\x1a"  # of programs for DOS

WIDEST = 16_384  # values of a row, as in workbooks


@dataclass(frozen=True)
class Dialect:
    """Delimiter of the values; spaces behind it that are no content; quotes escaped with a backslash.

    `is_dump`: no quotes, but escapes, as databases write with tabs. `is_wrapped`: each line is one quoted value that
    holds a record. `is_padded`: spaces align the delimiters, and are no content.
    """

    delimiter: str
    has_spaces: bool = False
    has_backslashes: bool = False
    has_separator_line: bool = False
    is_dump: bool = False
    is_wrapped: bool = False
    is_padded: bool = False


def unwrapped(lines: Iterable[str]) -> Iterator[str]:
    """Yield the record that each line holds as one quoted value."""
    for line in lines:
        bare = line.rstrip("\r\n")
        yield bare[1:-1].replace('""', '"') if len(bare) > 1 and bare[0] == bare[-1] == '"' else bare


def rows(lines: Iterable[str], dialect: Dialect, *, is_whole: bool = True) -> Iterator[Texts]:
    """Yield the fields of each record; an empty field is None. Raises ValueError for text that is no CSV.

    Where commas separate the values, an apostrophe that keeps a text from being a formula is taken off: exports
    write it. `="00123"` is the text 00123. A text that is not whole may end within a quoted value.
    """
    if dialect.has_separator_line:
        lines = islice(lines, 1, None)
    if dialect.is_dump:
        yield from _unquoted_records(lines, dialect.delimiter)
        return
    lines = _without_escapes(lines, dialect)
    record_lines: list[str] = []
    reader = csv.reader(
        _with_record_lines(lines, record_lines), delimiter=dialect.delimiter, skipinitialspace=dialect.has_spaces
    )
    plain = _exported if dialect.delimiter == EXPORTED else _plain
    drawn = dialect.delimiter == "|"
    try:
        for record in reader:
            if len(record) > WIDEST:
                message = f"Line {reader.line_num:,} has {len(record):,} values: a row has at most {WIDEST:,}."
                raise ValueError(message)
            if is_whole:
                _refuse_open_quote(record, record_lines, reader.line_num)
            record_lines.clear()
            if not (drawn and _is_rule(record)) and record != [_END_OF_FILE]:
                fields = [field.strip(" ") for field in record] if dialect.is_padded else record
                yield [plain(field) if field else None for field in fields]
    except csv.Error as error:
        message = f"The file is no CSV at line {reader.line_num:,} ({error}): close each quote that begins a value."
        raise ValueError(message) from None


def _without_escapes(lines: Iterable[str], dialect: Dialect) -> Iterable[str]:
    """Return the lines as Python's reader knows them."""
    if dialect.is_wrapped:
        lines = unwrapped(lines)
    if dialect.has_backslashes:
        return (_ESCAPED.sub(lambda match: '""' if match[1] == '"' else "\\", line) for line in lines)
    return lines


def _with_record_lines(lines: Iterable[str], record_lines: list[str]) -> Iterator[str]:
    """Yield the lines and remember those of the record that is being read."""
    for line in lines:
        record_lines.append(line)
        yield line


def _refuse_open_quote(record: Sequence[str], lines: Sequence[str], number: int) -> None:
    """Raise ValueError for a value whose quote is never closed: it would hold all the lines below."""
    if len(lines) > 1 and record[-1].endswith(("\n", "\r")) and sum(line.count('"') for line in lines) % 2:
        raise ValueError(
            f"The quote that begins a value in line {number - len(lines) + 1:,} is never closed: close it, or write it "
            "twice if it belongs to the value."
        )


def _is_rule(record: Sequence[str]) -> bool:
    """Return whether a record only draws a line."""
    filled = [field.strip() for field in record if field.strip()]
    return bool(filled) and all(_RULE.fullmatch(field) for field in filled)


def _unquoted_records(lines: Iterable[str], delimiter: str) -> Iterator[Texts]:
    """Yield the records that a database wrote without quotes: a backslash escapes the character behind it."""
    before = ""
    for line in lines:
        before += line
        bare = before.rstrip("\r\n")
        if len(before) > len(bare) and (len(bare) - len(bare.rstrip("\\"))) % 2:
            continue  # an escaped line end is a part of the value
        yield [_unescaped(field) for field in _split(bare, delimiter)]
        before = ""
    if before:
        yield [_unescaped(field) for field in _split(before, delimiter)]


def _split(line: str, delimiter: str) -> list[str]:
    return re.split(rf"(?<!\\){re.escape(delimiter)}", line)


def _unescaped(field: str) -> str | None:
    if field in {"", NULL}:
        return None
    return _ESCAPE.sub(lambda match: _ESCAPED_CHARACTERS.get(match[1], match[1]), field) if "\\" in field else field


def _plain(field: str) -> str | None:
    if field == NULL:
        return None
    if field[0] == "=" and (quoted := _KEPT.fullmatch(field)):
        return quoted[1] or None
    return field


def _exported(field: str) -> str | None:
    if field[0] == "'" and starts_like_formula(field.lstrip("'")):
        return field[1:]
    return _plain(field)
