"""Writers of tables as CSV, JSON and Markdown text; the caller opens the file and chooses the encoding."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tables.types.columns import NUMERIC_TYPES, TEXT_TYPES, Column, ColumnType, Value
from tables.types.types import format_value
from tables.writers.xlsx import starts_like_formula, write_xlsx

__all__ = ["unique_names", "write_csv", "write_json", "write_json_lines", "write_markdown", "write_xlsx"]

Rows = Iterable[Mapping[str, Value]]

_QUOTE = '"'
_QUOTED = re.compile(r'[",;|\t\r\n]')
_MARKDOWN_SIGNS = re.compile(r"[\\|<`*\[&]")
_OUTER_SPACE = re.compile(r"\A\s+|\s+\Z|[\r\v\f\x1c-\x1f\x85\u2028\u2029]")


def write_csv(columns: Sequence[Column], rows: Rows, *, include_header: bool = True) -> Iterator[str]:
    """Yield RFC 4180 lines ending in CRLF: the header, if any, then one for each row of values by column key.

    Numbers are written with a decimal point, percents with their sign, amounts without their currency, dates
    as ISO 8601, which any spreadsheet reads. A text that a spreadsheet would run as a formula gets a leading
    apostrophe, and so does one that already has one, so that an import can remove exactly one. The caller writes the
    byte order mark, if any.
    """
    if include_header:
        yield _csv_line(_escape_formula(column.name) for column in columns)
    for row in rows:
        yield _csv_line(_csv_field(column, row.get(column.key)) for column in columns)


def _csv_line(fields: Iterable[str]) -> str:
    """Return one line, with fields quoted that contain any common delimiter."""
    # A single empty field is quoted too: readers skip blank lines.
    quoted = (f'"{field.replace(_QUOTE, _QUOTE * 2)}"' if _QUOTED.search(field) else field for field in fields)
    return (",".join(quoted) or '""') + "\r\n"


def _csv_field(column: Column, value: Value) -> str:
    if column.type in TEXT_TYPES:
        return _escape_formula(format_value(column, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if column.type is ColumnType.PERCENT and value is not None:
        return f"{value}%"
    return "" if value is None else str(value)


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
