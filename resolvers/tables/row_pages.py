"""Pages of the rows of a table, and the sources that they are read from."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

from db.core.base import Base
from db.core.prepared import Prepared
from db.models.tables import Table
from db.tables.query import index_planner, row_query
from db.tables.query.row_query import QueryShape, RowQuery
from db.tables.query.sort_sql import Part
from resolvers.core.context import Context
from resolvers.core.pages import PageArguments, Slice, invalid_cursor, slice_of
from resolvers.tables.row_cursors import decode_position, encode_position

CURSOR_ATTRIBUTES = frozenset({"id", "position", "values"})
MAX_INLINE = 2_000  # rows that a query may scan on the event loop
R = TypeVar("R", bound=Base)


class Source(Protocol):
    """Rows of a table, current or at a revision, that queries run on."""

    @property
    def row_count(self) -> int: ...

    async def plan(self, selection: RowQuery, *, total: bool = False) -> QueryShape:
        """Return the shape of a page or of the total, with the index that the query should use."""

    async def read(self, query: Prepared[Any], attributes: frozenset[str] | None, **arguments: Any) -> list[Any]:
        """Return the rows that a query selects, with these attributes at least; None means all."""

    async def count(self, query: Prepared[Any], **arguments: Any) -> int:
        """Return the number that a query selects as `total`."""


class CurrentRows:
    """Current rows of a table. Without filter, sort and search, only those of the page are read."""

    def __init__(self, context: Context, table: Table, *, is_plain: bool) -> None:
        self._context, self._table, self._is_plain = context, table, is_plain

    @property
    def row_count(self) -> int:
        return self._table.row_count

    async def plan(self, selection: RowQuery, *, total: bool = False) -> QueryShape:
        hits = await self._hits(selection)
        if total:
            return index_planner.choose_index_for_total(selection.shape, self._table.id, hits)
        shape = index_planner.choose_index(
            selection.shape, self._table.id, hits, self._context.backend.database.dialect
        )
        if self.row_count <= index_planner.MAX_SORTED_HITS or not index_planner.scans_index(shape):
            return shape
        return index_planner.choose_by_sample(
            shape, await self.count(index_planner.sample_hits(shape), **selection.values)
        )

    async def _hits(self, selection: RowQuery) -> Mapping[str, int]:
        """Return how many rows the index of each column leaves; for a small table, its row count."""
        keys = index_planner.columns_to_count(selection.shape)
        if not keys or self.row_count <= index_planner.MAX_SORTED_HITS:
            return dict.fromkeys(keys, self.row_count)
        query = index_planner.hit_counts(selection.shape.where, self._table.id, keys)
        max_hits = index_planner.max_counted_hits(selection.shape, self._context.backend.database.dialect)
        (counts,) = await read_rows(self._context, self._table, query, **selection.values, max_hits=max_hits)
        return dict(zip(keys, counts, strict=True))

    async def read(self, query: Prepared[Any], attributes: frozenset[str] | None, **arguments: Any) -> list[Any]:
        query = query.only(attributes)
        if self._is_plain:
            return await self._context.read(query, table_id=self._table.id, **arguments)
        return await read_rows(self._context, self._table, query, **arguments)

    async def count(self, query: Prepared[Any], **arguments: Any) -> int:
        (row,) = await read_rows(self._context, self._table, query, **arguments)
        return int(row.total)


class RowPage:
    """A page of the rows of a table; a cursor holds the position of a row in the order."""

    def __init__(self, source: Source, selection: RowQuery) -> None:
        self._source, self._selection = source, selection

    async def load(self, page: PageArguments) -> Slice[Any]:
        selection = self._selection
        position = None if page.cursor is None else decode_position(page.cursor, page.cursor_name)
        arguments = {**selection.values, **self._cursor_binds(position, page.cursor_name)}
        shape = await self._source.plan(selection)
        rows: list[Any] = []
        for part in row_query.parts(shape, position, backwards=page.backwards):
            arguments["limit"] = page.size + 1 - len(rows)
            rows += await self._part(shape, position, part, page, arguments)
            if len(rows) > page.size:
                break
            position = None  # the next part is read from its first row
        return slice_of(rows, lambda row: encode_position(selection.cursor_values(row)), page)

    async def _part(
        self, shape: QueryShape, position: list[Any] | None, part: Part, page: PageArguments, arguments: dict[str, Any]
    ) -> list[Any]:
        attributes = None if page.attributes is None else page.attributes | CURSOR_ATTRIBUTES
        query = row_query.page(shape, position, part, backwards=page.backwards)
        rows = await self._source.read(query, attributes, **arguments)
        # Index keys are shortened: texts with a long common beginning may come unsorted, so they are read again.
        if row_query.is_sorted(shape, part, rows):
            return rows
        query = row_query.page(shape, position, Part.FILLED, backwards=page.backwards)
        return await self._source.read(query, attributes, **arguments)

    async def total(self) -> int:
        shape = self._selection.shape
        if shape.where is None and shape.search_columns is None:
            return self._source.row_count  # stored with the table: no query
        shape = await self._source.plan(self._selection, total=True)
        return await self._source.count(row_query.total(shape), **self._selection.values)

    def _cursor_binds(self, position: list[Any] | None, field: str) -> dict[str, Any]:
        try:
            return {} if position is None else self._selection.cursor_binds(position)
        except ValueError:
            raise invalid_cursor(field) from None


async def read_rows(context: Context, table: Table, query: Prepared[R], **arguments: Any) -> list[R]:
    """Run a query that scans all rows of a table; that of a large table runs off the event loop."""
    arguments = {**arguments, "table_id": table.id}
    if table.row_count <= MAX_INLINE:
        return await context.read(query, **arguments)
    return await context.backend.database.read_unbounded(query, context.viewer, **arguments)
