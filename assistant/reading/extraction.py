"""Proposed tables of a text: named, typed, every cell with its source."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID

from assistant.reading import totals
from assistant.reading.page_joining import join_pages
from assistant.reading.value_search import reads_as
from tables.grids import Cell, Grid, Span, find_grids
from tables.partial_grids import grids_of_cut, grids_so_far
from tables.types.inference import ambiguous, infer
from tables.types.parsing import MAX_TEXT as MAX_CELL
from tables.types.parsing import check_text
from tables.types.types import DECIMAL_TYPES, CellError, Column, ColumnType, Value, decimal_mark, parse

MAX_NAME = 100

ReadColumn = tuple[Column, list["ProposedCell | None"]]

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")

# What databases and programs print for no value; no person writes it as a word.
_PROGRAMS_NULLS = frozenset(["NULL", "(null)", "<null>", "[NULL]", "<NA>", "NaN", "NaT", "#N/A"])


class Attached(Protocol):
    """Attachment of a message with its text."""

    @property
    def id(self) -> UUID: ...
    @property
    def name(self) -> str: ...
    @property
    def text(self) -> str: ...


@dataclass(frozen=True)
class Source:
    """A message, or a file that came with it; `is_assistant` when the message is a reply."""

    message_id: UUID
    attachment_id: UUID | None = None
    is_assistant: bool = False


@dataclass(frozen=True)
class ProposedCell:
    """Cell with its source.

    `value` is canonical for its column's type; EXACT means source[start:end] == quote, in code points. `source` is the
    index of the text it was read in.
    """

    value: Value
    start: int
    end: int
    quote: str
    grounding: str = "EXACT"
    source: int = 0


@dataclass(frozen=True)
class ProposedTable:
    """Rows are as wide as `columns`. `left_out` shows the rows of the source that are not among them.

    The source is the message, or its attachment `attachment_id`. What readers found stands at source[start:end], and
    `end` is 0 for what was pieced together. `kind` is the format that the readers found it in, "" when a model read it.
    `notes` tell people what to know about it, such as a stated total that the rows do not add up to.
    """

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[ProposedCell | None, ...], ...]
    left_out: tuple[str, ...] = ()
    attachment_id: UUID | None = None
    start: int = 0
    end: int = 0
    kind: str = ""
    notes: tuple[str, ...] = ()


def propose(text: str) -> list[ProposedTable]:
    """Return the tables of a text, in its order.

    A closing row of sums is derived from the rows above it, so it is left out, and shown in `left_out`.
    """
    return _tables(text, find_grids(text))


def propose_so_far(text: str) -> list[ProposedTable]:
    """Return the tables of a text that is still being written, with the rows that are surely whole."""
    return [table for table in _tables(text, grids_so_far(text)) if table.rows]


def propose_of_cut(text: str) -> list[ProposedTable]:
    """Return the tables of a text that was broken off: half a number would pass for one, half a row for a whole."""
    return [table for table in _tables(text, grids_of_cut(text)) if table.rows]


def propose_from(message: str, attachments: Sequence[Attached]) -> list[ProposedTable]:
    """Return the tables of a message, then those of its attachments; without a name of its own, one has its file's."""
    tables = propose(message)
    for attached in attachments:
        for number, table in enumerate(propose(attached.text), 1):
            is_unnamed = table.name == f"Table {number}"
            name = attached.name.rpartition(".")[0] or attached.name if is_unnamed else table.name
            tables.append(replace(table, name=name, attachment_id=attached.id))
    names = unique(table.name for table in tables)
    return [replace(table, name=name) for table, name in zip(tables, names, strict=True)]


def unique(names: Iterable[str]) -> list[str]:
    """Return names of at most MAX_NAME characters, with "Amount 2" for the second "Amount"; ignores case."""
    unique_names: list[str] = []
    used: set[str] = set()
    counts: dict[str, int] = {}
    for name in names:
        name = chosen = name[:MAX_NAME].rstrip()
        while chosen.casefold() in used:
            counts[name.casefold()] = counts.get(name.casefold(), 1) + 1
            suffix = f" {counts[name.casefold()]}"
            chosen = name[: MAX_NAME - len(suffix)] + suffix
        used.add(chosen.casefold())
        unique_names.append(chosen)
    return unique_names


def _tables(text: str, grids_found: Sequence[Grid]) -> list[ProposedTable]:
    grids = join_pages(text, grids_found)
    ends = [*(grid.start for grid in grids[1:]), len(text)]
    tables = [_table(text, number, grid, end) for number, (grid, end) in enumerate(zip(grids, ends, strict=False), 1)]
    names = unique([table.name for table in tables])
    return [replace(table, name=name) for table, name in zip(tables, names, strict=True)]


def _table(text: str, number: int, grid: Grid, end: int) -> ProposedTable:
    """Return the proposal of a grid; `end` is where the next one begins."""
    rows, left_out = totals.split(grid)
    stated, lines = totals.stated(text, grid, left_out, end)
    names = unique(_name(title, n) for n, title in enumerate(grid.header, 1))
    read = [_column(text, n, name, [row[n] for row in rows]) for n, name in enumerate(names)]
    read = _with_shared_mark(text, read, rows)
    columns = tuple(column for column, _ in read)
    cells = tuple(zip(*(cells for _, cells in read), strict=True))
    values = [[cell.value if cell else None for cell in row] for row in cells]
    return ProposedTable(
        name=_one_line(grid.name or "") or f"Table {number}",
        columns=columns,
        rows=cells,
        left_out=(*map(_shown, left_out), *lines),
        start=grid.start,
        end=grid.end,
        kind=grid.kind,
        notes=totals.notes(columns, values, stated),
    )


def _name(title: Span | str, number: int) -> str:
    return _one_line(title if isinstance(title, str) else title.text) or f"Column {number}"


def _one_line(name: str) -> str:
    return " ".join(name.split())[:MAX_NAME]


def _column(text: str, position: int, name: str, cells: Sequence[Cell]) -> tuple[Column, list[ProposedCell | None]]:
    """Return the column with its cells; where a text does not fit the type after all, the column stays text."""
    key = f"c{position + 1}"
    fitting = [result and result._replace(text=_storable(result.text)) for result in cells]
    column = replace(infer(name, key, [result.text if result else None for result in fitting], text), position=position)
    try:
        return column, [_cell(text, column, result) for result in fitting]
    except CellError:
        column = Column(key=key, name=name, type=ColumnType.TEXT, position=position)
        return column, [_cell(text, column, result) for result in fitting]


def _with_shared_mark(text: str, read: Sequence[ReadColumn], rows: Sequence[Sequence[Cell]]) -> list[ReadColumn]:
    """Return the columns; where another has decimal commas, 331.885 is no fraction but thousands."""
    decimals = [column for column, _ in read if column.type in DECIMAL_TYPES and not ambiguous(column)]
    if not decimals or any(decimal_mark(column) == "." for column in decimals):
        return list(read)
    result: list[ReadColumn] = []
    for n, (column, cells) in enumerate(read):
        if column.type is ColumnType.DECIMAL and ambiguous(column) and decimal_mark(column) == ".":
            whole = replace(column, type=ColumnType.INTEGER, format=",?")
            try:
                cells = [_cell(text, whole, row[n]) for row in rows]
                column = whole
            except CellError:
                pass
        result.append((column, cells))
    return result


def _cell(text: str, column: Column, cell: Cell) -> ProposedCell | None:
    value = parse(column, cell.text) if cell and cell.text not in _PROGRAMS_NULLS else None
    if cell is None:
        return None
    quote = text[cell.start : cell.end]
    # A mark such as `N/A` is an empty cell whose source keeps the mark. A field such as `D12,50` of MT940 says its
    # value only to those who know the format.
    is_plain = quote == cell.text or value is None or reads_as(column, quote, value)
    return ProposedCell(value, cell.start, cell.end, quote, "EXACT" if is_plain else "FUZZY")


def _storable(content: str) -> str:
    """Return the content cut to a cell's length, without characters that no database stores; the quote stays whole."""
    try:
        check_text(content)
    except CellError:
        units = _UNSTORABLE.sub("\ufffd", content).encode("utf-16-le")[: 2 * MAX_CELL]
        return units.decode("utf-16-le", errors="ignore")
    return content


def _shown(row: Sequence[Cell]) -> str:
    return " | ".join(cell.text for cell in row if cell)
