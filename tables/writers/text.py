"""Tables as text in the formats that people take away; the caller owns the files and the encoding."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tables.types.columns import NUMERIC_TYPES, TEXT_TYPES, Column, ColumnType, Value
from tables.types.types import format_value
from tables.writers.xlsx import starts_like_formula, write_xlsx

__all__ = ["unique_names", "write_csv", "write_json", "write_markdown", "write_xlsx"]

Rows = Iterable[Mapping[str, Value]]

_QUOTE = '"'
_QUOTED = re.compile(r'[",;|\t\r\n]')
_MARKDOWN_SIGNS = re.compile(r"[\\|<`*\[&]")
_OUTER_SPACE = re.compile(r"\A\s+|\s+\Z|[\r\v\f\x1c-\x1f\x85\u2028\u2029]")


def write_csv(columns: Sequence[Column], rows: Rows) -> Iterator[str]:
    """RFC 4180 lines ending in CRLF: the header, then one per row, values taken by their column's key.

    Numbers are written with a decimal point, percents with their sign, amounts without their currency, dates
    as ISO 8601: what any spreadsheet reads back. A text that a spreadsheet would take for a formula gets an
    apostrophe in front, which an import takes off again, and so does one that has apostrophes there already.
    A byte order mark, if wanted, is the caller's.
    """
    yield _csv_line(_harmless(column.name) for column in columns)
    for row in rows:
        yield _csv_line(_csv_field(column, row.get(column.key)) for column in columns)


def _csv_line(fields: Iterable[str]) -> str:
    """Whatever a reader may take for a delimiter is quoted; a lone empty field is, or the line would be a blank one."""
    quoted = (f'"{field.replace(_QUOTE, _QUOTE * 2)}"' if _QUOTED.search(field) else field for field in fields)
    return (",".join(quoted) or '""') + "\r\n"


def _csv_field(column: Column, value: Value) -> str:
    if column.type in TEXT_TYPES:
        return _harmless(format_value(column, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if column.type is ColumnType.PERCENT and value is not None:
        return f"{value}%"
    return "" if value is None else str(value)


def _harmless(text: str) -> str:
    return f"'{text}" if starts_like_formula(text.lstrip("'")) else text


def write_json(columns: Sequence[Column], rows: Rows) -> Iterator[str]:
    """One JSON array, an object per row, canonical values under the columns' names (see `unique_names`)."""
    names = unique_names(columns)
    before = "[\n"
    for row in rows:
        values = {name: row.get(column.key) for name, column in zip(names, columns, strict=True)}
        yield before + json.dumps(values, ensure_ascii=False)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def unique_names(columns: Sequence[Column]) -> list[str]:
    """The columns' names, the second "Amount" as "Amount (2)"."""
    taken = {column.name for column in columns}
    names: list[str] = []
    seen: set[str] = set()
    for column in columns:
        name, number = column.name, 1
        while name in seen or (number > 1 and name in taken):
            number += 1
            name = f"{column.name} ({number})"
        seen.add(name)
        names.append(name)
    return names


def write_markdown(columns: Sequence[Column], rows: Rows) -> Iterator[str]:
    """A GitHub-flavoured table, line by line; numbers stand right, a line end in a cell is <br>.

    What would be lost in reading it, spaces around a text and other line ends, is written by its number, as &#32;.
    """
    yield _markdown_line(_markdown_text(column.name) for column in columns)
    yield _markdown_line("---:" if column.type in NUMERIC_TYPES else "---" for column in columns)
    for row in rows:
        yield _markdown_line(_markdown_text(format_value(each, row.get(each.key))) for each in columns)


def _markdown_line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _markdown_text(text: str) -> str:
    signs = _MARKDOWN_SIGNS.sub(r"\\\g<0>", text)
    return _OUTER_SPACE.sub(_by_numbers, signs).replace("\n", "<br>")


def _by_numbers(found: re.Match[str]) -> str:
    return "".join("\n" if sign == "\n" else f"&#{ord(sign)};" for sign in found[0])
