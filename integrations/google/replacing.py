"""Mode REPLACE: a sheet gets the content of the table, and only cells that differ are written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from integrations.google.cell_writer import runs
from integrations.google.changes import Conflicts, Progress, SheetChanges
from integrations.google.digests import EMPTY, Digests, digest, digests_of, digests_of_sheet
from integrations.google.remote_sheet import RemoteSheet
from integrations.google.sheet_formats import column_requests, sheet_requests
from integrations.google.sheet_table import SheetTable
from tables.writers.sheet_cells import Cell, ColumnStatistics


@dataclass(frozen=True)
class _RowChange:
    """Row of the sheet as it should be, and the indexes of its cells that differ."""

    index: int
    cells: Sequence[Cell]
    changed: Sequence[int]


def replace_sheet(
    sheet: RemoteSheet, table: SheetTable, base: SheetTable | None, *, overwrites: bool, progress: Progress
) -> SheetChanges:
    """Make the table the whole content of a sheet.

    `base` is the table as the last export wrote it into this sheet. Raise SheetConflict before anything is written
    if people changed cells since and `overwrites` is False.
    """
    stored = digests_of_sheet(sheet.read_rows(0, sheet.rows, sheet.columns), sheet.columns)
    conflicts = Conflicts(sheet.title)
    if base is not None:
        _find_conflicts(conflicts, table, base, stored)
    conflict = conflicts.check(overwrites=overwrites)
    sheet.grow(max(2, table.height), max(1, len(table.columns)))
    statistics = [ColumnStatistics() for _ in table.columns]
    changed = _write(sheet, table, stored, statistics, progress)
    sheet.client.update(_looks(sheet, table, base, statistics))
    return SheetChanges(changed, conflict)


def _contents(table: SheetTable, statistics: Sequence[ColumnStatistics] | None = None) -> Iterator[Sequence[Cell]]:
    header = [table.header] if table.includes_header else []
    return chain(header, table.cells(statistics))


def _find_conflicts(conflicts: Conflicts, table: SheetTable, base: SheetTable, stored: Digests) -> None:
    """Name the cells that are neither as the last export left them nor as this one makes them."""
    written = digests_of(_contents(base), len(base.columns))
    width = max(stored.width, written.width)
    for change in _changes(table, stored, max(stored.height, written.height)):
        before, now = written.row(change.index), stored.row(change.index)
        for index in range(width):
            old = before[index] if index < written.width else EMPTY
            current = now[index] if index < stored.width else EMPTY
            if current not in (old, _digest_at(change.cells, index)):
                conflicts.add(change.index, index, table.header[index] if index < len(table.header) else "")


def _digest_at(cells: Sequence[Cell], index: int) -> int:
    return digest(cells[index]) if index < len(cells) else EMPTY


def _changes(
    table: SheetTable, stored: Digests, height: int, statistics: Sequence[ColumnStatistics] | None = None
) -> Iterator[_RowChange]:
    """Yield every row of the table, and below them the rows of the sheet that are to be emptied."""
    index = -1
    for index, cells in enumerate(_contents(table, statistics)):
        current = stored.row(index)
        width = max(stored.width, len(cells))
        padded = [*cells, *[None] * (width - len(cells))]
        # Behind the end of the stored row, every cell is empty.
        differing = [at for at in range(width) if digest(padded[at]) != (current[at] if at < stored.width else EMPTY)]
        yield _RowChange(index, padded, differing)
    for below in range(index + 1, height):
        current = stored.row(below)
        yield _RowChange(below, [None] * stored.width, [at for at in range(stored.width) if current[at] != EMPTY])


def _write(
    sheet: RemoteSheet,
    table: SheetTable,
    stored: Digests,
    statistics: Sequence[ColumnStatistics],
    progress: Progress,
) -> int:
    done = 0

    def send(body: bytes) -> None:
        sheet.client.send(body)
        progress(min(done, table.row_count))

    writer = sheet.writer(table, send)
    for change in _changes(table, stored, stored.height, statistics):
        for start, cells in runs((at, change.cells[at]) for at in change.changed):
            writer.add(change.index, start, cells, is_header=table.includes_header and change.index == 0)
        done = change.index + 1 - table.includes_header
    writer.flush()
    return writer.written


def _looks(
    sheet: RemoteSheet, table: SheetTable, base: SheetTable | None, statistics: Sequence[ColumnStatistics]
) -> Iterator[dict[str, object]]:
    """Yield the looks of new rows, or of the whole sheet where its columns are not those of the last export."""
    if base is None or not table.looks_like(base):
        yield from sheet_requests(sheet.id, table, statistics)
    elif table.height != base.height:
        yield from sheet_requests(sheet.id, table, statistics, first_row=min(base.height, table.height))
    if base is not None:
        # Rows that are emptied keep no checkbox, which would look like a value.
        for index in range(len(base.columns) if base.height > table.height else 0):
            yield from column_requests(sheet.id, index, None, None, table.height, base.height)
