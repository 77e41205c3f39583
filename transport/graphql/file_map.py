"""The part `map` of a multipart request: it assigns the files to variables."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from transport.core.errors import BodyRefused
from transport.core.json import DecodeError, decode

EXAMPLE = 'such as {"0": ["variables.input.attachments.0"]}'
MAX_PATHS = 20

Slot: TypeAlias = tuple[Any, Any]  # a dict with its key, or a list with its index


def read_map(raw: bytes, variables: Mapping[str, Any], *, max_files: int) -> dict[str, list[Slot]]:
    """Return the slots in the variables that each file fills, by the name of the file's part.

    Raises BodyRefused for a malformed map, and for a slot that is not null or is named twice.
    """
    try:
        value = decode(raw)
    except DecodeError as error:
        raise BodyRefused(f"The part `map` is not JSON in UTF-8: {error.msg}.") from None
    if not isinstance(value, dict) or not all(_is_paths(paths) for paths in value.values()):
        raise BodyRefused(f"The part `map` must be an object with a list of paths for each file, {EXAMPLE}.")
    if len(value) > max_files:
        raise BodyRefused(
            f"The part `map` has {len(value)} files. Send at most {max_files} in one request.",
            status=413,
            code="PAYLOAD_TOO_LARGE",
        )
    if sum(map(len, value.values())) > MAX_PATHS:
        raise BodyRefused(f"The part `map` has more than {MAX_PATHS} paths. Use fewer variables.")
    used: set[tuple[int, Any]] = set()
    return {name: [_slot(path, variables, used) for path in paths] for name, paths in value.items()}


def _is_paths(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(path, str) for path in value)


def _slot(path: str, variables: Mapping[str, Any], used: set[tuple[int, Any]]) -> Slot:
    """Return the container and key that a path leads to. Raises BodyRefused."""
    root, *keys = path.split(".")
    if root != "variables" or not keys:
        raise BodyRefused(f"The part `map` has the path {path[:100]!r}. Name a variable, {EXAMPLE}.")
    container: Any = variables
    for key in keys[:-1]:
        container = _step(container, key, path)[0]
    value, key = _step(container, keys[-1], path)
    if value is not None or (id(container), key) in used:
        raise BodyRefused(
            f"{path[:100]} is not null in `operations`, or is twice in `map`. Set it to null there and name it once."
        )
    used.add((id(container), key))
    return container, key


def _step(container: Any, key: str, path: str) -> tuple[Any, Any]:
    """Return the value under a key, and the key as the container has it: a list index is an int."""
    if isinstance(container, dict) and key in container:
        return container[key], key
    if isinstance(container, list) and key.isascii() and key.isdecimal() and len(key) < 6 and int(key) < len(container):
        return container[int(key)], int(key)
    raise BodyRefused(f"`operations` has no {path[:100]}. Put null where the file belongs.")
