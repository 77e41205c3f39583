"""Global ids: opaque strings that name a GraphQL type and a row."""

from base64 import urlsafe_b64decode
from binascii import Error, b2a_base64
from typing import cast
from uuid import UUID

from strawberry import ID

from db.core.base import Base
from errors import NotFound

MAX_QUOTED = 40  # characters of a malformed id that its message repeats

_names: dict[type[Base], str] = {}
_prefixes: dict[type[Base], bytes] = {}
_models: dict[str, type[Base]] = {}


def register_type(model: type[Base], name: str) -> None:
    """Register the name of the GraphQL type that represents rows of a model."""
    _names[model] = name
    _prefixes[model] = f"{name}:".encode()
    _models[model.__tablename__] = model


def type_name(row: object) -> str:
    """Return the name of the row's GraphQL type."""
    return _names[model_of(row)]


def model_of(row: object) -> type[Base]:
    """Return the model of a row: reads return records that carry it, writes return instances of it."""
    carried: type[Base] | None = getattr(row, "row_of", None)
    return carried or cast("type[Base]", type(row))


def global_id(model: type[Base], id_: UUID) -> ID:
    return _encoded(model, id_.hex)


def global_id_of_type(model: type[Base], id_: UUID) -> ID | None:
    """Return the global id; None for a model without a GraphQL type."""
    return global_id(model, id_) if model in _names else None


def global_id_of(row: Base) -> ID:
    # Written out: a list calls this for each of its rows.
    return cast("ID", b2a_base64(_prefixes[model_of(row)] + row.hex_id.encode(), newline=False).decode().rstrip("="))


def global_id_in(table: str | None, id_: UUID | None) -> ID | None:
    """Return the global id of a row of a database table; None when no GraphQL type represents its rows."""
    model = _models.get(table or "")
    return None if model is None or id_ is None else global_id(model, id_)


def type_name_in(table: str) -> str:
    """Return the name of the GraphQL type that represents the rows of a database table."""
    return _names[_models[table]]


def _encoded(model: type[Base], hexadecimal: str) -> ID:
    return part_id(_names[model], hexadecimal)


def part_id(name: str, *parts: str) -> ID:
    """Return the global id of an object of type `name` that is part of a row and that `node` does not load."""
    # Base64 of ASCII letters, digits, ":" and "@" contains neither "+" nor "/", so the id is safe in a URL.
    return ID(b2a_base64(":".join((name, *parts)).encode(), newline=False).decode().rstrip("="))


def decode(id_: str) -> tuple[str, UUID] | None:
    """Return the type name and the row id of a global id; None for a malformed one."""
    if len(id_) > 200:  # no valid id is as long, and decoding megabytes takes time
        return None
    try:
        name, _, hexadecimal = urlsafe_b64decode(id_ + "=" * (-len(id_) % 4)).decode("ascii").partition(":")
        return name, UUID(hexadecimal)
    except (Error, ValueError):
        return None


def decode_part(id_: str, name: str) -> list[str] | None:
    """Return the parts of an id that `part_id` made for this type; None for any other text."""
    if len(id_) > 200:
        return None
    try:
        type_part, *parts = urlsafe_b64decode(id_ + "=" * (-len(id_) % 4)).decode("ascii").split(":")
    except (Error, ValueError):
        return None
    return parts if type_part == name and parts else None


def decode_or_none(id_: str, model: type[Base]) -> UUID | None:
    """Return the row id of a global id of this model; None for another type or a malformed id."""
    decoded = decode(id_)
    return decoded[1] if decoded and decoded[0] == _names[model] else None


def decode_id(id_: str, model: type[Base], field: str | None = None) -> UUID:
    """Return the row id of a global id of this model.

    Raises NotFound, at `field` where given, for the id of another type and for a malformed one.
    """
    decoded = decode(id_)
    if decoded is None or decoded[0] != _names[model]:
        message = _wrong_id(id_, decoded and decoded[0], _names[model])
        raise NotFound(message) if field is None else NotFound.of(field, message)
    return decoded[1]


def decode_optional_id(id_: str | None, model: type[Base], field: str | None = None) -> UUID | None:
    return None if id_ is None else decode_id(id_, model, field)


def _wrong_id(id_: str, type_name: str | None, expected: str) -> str:
    if type_name in _names.values():
        return f"This is the id of {_with_article(str(type_name))}, not of {_with_article(expected)}."
    shortened = id_ if len(id_) <= MAX_QUOTED else f"{id_[:MAX_QUOTED]}…"
    return f"{shortened!r} is not a valid id. Pass the `id` of {_with_article(expected)} as the server returned it."


def _with_article(name: str) -> str:
    return f"{'an' if name[0] in 'AEIO' else 'a'} {name}"
