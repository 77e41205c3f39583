"""JSON files: rows as objects or arrays, one a line or in one document, whatever is around them."""

import ast
import json
import re
from collections.abc import Callable, Iterable, Iterator
from json.decoder import WHITESPACE  # type: ignore[attr-defined]  # it is there, and not in the stubs
from typing import Any

from tables.files.json_elements import NO_ARRAY, number_text, read_elements
from tables.types.parsing import join_items

MAX_NAMES = 16_384
MAX_FILLED = 200  # of them with a value: rows of more are not laid out before they are refused
MAX_DEPTH = 3  # of objects within a row whose values become columns, as in pasted JSON
MAX_DOCUMENT = 20_000_000  # characters of a document that is no plain array of rows
_SMART = str.maketrans({"“": '"', "”": '"', "„": '"', "‟": '"', "‘": "'", "’": "'"})
_NAN = re.compile(r"(?<=[:,\[(\s])nan(?=\s*[,}\])])")
_DESCRIBED = 3  # members of a list of which one is the rows
_COLUMNS = 2  # lists of equal length at least, beside single values
_ROWS = ("data", "rows", "records", "items", "results", "values", "features", "result", "entries")
_NAMES = ("columns", "fields", "header", "headers", "cols", "schema")

Texts = list[str | None]


def rows(pieces: Callable[[], Iterator[str]]) -> Iterator[Texts]:
    """Yield the names of the columns, then each row; what is absent, null or empty is None. Raises ValueError.

    `pieces` gives the text from its beginning each time: the first time for the names.
    """
    try:
        first = next(read_elements(pieces()), None)
    except ValueError as error:
        yield from _document_rows(pieces, error)
        return
    if isinstance(first, list):
        yield from ([_text(value) for value in element] for element in _arrays(pieces()))
        return
    if first is not None and not isinstance(first, dict):
        yield from _document_rows(pieces, ValueError(NO_ARRAY))
        return
    try:
        names = _all_names(pieces)
    except ValueError as error:
        yield from _document_rows(pieces, error)
        return
    yield [*names]
    for element in read_elements(pieces()):
        values = _flat(element)
        yield [_text(values.get(name)) for name in names]


def _all_names(pieces: Callable[[], Iterator[str]]) -> list[str]:
    return _names_of(_flat(_object(element)) for element in read_elements(pieces()))


def _object(element: Any) -> dict[Any, Any]:
    if not isinstance(element, dict):
        raise ValueError(NO_ARRAY)
    return element


def _names_of(elements: Iterable[dict[str, Any]]) -> list[str]:
    """Return the names in order of appearance, without an object's own name where it is only ever empty."""
    has_value: dict[str, bool] = {}
    for element in elements:
        for name, value in element.items():
            has_value[name] = has_value.get(name, False) or value is not None
        if len(has_value) > MAX_NAMES:
            raise ValueError(f"The objects have more than {MAX_NAMES:,} names: send fewer columns.")
    if sum(has_value.values()) > MAX_FILLED:
        raise ValueError(f"A table has at most {MAX_FILLED} columns; this has {sum(has_value.values()):,}.")
    objects = {name[:end] for name in has_value for end in range(len(name)) if name[end] == "."}
    return [name for name, is_filled in has_value.items() if is_filled or name not in objects]


def _document_rows(pieces: Callable[[], Iterator[str]], error: ValueError) -> Iterator[Texts]:
    """Yield the rows of JSON in any other shape, or raise the error of reading it as an array."""
    text, length = [], 0
    for piece in pieces():
        text.append(piece)
        if (length := length + len(piece)) > MAX_DOCUMENT:
            raise error
    value = _parsed("".join(text).strip().lstrip("\ufeff"))
    shape = shaped(value) if isinstance(value, dict | list) else None
    if not shape:
        raise error
    yield from _rows_of(shape)


def _rows_of(elements: list[Any]) -> Iterator[Texts]:
    """Yield the names of objects and their rows, or the rows of arrays."""
    names = _names_of(_flat(element) for element in elements if isinstance(element, dict))
    if names:
        yield [*names]
    for element in elements:
        if isinstance(element, dict):
            values = _flat(element)
            yield [_text(values.get(name)) for name in names]
        elif isinstance(element, list):
            yield [_text(each) for each in element]


def _parsed(text: str) -> Any:
    """Return a document's value: of JSON, JSON lines, Python literals, or JSON with typographic quotes; else None."""
    decoder = json.JSONDecoder(parse_float=number_text, parse_int=str, parse_constant=lambda _: None)
    for reading in (text, text.translate(_SMART)):
        try:
            return decoder.decode(reading)
        except (ValueError, RecursionError):
            pass
        lines = [line.strip().rstrip(",") for line in reading.splitlines() if line.strip()]
        try:
            if lines and all(line[0] in "{[" for line in lines[:3]):
                return [decoder.decode(line) for line in lines]
        except (ValueError, RecursionError):
            pass
        if (values := _one_behind_another(decoder, reading)) is not None:
            return values
    try:
        return _as_json(ast.literal_eval(_NAN.sub("None", text))) if len(text) < 2_000_000 else None
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None


def _one_behind_another(decoder: json.JSONDecoder, text: str) -> list[Any] | None:
    """Return the values of a text that holds several without anything between; None for any other text."""
    values, index = [], 0
    try:
        while index < len(text):
            value, end = decoder.raw_decode(text, index)
            values.append(value)
            index = WHITESPACE.match(text, end).end()
    except (ValueError, RecursionError):
        return None
    return values if len(values) > 1 else None


def _as_json(value: Any) -> Any:
    """Return Python's literals as JSON has them, numbers as texts."""
    if isinstance(value, dict):
        return {str(key): _as_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [_as_json(each) for each in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_text(repr(value))
    return value


def shaped(value: Any) -> list[Any] | None:
    """Return the rows in a value, as objects or arrays: of a list, columns, keys, GeoJSON, or a member with rows."""
    if isinstance(value, list):
        return _listed(value)
    if value.get("type") == "FeatureCollection" and isinstance(value.get("features"), list):
        return [_feature(each) for each in value["features"]]
    names = next((_names_in(value[key]) for key in _NAMES if isinstance(value.get(key), list)), None)
    for key in (*_ROWS, *value):
        member = value.get(key)
        if isinstance(member, list) and member and key not in _NAMES and isinstance(member[0], dict | list):
            return _with_names(member, names)
    if len(value) > 0 and all(isinstance(each, list) for each in value.values()):
        return _by_column(value)
    members = list(value.values())
    lists = {name: each for name, each in value.items() if isinstance(each, list) and each}
    if len(lists) >= _COLUMNS and not any(isinstance(each, dict) for each in members) and (rows := _by_column(lists)):
        return rows
    if len(members) > 1 and all(isinstance(each, dict) for each in members):
        return _by_key(value)
    for member in members:
        if isinstance(member, dict) and (inner := shaped(member)):
            return inner
    return [value] if not any(isinstance(each, dict | list) for each in members) else None


def _listed(value: list[Any]) -> list[Any] | None:
    """Return the rows in a list: all of it, or its one list of objects, as answers have their description before."""
    if value and all(isinstance(each, dict) for each in value):
        return [_feature(each) for each in value]
    if value and all(isinstance(each, list) for each in value):
        return value
    pages = [each for each in value if isinstance(each, list) and each and isinstance(each[0], dict)]
    return shaped(pages[0]) if len(pages) == 1 and len(value) <= _DESCRIBED else None


def _names_in(listed: list[Any]) -> list[str] | None:
    named = [each.get("name", each.get("title", "")) if isinstance(each, dict) else each for each in listed]
    return [str(name) for name in named] if all(isinstance(name, str) for name in named) else None


def _with_names(rows: list[Any], names: list[str] | None) -> list[Any] | None:
    if names and all(isinstance(row, list) for row in rows):
        return [dict(zip(names, row, strict=False)) for row in rows]
    return shaped(rows)


def _by_column(value: dict[str, Any]) -> list[Any] | None:
    """Return the rows of lists by column, as pandas writes with orient="list"."""
    lengths = {len(each) for each in value.values()}
    if len(lengths) != 1 or any(isinstance(item, dict | list) for each in value.values() for item in each):
        return None
    return [dict(zip(value, row, strict=True)) for row in zip(*value.values(), strict=True)]


def _by_key(value: dict[str, Any]) -> list[Any]:
    """Return the rows of objects by key, or of columns whose rows have the numbers 0, 1, 2 …"""
    indexes = [list(each) for each in value.values()]
    if all(index == [str(n) for n in range(len(index))] and index == indexes[0] for index in indexes) and indexes[0]:
        return [{name: column[n] for name, column in value.items()} for n in indexes[0]]
    key = next(name for name in ("key", "id", "index", "row key") if all(name not in each for each in value.values()))
    return [{key: name, **each} for name, each in value.items()]


def _feature(value: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of a feature of GeoJSON, and the node of an edge of GraphQL; another object is itself."""
    if isinstance(node := value.get("node"), dict) and value.keys() <= {"node", "cursor"}:
        return node
    properties = value.get("properties")
    return dict(properties) if value.get("type") == "Feature" and isinstance(properties, dict) else value


def _arrays(pieces: Iterator[str]) -> Iterator[list[Any]]:
    for element in read_elements(pieces):
        if not isinstance(element, list):
            raise ValueError(NO_ARRAY)
        yield element


def _flat(element: dict[Any, Any], depth: int = 0) -> dict[str, Any]:
    """Return the values of an object; those of an object in it stand under both names, `price.net`.

    An inner object stays one value, as JSON text, below MAX_DEPTH and where its names would hide another value.
    """
    flat: dict[str, Any] = {}
    names = {str(name) for name in element}
    for name, value in element.items():
        inner = _flat(value, depth + 1) if isinstance(value, dict) and depth < MAX_DEPTH else {}
        inner = {f"{name}.{part}": each for part, each in inner.items()}
        if inner and names.isdisjoint(inner) and flat.keys().isdisjoint(inner):
            flat |= inner
        else:
            flat[str(name)] = None if value == {} else value
    return flat


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return join_items(value) or None
    return json.dumps(value, ensure_ascii=False)
