"""Pages of lists, as connection fields return them."""

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
MAX_SEARCH = 200  # characters of a search

IncludeDeleted = Annotated[
    bool | None,
    argument(description="Also list deleted ones that you may change; false by default."),
]


@dataclass(frozen=True)
class PageArguments:
    """Checked arguments of a connection: `size` rows after (or, backwards, before) a cursor.

    `attributes` are those that the operation reads of the nodes; None means all.
    """

    size: int
    cursor: str | None
    backwards: bool
    attributes: frozenset[str] | None = None

    @property
    def cursor_name(self) -> str:
        """Return the name of the argument that the cursor was passed in."""
        return "before" if self.backwards else "after"

    @classmethod
    def of(cls, first: int | None, after: str | None, last: int | None, before: str | None) -> "PageArguments":
        """Return the arguments checked. Raises BadUserInput for both directions at once, or a size out of range."""
        if (first is not None or after is not None) and (last is not None or before is not None):
            raise BadUserInput.of(
                "last", "Pass `first` and `after` (forwards), or `last` and `before` (backwards), not both."
            )
        backwards = last is not None or before is not None
        size, name = (last, "last") if backwards else (first, "first")
        size = DEFAULT_SIZE if size is None else size
        if not 0 <= size <= MAX_SIZE:
            raise BadUserInput.of(name, f"Pass a number from 0 to {MAX_SIZE}. For more, send `endCursor` as `after`.")
        return cls(size, before if backwards else after, backwards)


@dataclass(frozen=True)
class Slice(Generic[T]):
    """Rows of one page in the list's order, a function that makes their cursors, and whether more rows follow."""

    rows: Sequence[T]
    cursor_of: Callable[[T], str]
    has_next: bool
    has_previous: bool


class Page(Protocol[T]):
    """A list that is read one page at a time."""

    async def load(self, page: PageArguments) -> Slice[T]: ...

    async def total(self) -> int: ...


class KeysetPage(Generic[R]):
    """A page of a prepared list; the cursor is the row's id.

    With `unbounded` the rows are streamed, for queries that scan more than a read on the event loop may.
    """

    def __init__(
        self,
        database: Database,
        viewer: Viewer,
        listing: Listing[R],
        arguments: dict[str, Any],
        *,
        unbounded: bool = False,
    ) -> None:
        self._database, self._viewer, self._listing, self._arguments = database, viewer, listing, arguments
        self._unbounded = unbounded
        self._optional = frozenset(arguments) & frozenset(listing.optional)

    async def load(self, page: PageArguments) -> Slice[R]:
        cursor = None if page.cursor is None else decode_cursor(page.cursor, page.cursor_name)
        window = Window(page.size + 1, cursor, page.backwards)
        query = self._listing.rows(window, self._optional)
        arguments = self._arguments if window.cursor is None else {**self._arguments, "cursor": window.cursor}
        rows = await self._read(query.only(page.attributes), limit=window.limit, **arguments)
        return slice_of(rows, lambda row: encode_cursor(row.id), page)

    async def total(self) -> int:
        query = self._listing.total(self._optional)
        (row,) = await self._read(query, **self._arguments)
        return int(row.total)

    async def _read(self, query: Prepared[Any], **arguments: Any) -> list[Any]:
        if not self._unbounded:
            return await self._database.read(query, self._viewer, **arguments)
        batches = self._database.stream(query, self._viewer, **arguments)
        return [row async for batch in batches for row in batch]


def slice_of(rows: list[Any], cursor_of: Callable[[Any], str], page: PageArguments) -> Slice[Any]:
    """Return the page of rows that were read with one extra row, which tells whether more follow."""
    has_more, rows = len(rows) > page.size, rows[: page.size]
    # The row of the cursor lies beyond the page, so there is one on that side.
    if page.backwards:
        return Slice(rows[::-1], cursor_of, has_next=page.cursor is not None, has_previous=has_more)
    return Slice(rows, cursor_of, has_next=has_more, has_previous=page.cursor is not None)


def encode_cursor(id_: UUID) -> str:
    return urlsafe_b64encode(id_.bytes).decode().rstrip("=")


def decode_cursor(cursor: str, field: str = "after") -> UUID:
    """Return the row id in a cursor. Raises BadUserInput at `field` for a malformed cursor."""
    try:
        return UUID(bytes=urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (Error, ValueError):
        raise invalid_cursor(field) from None


def invalid_cursor(field: str) -> BadUserInput:
    return BadUserInput.of(
        field, "Invalid cursor. Pass `endCursor` or `startCursor` from a previous page of this list, unchanged."
    )


def checked_search(search: str | None) -> str | None:
    """Return the search text without surrounding blanks; None for an empty one."""
    return None if search is None else checked_text(search, "search", MAX_SEARCH) or None
