"""XLSX workbooks, row by row, each cell as what a person sees in it and with every digit that is stored."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import IO
from xml.etree.ElementTree import Element

from integrations.documents.failures import DocumentRefused
from integrations.documents.merged_cells import MergedCells, column_number
from integrations.documents.workbook_parts import Parts, Sheet, text_of, unescaped
from tables.files.number_formats import NumberFormat, NumberKind, show

BEGINNING = 60  # rows by which a sheet is known as a table
MAX_LISTED = 10  # names of sheets in a message

# A text begins with `"`, so that it is still told from a number or a date that reads the same. What is neither has
# a `problem`, and what is `shown` in its place.
Cell = str | dict[str, str] | None


class SheetReader:
    """The rows of one sheet, and what is worth knowing of it when they are read."""

    def __init__(self, parts: Parts, sheet: Sheet) -> None:
        self._parts, self.sheet = parts, sheet
        self.hidden = self.unknown = 0
        self._merged = MergedCells(parts.merged(sheet))

    def rows(self) -> Iterator[list[Cell]]:
        """Yield the rows from the first one with content, each up to its last filled cell; a gap is one empty row."""
        before = here = 0
        for element in self._parts.rows(self.sheet):
            here = int(element.get("r", here + 1))
            if row := self._merged.filled(here, self._row(element)):
                if 0 < before < here - 1:
                    yield []
                self.hidden += element.get("hidden") in {"1", "true"}
                before = here
                yield row

    def _row(self, element: Element) -> list[Cell]:
        row: list[Cell] = []
        prefix = element.tag[: -len("row")]
        column = 0
        for cell in element:
            column = column_number(name) if (name := (cell.get("r") or "").rstrip("0123456789")) else column + 1
            value = self._cell(cell, prefix)
            if value is not None:
                row += [None] * (column - len(row))
                row[column - 1] = value
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
            self.unknown += formula is not None and kind != "str"
            return None
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
        text = show(stored, format, is_1904=self._parts.is_1904, is_calculated=is_calculated)
        return f'"{text}' if format.kind is NumberKind.TEXT else text

    def notes(self) -> list[str]:
        """After the last row."""
        others = [each for each in self._parts.sheets if each is not self.sheet]
        notes = []
        if others:
            notes.append(f"Sheets that were not read: {_listed(others)}. To import one, name it as `sheet`.")
        if self.hidden:
            notes.append(f"Hidden rows that are read like the others: {self.hidden:,}.")
        if self.unknown:
            notes.append(
                f"Formulas without a result in the file, whose cells are left empty: {self.unknown:,}. Open the "
                "workbook in a spreadsheet program, save it and send that to import their results."
            )
        if self._merged.repeated:
            notes.append(f"Cells merged over rows, whose value is repeated in each row: {self._merged.repeated:,}.")
        return notes


def open_sheet(file: IO[bytes], name: str | None = None) -> tuple[SheetReader, Iterator[list[Cell]]]:
    """Return a sheet by its name, or else the first with rows that is not hidden, or that is; and its rows."""
    parts = Parts(file)
    sheets = [sheet for sheet in parts.sheets if sheet.name == name] if name is not None else parts.sheets
    if not sheets:
        raise DocumentRefused(f"The workbook has no such sheet: it has {_listed(parts.sheets) or 'none'}.")
    first: tuple[SheetReader, Iterator[list[Cell]]] | None = None
    for sheet in sorted(sheets, key=lambda sheet: sheet.is_hidden):
        if first and sheet.is_hidden:
            break
        reader = SheetReader(parts, sheet)
        rows = reader.rows()
        beginning: list[list[Cell]] = []
        for row in islice(rows, BEGINNING):
            beginning.append(row)
            if is_table(beginning):  # as soon as it is, since the texts of many rows may not fit into memory
                return reader, chain(beginning, rows)
        if beginning and first is None:
            first = reader, chain(beginning, rows)
    return first or (SheetReader(parts, sheets[0]), iter(()))


def is_table(beginning: Sequence[Sequence[Cell]]) -> bool:
    """Return whether the first rows of a sheet hold a table, and not only the lines of a cover page."""
    return sum(1 for row in beginning if sum(map(bool, row)) > 1) > 1


def workbook_sheets(file: IO[bytes]) -> Iterator[tuple[str, Iterator[list[Cell]]]]:
    """Yield the name and the rows of each sheet that is not hidden, or of all when all are."""
    parts = Parts(file)
    for sheet in [sheet for sheet in parts.sheets if not sheet.is_hidden] or parts.sheets:
        yield sheet.name, SheetReader(parts, sheet).rows()


def _listed(sheets: Sequence[Sheet]) -> str:
    names = [f"{sheet.name} (hidden)" if sheet.is_hidden else sheet.name for sheet in sheets[:MAX_LISTED]]
    return ", ".join(names) + (", …" if len(sheets) > MAX_LISTED else "")
