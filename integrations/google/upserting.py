"""Mode UPSERT: rows of the table change those of the sheet with the same key, and new ones are added below.

Everything else in the sheet stays: other columns, rows without a key of the table, formulas, formats and notes.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from integrations.google.cell_writer import CellWriter, runs
from integrations.google.changes import Conflicts, Progress, SheetChanges
from integrations.google.digests import EMPTY, FORMULA_DIGEST, Digests, digest
from integrations.google.failures import SheetsFailure
from integrations.google.header_matching import ColumnPlaces, no_header, place_columns
from integrations.google.remote_sheet import Content, Formula, RemoteSheet
from integrations.google.sheet_formats import Request, bold_header, column_requests, sheet_requests
from integrations.google.sheet_table import SheetTable
from tables.writers.sheet_cells import Cell, ColumnStatistics

Key: TypeAlias = tuple[str, ...]
MAX_LISTED = 5


@dataclass(frozen=True)
class _Stored:
    """Sheet as it was read: places of the columns, the row of each key, and digests in the columns' order."""

    places: ColumnPlaces
    rows: Mapping[Key, int]
    digests: Digests
    first_free_row: int


@dataclass(frozen=True)
class _RowChange:
    """Row of the table, its row in the sheet (None for a new one), and the places of the cells that differ."""

    key: Key
    row: int | None
    cells: Sequence[Cell]
    changed: Sequence[int]


def upsert(
    sheet: RemoteSheet,
    table: SheetTable,
    key_columns: Sequence[str],
    base: SheetTable | None,
    *,
    overwrites: bool,
    progress: Progress,
) -> SheetChanges:
    """Bring the rows of the sheet up to date by their key, which is the values of `key_columns` (column keys).

    `base` is the table as the last export wrote it into this sheet. Raise SheetsFailure before anything is written:
    for keys that are missing or there twice, for headers that are missing, and SheetConflict if people changed cells
    since the last export and `overwrites` is False.
    """
    keys = [index for index, one in enumerate(table.columns) if one.column.key in key_columns]
    if len(keys) != len(key_columns) or not keys:
        raise _bad_keys("A key column is not among the columns of this export: add it to the table or the template")
    statistics = [ColumnStatistics() for _ in table.columns]
    stored = _read(sheet, table, keys, _keys_of_table(table, keys, statistics), base)
    conflicts, new_rows = Conflicts(sheet.title), 0
    written = {} if base is None else _rows_by_key(base, key_columns)
    for change in _changes(table, keys, stored, protects_formulas=base is None):
        new_rows += change.row is None
        if base is not None:
            _find_conflicts(conflicts, change, stored, written.get(change.key), table, base)
    conflict = conflicts.check(overwrites=overwrites)
    sheet.grow(max(2, stored.first_free_row + new_rows), stored.places.width)
    # Looks come first: an attempt that ends between them and the cells leaves rows that the next one finds empty.
    sheet.client.update(_looks(sheet, table, stored, statistics, new_rows))
    changed = _write(sheet, table, keys, stored, protects_formulas=base is None, progress=progress)
    return SheetChanges(changed, conflict)


def _key(contents: Sequence[Content], keys: Sequence[int]) -> Key | None:
    """Return the key of a row; None when a part of it is empty. The number 5 and the text “5” are the same."""
    parts = [contents[index] for index in keys]
    if any(part is None or part == "" or isinstance(part, Formula) for part in parts):
        return None
    return tuple(f"{part:.15g}" if isinstance(part, float) else str(part) for part in parts)


def _keys_of_table(table: SheetTable, keys: Sequence[int], statistics: Sequence[ColumnStatistics]) -> set[Key]:
    """Return the keys of the table's rows. Raise SheetsFailure if they do not identify the rows."""
    seen, double, empty = set[Key](), list[str](), list[int]()
    for number, cells in enumerate(table.cells(statistics), start=1):
        key = _key(cells, keys)
        if key is None:
            empty.append(number)
        elif key in seen:
            double.append(_name(key))
        else:
            seen.add(key)
    named = ", ".join(table.header[index] for index in keys)
    if empty:
        raise _bad_keys(f"{len(empty):,} rows of the table have no {named}, first row {empty[0]:,}. Fill it in")
    if double:
        raise _bad_keys(f"Several rows of the table have the same {named}: {_listed(double)}. Make them differ")
    return seen


def _bad_keys(problem: str) -> SheetsFailure:
    return SheetsFailure("BAD_KEYS", f"{problem}, or choose other keyColumns. Nothing was written.")


def _name(key: Key) -> str:
    return " · ".join(f"“{part[:80]}”" for part in key)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_LISTED:,} more" if len(names) > MAX_LISTED else ""
    return ", ".join(names[:MAX_LISTED]) + more


def _read(
    sheet: RemoteSheet, table: SheetTable, keys: Sequence[int], searched: set[Key], base: SheetTable | None
) -> _Stored:
    """Read the sheet once. Raise SheetsFailure for a header or a key that is missing or there twice."""
    places: ColumnPlaces | None = None
    rows, double = dict[Key, int](), list[str]()
    digests, first_free_row = Digests(len(table.columns)), 1
    for index, contents in sheet.read_rows(0, sheet.rows, sheet.columns):
        if index == 0:
            places = place_columns(sheet.title, contents, table, base)
            continue
        if any(content not in (None, "") for content in contents):
            first_free_row = index + 1
        assert places is not None
        own = [contents[at] if at < len(contents) else None for at in places.indices]
        digests.append(own, index)
        key = _key(own, keys)
        if key in searched and key is not None:
            if key in rows:
                double.append(f"{_name(key)} in rows {rows[key] + 1:,} and {index + 1:,}")
            rows.setdefault(key, index)
    if double:
        problem = f"The sheet “{sheet.title}” has the same key more than once: {_listed(double)}"
        raise _bad_keys(f"{problem}. Delete all but one")
    places = places or place_columns(sheet.title, [], table, base)
    if len(places.added) == len(table.columns) and first_free_row > 1:
        raise no_header(sheet.title)
    return _Stored(places, rows, digests, first_free_row)


def _rows_by_key(base: SheetTable, key_columns: Sequence[str]) -> dict[Key, "array[int]"]:
    """Return the digests of the rows that the last export wrote; nothing if it did not write the keys."""
    keys = [index for index, one in enumerate(base.columns) if one.column.key in key_columns]
    if len(keys) != len(key_columns):
        return {}
    written: dict[Key, array[int]] = {}
    for cells in base.cells():
        key = _key(cells, keys)
        if key is not None:
            written[key] = array("q", [digest(cell) for cell in cells])
    return written


def _changes(
    table: SheetTable, keys: Sequence[int], stored: _Stored, *, protects_formulas: bool
) -> Iterator[_RowChange]:
    """Yield a change for each row of the table. Formulas are left alone where no export wrote a value before."""
    compared = [position for position in range(len(table.columns)) if position not in keys]
    for cells in table.cells():
        key = _key(cells, keys)
        assert key is not None, "the keys were checked"
        row = stored.rows.get(key)
        if row is None:
            yield _RowChange(key, None, cells, range(len(cells)))
            continue
        digests = stored.digests.row(row)
        changed = [
            position
            for position in compared
            if digest(cells[position]) != digests[position]
            and not (protects_formulas and digests[position] == FORMULA_DIGEST)
        ]
        yield _RowChange(key, row, cells, changed)


def _find_conflicts(
    conflicts: Conflicts,
    change: _RowChange,
    stored: _Stored,
    written: "array[int] | None",
    table: SheetTable,
    base: SheetTable,
) -> None:
    """Name the cells that are not as the last export left them, and a row that it wrote and that is gone."""
    if change.row is None:
        if written is not None:
            conflicts.add_missing_row(_name(change.key))
        return
    digests = stored.digests.row(change.row)
    positions = {one.column.key: index for index, one in enumerate(base.columns)}
    for n in change.changed:
        position = positions.get(table.columns[n].column.key)
        before = EMPTY if written is None or position is None else written[position]
        if digests[n] != before:
            conflicts.add(change.row, stored.places.indices[n], table.header[n])


def _write(
    sheet: RemoteSheet,
    table: SheetTable,
    keys: Sequence[int],
    stored: _Stored,
    *,
    protects_formulas: bool,
    progress: Progress,
) -> int:
    """Write the cells that differ and return their number."""
    done = changed = 0

    def send(body: bytes) -> None:
        sheet.client.send(body)
        progress(done)

    writer = sheet.writer(table, send, indices=stored.places.indices)
    for position in sorted(stored.places.added | stored.places.renamed):
        writer.add(0, stored.places.indices[position], [table.header[position]], is_header=True)
        changed += 1
    free_row = stored.first_free_row
    for change in _changes(table, keys, stored, protects_formulas=protects_formulas):
        row = free_row if change.row is None else change.row
        free_row += change.row is None
        _add(writer, row, stored.places.indices, change)
        cells = [change.cells[position] for position in change.changed]
        changed += len(cells) if change.row is not None else len(cells) - cells.count(None) - cells.count("")
        done += 1
    writer.flush()
    return changed


def _add(writer: CellWriter, row: int, indices: Sequence[int], change: _RowChange) -> None:
    for start, cells in runs(
        sorted(((indices[position], change.cells[position]) for position in change.changed), key=_index)
    ):
        writer.add(row, start, cells)


def _index(placed: tuple[int, Cell]) -> int:
    return placed[0]


def _looks(
    sheet: RemoteSheet, table: SheetTable, stored: _Stored, statistics: Sequence[ColumnStatistics], new_rows: int
) -> Iterable[Request]:
    """Yield the looks of new rows and columns; those of an empty sheet are those of a new one."""
    places, end = stored.places, stored.first_free_row + new_rows
    if len(places.added) == len(table.columns):
        yield from sheet_requests(sheet.id, table, statistics)
        return
    for position, (index, column) in enumerate(zip(places.indices, table.columns, strict=True)):
        first = 1 if position in places.added else stored.first_free_row
        if first < end:
            yield from column_requests(sheet.id, index, column, statistics[position], first, end)
        if position in places.added:
            yield bold_header(sheet.id, index, index + 1)
