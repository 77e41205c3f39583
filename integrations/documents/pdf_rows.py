"""The rows of one table of a PDF, with notes on the others."""

from collections.abc import Sequence
from typing import IO, Any

from integrations.documents.failures import DocumentRefused
from integrations.documents.pdf import tables_of

_LISTED = 10  # other tables that a note names
_NAMES = 3  # columns by which it names them
_LONGEST = 80


def pdf_rows(file: IO[bytes], number: int | None) -> tuple[dict[str, Any], list[list[str | None]]]:
    """Return notes on a table, by default the first with names, and its rows. Raises DocumentRefused.

    The first row has the names of the columns when the notes say that it `has_header`.
    """
    tables = tables_of(file)
    if not tables:
        raise DocumentRefused(
            "No table was found in the PDF. Send it with a message to have its text read, or send the table as CSV."
        )
    if number is not None and not 0 < number <= len(tables):
        count = f"{len(tables)} tables" if len(tables) > 1 else "1 table"
        raise DocumentRefused(f"The PDF has {count}, and no table {number:,}: choose a tableIndex from 1 on.")
    named = (n for n, (_, table) in enumerate(tables) if table.has_header)
    index = number - 1 if number else next(named, 0)
    page, table = tables[index]
    notes = [f"Table {index + 1} of {len(tables)} in the PDF, from page {page}, was read."]
    others = [
        f"{n}, page {page} ({_described(table.names, table.rows)})"
        for n, (page, table) in enumerate(tables, 1)
        if n != index + 1
    ]
    if others:
        listed = "; ".join(others[:_LISTED]) + ("; …" if len(others) > _LISTED else "")
        notes.append(f"Other tables: {listed}. To import one, name its number as tableIndex.")
    header = [table.names] if table.has_header else []
    return {"notes": notes, "has_header": table.has_header}, [*header, *table.rows]


def _described(names: Sequence[str | None], rows: Sequence[Sequence[str | None]]) -> str:
    texts = [text for text in names if text] or [text for text in rows[0] if text]
    return ", ".join(f"“{text[:_LONGEST]}”" for text in texts[:_NAMES]) + (", …" if len(texts) > _NAMES else "")
