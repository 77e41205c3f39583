"""Plain fields of an object, compiled to one function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from graphql import GraphQLResolveInfo

Info: TypeAlias = GraphQLResolveInfo[Any]
Complete: TypeAlias = Callable[[Any, Info], Any]


@dataclass(frozen=True, slots=True)
class Reader:
    """Plain field of an object: `get` reads its value, which is an attribute where one is named; `complete` serializes.

    A value whose type is exactly `exact` needs no serialization.
    """

    get: Callable[[Any], Any]
    complete: Complete
    attribute: str | None = None
    exact: type | None = None

    def expression(self, index: int, scope: dict[str, Any]) -> str:
        """Return the source of the field's serialized value; what it refers to is added to `scope`."""
        source = f"o.{self.attribute}" if self.attribute else f"get{index}(o)"
        scope |= {f"get{index}": self.get, f"complete{index}": self.complete, f"exact{index}": self.exact}
        if self.exact is None:
            return f"complete{index}({source}, info)"
        return f"v if type(v := {source}) is exact{index} else complete{index}(v, info)"


def compile_fields(readers: Mapping[str, Reader | str | None]) -> Complete:
    """Compile all fields to one function. A text is the value of its field.

    A call for each field and each part of its value would cost several times what they do.
    """
    scope: dict[str, Any] = {}
    parts = [
        f"{name!r}: {reader.expression(index, scope) if isinstance(reader, Reader) else repr(reader)}"
        for index, (name, reader) in enumerate(readers.items())
    ]
    write: Complete = eval(f"lambda o, info: {{{', '.join(parts)}}}", scope)  # noqa: S307  names of valid fields
    return write
