"""Sheets of an OpenDocument workbook (ODS), row by row."""

import zipfile
from collections.abc import Iterator
from decimal import Decimal
from typing import IO
from xml.etree.ElementTree import Element

from integrations.documents.failures import DocumentRefused
from integrations.documents.xml_events import walk
from tables.files.cell_kinds import ABOVE, LEFT
from tables.types.numbers import plain_number

MAX_COLUMNS = 16_384
MAX_CELLS = 5_000_000
MAX_REPEATED = 1_000  # equal rows that are more than the grid's empty end
MIMETYPE = b"application/vnd.oasis.opendocument.spreadsheet"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_ROW, _SHEET = frozenset({f"{_TABLE}table-row"}), frozenset({f"{_TABLE}table"})

Cell = str | dict[str, str] | None


def is_opendocument(file: IO[bytes]) -> bool:
    """Return whether a ZIP is a workbook of OpenDocument."""
    with zipfile.ZipFile(file) as archive:
        return "mimetype" in archive.namelist() and archive.read("mimetype")[: len(MIMETYPE)] == MIMETYPE


def sheets(file: IO[bytes]) -> Iterator[tuple[str, list[list[Cell]]]]:
    """Yield the name and the rows of each sheet with rows; an empty row stays where it is between others."""
    with zipfile.ZipFile(file) as archive, archive.open("content.xml") as part:
        name, rows = "", list[list[Cell]]()
        for event, element in walk(part, lambda _: _ROW, _SHEET):
            if element.tag in _ROW:
                _add_row(rows, element)
            elif event == "start":
                name, rows = element.get(f"{_TABLE}name", ""), []
            else:
                while rows and not any(rows[-1]):
                    rows.pop()
                if rows:
                    yield name, rows


def open_ods_sheet(file: IO[bytes], name: str | None) -> tuple[str, list[list[Cell]], list[str]]:
    """Return the name and rows of a sheet, by default the first with a table, and notes on the others."""
    titles = list(sheets(file))
    names = [each for each, _ in titles]
    if name is not None and name not in names:
        raise DocumentRefused(f"The workbook has no such sheet: it has {', '.join(names[:10]) or 'none'}.")
    tabular = (n for n, (_, rows) in enumerate(titles) if sum(1 for row in rows if sum(map(bool, row)) > 1) > 1)
    chosen = names.index(name) if name is not None else next(tabular, 0)
    others = [each for n, each in enumerate(names) if n != chosen]
    notes = (
        [f"Sheets that were not read: {', '.join(others[:10])}. To import one, name it as `sheet`."] if others else []
    )
    return (*titles[chosen], notes) if titles else ("", [], notes)


def _add_row(rows: list[list[Cell]], element: Element) -> None:
    row: list[Cell] = []
    for cell in element:
        if cell.tag not in {f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"}:
            continue
        repeated = _count(cell, "number-columns-repeated")
        if cell.tag == f"{_TABLE}covered-table-cell":
            row += [_covered(rows, row)] * min(repeated, MAX_COLUMNS)
            continue
        value = _value(cell)
        if value is not None and len(row) + repeated > MAX_COLUMNS:
            raise DocumentRefused(f"A row has at most {MAX_COLUMNS:,} cells: send fewer columns.")
        row += [value] * min(repeated, MAX_COLUMNS)
    while row and row[-1] is None:
        row.pop()
    count = _count(element, "number-rows-repeated")
    if len(row) * len(rows) > MAX_CELLS:
        raise DocumentRefused(f"A sheet has at most {MAX_CELLS:,} cells: send a part of it, or CSV.")
    rows += [row] * (min(count, MAX_REPEATED) if row else min(count, 2))


def _covered(rows: list[list[Cell]], row: list[Cell]) -> Cell:
    """Return the mark of a cell that a merged one covers: from the left, or from above."""
    column = len(row)
    above = rows[-1][column] if rows and column < len(rows[-1]) else None
    if column and row[-1] is not None and not (isinstance(above, str) and above != LEFT and row[-1] == LEFT):
        return LEFT
    if isinstance(above, str) and above != LEFT:
        return above if above.startswith(ABOVE) else ABOVE + above
    return LEFT if column else None


def _value(cell: Element) -> Cell:
    kind = cell.get(f"{_OFFICE}value-type", "")
    if kind in {"float", "currency", "percentage"} and (stored := cell.get(f"{_OFFICE}value")):
        number = _plain(stored)
        if kind == "percentage":
            return f"{_percent(number)}%"
        currency = cell.get(f"{_OFFICE}currency")
        return f"{number} {currency}" if kind == "currency" and currency else number
    if kind == "date" and (stored := cell.get(f"{_OFFICE}date-value")):
        day, _, clock = stored.partition("T")
        return day if not clock or clock.startswith("00:00:00") else f"{day}T{clock[:8]}Z"
    if kind == "boolean":
        return cell.get(f"{_OFFICE}boolean-value")
    if kind == "time" and (stored := cell.get(f"{_OFFICE}time-value")):
        return stored.removeprefix("PT").rstrip("S").replace("H", ":").replace("M", ":")
    text = "\n".join(_words(paragraph) for paragraph in cell if paragraph.tag == f"{_TEXT}p")
    if text.startswith(("#N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "Err:")):
        return {
            "problem": f"The cell shows {text}, an error of its spreadsheet: correct or empty it there.",
            "shown": text,
        }
    return f'"{text}' if text else None


def _words(paragraph: Element) -> str:
    parts = [paragraph.text or ""]
    for child in paragraph:
        if child.tag == f"{_TEXT}s":
            parts.append(" " * min(_spaces(child), 1_000))
        elif child.tag in {f"{_TEXT}tab", f"{_TEXT}line-break"}:
            parts.append("\t" if child.tag.endswith("tab") else "\n")
        elif not child.tag.endswith("annotation"):
            parts.append(_words(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _spaces(child: Element) -> int:
    return int(child.get(f"{_TEXT}c", "1"))


def _count(element: Element, name: str) -> int:
    return int(element.get(f"{_TABLE}{name}", "1"))


def _plain(stored: str) -> str:
    return plain_number(Decimal(stored)) or stored


def _percent(number: str) -> str:
    return plain_number(Decimal(number).scaleb(2)) or number
