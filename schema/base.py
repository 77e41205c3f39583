"""How rows become GraphQL: one node, one connection, and the kinds of field."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import datetime
from enum import Enum
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, TypeVar, dataclass_transform

import strawberry
from strawberry import ID
from strawberry.annotation import StrawberryAnnotation
from strawberry.extensions import FieldExtension
from strawberry.field_extensions import InputMutationExtension
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from db.core.audit_context import AuditContext, audit_context
from db.core.base import Base
from db.models.users import User as UserRow
from execution.plans import BATCH
from resolvers.core.context import Info
from resolvers.core.ids import global_id_of, model_of, name_type, type_name
from resolvers.core.pages import Asked, Page, Slice, encode_cursor

if TYPE_CHECKING:
    from schema.users import User
else:  # a user is a node, and a node says which user made it
    User = Annotated["User", strawberry.lazy("schema.users")]

T = TypeVar("T")


@dataclass_transform(field_specifiers=(strawberry.field,))
def output_type(cls: type[T]) -> type[T]:
    """A GraphQL object type, described by its docstring."""
    return strawberry.type(cls, description=_described(cls))


@dataclass_transform(field_specifiers=(strawberry.field,))
def input_type(cls: type[T]) -> type[T]:
    """A GraphQL input type, described by its docstring."""
    return strawberry.input(cls, description=_described(cls))


def _described(cls: type[Any]) -> str:
    assert cls.__doc__, f"{cls.__name__} has no docstring to describe it"
    return " ".join(cls.__doc__.split())


def field(description: str) -> Any:
    """A field that is read from the row's attribute of the same name."""
    return strawberry.field(description=description)


def enum(kind: type[Enum], **values: str) -> None:
    """A GraphQL enum, described by its docstring; `values` describe its values, all of them."""
    assert set(kind.__members__) == set(values), f"describe every value of {kind.__name__}"
    strawberry.enum(kind, description=_described(kind))
    definition: Any = kind.__strawberry_definition__  # type: ignore[attr-defined]  # set by the line above
    for value in definition.values:
        value.description = values[value.name]


NODES: dict[str, type[Base]] = {}


def node_id(root: strawberry.Parent[Any]) -> ID:
    return global_id_of(root)


@strawberry.interface(description="A thing with an id that is unique among all things.")
class Node:
    """A GraphQL type that shows rows of the model named by `row`, whose attributes its fields read."""

    row: ClassVar[type[Base]]

    def __init_subclass__(cls, row: type[Base] | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        if row is not None:
            cls.row = row
            name_type(row, cls.__name__)
            NODES[cls.__name__] = row

    @classmethod
    def is_type_of(cls, value: object, _: Any) -> bool:
        return model_of(value) is cls.row

    @classmethod
    def resolve_type(cls, value: object, *_: Any) -> str:
        return type_name(value)

    id: ID = strawberry.field(resolver=node_id, description="Opaque, and the same for as long as the thing exists.")


async def created_by(root: strawberry.Parent[Any], info: Info) -> UserRow | None:
    return await info.context.by_id(UserRow, root.created_by_id)


async def updated_by(root: strawberry.Parent[Any], info: Info) -> UserRow | None:
    return await info.context.by_id(UserRow, root.updated_by_id)


@strawberry.interface(description="A thing that remembers who made and changed it, and when.")
class Audited:
    id: ID = strawberry.field(resolver=node_id, description="Opaque, and the same for as long as the thing exists.")
    created_at: datetime = field("When it was made.")
    created_by: User | None = strawberry.field(resolver=created_by, description="Who made it.")
    updated_at: datetime = field("When it was last changed.")
    updated_by: User | None = strawberry.field(resolver=updated_by, description="Who changed it last.")
    deleted_at: datetime | None = field("When it was deleted; null while it is not.")
    is_active: bool = field("Whether it is there, that is, not deleted.")


@strawberry.type(description="Where a page of a list begins and ends, and whether there is more.")
class PageInfo:
    has_next_page: bool = field("Whether there is more after `endCursor`.")
    has_previous_page: bool = field("Whether there is more before `startCursor`.")
    start_cursor: str | None = field("Cursor of the first node.")
    end_cursor: str | None = field("Cursor of the last node; send it as `after` for the next page.")


@strawberry.type(description="A node and its place in the list.")
class Edge(Generic[T]):
    cursor: str = field("The node's place, for `after` and `before`.")
    node: T = field("The thing itself.")


async def total_count(root: strawberry.Parent[Any]) -> int:
    return int(await root.page.total())


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = field("The nodes with their cursors.")
    nodes: list[T] = field("The nodes, for who needs no cursors.")
    page_info: PageInfo = field("Whether there is more.")
    total_count: int = strawberry.field(
        resolver=total_count, description="How many there are on all pages; counted only when asked for."
    )


class Loaded:
    """A slice in the shape of a connection."""

    def __init__(self, page: Page[Any], part: Slice[Any]) -> None:
        self.page, self._part = page, part
        self.nodes = part.rows

    @property
    def edges(self) -> list[Any]:
        return [Edge(cursor=self._part.cursor_of(row), node=row) for row in self.nodes]

    @property
    def page_info(self) -> PageInfo:
        rows, cursor_of = self.nodes, self._part.cursor_of
        return PageInfo(
            has_next_page=self._part.has_next,
            has_previous_page=self._part.has_previous,
            start_cursor=cursor_of(rows[0]) if rows else None,
            end_cursor=cursor_of(rows[-1]) if rows else None,
        )


class Paged(FieldExtension):
    """Adds the arguments of a page and loads the slice that they name."""

    ARGUMENTS: ClassVar[dict[str, tuple[Any, str]]] = {
        "first": (int | None, "How many, forwards: at most 100, 20 when nothing is said."),
        "after": (str | None, "Cursor after which the page begins."),
        "last": (int | None, "How many, backwards: at most 100."),
        "before": (str | None, "Cursor before which the page ends."),
    }

    def apply(self, field: StrawberryField) -> None:
        field.arguments = [
            *(
                StrawberryArgument(name, None, StrawberryAnnotation(kind), description=description)
                for name, (kind, description) in self.ARGUMENTS.items()
            ),
            *field.arguments,
        ]

    async def resolve_async(self, next_: Any, source: Any, info: Any, **kwargs: Any) -> Loaded:
        asked = Asked.of(*(kwargs.pop(name, None) for name in self.ARGUMENTS))
        page = next_(source, info, **kwargs)
        page = await page if isinstance(page, Awaitable) else page
        return Loaded(page, await page.load(asked))


def required(shown: Any, resolver: Callable[..., Any], description: str) -> Any:
    """A thing that is always there."""
    return strawberry.field(resolver=resolver, graphql_type=shown, description=description)


def optional(shown: Any, resolver: Callable[..., Any], description: str) -> Any:
    """A thing that may be absent or invisible: null."""
    return strawberry.field(resolver=resolver, graphql_type=shown | None, description=description)


def list_of(shown: Any, resolver: Callable[..., Any], description: str) -> Any:
    """A short list that is whole."""
    return strawberry.field(resolver=resolver, graphql_type=list[shown], description=description)


def batched(shown: Any, resolver: Callable[[Sequence[Any], Any], Awaitable[Sequence[Any]]], description: str) -> Any:
    """What a resolver says of all objects of a list at once: their values, in the order of the objects."""

    async def alone(root: strawberry.Parent[Any], info: Info) -> Any:
        (value,) = await resolver([root], info)
        return value

    return strawberry.field(resolver=alone, graphql_type=shown, description=description, metadata={BATCH: resolver})


def page(shown: Any, resolver: Callable[..., Any], description: str) -> Any:
    """A list of any length, read by pages."""
    return strawberry.field(
        resolver=resolver,
        graphql_type=Connection[shown],
        description=description,
        extensions=[Paged()],
    )


class OneInput(InputMutationExtension):
    """Makes one input of the resolver's arguments, if it has any; it may be left out when each of them may be."""

    def apply(self, field: StrawberryField) -> None:
        if not field.arguments:
            return
        super().apply(field)
        (argument,) = field.arguments
        accepted: Any = argument.type_annotation.annotation
        definition = accepted.__strawberry_definition__
        name = to_camel_case(field.graphql_name or field.python_name)
        argument.description = definition.description = f"What `{name}` takes."
        resolver: Any = field.base_resolver
        declared = signature(resolver.wrapped_func).parameters
        if all(declared[part.python_name].default is not Parameter.empty for part in definition.fields):
            argument.type_annotation = StrawberryAnnotation(accepted | None)

    def map_arguments(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        if kwargs.get("input") is not None:
            return super().map_arguments(kwargs)
        kwargs.pop("input", None)
        return kwargs


class Caused(FieldExtension):
    """Everything that the resolver writes is written for this mutation."""

    async def resolve_async(self, next_: Any, source: Any, info: Any, **kwargs: Any) -> Any:
        origin = info.context.origin
        with audit_context(AuditContext(info.field_name, origin.ip_address, origin.request_id or None)):
            return await next_(source, info, **kwargs)


def mutation(shown: Any, resolver: Callable[..., Any], description: str) -> Any:
    """A mutation: the resolver's arguments are the fields of its one `input`."""
    return strawberry.mutation(
        resolver=resolver, graphql_type=shown, description=description, extensions=[OneInput(), Caused()]
    )


def subscription(shown: Any, resolver: Callable[..., AsyncGenerator[Any, None]], description: str) -> Any:
    """A subscription."""
    return strawberry.subscription(resolver=resolver, graphql_type=shown, description=description)


def edge(shown: Any, name: str, description: str) -> Any:
    """The edge of a thing that a payload has as its attribute `name`, for clients that keep lists."""

    def resolve(root: strawberry.Parent[Any]) -> Any:
        row = getattr(root, name)
        return Edge(cursor=encode_cursor(row.id), node=row)

    return strawberry.field(resolver=resolve, graphql_type=Edge[shown], description=description)
