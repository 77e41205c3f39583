"""Mode APPEND: the rows of the table come below those of the sheet, once for each job.

A marker (Google's developer metadata on the first new row) is written in the same atomic batch that reserves the rows.
It names the job and moves with its row, so that a job that is repeated finds its rows, and rewrites them in place.
"""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from integrations.google.cell_writer import runs
from integrations.google.changes import Progress, SheetChanges
from integrations.google.failures import SheetsFailure, not_google
from integrations.google.header_matching import ColumnPlaces, no_header, place_columns
from integrations.google.remote_sheet import MAX_CELLS_READ, RemoteSheet
from integrations.google.sheet_formats import Request, bold_header, column_requests
from integrations.google.sheet_table import SheetTable
from tables.writers.sheet_cells import ColumnStatistics

MARKER = "sheetgptExport"
MARKER_SECONDS = 7 * 86_400  # markers of older jobs are deleted: a sheet holds 30,000 characters of metadata


@dataclass(frozen=True)
class _Block:
    """Rows of the sheet that belong to a job, from index `row` on."""

    row: int
    count: int


def append(sheet: RemoteSheet, table: SheetTable, job_id: str, *, progress: Progress) -> SheetChanges:
    """Add the rows of the table below the last row of the sheet; a second call with this `job_id` adds none.

    Columns are found by their header; the header of an empty sheet is written. Raise SheetsFailure before anything is
    written for a header that is missing or there twice.
    """
    places = _places(sheet, table)
    sheet.grow(2, places.width)
    is_empty = len(places.added) == len(table.columns)
    if is_empty:
        _write_header(sheet, table)
    if not table.row_count:
        return SheetChanges(len(table.columns) if is_empty else 0)
    block = sheet.client.google.repeat(lambda: _reserve(sheet, table, places, job_id))
    statistics = [ColumnStatistics() for _ in table.columns]
    changed = _write(sheet, table, places, block, statistics, progress)
    sheet.client.update(
        request
        for position, (index, column) in enumerate(zip(places.indices, table.columns, strict=True))
        for request in column_requests(
            sheet.id, index, column, statistics[position], block.row, block.row + table.row_count
        )
    )
    return SheetChanges(changed + (len(table.columns) if is_empty else 0))


def _places(sheet: RemoteSheet, table: SheetTable) -> ColumnPlaces:
    if not table.includes_header:
        return ColumnPlaces(range(len(table.columns)))
    header = next((contents for _, contents in sheet.read_rows(0, 1, sheet.columns)), [])
    places = place_columns(sheet.title, header, table, None)
    if len(places.added) == len(table.columns) and _end_of(sheet) > 1:
        raise no_header(sheet.title)
    return places


def _write_header(sheet: RemoteSheet, table: SheetTable) -> None:
    writer = sheet.writer(table, first=[bold_header(sheet.id, 0, len(table.columns))])
    writer.add(0, 0, table.header, is_header=True)
    writer.flush()


def _end_of(sheet: RemoteSheet) -> int:
    """Return the index behind the last row with content; read from below, as most sheets are almost full."""
    step = max(1, MAX_CELLS_READ // max(1, sheet.columns))
    for end in range(sheet.rows, 0, -step):
        filled = [
            index
            for index, contents in sheet.read_rows(max(0, end - step), end, sheet.columns)
            if any(content not in (None, "") for content in contents)
        ]
        if filled:
            return filled[-1] + 1
    return 0


def _reserve(sheet: RemoteSheet, table: SheetTable, places: ColumnPlaces, job_id: str) -> _Block:
    """Return the rows of the job: those of an earlier attempt, or new ones at the end of the sheet."""
    sheet.refresh()
    block, outdated = _find_block(sheet, job_id)
    if block is None:
        end = max(_end_of(sheet), int(table.includes_header))
        block = _Block(end, table.row_count)
        missing = end + table.row_count - sheet.rows
        requests = [*outdated, *([_rows_request("appendDimension", sheet, missing)] if missing > 0 else [])]
        try:
            sheet.client.send_once([*requests, _marker(sheet, job_id, block)])
        except SheetsFailure:
            # An earlier attempt may have been carried out after its answer was given up.
            late, _ = _find_block(sheet, job_id)
            if late is None:
                raise
            block = late
    return _resized(sheet, table, places, job_id, block)


def _resized(sheet: RemoteSheet, table: SheetTable, places: ColumnPlaces, job_id: str, block: _Block) -> _Block:
    """Return the block with as many rows as the table has now; it may have changed since an earlier attempt."""
    more = table.row_count - block.count
    if more == 0:
        return block
    requests: list[Request] = []
    if more > 0:
        span: Request = {"startIndex": block.row + block.count, "endIndex": block.row + table.row_count}
        span |= {"sheetId": sheet.id, "dimension": "ROWS"}
        requests.append({"insertDimension": {"range": span, "inheritFromBefore": True}})
    else:
        for index in places.indices:
            span = {"startRowIndex": block.row + table.row_count, "endRowIndex": block.row + block.count}
            span |= {"sheetId": sheet.id, "startColumnIndex": index, "endColumnIndex": index + 1}
            requests.append({"updateCells": {"range": span, "fields": "userEnteredValue"}})
    resized = _Block(block.row, table.row_count)
    lookup = {"developerMetadataLookup": {"metadataId": _marker_id(job_id)}}
    change = {"metadataValue": _marker_value(job_id, resized)}
    requests.append(
        {
            "updateDeveloperMetadata": {
                "dataFilters": [lookup],
                "developerMetadata": change,
                "fields": "metadataValue",
            }
        }
    )
    sheet.client.send_once(requests)
    return resized


def _rows_request(kind: str, sheet: RemoteSheet, length: int) -> Request:
    return {kind: {"sheetId": sheet.id, "dimension": "ROWS", "length": length}}


def _marker(sheet: RemoteSheet, job_id: str, block: _Block) -> Request:
    span = {"sheetId": sheet.id, "dimension": "ROWS", "startIndex": block.row, "endIndex": block.row + 1}
    metadata = {
        "metadataId": _marker_id(job_id),
        "metadataKey": MARKER,
        "metadataValue": _marker_value(job_id, block),
        "location": {"dimensionRange": span},
        "visibility": "DOCUMENT",
    }
    return {"createDeveloperMetadata": {"developerMetadata": metadata}}


def _marker_id(job_id: str) -> int:
    """Return an id for the marker; Google refuses a second marker with the same one."""
    return int.from_bytes(hashlib.sha256(job_id.encode()).digest()[:4]) % (2**31 - 1) + 1


def _marker_value(job_id: str, block: _Block) -> str:
    return f"{job_id}/{block.count}/{int(time.time())}"


def _find_block(sheet: RemoteSheet, job_id: str) -> tuple[_Block | None, Sequence[Request]]:
    """Return the rows that the marker of the job reserves, and requests that delete outdated markers."""
    body = {"dataFilters": [{"developerMetadataLookup": {"metadataKey": MARKER}}]}
    url = f"{sheet.client.url}/developerMetadata:search"
    response = sheet.client.google.request("post", url, body=body)
    try:
        metadata = response.json().get("matchedDeveloperMetadata", [])
        markers = [one["developerMetadata"] for one in metadata]
        block = next((_block_of(one) for one in markers if one["metadataId"] == _marker_id(job_id)), None)
        outdated = [_deletion(one["metadataId"]) for one in markers if _is_outdated(one)]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise not_google() from None
    return block, outdated


def _block_of(marker: dict[str, Any]) -> _Block:
    _, count, _ = marker["metadataValue"].rsplit("/", 2)
    return _Block(marker["location"]["dimensionRange"].get("startIndex", 0), int(count))


def _is_outdated(marker: dict[str, Any]) -> bool:
    return time.time() - int(marker["metadataValue"].rsplit("/", 1)[1]) > MARKER_SECONDS


def _deletion(id_: int) -> Request:
    lookup = {"developerMetadataLookup": {"metadataId": id_}}
    return {"deleteDeveloperMetadata": {"dataFilter": lookup}}


def _write(
    sheet: RemoteSheet,
    table: SheetTable,
    places: ColumnPlaces,
    block: _Block,
    statistics: Sequence[ColumnStatistics],
    progress: Progress,
) -> int:
    done = changed = 0

    def send(body: bytes) -> None:
        sheet.client.send(body)
        progress(done)

    order = sorted(range(len(table.columns)), key=lambda position: places.indices[position])
    writer = sheet.writer(table, send, indices=places.indices)
    for number, cells in enumerate(table.cells(statistics)):
        for start, run in runs((places.indices[position], cells[position]) for position in order):
            writer.add(block.row + number, start, run)
        changed += len(cells) - cells.count(None) - cells.count("")
        done = number + 1
    writer.flush()
    return changed
