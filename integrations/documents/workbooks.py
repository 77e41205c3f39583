"""XLSX workbooks, row by row, each cell as what a person sees in it and with every digit that is stored."""

import csv
import io
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import IO
from xml.etree.ElementTree import Element

from integrations.documents.failures import DocumentRefused
from integrations.documents.workbook_parts import Parts, Sheet, text_of, unescaped
from tables.files.number_formats import NumberFormat, Shown, show

MAX_COLUMNS = 16_384
MAX_TEXT = 1_000_000
MAX_LISTED = 10  # names of sheets in a message

# A text begins with `"`, so that it is still told from a number or a date that reads the same. What is neither has
# a `problem`, and what is `shown` in its place.
Cell = str | dict[str, str] | None


class SheetReader:
    """The rows of one sheet, and what is worth knowing of it when they are read."""

    def __init__(self, parts: Parts, sheet: Sheet) -> None:
        self._parts, self.sheet = parts, sheet
        self.hidden = self.merged = 0

    def rows(self) -> Iterator[list[Cell]]:
        """From the first row with anything in it, each up to its last cell that is filled; a gap is one empty row."""
        before = here = 0
        for element in self._parts.rows(self.sheet):
            if not element.tag.endswith("row"):
                self.merged += 1
                continue
            here = int(element.get("r", here + 1))
            if row := self._row(element):
                if 0 < before < here - 1:
                    yield []
                self.hidden += element.get("hidden") in {"1", "true"}
                before = here
                yield row

    def _row(self, element: Element) -> list[Cell]:
        row: list[Cell] = []
        prefix = element.tag[: -len("row")]
        place = 0
        for cell in element:
            place = _column(name) if (name := (cell.get("r") or "").rstrip("0123456789")) else place + 1
            value = self._cell(cell, prefix)
            if value is not None:
                row += [None] * (place - len(row))
                row[place - 1] = value
        return row

    def _cell(self, cell: Element, prefix: str) -> Cell:
        kind, stored, formula = cell.get("t", "n"), None, None
        for child in cell:
            if child.tag == f"{prefix}v":
                stored = child.text
            elif child.tag == f"{prefix}f":
                formula = child.text or ""
            elif child.tag == f"{prefix}is":
                stored = text_of(child)
        if not stored:
            return _unknown(formula) if formula is not None and kind != "str" else None
        if kind in {"s", "str", "inlineStr"}:
            text = self._parts.texts[int(stored)] if kind == "s" else unescaped(stored) if kind == "str" else stored
            return f'"{text}' if text else None
        return self._value(kind, stored, int(cell.get("s", 0)), formula is not None)

    def _value(self, kind: str, stored: str, style: int, is_calculated: bool) -> Cell:
        if kind == "b":
            return "true" if stored.strip() in {"1", "true"} else "false"
        if kind == "e":
            return {"problem": f"The cell shows {stored}, an error of its spreadsheet: correct or empty it there.",
                    "shown": stored}  # fmt: skip
        if kind == "d":
            return f"{stored}Z" if "T" in stored and not stored.endswith("Z") else stored
        formats = self._parts.formats
        format = formats[style] if style < len(formats) else NumberFormat()
        shown = show(stored, format, is_1904=self._parts.is_1904, is_calculated=is_calculated)
        return f'"{shown}' if format.shown is Shown.TEXT else shown

    def notes(self) -> list[str]:
        """After the last row."""
        others = [each for each in self._parts.sheets if each is not self.sheet]
        notes = []
        if others:
            notes.append(f"Sheets that were not read: {_listed(others)}. To import one, name it as `sheet`.")
        if self.hidden:
            notes.append(f"Hidden rows that are read like the others: {self.hidden:,}.")
        if self.merged:
            notes.append(f"Ranges of merged cells, which have their value in the first cell only: {self.merged:,}.")
        return notes


def open_sheet(file: IO[bytes], name: str | None = None) -> tuple[SheetReader, Iterator[list[Cell]]]:
    """A sheet by its name, or else the first with rows that is not hidden, or that is; and its rows."""
    parts = Parts(file)
    sheets = [sheet for sheet in parts.sheets if sheet.name == name] if name is not None else parts.sheets
    if not sheets:
        raise DocumentRefused(f"The workbook has no such sheet: it has {_listed(parts.sheets) or 'none'}.")
    for sheet in sorted(sheets, key=lambda sheet: sheet.is_hidden):
        reader = SheetReader(parts, sheet)
        rows = reader.rows()
        if (first := next(rows, None)) is not None:
            return reader, _with_first(first, rows)
    return SheetReader(parts, sheets[0]), iter(())


def workbook_text(file: IO[bytes]) -> str:
    """Each sheet that is not hidden as its name and comma-separated lines, as it would be pasted."""
    parts, written = Parts(file), io.StringIO()
    for sheet in [sheet for sheet in parts.sheets if not sheet.is_hidden] or parts.sheets:
        if rows := _texts(SheetReader(parts, sheet).rows()):
            written.write(f"{sheet.name}\n\n")
            first = min(next(n for n, text in enumerate(row) if text) for row in rows if row)
            csv.writer(written, lineterminator="\n").writerows(row[first:] for row in rows)
            written.write("\n")
        if written.tell() > MAX_TEXT:
            break
    return written.getvalue()[:MAX_TEXT].rstrip("\n")


def _texts(rows: Iterator[list[Cell]]) -> list[list[str]]:
    """The rows until they are more than a text may have."""
    taken, length = [], 0
    for row in rows:
        taken.append([_shown(cell) for cell in row])
        length += len(row) + sum(map(len, taken[-1]))
        if length > MAX_TEXT:
            break
    return taken


def _shown(cell: Cell) -> str:
    if isinstance(cell, dict):
        return cell["shown"]
    return (cell or "").removeprefix('"')


def _with_first(first: list[Cell], others: Iterator[list[Cell]]) -> Iterator[list[Cell]]:
    yield first
    yield from others


def _unknown(formula: str) -> Cell:
    named = f"The formula ={formula[:100]}" if formula else "The formula in the cell"
    return {"problem": f"{named} has no result in the file: open the workbook in a spreadsheet program, save it, and "
                       "send that.", "shown": f"={formula}"}  # fmt: skip


def _listed(sheets: Sequence[Sheet]) -> str:
    names = [f"{sheet.name} (hidden)" if sheet.is_hidden else sheet.name for sheet in sheets[:MAX_LISTED]]
    return ", ".join(names) + (", …" if len(sheets) > MAX_LISTED else "")


@lru_cache(MAX_COLUMNS)
def _column(letters: str) -> int:
    """A is 1, AA is 27."""
    number = 0
    for letter in letters.upper():
        number = 26 * number + ord(letter) - ord("A") + 1
    if not 1 <= number <= MAX_COLUMNS:
        raise ValueError(letters)
    return number
