"""Ids as clients see them: opaque, and of one type."""

from base64 import urlsafe_b64decode
from binascii import Error, b2a_base64
from typing import cast
from uuid import UUID

from strawberry import ID

from db.core.base import Base
from errors import NotFound

_names: dict[type[Base], str] = {}
_models: dict[str, type[Base]] = {}


def register_type(model: type[Base], name: str) -> None:
    """State the GraphQL type that shows rows of a model."""
    _names[model] = name
    _models[model.__tablename__] = model


def type_name(row: object) -> str:
    return _names[model_of(row)]


def model_of(row: object) -> type[Base]:
    """The model of a row, whether it came from a read, which says so, or from a write (an instance)."""
    return cast("type[Base]", getattr(row, "row_of", None) or type(row))


def global_id(model: type[Base], id_: UUID) -> ID:
    return _encoded(model, id_.hex)


def global_id_of_type(model: type[Base], id_: UUID) -> ID | None:
    """The global id, if clients know things of this kind at all."""
    return global_id(model, id_) if model in _names else None


def global_id_of(row: Base) -> ID:
    return _encoded(model_of(row), row.hex_id)


def global_id_in(table: str | None, id_: UUID | None) -> ID | None:
    """The global id of a row of a table, by the table's name; None when no GraphQL type shows its rows."""
    model = _models.get(table or "")
    return None if model is None or id_ is None else global_id(model, id_)


def _encoded(model: type[Base], hexadecimal: str) -> ID:
    """Base64 of letters, digits and a colon is safe in a URL as it is."""
    return ID(b2a_base64(f"{_names[model]}:{hexadecimal}".encode(), newline=False).decode().rstrip("="))


def decode(id_: str) -> tuple[str, UUID] | None:
    """The type name and row id in a global id; None for anything else."""
    if len(id_) > 200:
        return None
    try:
        name, _, hexadecimal = urlsafe_b64decode(id_ + "=" * (-len(id_) % 4)).decode("ascii").partition(":")
        return name, UUID(hexadecimal)
    except (Error, ValueError):
        return None


def decode_or_none(id_: str, model: type[Base]) -> UUID | None:
    """The row id in a global id of the model; None for ids of another type and for no ids at all."""
    decoded = decode(id_)
    return decoded[1] if decoded and decoded[0] == _names[model] else None


def decode_id(id_: str, model: type[Base], field: str | None = None) -> UUID:
    """The row id in a global id of the model; NotFound otherwise, of the `field` where one of several is meant."""
    found = decode_or_none(id_, model)
    if found is None:
        message = f"There is no {_names[model]} with this id, or you may not see it."
        raise NotFound(message) if field is None else NotFound.of(field, message)
    return found


def decode_optional_id(id_: str | None, model: type[Base]) -> UUID | None:
    return None if id_ is None else decode_id(id_, model)
