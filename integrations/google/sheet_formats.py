"""Looks of a sheet as requests of one `batchUpdate`: header, number formats, checkboxes, dropdowns, widths, filter."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from integrations.google.sheet_table import SheetTable
from tables.writers.sheet_cells import ColumnStatistics, SheetColumn, number_format, pixel_width, validation_rule

Request: TypeAlias = dict[str, Any]


def sheet_requests(sheet_id: int, table: SheetTable, statistics: Sequence[ColumnStatistics]) -> Iterator[Request]:
    """Yield the requests for a sheet that holds the table and nothing else."""
    width, height = len(table.columns), max(table.height, 1)
    frozen = {"frozenRowCount": int(table.includes_header and table.freezes_header)}
    change = {"properties": {"sheetId": sheet_id, "gridProperties": frozen}, "fields": "gridProperties.frozenRowCount"}
    yield {"updateSheetProperties": change}
    if table.includes_header and width:
        yield _bold(_area(sheet_id, 0, 1, 0, width))
        yield {"setBasicFilter": {"filter": {"range": _area(sheet_id, 0, height, 0, width)}}}
    for index, (column, kept) in enumerate(zip(table.columns, statistics, strict=True)):
        yield _width(sheet_id, index, pixel_width(column, kept.longest))
        if table.row_count:
            yield from column_requests(sheet_id, index, column, kept, int(table.includes_header), height)


def column_requests(
    sheet_id: int, index: int, column: SheetColumn, kept: ColumnStatistics, first_row: int, end_row: int
) -> Iterator[Request]:
    """Yield the requests for the cells of a column in rows from `first_row` to before `end_row`."""
    area = _area(sheet_id, first_row, end_row, index, index + 1)
    number = number_format(column, kept.decimals)
    cell = {"userEnteredFormat": {"numberFormat": number}} if number else {}
    yield {"repeatCell": {"range": area, "cell": cell, "fields": "userEnteredFormat.numberFormat"}}
    rule = validation_rule(column.column)
    yield {"setDataValidation": {"range": area, "rule": rule} if rule else {"range": area}}


def _bold(area: Request) -> Request:
    cell = {"userEnteredFormat": {"textFormat": {"bold": True}}}
    return {"repeatCell": {"range": area, "cell": cell, "fields": "userEnteredFormat.textFormat.bold"}}


def _width(sheet_id: int, index: int, pixels: int) -> Request:
    span = {"sheetId": sheet_id, "dimension": "COLUMNS", "startIndex": index, "endIndex": index + 1}
    return {
        "updateDimensionProperties": {"range": span, "properties": {"pixelSize": pixels}, "fields": "pixelSize"},
    }


def _area(sheet_id: int, first_row: int, end_row: int, first_column: int, end_column: int) -> Request:
    return {
        "sheetId": sheet_id,
        "startRowIndex": first_row,
        "endRowIndex": end_row,
        "startColumnIndex": first_column,
        "endColumnIndex": end_column,
    }
