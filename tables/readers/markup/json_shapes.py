"""The shapes that tables have in JSON: rows beside their names, one list for each column, rows by key, GeoJSON."""

from collections.abc import Iterator

from tables.readers.markup.json_nodes import Node, span
from tables.readers.spans import Cell, Span

_NAMES = frozenset(["columns", "fields", "headers", "header", "cols", "schema", "names", "column_names"])
_ROWS = frozenset(["data", "rows", "values", "records", "items"])
_NAME_KEYS = frozenset(["name", "field", "label", "title", "id"])
_SCALARS = frozenset(["string", "literal"])
_MOST_DEPTH = 4

Shaped = tuple[list[Span | str | None], list[list[Cell]]]


def arrays(node: Node, key: Node | None) -> Iterator[tuple[Node, Node | None]]:
    """Yield the tables in a value with the keys they stand under; what is nested in their cells stays JSON text."""
    if node.kind == "array":
        if holds_objects(node) or is_matrix(node):
            yield node, key
    elif node.kind == "object":
        for name, value in node.members:
            yield from arrays(value, name)


def elements(array: Node) -> list[Node]:
    return [value for _, value in array.members if value.kind != "literal"]


def holds_objects(array: Node) -> bool:
    """Return True for an array of objects, perhaps with nulls between."""
    kinds = {value.kind for _, value in array.members}
    return "object" in kinds and kinds <= {"object", "literal"}


def is_matrix(array: Node) -> bool:
    rows = [value for _, value in array.members]
    widths = {len(row.members) for row in rows if row.kind == "array"}
    return len(rows) > 1 and len(widths) == 1 and max(widths) > 1 and is_flat(*rows)


def is_flat(*nodes: Node) -> bool:
    """Return True when all of them are arrays of nothing but scalars."""
    return all(row.kind == "array" and all(value.kind in _SCALARS for _, value in row.members) for row in nodes)


def is_record(node: Node) -> bool:
    return node.kind == "object" and bool(node.members) and not any(arrays(node, None))


def named_rows(text: str, root: Node) -> Shaped | None:
    """Return the table of `{"columns": ["name", "qty"], "data": [["Ann", 3]]}`, at any depth of objects."""
    for node in _objects_in(root, 0):
        members = {_text(text, key): value for key, value in node.members}
        names = next((titles for key in _NAMES & members.keys() if (titles := _titles(text, members[key]))), None)
        rows = next((members[key] for key in sorted(_ROWS & members.keys()) if members[key].kind == "array"), None)
        if names and rows and is_flat(*(row for _, row in rows.members)):
            cells = [[span(text, value) for _, value in row.members] for _, row in rows.members]
            if cells and all(len(row) == len(names) for row in cells):
                return names, cells
    return None


def _objects_in(node: Node, depth: int) -> Iterator[Node]:
    if node.kind == "object" and depth < _MOST_DEPTH:
        yield node
        for _, value in node.members:
            yield from _objects_in(value, depth + 1)


def _titles(text: str, node: Node) -> list[Span | str | None]:
    """Return the names in an array of strings, or of objects that each have a name."""
    titles: list[Span | str | None] = []
    for _, value in node.members if node.kind == "array" else ():
        if value.kind == "object":
            named = [v for k, v in value.members if k and _text(text, k) in _NAME_KEYS and v.kind == "string"]
            value = named[0] if named else value
        titles.append(span(text, value) if value.kind in _SCALARS else None)
    return titles if all(titles) else []


def by_column(text: str, root: Node) -> Shaped | None:
    """Return the table of `{"name": ["Ann", "Bob"], "qty": [3, 5]}`, or of objects with the same counted keys."""
    values = [value for _, value in root.members] if root.kind == "object" else []
    if len(values) < 2 or len({len(value.members) for value in values}) > 1 or not values[0].members:
        return None
    columns = [[value for _, value in column.members] for column in values]
    is_listed = is_flat(*values) and len(columns[0]) > 1
    counted = [str(n) for n in range(len(columns[0]))]
    is_counted = all(
        value.kind == "object" and [_text(text, key) for key, _ in value.members] == counted for value in values
    )
    if not (is_listed or (is_counted and all(cell.kind in _SCALARS for column in columns for cell in column))):
        return None
    cells = [[span(text, value) for value in column] for column in columns]
    header: list[Span | str | None] = [span(text, key) if key else None for key, _ in root.members]
    return header, [list(row) for row in zip(*cells, strict=True)]


def keyed(text: str, root: Node) -> list[Node] | None:
    """Return the rows of `{"u1": {"name": "Ann"}, "u2": {"name": "Bob"}}`: objects with mostly the same keys."""
    rows = [value for _, value in root.members] if root.kind == "object" else []
    if len(rows) < 2 or not all(is_record(row) for row in rows):
        return None
    keys = [{_text(text, key) for key, _ in row.members} for row in rows]
    shared = set.intersection(*keys)
    return rows if shared and 2 * len(shared) >= max(map(len, keys)) else None


def features(text: str, root: Node) -> list[Node] | None:
    """Return the properties of a GeoJSON collection's features."""
    members = {_text(text, key): value for key, value in root.members} if root.kind == "object" else {}
    kind, nodes = members.get("type"), members.get("features")
    if kind is None or nodes is None or _text(text, kind) != "FeatureCollection" or nodes.kind != "array":
        return None
    rows: list[Node] = []
    for _, feature in nodes.members:
        rows += [v for k, v in feature.members if k and _text(text, k) == "properties" and v.kind == "object"]
    return rows


def _text(text: str, node: Node | None) -> str:
    extent = span(text, node) if node else None
    return extent.text if extent else ""
