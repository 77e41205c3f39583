"""Requests of `spreadsheets.batchUpdate`, carried out on spreadsheets in memory: all of a batch or none."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.support.loopback.field_masks import BadMask, Tree, masked, parse_mask
from tests.support.loopback.spreadsheets import (
    EMPTY,
    MAX_CELLS,
    MAX_METADATA,
    CellState,
    Range,
    Refused,
    Sheet,
    Spreadsheet,
)

FORMATS = {"TEXT", "NUMBER", "PERCENT", "CURRENCY", "DATE", "TIME", "DATE_TIME", "SCIENTIFIC"}
CELL_FIELDS = {"userEnteredValue", "userEnteredFormat", "dataValidation", "note"}
VALUE_ONLY: Tree = {"userEnteredValue": {}}
PROPERTIES = {"sheetId", "title", "index", "gridProperties"}
GRID = {"rowCount", "columnCount", "frozenRowCount", "frozenColumnCount"}


def batch_update(spreadsheet: Spreadsheet, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Carry out all requests or none, and return their replies."""
    if not requests:
        raise Refused("Must specify at least one request.")
    before, replies = spreadsheet.sheets, []
    spreadsheet.sheets = [sheet.copy() for sheet in before]
    try:
        for number, request in enumerate(requests):
            replies.append(_carry_out(spreadsheet, number, request))
        if sum(sheet.rows * sheet.columns for sheet in spreadsheet.sheets) > MAX_CELLS:
            raise Refused("This action would increase the number of cells above the limit of 10000000 cells.")
    except BaseException:
        spreadsheet.sheets = before
        raise
    return replies


def _carry_out(spreadsheet: Spreadsheet, number: int, request: dict[str, Any]) -> dict[str, Any]:
    if len(request) != 1 or (kind := next(iter(request))) not in REQUESTS:
        raise Refused(f"Invalid JSON payload received. Unknown name at 'requests[{number}]': {sorted(request)}")
    try:
        return REQUESTS[kind](spreadsheet, request[kind]) or {}
    except Refused as error:
        raise Refused(f"Invalid requests[{number}].{kind}: {error}") from error
    except KeyError as error:
        raise Refused(f"Invalid requests[{number}].{kind}: no field {error}") from error


def _sheet(spreadsheet: Spreadsheet, ask: Mapping[str, Any]) -> Sheet:
    for sheet in spreadsheet.sheets:
        if sheet.sheet_id == ask.get("sheetId", 0):
            return sheet
    raise Refused(f"No grid with id: {ask.get('sheetId', 0)}")


def _mask(ask: Mapping[str, Any], known: set[str]) -> Tree:
    try:
        tree = parse_mask(ask["fields"])
    except BadMask as error:
        raise Refused(f"Invalid field mask: {error}") from error
    if unknown := set(tree) - known - {"*"}:
        raise Refused(f"Invalid field: {sorted(unknown)}")
    return tree


def _only(value: Mapping[str, Any], known: set[str], where: str) -> None:
    if unknown := set(value) - known:
        raise Refused(f"Unknown name {sorted(unknown)} at '{where}': Cannot find field.")


def _grid_range(spreadsheet: Spreadsheet, ask: Mapping[str, Any]) -> tuple[Sheet, Range]:
    _only(ask, {"sheetId", "startRowIndex", "endRowIndex", "startColumnIndex", "endColumnIndex"}, "range")
    sheet = _sheet(spreadsheet, ask)
    rows = ask.get("startRowIndex", 0), min(ask.get("endRowIndex", sheet.rows), sheet.rows)
    columns = ask.get("startColumnIndex", 0), min(ask.get("endColumnIndex", sheet.columns), sheet.columns)
    if rows[0] >= rows[1] or columns[0] >= columns[1]:
        raise Refused("Range is empty or outside of the grid.")
    return sheet, Range("range", rows[0], columns[0], rows[1] - 1, columns[1] - 1)


def _update_properties(spreadsheet: Spreadsheet, ask: dict[str, Any]) -> None:
    properties, tree = ask["properties"], _mask(ask, PROPERTIES)
    _only(properties, PROPERTIES, "properties")
    sheet, grid, selected = _sheet(spreadsheet, properties), properties.get("gridProperties", {}), tree
    _only(grid, GRID, "properties.grid_properties")
    if "title" in selected:
        _rename(spreadsheet, sheet, properties["title"])
    in_grid = selected.get("gridProperties", {})
    _only(in_grid, GRID, "fields")
    sheet.resize(
        grid["rowCount"] if "rowCount" in in_grid else sheet.rows,
        grid["columnCount"] if "columnCount" in in_grid else sheet.columns,
    )
    if "frozenRowCount" in in_grid:
        sheet.frozen_rows = grid["frozenRowCount"]
    if sheet.frozen_rows >= sheet.rows:
        raise Refused("You can't freeze all visible rows on the sheet.")


def _rename(spreadsheet: Spreadsheet, sheet: Sheet, title: str) -> None:
    if not title or len(title) > 100:
        raise Refused("The sheet name must be 1 to 100 characters long.")
    if any(one.title.casefold() == title.casefold() for one in spreadsheet.sheets if one is not sheet):
        raise Refused(f'A sheet with the name "{title}" already exists. Please enter another name.')
    sheet.title = title


def _add_sheet(spreadsheet: Spreadsheet, ask: dict[str, Any]) -> dict[str, Any]:
    properties = ask["properties"]
    _only(properties, PROPERTIES, "properties")
    grid = properties.get("gridProperties", {})
    id_ = properties.get("sheetId", max(one.sheet_id for one in spreadsheet.sheets) + 1)
    if any(one.sheet_id == id_ for one in spreadsheet.sheets):
        raise Refused(f"Sheet with id {id_} already exists.")
    sheet = Sheet(sheet_id=id_, rows=grid.get("rowCount", 1000), columns=grid.get("columnCount", 26))
    _rename(spreadsheet, sheet, properties["title"])
    sheet.frozen_rows = grid.get("frozenRowCount", 0)
    spreadsheet.sheets.append(sheet)
    return {"addSheet": {"properties": {"sheetId": id_, "title": sheet.title}}}


def _delete_sheet(spreadsheet: Spreadsheet, ask: dict[str, Any]) -> None:
    sheet = _sheet(spreadsheet, ask)
    if len(spreadsheet.sheets) == 1:
        raise Refused("You can't remove all the sheets in a document.")
    spreadsheet.sheets.remove(sheet)


def _update_cells(spreadsheet: Spreadsheet, ask: dict[str, Any]) -> None:
    _only(ask, {"rows", "fields", "start", "range"}, "update_cells")
    tree, rows = _mask(ask, CELL_FIELDS), ask.get("rows", [])
    if ("start" in ask) == ("range" in ask):
        raise Refused("Exactly one of start and range must be given.")
    if "start" in ask:
        sheet = _sheet(spreadsheet, ask["start"])
        first = ask["start"].get("rowIndex", 0), ask["start"].get("columnIndex", 0)
        places = [(first[0] + r, first[1] + c) for r, row in enumerate(rows) for c in range(len(row.get("values", [])))]
    else:
        sheet, range_ = _grid_range(spreadsheet, ask["range"])
        first = range_.first_row, range_.first_column
        across, down = range(range_.first_column, range_.last_column + 1), range(range_.first_row, range_.last_row + 1)
        places = [(r, c) for r in down for c in across]
        if len(rows) > range_.rows or any(len(row.get("values", [])) > range_.columns for row in rows):
            raise Refused("Attempting to write outside of the range.")
    if places and (max(places)[0] >= sheet.rows or max(c for _, c in places) >= sheet.columns):
        raise Refused(f"Attempting to write beyond the grid of {sheet.rows} rows and {sheet.columns} columns.")
    for r, c in places:
        arguments = rows[r - first[0]].get("values", []) if r - first[0] < len(rows) else []
        _set(sheet, r, c, arguments[c - first[1]] if c - first[1] < len(arguments) else {}, tree)


def _repeat_cell(spreadsheet: Spreadsheet, ask: dict[str, Any]) -> None:
    tree = _mask(ask, CELL_FIELDS - {"note"})
    sheet, range_ = _grid_range(spreadsheet, ask["range"])
    _repeat(sheet, range_, ask["cell"], tree)


def _repeat(sheet: Sheet, range_: Range, arguments: dict[str, Any], tree: Tree) -> None:
    """Set the cells of a range; those of one state before have one state afterwards."""
    results: dict[tuple[int, int], CellState] = {}
    for r in range(range_.first_row, range_.last_row + 1):
        for c in range(range_.first_column, range_.last_column + 1):
            state = sheet.cells.get((r, c), EMPTY)
            if "userEnteredValue" in tree or (id(state.format), id(state.rule)) not in results:
                _set(sheet, r, c, arguments, tree)
                results[id(state.format), id(state.rule)] = sheet.cells.get((r, c), EMPTY)
                continue
            like = results[id(state.format), id(state.rule)]
            changed = state._replace(
                format=like.format, rule=like.rule, note=like.note if "note" in tree else state.note
            )
            if changed != EMPTY:
                sheet.cells[r, c] = changed


def _set(sheet: Sheet, row: int, column: int, arguments: dict[str, Any], tree: Tree) -> None:
    """Set the fields of a cell that the mask names, also to nothing."""
    if not CELL_FIELDS.issuperset(arguments):
        _only(arguments, CELL_FIELDS, "cell")
    if tree == VALUE_ONLY:
        sheet.set_value(row, column, arguments.get("userEnteredValue"))
        return
    if "*" in tree:
        tree = {name: {} for name in CELL_FIELDS}
    if "userEnteredValue" in tree:
        sheet.set_value(row, column, arguments.get("userEnteredValue"))
    state = sheet.cells.get((row, column), EMPTY)
    if "userEnteredFormat" in tree:
        expected = arguments.get("userEnteredFormat", {})
        _check_format(expected)
        state = state._replace(format=_merged(state.format, expected, tree["userEnteredFormat"]))
    if "dataValidation" in tree:
        rule = arguments.get("dataValidation")
        _check_rule(rule)
        state = state._replace(rule=rule)
    if "note" in tree:
        state = state._replace(note=arguments.get("note"))
    if state == EMPTY:
        sheet.cells.pop((row, column), None)
    else:
        sheet.cells[row, column] = state


def _merged(old: dict[str, Any], new: dict[str, Any], tree: Tree) -> dict[str, Any]:
    """Return `old` with the fields of the mask taken from `new`; without a mask, `new`."""
    if not tree:
        return new
    result = dict(old)
    for name, below in tree.items():
        value = new.get(name)
        if below:
            value = _merged(old.get(name, {}), value or {}, below)
        if value in (None, {}):
            result.pop(name, None)
        else:
            result[name] = value
    return result


def _check_format(expected: dict[str, Any]) -> None:
    number = expected.get("numberFormat")
    if number is not None and number.get("type") not in FORMATS:
        raise Refused(f"Invalid value at 'number_format.type': {number.get('type')}")
    link = expected.get("textFormat", {}).get("link")
    if link is not None and not link.get("uri"):
        raise Refused("Invalid link: no uri.")


def _check_rule(rule: dict[str, Any] | None) -> None:
    if rule is None:
        return
    _only(rule, {"condition", "strict", "showCustomUi", "inputMessage"}, "rule")
    condition = rule["condition"]
    values = condition.get("values", [])
    if condition["type"] == "ONE_OF_LIST":
        if not 1 <= len(values) <= 500 or any(not one.get("userEnteredValue") for one in values):
            raise Refused("A list has 1 to 500 items, and none is empty.")
    elif condition["type"] != "BOOLEAN" or len(values) > 2:
        raise Refused(f"This server does not know the condition {condition['type']}.")


def _set_validation(spreadsheet: Spreadsheet, ask: dict[str, Any]) -> None:
    sheet, range_ = _grid_range(spreadsheet, ask["range"])
    arguments = {"dataValidation": ask["rule"]} if "rule" in ask else {}
    _repeat(sheet, range_, arguments, {"dataValidation": {}})


def _set_filter(spreadsheet: Spreadsheet, ask: dict[str, Any]) -> None:
    sheet, _ = _grid_range(spreadsheet, ask["filter"]["range"])
    sheet.basic_filter = ask["filter"]


def _clear_filter(spreadsheet: Spreadsheet, ask: dict[str, Any]) -> None:
    _sheet(spreadsheet, ask).basic_filter = None


def _update_dimension(spreadsheet: Spreadsheet, ask: dict[str, Any]) -> None:
    tree, span = _mask(ask, {"pixelSize"}), ask["range"]
    sheet = _sheet(spreadsheet, span)
    if span["dimension"] != "COLUMNS" or "pixelSize" not in tree:
        raise Refused("This server changes the width of columns only.")
    if not 0 <= span["startIndex"] < span["endIndex"] <= sheet.columns:
        raise Refused("Columns are outside of the grid.")
    size = ask["properties"]["pixelSize"]
    if not 2 <= size <= 2000:
        raise Refused(f"Invalid pixelSize: {size}")
    sheet.widths |= dict.fromkeys(range(span["startIndex"], span["endIndex"]), size)


def _append_dimension(spreadsheet: Spreadsheet, ask: dict[str, Any]) -> None:
    sheet = _sheet(spreadsheet, ask)
    if ask["length"] < 1:
        raise Refused("Invalid length.")
    if ask["dimension"] == "ROWS":
        sheet.rows += ask["length"]
    else:
        sheet.columns += ask["length"]


def _insert_dimension(spreadsheet: Spreadsheet, ask: dict[str, Any]) -> None:
    _move_rows(spreadsheet, ask["range"], 1)


def _delete_dimension(spreadsheet: Spreadsheet, ask: dict[str, Any]) -> None:
    _move_rows(spreadsheet, ask["range"], -1)


def _move_rows(spreadsheet: Spreadsheet, span: dict[str, Any], sign: int) -> None:
    sheet = _sheet(spreadsheet, span)
    if span["dimension"] != "ROWS":
        raise Refused("This server inserts and deletes rows only.")
    if not 0 <= span["startIndex"] < span["endIndex"] or span["startIndex"] > sheet.rows:
        raise Refused("Rows are outside of the grid.")
    sheet.move_rows(span["startIndex"], sign * (span["endIndex"] - span["startIndex"]))


def _create_metadata(spreadsheet: Spreadsheet, ask: dict[str, Any]) -> None:
    one = ask["developerMetadata"]
    _only(one, {"metadataId", "metadataKey", "metadataValue", "location", "visibility"}, "developer_metadata")
    if one.get("visibility") not in {"DOCUMENT", "PROJECT"}:
        raise Refused("Developer metadata must have a visibility.")
    span = one["location"].get("dimensionRange")
    sheet = _sheet(spreadsheet, span or one["location"])
    key, used = one["metadataId"], {key for sheet in spreadsheet.sheets for key in sheet.metadata}
    if not 0 < key < 2**31 or key in used:
        raise Refused(f"Developer metadata with id {key} already exists.")
    if span is not None and span["endIndex"] != span["startIndex"] + 1:
        raise Refused("The dimension range of metadata must be a single row or column.")
    row = None if span is None else span["startIndex"]
    if row is not None and row >= sheet.rows:
        raise Refused("The row of the metadata is outside of the grid.")
    sheet.metadata[key] = {**one, "row": row}
    if sum(len(m["metadataKey"]) + len(m.get("metadataValue", "")) for m in sheet.metadata.values()) > MAX_METADATA:
        raise Refused("The developer metadata of the sheet is too large.")


def _by_id(spreadsheet: Spreadsheet, lookup: Mapping[str, Any]) -> tuple[Sheet, int]:
    id_ = lookup["developerMetadataLookup"]["metadataId"]
    for sheet in spreadsheet.sheets:
        if id_ in sheet.metadata:
            return sheet, id_
    raise Refused(f"No developer metadata with id {id_}.")


def _delete_metadata(spreadsheet: Spreadsheet, ask: dict[str, Any]) -> None:
    sheet, id_ = _by_id(spreadsheet, ask["dataFilter"])
    del sheet.metadata[id_]


def _update_metadata(spreadsheet: Spreadsheet, ask: dict[str, Any]) -> None:
    tree = _mask(ask, {"metadataValue"})
    for data_filter in ask["dataFilters"]:
        sheet, id_ = _by_id(spreadsheet, data_filter)
        sheet.metadata[id_] |= masked(ask["developerMetadata"], tree)


REQUESTS: dict[str, Callable[[Spreadsheet, dict[str, Any]], dict[str, Any] | None]] = {
    "updateSheetProperties": _update_properties,
    "addSheet": _add_sheet,
    "deleteSheet": _delete_sheet,
    "updateCells": _update_cells,
    "repeatCell": _repeat_cell,
    "setDataValidation": _set_validation,
    "setBasicFilter": _set_filter,
    "clearBasicFilter": _clear_filter,
    "updateDimensionProperties": _update_dimension,
    "appendDimension": _append_dimension,
    "insertDimension": _insert_dimension,
    "deleteDimension": _delete_dimension,
    "createDeveloperMetadata": _create_metadata,
    "updateDeveloperMetadata": _update_metadata,
    "deleteDeveloperMetadata": _delete_metadata,
}
