"""Tables in JSON: arrays of objects, arrays of rows, an object of scalars, objects line by line."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from tables.readers.evidence import has_header
from tables.readers.json_nodes import Node, scan, span
from tables.readers.spans import MAX_COLUMNS, MAX_ROWS, Cell, Grid, Line, Span, grid

_LOOK_BACK = 200


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    for group in _groups(text, scan(text, lines[0].start, lines[-1].end)):
        if not _stands_alone(text, group[0]):
            continue
        if len(group) > 1:
            yield from _built(_objects(text, group, None, (group[0].start, group[-1].end)))
        else:
            yield from _tables(text, group[0])


def _groups(text: str, roots: Iterator[Node]) -> Iterator[list[Node]]:
    """Objects with nothing but commas and blanks between them are rows of one table."""
    group: list[Node] = []
    for node in roots:
        if group and not (
            _is_record(node) and _is_record(group[-1]) and not text[group[-1].end : node.start].strip(" \t\r\n,")
        ):
            yield group
            group = []
        group.append(node)
    if group:
        yield group


def _stands_alone(text: str, node: Node) -> bool:
    """Not a cell of a table in another format, and an object not the end of a line of a log."""
    before = text[max(0, node.start - _LOOK_BACK) : node.start].rpartition("\n")[2].strip(" \r[,")
    if "|" in before or "\t" in before:
        return False
    return node.kind == "array" or not before or before.endswith((":", "=", "："))


def _tables(text: str, root: Node) -> Iterator[Grid]:
    arrays = list(_arrays(root, None))
    edges = [root.start, *(array.start for array, _ in arrays[1:]), root.end]
    for (array, key), extent in zip(arrays, pairwise(edges), strict=False):
        name = _name(text, key)
        if _is_object(array):
            yield from _built(_objects(text, _elements(array), name, extent))
        else:
            yield from _built(_matrix(text, array, name, extent))
    if not arrays and _is_record(root) and len(root.members) > 1:
        yield from _built(_objects(text, [root], None, (root.start, root.end)))


def _arrays(node: Node, key: Node | None) -> Iterator[tuple[Node, Node | None]]:
    """The tables in a value with the keys they stand under; what is nested in their cells stays JSON text."""
    if node.kind == "array":
        if _is_object(node) or _is_matrix(node):
            yield node, key
    elif node.kind == "object":
        for name, value in node.members:
            yield from _arrays(value, name)


def _elements(array: Node) -> list[Node]:
    return [value for _, value in array.members if value.kind != "literal"]


def _is_object(array: Node) -> bool:
    """An array of objects, perhaps with nulls between."""
    kinds = {value.kind for _, value in array.members}
    return "object" in kinds and kinds <= {"object", "literal"}


def _is_matrix(array: Node) -> bool:
    rows = [value for _, value in array.members]
    widths = {len(row.members) for row in rows if row.kind == "array"}
    flat = all(value.kind in ("string", "literal") for row in rows for _, value in row.members)
    return len(rows) > 1 and all(r.kind == "array" for r in rows) and len(widths) == 1 and max(widths) > 1 and flat


def _is_record(node: Node) -> bool:
    return node.kind == "object" and bool(node.members) and not any(_arrays(node, None))


def _matrix(text: str, array: Node, name: str | None, extent: tuple[int, int]) -> Grid | None:
    rows = [[span(text, value) for _, value in row.members] for _, row in array.members]
    header, body = (rows[0], rows[1:]) if has_header(rows) else ([], rows)
    return grid("json", header, body, extent, name)


def _objects(text: str, objects: Sequence[Node], name: str | None, extent: tuple[int, int]) -> Grid | None:
    """A column for each key, in the order of their first appearance."""
    header: dict[str, Span | str] = {}
    records: list[dict[str, Cell]] = []
    for node in objects:
        record: dict[str, Cell] = {}
        for key, value in node.members:
            title = span(text, key) if key else None
            content = title.text if title else ""
            if content in header or len(header) < MAX_COLUMNS:
                header.setdefault(content, title or f"Column {len(header) + 1}")
                record[content] = span(text, value)
        records.append(record)
    rows = [[record.get(key) for key in header] for record in records[:MAX_ROWS]]
    return grid("json", list(header.values()), rows, extent, name)


def _name(text: str, key: Node | None) -> str | None:
    title = span(text, key) if key else None
    return title.text if title else None


def _built(found: Grid | None) -> Iterator[Grid]:
    if found:
        yield found
