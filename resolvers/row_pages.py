"""Pages of the rows of a table: which questions to ask for one, and who answers them."""

from dataclasses import replace
from typing import Any, Protocol, TypeVar

from db import selections
from db.base import Base
from db.prepared import Prepared
from db.selections import Selection
from db.tables import Table
from resolvers.context import Context
from resolvers.pages import Asked, Slice, slice_of
from resolvers.row_cursors import bad_cursor, decode_place, encode_place

MAX_INLINE = 2_000
R = TypeVar("R", bound=Base)


class Source(Protocol):
    """Where questions about the rows of a table are answered."""

    @property
    def row_count(self) -> int: ...

    async def read(self, query: Prepared[Any], **given: Any) -> list[Any]:
        """The rows that a query finds."""

    async def count(self, query: Prepared[Any], **given: Any) -> int:
        """What a query counts, in its column `total`."""


class Today:
    """The rows as they are. Without a filter, a sort or a search, only those of the page are looked at."""

    def __init__(self, context: Context, table: Table, *, is_plain: bool) -> None:
        self._context, self._table, self._is_plain = context, table, is_plain

    @property
    def row_count(self) -> int:
        return self._table.row_count

    async def read(self, query: Prepared[Any], **given: Any) -> list[Any]:
        if self._is_plain:
            return await self._context.read(query, table_id=self._table.id, **given)
        return await read_rows(self._context, self._table, query, **given)

    async def count(self, query: Prepared[Any], **given: Any) -> int:
        (row,) = await read_rows(self._context, self._table, query, **given)
        return int(row.total)


class RowPage:
    """A page of the rows of a table; the cursor says where in the order a row stands."""

    def __init__(self, source: Source, selection: Selection) -> None:
        self._source, self._selection = source, selection

    async def load(self, asked: Asked) -> Slice[Any]:
        selection = self._selection
        place = None if asked.cursor is None else decode_place(asked.cursor)
        given = {**selection.values, **self._bound(place)}
        found: list[Any] = []
        for part in selections.parts(selection.shape, place, backwards=asked.backwards):
            query = selections.rows(selection.shape, place, part, backwards=asked.backwards)
            found += await self._source.read(query, limit=asked.size + 1 - len(found), **given)
            if len(found) > asked.size:
                break
            place = None
        return slice_of(found, lambda row: encode_place(selection.place(row)), asked)

    async def total(self) -> int:
        shape = self._selection.shape
        if shape.where is None and shape.searched is None:
            return self._source.row_count
        return await self._source.count(selections.total(replace(shape, orders=())), **self._selection.values)

    def _bound(self, place: list[Any] | None) -> dict[str, Any]:
        try:
            return {} if place is None else self._selection.bound(place)
        except ValueError:
            raise bad_cursor() from None


async def read_rows(context: Context, table: Table, query: Prepared[R], **given: Any) -> list[R]:
    """A question that looks at every row of a table; of a large one it is answered beside the event loop."""
    given = {**given, "table_id": table.id}
    if table.row_count <= MAX_INLINE:
        return await context.read(query, **given)
    return await context.backend.database.read_aside(query, context.viewer, **given)
