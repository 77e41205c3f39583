"""Effects of the calls of the Sheets v4 API on spreadsheets in memory, and the routes of all calls."""

import json
from typing import Any

from tests.support.loopback import google_drive, google_oauth
from tests.support.loopback.field_masks import BadMask, Tree, masked, parse_mask
from tests.support.loopback.google_state import SHARED_FOLDER, Action, Denied, Fault, LoopbackSheets
from tests.support.loopback.sheet_requests import batch_update
from tests.support.loopback.spreadsheets import Refused, Spreadsheet

__all__ = ["ROUTES", "SHARED_FOLDER", "Action", "Denied", "Fault", "LoopbackSheets"]


def _get(google: LoopbackSheets, key: str, *, to_write: bool = False) -> Spreadsheet:
    """Return a spreadsheet that the caller may open; refuse in the words of the Sheets API."""
    return google.opened(key, to_write=to_write)


def _read(google: LoopbackSheets, parts: list[str], query: dict[str, Any], __: bytes) -> dict[str, Any]:
    """Return the spreadsheet; cells only of the `ranges`, or of all with includeGridData, as `fields` selects."""
    one = _get(google, parts[0])
    ranges = [one.range(text) for text in query.get("ranges", [])]
    tree = _mask(query.get("fields"))
    whole = (tree is None and query.get("includeGridData") == "true") or "data" in (tree or {}).get("sheets", {})
    displayed = []
    for index, sheet in enumerate(one.sheets):
        requested = [range_ for owner, range_ in ranges if owner is sheet]
        if requested or not ranges:
            data = requested if whole and ranges else [one.range(_quoted(sheet.title))[1]] if whole else []
            displayed.append(sheet.described(data, index))
    answer = {
        "spreadsheetId": one.id,
        "spreadsheetUrl": one.url,
        "properties": {"title": one.name},
        "sheets": displayed,
    }
    return answer if tree is None else masked(answer, tree)


def _quoted(title: str) -> str:
    return "'" + title.replace("'", "''") + "'"


def _mask(text: str | None) -> Tree | None:
    try:
        return None if text is None else parse_mask(text)
    except BadMask as error:
        raise Refused(f"Invalid field mask: {error}") from error


def _batch_update(google: LoopbackSheets, parts: list[str], _: dict[str, Any], body: bytes) -> dict[str, Any]:
    one = _get(google, parts[0], to_write=True)
    replies = batch_update(one, json.loads(body)["requests"])
    return {"spreadsheetId": one.id, "replies": replies}


def _write_values(google: LoopbackSheets, parts: list[str], query: dict[str, Any], body: bytes) -> dict[str, Any]:
    one, ask = _get(google, parts[0], to_write=True), json.loads(body)
    if query.get("valueInputOption") != "RAW" or ask.get("majorDimension", "ROWS") != "ROWS":
        raise Refused("This server takes RAW rows only.")
    sheet, range_ = one.range(parts[1])
    sheet.put(range_, ask["values"])
    return {"spreadsheetId": one.id, "updatedRange": range_.text, "updatedRows": len(ask["values"])}


def _read_values(google: LoopbackSheets, parts: list[str], _: dict[str, Any], __: bytes) -> dict[str, Any]:
    one = _get(google, parts[0])
    sheet, range_ = one.range(parts[1])
    sheet.check(range_)
    rows = sheet.values()[range_.first_row : range_.last_row + 1]
    values = [row[range_.first_column : range_.last_column + 1] for row in rows]
    return {"range": range_.text, "majorDimension": "ROWS", "values": values}


def _search_metadata(google: LoopbackSheets, parts: list[str], _: dict[str, Any], body: bytes) -> dict[str, Any]:
    one = _get(google, parts[0])
    keys = {data_filter["developerMetadataLookup"]["metadataKey"] for data_filter in json.loads(body)["dataFilters"]}
    results = [
        {"developerMetadata": sheet.described_metadata(id_)}
        for sheet in one.sheets
        for id_, metadata in sheet.metadata.items()
        if metadata["metadataKey"] in keys
    ]
    return {"matchedDeveloperMetadata": results} if results else {}


BOOKS = "/v4/spreadsheets"
ROUTES: list[tuple[str, str, str, Action]] = [
    *google_oauth.ROUTES,
    *google_drive.ROUTES,
    ("GET", rf"{BOOKS}/([^/:]+)", "spreadsheets.get", _read),
    ("POST", rf"{BOOKS}/([^/:]+):batchUpdate", "spreadsheets.batchUpdate", _batch_update),
    ("PUT", rf"{BOOKS}/([^/:]+)/values/([^/]+)", "values.update", _write_values),
    ("GET", rf"{BOOKS}/([^/:]+)/values/([^/]+)", "values.get", _read_values),
    ("POST", rf"{BOOKS}/([^/:]+)/developerMetadata:search", "developerMetadata.search", _search_metadata),
]
