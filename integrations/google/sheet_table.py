"""Table to be written into a sheet: its columns, and its rows as cells."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from integrations.google.failures import SheetsFailure
from tables.types.columns import Value
from tables.writers.sheet_cells import Cell, ColumnStatistics, SheetColumn, cells_of, has_links

# Google's limits: cells of a spreadsheet, columns of a sheet, characters of a cell and of a sheet's name.
MAX_CELLS = 10_000_000
MAX_COLUMNS = 18_278
MAX_CHARACTERS = 50_000
MAX_NAME = 100


@dataclass(frozen=True)
class SheetTable:
    """Table of a known number of rows; `rows()` begins anew at each call and yields values by column key.

    `title` names a new spreadsheet, `sheet_name` the sheet.
    """

    title: str
    sheet_name: str
    columns: Sequence[SheetColumn]
    row_count: int
    rows: Callable[[], Iterable[Mapping[str, Value]]]
    includes_header: bool = True
    freezes_header: bool = True

    @property
    def header(self) -> list[str]:
        return [one.header for one in self.columns]

    @property
    def height(self) -> int:
        """Number of rows with the header."""
        return self.row_count + self.includes_header

    def looks_like(self, other: "SheetTable") -> bool:
        """Return True if both have the same columns with the same looks."""
        return self.includes_header == other.includes_header and self._looks() == other._looks()

    def _looks(self) -> list[object]:
        return [
            (one.header, one.pattern, one.column.key, one.column.type, one.column.format, one.column.options)
            for one in self.columns
        ]

    @property
    def link_columns(self) -> frozenset[int]:
        return frozenset(index for index, one in enumerate(self.columns) if has_links(one.column))

    def cells(self, statistics: Sequence[ColumnStatistics] | None = None) -> Iterator[list[Cell]]:
        """Yield the rows as cells, and add their values to the statistics. Raise SheetsFailure for a long text."""
        for number, values in enumerate(self.rows(), start=1):
            cells = cells_of(self.columns, values)
            for cell in cells:
                if isinstance(cell, str) and len(cell) > MAX_CHARACTERS:
                    raise too_large(f"a cell of {len(cell):,} characters (row {number})")
            for one, summary in zip(self.columns, statistics or (), strict=statistics is not None):
                summary.add(one.column, values.get(one.column.key))
            yield cells


def check_size(rows: int, columns: int) -> None:
    """Raise SheetsFailure TOO_LARGE if no sheet of Google can hold so many rows and columns."""
    if columns > MAX_COLUMNS:
        raise too_large(f"{columns:,} columns")
    if rows * columns > MAX_CELLS:
        raise too_large(f"{rows * columns:,} cells")


def too_large(what: str) -> SheetsFailure:
    return SheetsFailure("TOO_LARGE", f"Google Sheets does not accept {what}. Export to CSV or XLSX instead.")


def sheet_title(name: str) -> str:
    """Return the name made valid for a sheet of Google."""
    printable = "".join(character for character in name if character.isprintable())
    return printable.strip(" '")[:MAX_NAME].rstrip(" '") or "Sheet1"
