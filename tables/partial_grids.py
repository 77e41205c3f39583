"""Tables of a text that is still being written, or was broken off: whole rows, as they stand in the whole text."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile

from tables.grids import Cell, Grid, find_grids
from tables.readers.blocks import readable, unquoted
from tables.readers.markup.json_nodes import Node, ending
from tables.readers.spans import MAX_TEXT, split_lines

_DRAWN = re.compile(r"\S {2,}\S|\d\d:\d\d:\d\d")
_FEWEST = 3  # lines of them


def grids_so_far(text: str) -> list[Grid]:
    """Return the grids of `find_grids` with the rows that are surely whole: perhaps none yet.

    The last row of a table that may go on is held back: a line below may belong to it, or show that it is a sum.
    """
    text = _readable_part(text[:MAX_TEXT])
    return [_whole_rows(grid, text, _goes_on(text, grid)) for grid in _certain_grids(text)]


def grids_of_cut(text: str) -> list[Grid]:
    """Return the grids of a text that was broken off: no half line, and no row of which lines may be missing."""
    text = _readable_part(text[:MAX_TEXT])
    return [_whole_rows(grid, text, _goes_on(text, grid) and _may_miss_lines(grid)) for grid in _certain_grids(text)]


def _certain_grids(text: str) -> list[Grid]:
    """Return the grids of a text without single records, which are left out once a table stands below them."""
    return [grid for grid in find_grids(text) if grid.kind != "key_value" or len(grid.rows) > 1]


def _readable_part(text: str) -> str:
    """Return the whole lines; JSON that is open ends behind its last whole row, as if it were closed there."""
    path = _json_at_the_end(text)
    depth = _depth_of_rows(path)
    if depth is None:
        end = path[0].start if path and not path[0].end else len(text)
        return text[: text.rfind("\n", 0, end) + 1]
    last = path[depth].end or path[depth].members[-1][1].end
    return text[:last] + "".join(node.closing for node in reversed(path[: depth + 1]) if not node.end)


def _json_at_the_end(text: str) -> Sequence[Node]:
    """Return the open JSON in the last block of lines, if tables are read there."""
    if "{" not in text and "[" not in text:
        return ()
    *_, last = [(), *readable([unquoted(line) for line in split_lines(text)])]
    if not last or last[-1].end < len(text):
        return ()
    return ending(text, last[0].start, last[-1].end)


def _depth_of_rows(path: Sequence[Node]) -> int | None:
    """Return the depth of the open container that has whole rows.

    It is the outermost array, or else an object around it with another one.
    """
    array = next((depth for depth, node in enumerate(path) if node.kind == "array"), len(path) - 1)
    return next((depth for depth in range(array, -1, -1) if _has_rows(path[depth])), None)


def _has_rows(node: Node) -> bool:
    if node.kind == "array":
        return any(value.kind in ("array", "object") for _, value in node.members)
    return node.kind == "object" and any(_has_rows(value) for _, value in node.members)


def _goes_on(text: str, grid: Grid) -> bool:
    """Return True when lines below may belong to the table; of JSON there are only whole rows."""
    return grid.kind != "json" and not text[grid.end :].strip()


def _may_be_drawn(lines: str) -> bool:
    """Too few lines to be seen as columns drawn with spaces, or as a log: the comma in `Ink   3,50` parts nothing."""
    return lines.count("\n") < _FEWEST - 1 and _DRAWN.search(lines) is not None


def _may_miss_lines(grid: Grid) -> bool:
    """Return True when the last row may be written on several lines, or may be a header."""
    is_alone = len(grid.rows) == 1 and all(isinstance(title, str) for title in grid.header)
    return is_alone or grid.kind in ("key_value", "list")


def _whole_rows(grid: Grid, text: str, is_last_open: bool) -> Grid:
    """Without the last row if that is open, and without what may be half of a quoted field."""
    rows = grid.rows[:-1] if is_last_open else grid.rows
    if _goes_on(text, grid) and _may_be_drawn(text[grid.start : grid.end]):
        rows = ()
    if grid.kind == "delimited":
        rows = tuple(takewhile(lambda row: not any(_opens_quote(text, cell) for cell in row), rows))
    return replace(grid, rows=rows)


def _opens_quote(text: str, cell: Cell) -> bool:
    """`"one` and no mark behind it: lines below may be of the field."""
    return cell is not None and cell.text.startswith('"') and not text.endswith('"', 0, cell.start)
