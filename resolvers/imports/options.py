"""Options of an import as the client sends them, checked."""

from typing import Literal

from errors import Mistakes
from resolvers.imports.layouts import ReadOptions

MAX_SKIPPED = 100_000


def read_options(
    has_header: bool | None,
    known: frozenset[str],
    encoding: str | None,
    delimiter: str | None,
    header_row: int | None,
    skip_rows: int | None,
    decimal_mark: str | None,
    table_index: int | None,
) -> ReadOptions:
    """Return the options. Raises BadUserInput for values that are not allowed."""
    delimiter = delimiter and {"\\t": "\t"}.get(delimiter, delimiter)
    with Mistakes() as check:
        if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
            check.add("delimiter", "A delimiter is one character, such as `;`, and no quote or line end.")
        if header_row is not None and header_row < 0:
            check.add("headerRow", "Rows are counted from 1: name the row of the header, or 0 for none.")
        if skip_rows is not None and not 0 <= skip_rows <= MAX_SKIPPED:
            check.add("skipRows", f"Leave out between 0 and {MAX_SKIPPED:,} rows; this is {skip_rows:,}.")
        elif header_row and skip_rows and 0 < header_row <= skip_rows:
            problem = f"Row {header_row:,} is among the {skip_rows:,} that are left out: name a later one."
            check.add("headerRow", problem)
        if decimal_mark not in {None, ".", ","}:
            check.add("decimalMark", f"A decimal mark is `.` or `,`, and not {decimal_mark[:20]!r}.")
        if table_index is not None and table_index < 1:
            check.add("tableIndex", "Tables are counted from 1: leave tableIndex out for the first.")
    marks: dict[str | None, Literal[".", ","]] = {".": ".", ",": ","}
    mark = marks.get(decimal_mark)
    return ReadOptions(has_header, known, encoding, delimiter, header_row, skip_rows or 0, mark, table_index)
