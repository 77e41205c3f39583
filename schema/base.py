"""Foundations of the schema: output, input and enum types, the two interfaces, and the kinds of field.

An output type states the Python class whose objects it shows: `class Item(Node, Audited, Shows[models.items.Item])`.
A kind of field takes only resolvers that return this class, so that binding any other resolver is a type error.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, dataclass_transform, get_args, get_origin, overload

import strawberry
from strawberry import ID
from strawberry.scalars import JSON
from strawberry.types.lazy_type import LazyType

from db.core.base import Base
from db.models.users import User
from execution.access import PUBLIC
from execution.attributes import READS
from execution.plans import BATCH
from resolvers.core.context import Info
from resolvers.core.ids import global_id_of, model_of, register_type, type_name

T = TypeVar("T")
R = TypeVar("R")  # invariant: a resolver of `Item` must not be accepted as one of the base class that all rows share
S = TypeVar("S", bound="str | float | bool | datetime | Decimal | JSON | Enum")


@dataclass_transform(field_specifiers=(strawberry.field,))
def output_type(cls: type[T]) -> type[T]:
    """Declare a GraphQL object type, described by its docstring."""
    return strawberry.type(cls, description=_description(cls))


@dataclass_transform(field_specifiers=(strawberry.field,))
def input_type(cls: type[T]) -> type[T]:
    """Declare a GraphQL input type, described by its docstring."""
    return strawberry.input(cls, description=_description(cls))


def enum(kind: type[Enum], **values: str) -> None:
    """Declare a GraphQL enum, described by its docstring; `values` describe each of its values."""
    assert set(kind.__members__) == set(values), f"describe every value of {kind.__name__}"
    # A field of this enum may have been declared before; then the enum has a definition, and a second is an error.
    if not hasattr(kind, "__strawberry_definition__"):
        strawberry.enum(kind)
    definition: Any = kind.__strawberry_definition__  # type: ignore[attr-defined]  # set by the line above
    definition.description = _description(kind)
    for value in definition.values:
        value.description = values[value.name]


def _description(cls: type[Any]) -> str:
    assert cls.__doc__, f"{cls.__name__} has no docstring to describe it"
    return " ".join(cls.__doc__.split())


class Shows(Generic[R]):
    """Base of the output types that show objects of class `R`, whose attributes their fields read."""

    row: ClassVar[Any]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for base in cls.__dict__.get("__orig_bases__", ()):
            if get_origin(base) is Shows:
                (cls.row,) = get_args(base)
                _outputs[getattr(cls.row, "__module__", ""), cls.__name__] = cls


_outputs: dict[tuple[str, str], type[Any]] = {}

if TYPE_CHECKING:

    class TypeOf(Shows[R]):
        """Output type that shows rows of the mapped class `R`, named without importing its module."""

else:

    class TypeOf(LazyType):
        """Output type that shows rows of a mapped class, named without importing its module.

        Output types refer to each other in circles (a table has an owner, a user has tables); modules must not. The
        output type has the name of the mapped class, and is looked up when the schema is built.
        """

        def __class_getitem__(cls, row):
            return cls(row.__name__, row.__module__)

        def resolve_type(self):
            return _outputs[self.module, self.type_name]


NODES: dict[str, type[Base]] = {}


def node_id(root: strawberry.Parent[Any]) -> ID:
    """Return the global id of a row."""
    return global_id_of(root)


@strawberry.interface(description="An object with an id that is unique among all objects, for the query `node`.")
class Node:
    """Interface of the output types that show rows with a global id."""

    row: ClassVar[type[Base]]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        register_type(cls.row, cls.__name__)
        NODES[cls.__name__] = cls.row

    @classmethod
    def is_type_of(cls, value: object, _: Any) -> bool:
        return model_of(value) is cls.row

    @classmethod
    def resolve_type(cls, value: object, *_: Any) -> str:
        return type_name(value)

    id: ID = strawberry.field(
        resolver=node_id, description="Opaque global id; it never changes.", metadata={READS: {"id"}}
    )


def field(description: str) -> Any:
    """Declare a field that reads the attribute of the same name."""
    return strawberry.field(description=description)


# Each kind has an overload for output types and one for scalars and enums, which show themselves. A resolver of
# `required` may be typed as optional where a policy could hide the row: null is then an error of the field.


@overload
def required(
    output: type[Shows[R]], resolver: Callable[..., R | Awaitable[R] | Awaitable[R | None]], description: str
) -> Any: ...
@overload
def required(output: type[S], resolver: Callable[..., S | Awaitable[S]], description: str) -> Any: ...
def required(output: Any, resolver: Callable[..., Any], description: str) -> Any:
    """Declare a non-null field."""
    return strawberry.field(resolver=resolver, graphql_type=output, description=description)


@overload
def optional(
    output: type[Shows[R]],
    resolver: Callable[..., R | Awaitable[R | None] | None],
    description: str,
    *,
    public: bool = False,
) -> Any: ...
@overload
def optional(output: type[S], resolver: Callable[..., S | Awaitable[S | None] | None], description: str) -> Any: ...
def optional(output: Any, resolver: Callable[..., Any], description: str, *, public: bool = False) -> Any:
    """Declare a field that is null when there is no value or the viewer may not see it.

    A root field that is `public` may be used without signing in.
    """
    return strawberry.field(
        resolver=resolver, graphql_type=output | None, description=description, metadata=PUBLIC if public else None
    )


@overload
def list_of(
    output: type[Shows[R]],
    resolver: Callable[..., Iterable[R] | Awaitable[Iterable[R]]],
    description: str,
    *,
    public: bool = False,
) -> Any: ...
@overload
def list_of(
    output: type[S],
    resolver: Callable[..., Iterable[S] | Awaitable[Iterable[S]]],
    description: str,
    *,
    public: bool = False,
) -> Any: ...
def list_of(output: Any, resolver: Callable[..., Any], description: str, *, public: bool = False) -> Any:
    """Declare a short list that is always returned whole; a root field may be `public`."""
    return strawberry.field(
        resolver=resolver, graphql_type=list[output], description=description, metadata=PUBLIC if public else None
    )


def batched(
    output: type[S],
    resolver: Callable[[Sequence[Any], Info], Awaitable[Sequence[Any]]],
    description: str,
    *,
    reads: Iterable[str] | None = None,
) -> Any:
    """Declare a scalar field that one call resolves for all objects of a list: `resolver(objects, info) -> values`.

    `reads` are the only attributes that the resolver reads of the objects, for lists that load no others.
    """
    return _batched(output, resolver, description, {} if reads is None else {READS: frozenset(reads)})


def batched_list(
    output: type[Shows[R]],
    resolver: Callable[[Sequence[Any], Info], Awaitable[Sequence[Sequence[R]]]],
    description: str,
) -> Any:
    """Declare a short list that one call resolves for all objects of a list: `resolver(objects, info) -> lists`."""
    return _batched(list[output], resolver, description)  # type: ignore[valid-type]  # a type only at run time


def _batched(
    output: Any, resolver: Callable[..., Any], description: str, metadata: Mapping[str, Any] = MappingProxyType({})
) -> Any:
    async def resolve_one(root: strawberry.Parent[Any], info: Info) -> Any:
        (value,) = await resolver([root], info)
        return value

    return strawberry.field(
        resolver=resolve_one, graphql_type=output, description=description, metadata={BATCH: resolver, **metadata}
    )


async def created_by(root: strawberry.Parent[Any], info: Info) -> User | None:
    """Return the user who created a row."""
    return await info.context.by_id(User, root.created_by_id)


async def updated_by(root: strawberry.Parent[Any], info: Info) -> User | None:
    """Return the user who last changed a row."""
    return await info.context.by_id(User, root.updated_by_id)


@strawberry.interface(description="An object that records when and by which user it was created and changed.")
class Audited:
    id: ID = strawberry.field(
        resolver=node_id, description="Opaque global id; it never changes.", metadata={READS: {"id"}}
    )
    created_at: datetime = field("Time of creation.")
    created_by = optional(TypeOf[User], created_by, "User who created it; null when you may not see this user.")
    updated_at: datetime = field("Time of the last change.")
    updated_by = optional(TypeOf[User], updated_by, "User who changed it last; null when you may not see this user.")
    deleted_at: datetime | None = field("Time of deletion; null unless it is deleted.")
    is_active: bool = field("True unless it is deleted.")
