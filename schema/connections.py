"""Lists that are read in pages: Relay connections with cursors."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, ClassVar, Generic, TypeVar

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.extensions import FieldExtension
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from execution.attributes import CONNECTION
from resolvers.core.pages import Page, PageArguments, Slice, encode_cursor
from schema.base import Shows, field

T = TypeVar("T")
R = TypeVar("R")


@strawberry.type(description="Position of a page in its list.")
class PageInfo:
    has_next_page: bool = field("True when the list goes on after `endCursor`.")
    has_previous_page: bool = field("True when the list has nodes before `startCursor`.")
    start_cursor: str | None = field("Cursor of the first node; null on an empty page.")
    end_cursor: str | None = field("Cursor of the last node, for `after` of the next page; null on an empty page.")


@strawberry.type(description="A node with its cursor.")
class Edge(Generic[T]):
    cursor: str = field("Cursor of the node, for `after` and `before`.")
    node: T = field("The node.")


async def total_count(root: strawberry.Parent[Any]) -> int:
    """Return the number of nodes on all pages."""
    return int(await root.page.total())


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = field("Nodes of the page with their cursors.")
    nodes: list[T] = field("Nodes of the page without cursors.")
    page_info: PageInfo = field("Position of the page in the list.")
    total_count: int = strawberry.field(
        resolver=total_count, description="Number of nodes on all pages; counted only when selected."
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
    """Extension that adds the arguments of a page and loads the slice they select."""

    ARGUMENTS: ClassVar[dict[str, tuple[Any, str]]] = {
        "first": (int | None, "Number of nodes to return from the start or after `after`: 0 to 100, by default 20."),
        "after": (str | None, "Cursor; the page starts after this node. Use with `first`."),
        "last": (int | None, "Number of nodes to return from the end or before `before`: 0 to 100."),
        "before": (str | None, "Cursor; the page ends before this node. Use with `last`."),
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
        requested = PageArguments.of(*(kwargs.pop(name, None) for name in self.ARGUMENTS))
        requested = replace(requested, attributes=info._raw_info.node_attributes)
        page = next_(source, info, **kwargs)
        page = await page if isinstance(page, Awaitable) else page
        return Loaded(page, await page.load(requested))


def page(
    output: type[Shows[R]],
    resolver: Callable[..., Page[R] | Awaitable[Page[R]]],
    description: str,
    connection: type[Any] | None = None,
) -> Any:
    """Declare a list of any length, read in pages; `connection` is its type where the usual name does not fit."""
    return strawberry.field(
        resolver=resolver,
        graphql_type=connection or Connection[output],  # type: ignore[valid-type]  # a type only at run time
        description=description,
        extensions=[Paged()],
        metadata={CONNECTION: True},
    )


def edge(output: type[Shows[Any]], name: str, description: str) -> Any:
    """Declare the edge of the payload's attribute `name`, so that clients can insert it into a cached list."""

    def resolve(root: strawberry.Parent[Any]) -> Any:
        row = getattr(root, name)
        return Edge(cursor=encode_cursor(row.id), node=row)

    return strawberry.field(
        resolver=resolve,
        graphql_type=Edge[output],  # type: ignore[valid-type]  # a type only at run time
        description=description,
    )
