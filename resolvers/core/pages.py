"""Pages of lists: what a connection field is answered with."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Protocol, TypeVar
from uuid import UUID

from strawberry import argument

from auth.viewer import Viewer
from db.core.base import Base
from db.core.engine import Database
from db.core.pagination import Listing, Window
from db.core.prepared import Prepared
from db.core.validation import checked_text
from errors import BadUserInput

R = TypeVar("R", bound=Base)
T = TypeVar("T", covariant=True)

DEFAULT_SIZE, MAX_SIZE = 20, 100
MAX_SEARCH = 200  # characters that are looked for

IncludeDeleted = Annotated[
    bool | None,
    argument(description="Whether deleted ones are in it too, as far as you may change them."),
]


@dataclass(frozen=True)
class PageArguments:
    """The arguments of a connection, checked: `size` rows after (or, backwards, before) a cursor."""

    size: int
    cursor: str | None
    backwards: bool

    @property
    def cursor_name(self) -> str:
        """The argument that the cursor came in."""
        return "before" if self.backwards else "after"

    @classmethod
    def of(cls, first: int | None, after: str | None, last: int | None, before: str | None) -> "PageArguments":
        if (first is not None or after is not None) and (last is not None or before is not None):
            raise BadUserInput.of("last", "Page forwards with first and after, or backwards with last and before.")
        backwards = last is not None or before is not None
        size, name = (last, "last") if backwards else (first, "first")
        size = DEFAULT_SIZE if size is None else size
        if not 0 <= size <= MAX_SIZE:
            raise BadUserInput.of(name, f"Ask for 0 to {MAX_SIZE} at once, and page on with endCursor.")
        return cls(size, before if backwards else after, backwards)


@dataclass(frozen=True)
class Slice(Generic[T]):
    """Rows in the list's order, how to make the cursor of one, and whether there is more on either side."""

    rows: Sequence[T]
    cursor_of: Callable[[T], str]
    has_next: bool
    has_previous: bool


class Page(Protocol[T]):
    """A list that is read a slice at a time."""

    async def load(self, asked: PageArguments) -> Slice[T]: ...

    async def total(self) -> int: ...


class KeysetPage(Generic[R]):
    """A page of a prepared list; the cursor is the row's id. With `aside` it is read off the event loop."""

    def __init__(
        self,
        database: Database,
        viewer: Viewer,
        listing: Listing[R],
        given: dict[str, Any],
        *,
        aside: bool = False,
    ) -> None:
        self._database, self._viewer, self._listing, self._given = database, viewer, listing, given
        self._unbounded = aside
        self._optional = frozenset(given) & frozenset(listing.optional)

    async def load(self, asked: PageArguments) -> Slice[R]:
        cursor = None if asked.cursor is None else decode_cursor(asked.cursor, asked.cursor_name)
        window = Window(asked.size + 1, cursor, asked.backwards)
        query = self._listing.rows(window, self._optional)
        given = self._given if window.cursor is None else {**self._given, "cursor": window.cursor}
        rows = await self._read(query, limit=window.limit, **given)
        return slice_of(rows, lambda row: encode_cursor(row.id), asked)

    async def total(self) -> int:
        query = self._listing.total(self._optional)
        (row,) = await self._read(query, **self._given)
        return int(row.total)

    async def _read(self, query: Prepared[Any], **given: Any) -> list[Any]:
        if not self._unbounded:
            return await self._database.read(query, self._viewer, **given)
        batches = self._database.stream(query, self._viewer, **given)
        return [row async for batch in batches for row in batch]


def slice_of(rows: list[Any], cursor_of: Callable[[Any], str], asked: PageArguments) -> Slice[Any]:
    """A slice of rows that were read with one too many, to see whether there are more."""
    more, rows = len(rows) > asked.size, rows[: asked.size]
    if asked.backwards:
        return Slice(rows[::-1], cursor_of, has_next=asked.cursor is not None, has_previous=more)
    return Slice(rows, cursor_of, has_next=more, has_previous=asked.cursor is not None)


def encode_cursor(id_: UUID) -> str:
    return urlsafe_b64encode(id_.bytes).decode().rstrip("=")


def decode_cursor(cursor: str, name: str = "after") -> UUID:
    try:
        return UUID(bytes=urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (Error, ValueError):
        raise BadUserInput.of(
            name, "This is no cursor of this list: send an endCursor or startCursor as it came."
        ) from None


def checked_search(search: str | None) -> str | None:
    """What to look for; None for nothing at all."""
    return None if search is None else checked_text(search, "search", MAX_SEARCH) or None
