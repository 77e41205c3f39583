"""Writers of tables as CSV, JSON and Markdown text; the caller opens the file and chooses the encoding."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tables.types.columns import NUMERIC_TYPES, TEXT_TYPES, Column, ColumnType, Value
from tables.types.parsing import join_items
from tables.types.types import format_value
from tables.writers.xlsx import FORMULA_STARTS, starts_like_formula, write_xlsx

__all__ = ["unique_names", "write_csv", "write_json", "write_json_lines", "write_markdown", "write_xlsx"]

Rows = Iterable[Mapping[str, Value]]

_QUOTE = '"'
_SPECIAL_STARTS = frozenset({*FORMULA_STARTS, "'"})
_MARKDOWN_SIGNS = re.compile(r"[\\|<`*\[&]")
_OUTER_SPACE = re.compile(r"\A\s+|\s+\Z|[\r\v\f\x1c-\x1f\x85\u2028\u2029]")


def write_csv(columns: Sequence[Column], rows: Rows, *, include_header: bool = True) -> Iterator[str]:
    """Yield RFC 4180 lines ending in CRLF: the header, if any, then one for each row of values by column key.

    Numbers are written with a decimal point, percents with their sign, amounts without their currency, dates
    as ISO 8601, which any spreadsheet reads. A text that a spreadsheet would run as a formula gets a leading
    apostrophe, and so does one that already has one, so that an import can remove exactly one. The caller writes the
    byte order mark, if any.
    """
    fields = [(column.key, _csv_field(column)) for column in columns]
    if include_header:
        yield _csv_line([_csv_text(column.name) for column in columns])
    for row in rows:
        get = row.get
        yield _csv_line([write(get(key)) for key, write in fields])


def _csv_line(fields: Sequence[str]) -> str:
    # A single empty field is quoted: readers skip blank lines.
    return (",".join(fields) or '""') + "\r\n"


def _csv_field(column: Column) -> Callable[[Any], str]:
    """Return the function that writes the values of a column; it runs for every cell of an export."""
    if column.type is ColumnType.MULTI_SELECT:
        return lambda value: "" if value is None else _csv_text(join_items(value))
    if column.type in TEXT_TYPES:
        return _csv_text
    if column.type is ColumnType.BOOLEAN:
        return lambda value: "" if value is None else "true" if value else "false"
    if column.type is ColumnType.PERCENT:
        return lambda value: "" if value is None else f"{value}%"
    return lambda value: "" if value is None else str(value)


def _csv_text(text: str | None) -> str:
    """Return a text that no spreadsheet runs, quoted when it contains any common delimiter."""
    if not text:
        return ""
    if text[0] in _SPECIAL_STARTS:
        text = _escape_formula(text)
    # Membership tests take half the time of a regular expression.
    if "," in text or '"' in text or ";" in text or "|" in text or "\t" in text or "\r" in text or "\n" in text:
        return f'"{text.replace(_QUOTE, _QUOTE * 2)}"'
    return text


def _escape_formula(text: str) -> str:
    return f"'{text}" if starts_like_formula(text.lstrip("'")) else text


def write_json(columns: Sequence[Column], rows: Rows) -> Iterator[str]:
    """Yield a JSON array with an object for each row, canonical values by column name (see `unique_names`)."""
    prefix = "[\n"
    for text in _json_objects(columns, rows):
        yield prefix + text
        prefix = ",\n"
    yield "[]\n" if prefix == "[\n" else "\n]\n"


def write_json_lines(columns: Sequence[Column], rows: Rows) -> Iterator[str]:
    """Yield the objects of `write_json`, each on a line of its own."""
    for text in _json_objects(columns, rows):
        yield f"{text}\n"


def _json_objects(columns: Sequence[Column], rows: Rows) -> Iterator[str]:
    names = unique_names(columns)
    for row in rows:
        values = {name: row.get(column.key) for name, column in zip(names, columns, strict=True)}
        yield json.dumps(values, ensure_ascii=False)


def unique_names(columns: Sequence[Column]) -> list[str]:
    """Return the columns' names, a second "Amount" as "Amount (2)"."""
    used = {column.name for column in columns}
    names: list[str] = []
    seen: set[str] = set()
    for column in columns:
        name, number = column.name, 1
        while name in seen or (number > 1 and name in used):
            number += 1
            name = f"{column.name} ({number})"
        seen.add(name)
        names.append(name)
    return names


def write_markdown(columns: Sequence[Column], rows: Rows, *, include_header: bool = True) -> Iterator[str]:
    """Yield a GitHub-flavored table line by line; numbers are right-aligned, a line break in a cell is <br>.

    Markdown has no table without a header: `include_header=False` leaves its cells empty.

    Characters that Markdown would drop, outer spaces and other line ends, are written as references like &#32;.
    """
    yield _markdown_line(_markdown_text(column.name if include_header else "") for column in columns)
    yield _markdown_line("---:" if column.type in NUMERIC_TYPES else "---" for column in columns)
    for row in rows:
        yield _markdown_line(_markdown_text(format_value(each, row.get(each.key))) for each in columns)


def _markdown_line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _markdown_text(text: str) -> str:
    signs = _MARKDOWN_SIGNS.sub(r"\\\g<0>", text)
    return _OUTER_SPACE.sub(_character_references, signs).replace("\n", "<br>")


def _character_references(match: re.Match[str]) -> str:
    return "".join("\n" if sign == "\n" else f"&#{ord(sign)};" for sign in match[0])
