"""Looks of a sheet as requests of one `batchUpdate`: header, number formats, checkboxes, dropdowns, widths, filter."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from integrations.google.sheet_table import SheetTable
from tables.writers.sheet_cells import ColumnStatistics, SheetColumn, number_format, pixel_width, validation_rule

Request: TypeAlias = dict[str, Any]


def sheet_requests(
    sheet_id: int, table: SheetTable, statistics: Sequence[ColumnStatistics], *, first_row: int | None = None
) -> Iterator[Request]:
    """Yield the requests for a sheet that holds the table and nothing else.

    With `first_row`, the looks of the rows above it stay as people made them: only rows from there on get formats,
    and the filter its range.
    """
    width, height = len(table.columns), max(table.height, 1)
    if table.includes_header and width:
        yield {"setBasicFilter": {"filter": {"range": area(sheet_id, 0, height, 0, width)}}}
    if first_row is None:
        yield _frozen(sheet_id, int(table.includes_header and table.freezes_header))
        if table.includes_header and width:
            yield bold_header(sheet_id, 0, width)
        for index, (column, summary) in enumerate(zip(table.columns, statistics, strict=True)):
            yield width_request(sheet_id, index, pixel_width(column, summary.longest))
        first_row = int(table.includes_header)
    if first_row < height and table.row_count:
        for index, (column, summary) in enumerate(zip(table.columns, statistics, strict=True)):
            yield from column_requests(sheet_id, index, column, summary, first_row, height)


def column_requests(
    sheet_id: int,
    index: int,
    column: SheetColumn | None,
    summary: ColumnStatistics | None,
    first_row: int,
    end_row: int,
) -> Iterator[Request]:
    """Yield the requests for the cells of a column in rows from `first_row` to before `end_row`.

    Without a column, the cells lose their number format and rule.
    """
    cells = area(sheet_id, first_row, end_row, index, index + 1)
    number = number_format(column, summary.decimals) if column and summary else None
    cell = {"userEnteredFormat": {"numberFormat": number}} if number else {}
    yield {"repeatCell": {"range": cells, "cell": cell, "fields": "userEnteredFormat.numberFormat"}}
    rule = validation_rule(column.column) if column else None
    yield {"setDataValidation": {"range": cells, "rule": rule} if rule else {"range": cells}}


def _frozen(sheet_id: int, rows: int) -> Request:
    change = {"sheetId": sheet_id, "gridProperties": {"frozenRowCount": rows}}
    return {"updateSheetProperties": {"properties": change, "fields": "gridProperties.frozenRowCount"}}


def bold_header(sheet_id: int, first: int, end: int) -> Request:
    """Return the request that makes the first row bold in columns from `first` to before `end`."""
    cell = {"userEnteredFormat": {"textFormat": {"bold": True}}}
    header = area(sheet_id, 0, 1, first, end)
    return {"repeatCell": {"range": header, "cell": cell, "fields": "userEnteredFormat.textFormat.bold"}}


def width_request(sheet_id: int, index: int, pixels: int) -> Request:
    """Return the request that sets the width of a column."""
    span = {"sheetId": sheet_id, "dimension": "COLUMNS", "startIndex": index, "endIndex": index + 1}
    return {
        "updateDimensionProperties": {"range": span, "properties": {"pixelSize": pixels}, "fields": "pixelSize"},
    }


def area(sheet_id: int, first_row: int, end_row: int, first_column: int, end_column: int) -> Request:
    """Return Google's GridRange, whose ends are excluded."""
    return {
        "sheetId": sheet_id,
        "startRowIndex": first_row,
        "endRowIndex": end_row,
        "startColumnIndex": first_column,
        "endColumnIndex": end_column,
    }
