"""Tables in JSON: arrays of objects, arrays of rows, an object of scalars, objects line by line, lists by column."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from tables.readers import tabular
from tables.readers.markup import json_shapes
from tables.readers.markup.json_nodes import Node, scan, span
from tables.readers.markup.json_shapes import is_flat, is_record
from tables.readers.spans import MAX_COLUMNS, MAX_ROWS, Cell, Grid, Line, Span, grid

_LOOK_BACK = 200
_STATEMENT = re.compile(
    r"[ \t]*(?:(?:async )?def \w+\(|class \w+[(:]|for \w[\w, ]* in .*:\s*\Z|for ?\(|while .*[:{]\s*\Z"
    r"|function\b.*\{|return\b)"
)
_MAX_DEPTH = 3  # of objects within a row; deeper ones stay JSON text

Record = dict[str, tuple[Span | str, Cell]]


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    for group in _groups(text, scan(text, lines[0].start, lines[-1].end)):
        if not _stands_alone(text, group[0]):
            continue
        extent = (group[0].start, group[-1].end)
        if len(group) > 1 and group[0].kind == "array":
            yield from _built(_matrix(text, group, None, extent))
        elif len(group) > 1:
            yield from _built(_objects(text, group, None, extent))
        elif not _is_assigned(text, group[0]) and not (json_shapes.is_matrix(group[0]) and _is_program(lines)):
            yield from _tables(text, group[0])


def _groups(text: str, roots: Iterator[Node]) -> Iterator[list[Node]]:
    """Yield objects or flat arrays with nothing but commas and blanks between them, as rows of one table."""
    group: list[Node] = []
    for node in roots:
        if group and not (_are_alike(group[-1], node) and not text[group[-1].end : node.start].strip(" \t\r\n,")):
            yield group
            group = []
        group.append(node)
    if group:
        yield group


def _are_alike(above: Node, below: Node) -> bool:
    if above.kind == "array":
        return below.kind == "array" and len(above.members) == len(below.members) > 1 and is_flat(above, below)
    return is_record(above) and is_record(below)


def _stands_alone(text: str, node: Node) -> bool:
    """Return True unless it is a cell of a table in another format, or an object at the end of a line of a log."""
    before = text[max(0, node.start - _LOOK_BACK) : node.start].rpartition("\n")[2].strip(" \r[,")
    if "|" in before or "\t" in before:
        return False
    if before.endswith("(") and len(node.members) < 2:
        return False  # the argument of a call
    return node.kind == "array" or not before or before.endswith((":", "=", "：", "("))


def _is_assigned(text: str, node: Node) -> bool:
    """Return True for one object of a program's source, `settings = {"a": 1}`."""
    return is_record(node) and text[max(0, node.start - 3) : node.start].rstrip().endswith("=")


def _is_program(lines: Sequence[Line]) -> bool:
    """Return True for lines with functions or loops, whose lists without names of columns are for the program only."""
    return any(_STATEMENT.match(line.text) for line in lines)


def _tables(text: str, root: Node) -> Iterator[Grid]:
    extent = (root.start, root.end)
    if (rows := json_shapes.features(text, root)) is not None:
        yield from _built(_objects(text, rows, None, extent))
    elif shaped := json_shapes.named_rows(text, root) or json_shapes.by_column(text, root):
        yield from _built(grid("json", shaped[0], shaped[1][:MAX_ROWS], extent))
    elif (rows := json_shapes.keyed(text, root)) is not None:
        keys = [key for key, _ in root.members if key]
        yield from _built(_objects(text, rows, None, extent, keys))
    else:
        yield from _nested_tables(text, root)


def _nested_tables(text: str, root: Node) -> Iterator[Grid]:
    arrays = list(json_shapes.arrays(root, None))
    edges = [root.start, *(array.start for array, _ in arrays[1:]), root.end]
    for (array, key), extent in zip(arrays, pairwise(edges), strict=False):
        name = _name(text, key)
        if json_shapes.holds_objects(array):
            yield from _built(_objects(text, json_shapes.elements(array), name, extent))
        else:
            yield from _built(_matrix(text, [row for _, row in array.members], name, extent))
    # One object of a program's source says less than one in JSON: `const x = {a: 1}` is no table.
    if not arrays and is_record(root) and len(root.members) > 1 and not root.is_loose:
        yield from _built(_objects(text, [root], None, (root.start, root.end)))


def _matrix(text: str, arrays: Sequence[Node], name: str | None, extent: tuple[int, int]) -> Grid | None:
    rows = [[span(text, value) for _, value in row.members] for row in arrays]
    return tabular.table("json", rows, extent, name=name)


def _objects(
    text: str,
    objects: Sequence[Node],
    name: str | None,
    extent: tuple[int, int],
    keys: Sequence[Node] = (),
) -> Grid | None:
    """Return a column for each key, in the order of their first appearance; `keys` are those of the rows."""
    header: dict[str, Span | str] = {}
    records: list[Record] = []
    for node in objects[:MAX_ROWS]:
        record: Record = {}
        _flatten(text, node, "", 0, record)
        for content, (title, _) in record.items():
            if len(header) < MAX_COLUMNS:
                header.setdefault(content, title or f"Column {len(header) + 1}")
        records.append(record)
    rows = [[record[title][1] if title in record else None for title in header] for record in records]
    titles: list[Span | str] = list(header.values())
    if keys:
        rows = [[span(text, key), *row] for key, row in zip(keys, rows, strict=True)]
        titles = ["Key", *titles]
    return grid("json", titles, rows, extent, name)


def _flatten(text: str, node: Node, prefix: str, depth: int, record: Record) -> None:
    """Put the values of an object into a record; those of an object in it stand under both names, `price.net`."""
    for key, value in node.members:
        title = span(text, key) if key else None
        name = prefix + (title.text if title else "")
        if value.kind == "object" and value.members and depth < _MAX_DEPTH and len(record) < MAX_COLUMNS:
            _flatten(text, value, f"{name}.", depth + 1, record)
        else:
            record[name] = (name if prefix else title or "", span(text, value))


def _name(text: str, key: Node | None) -> str | None:
    title = span(text, key) if key else None
    return title.text if title else None


def _built(built: Grid | None) -> Iterator[Grid]:
    if built:
        yield built
