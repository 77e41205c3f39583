"""Sheets that hold a table and nothing else, written in fixed ranges that may be repeated."""

from integrations.google.changes import Progress, SheetChanges
from integrations.google.remote_sheet import RemoteSheet
from integrations.google.sheet_formats import sheet_requests
from integrations.google.sheet_table import SheetTable, sheet_title
from tables.writers.sheet_cells import ColumnStatistics


def fill(sheet: RemoteSheet, table: SheetTable, progress: Progress) -> SheetChanges:
    """Write the table into a sheet that belongs to it alone, whose grid gets the table's size."""
    # A sheet of nothing but frozen rows is refused.
    size = sheet.set_properties(sheet_title(table.sheet_name), max(2, table.height), max(1, len(table.columns)))
    statistics = [ColumnStatistics() for _ in table.columns]
    done = filled = 0

    def send(body: bytes) -> None:
        sheet.client.send(body)
        progress(done)

    writer = sheet.writer(table, send, first=[size])
    if table.includes_header and table.columns:
        writer.add(0, 0, table.header, is_header=True)
        filled = len(table.header)
    for index, cells in enumerate(table.cells(statistics)):
        writer.add(index + table.includes_header, 0, cells)
        # A row counts as written when the batch that holds it was sent; `add` sends the one before.
        done = index + 1
        filled += len(cells) - cells.count(None) - cells.count("")
    writer.flush()
    sheet.client.update(sheet_requests(sheet.id, table, statistics))
    return SheetChanges(filled)
