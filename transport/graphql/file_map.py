"""Which file of a multipart request belongs into which variable: the part `map`, read and followed."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from transport.core.errors import BodyRefused
from transport.core.json import DecodeError, decode

EXAMPLE = 'as {"0": ["variables.input.attachments.0"]}'
MAX_PATHS = 20

Slot: TypeAlias = tuple[Any, Any]  # a dict with its key, or a list with its index


def read_map(raw: bytes, variables: Mapping[str, Any], *, max_files: int) -> dict[str, list[Slot]]:
    """For each file, by the name of its part, the places in the variables that wait for it with null.

    Raises BodyRefused.
    """
    try:
        value = decode(raw)
    except DecodeError as error:
        raise BodyRefused(f"The part `map` is not JSON in UTF-8: {error.msg}.") from None
    if not isinstance(value, dict) or not all(_is_paths(paths) for paths in value.values()):
        raise BodyRefused(f"The part `map` is an object that lists the places of each file, {EXAMPLE}.")
    if len(value) > max_files:
        raise BodyRefused(f"Send at most {max_files} files at once.", status=413, code="PAYLOAD_TOO_LARGE")
    if sum(map(len, value.values())) > MAX_PATHS:
        raise BodyRefused(f"The part `map` has at most {MAX_PATHS} places: put fewer files into variables.")
    taken: set[tuple[int, Any]] = set()
    return {name: [_slot(path, variables, taken) for path in paths] for name, paths in value.items()}


def _is_paths(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(path, str) for path in value)


def _slot(path: str, variables: Mapping[str, Any], taken: set[tuple[int, Any]]) -> Slot:
    """The place that a path leads to, if it holds null and no other file goes there."""
    root, *keys = path.split(".")
    if root != "variables" or not keys:
        raise BodyRefused(f"The part `map` says {path[:100]!r}: a file goes into a variable, {EXAMPLE}.")
    held: Any = variables
    for key in keys[:-1]:
        held = _step(held, key, path)[0]
    value, key = _step(held, keys[-1], path)
    if value is not None or (id(held), key) in taken:
        raise BodyRefused(f"{path[:100]} is not null in `operations`, or is in `map` twice: a file takes its place.")
    taken.add((id(held), key))
    return held, key


def _step(held: Any, key: str, path: str) -> tuple[Any, Any]:
    """What stands under a key, and the key as the container has it."""
    if isinstance(held, dict) and key in held:
        return held[key], key
    if isinstance(held, list) and key.isascii() and key.isdecimal() and len(key) < 6 and int(key) < len(held):
        return held[int(key)], int(key)
    raise BodyRefused(f"`operations` has no {path[:100]}: put null where the file goes.")
