"""Plain fields of an object, compiled to one function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from graphql import GraphQLResolveInfo

Info: TypeAlias = GraphQLResolveInfo[Any]
Complete: TypeAlias = Callable[[Any, Info], Any]


@dataclass(frozen=True, slots=True)
class Stored:
    """Value at `index` of an object that is a tuple, as the driver returned it, for an attribute of
    `attribute_type`.

    `serialize` makes of a value of exactly `stored_type` what serializing the attribute would make: of a member of an
    enum its name, of a time `isoformat()`. None leaves the value as it is.
    """

    index: int
    attribute_type: type
    stored_type: type
    serialize: Callable[[Any], str] | None = None


def stored_values(source: type) -> Mapping[str, Stored] | None:
    """Return the attributes that objects of a class store; None for a class that does not declare them.

    Objects of a class that does are all of the same GraphQL type, and neither exceptions nor awaitable.
    """
    return getattr(source, "stored_values", None)


@dataclass(frozen=True, slots=True)
class Reader:
    """Plain field of an object: `get` reads its value, which is an attribute where one is named; `complete` serializes.

    A value whose type is exactly `exact` needs no serialization. `serializes` is the class
    of the values that it serializes as `Stored` says.
    """

    get: Callable[[Any], Any]
    complete: Complete
    attribute: str | None = None
    exact: type | None = None
    serializes: type | None = None

    def expression(self, index: int, scope: dict[str, Any], stored: Stored | None) -> str:
        """Return the source of the field's serialized value; what it refers to is added to `scope`."""
        source = f"o.{self.attribute}" if self.attribute else f"get{index}(o)"
        scope |= {f"get{index}": self.get, f"complete{index}": self.complete, f"exact{index}": self.exact}
        if stored is not None and stored.attribute_type is self.serializes:
            scope |= {f"serialize{index}": stored.serialize, f"exact{index}": stored.stored_type}
            serialized = f"serialize{index}(v)" if stored.serialize else "v"
            return f"{serialized} if type(v := o[{stored.index}]) is exact{index} else complete{index}({source}, info)"
        if self.exact is None:
            return f"complete{index}({source}, info)"
        return f"v if type(v := {source}) is exact{index} else complete{index}(v, info)"


def compile_fields(readers: Mapping[str, Reader | str | None], stored: Mapping[str, Stored]) -> Complete:
    """Compile all fields to one function. A text is the value of its field.

    A call for each field and each part of its value would cost several times what they do.
    """
    scope: dict[str, Any] = {}

    def source(index: int, reader: Reader | str | None) -> str:
        if not isinstance(reader, Reader):
            return repr(reader)
        return reader.expression(index, scope, stored.get(reader.attribute or ""))

    parts = [f"{name!r}: {source(index, reader)}" for index, (name, reader) in enumerate(readers.items())]
    write: Complete = eval(f"lambda o, info: {{{', '.join(parts)}}}", scope)  # noqa: S307  names of valid fields
    return write
