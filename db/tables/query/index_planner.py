"""Choice of the column index that serves a query for rows.

Neither database has statistics for expression indexes, so the planner counts: `hit_counts` asks each index that could
narrow the query down for its number of matching entries, up to a limit. `choose_index` then decides:

1. Few hits in some index: fetch these rows by it and sort them.
2. Many hits: read rows in the requested order, by the index of the first sort column if it has one, until the page is
   full. If other conditions are tested on the way, `sample_hits` first looks at the beginning of that index: when
   almost nothing there matches, the scan would pass over most of the table, and the index is not used.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Dialect, func, select

from db.core.prepared import Prepared, bind
from db.models.tables import Row
from db.tables.query import cell_sql, sort_sql
from db.tables.query.filter_sql import index_clauses, indexed_columns, is_only_about
from db.tables.query.filters import Condition
from db.tables.query.row_query import CACHE_SIZE, QueryShape, apply_filter
from db.tables.query.sort_sql import Part

MAX_SORTED_HITS = 2_500  # fetching and sorting these is faster than skipping the other rows of the table
MAX_SORTED_ENTRIES = 20_000  # the same limit when SQLite sorts index entries without fetching rows
SAMPLE_SIZE = 1_000  # rows, of which at least MIN_SAMPLE_HITS must match for the index to be scanned
MIN_SAMPLE_HITS = 3


def columns_to_count(shape: QueryShape) -> tuple[str, ...]:
    """Return the columns whose index hits are to be counted before `choose_index`."""
    keys = indexed_columns(shape.where)
    return () if keys == (_indexed_sort_key(shape),) else keys


@lru_cache(maxsize=CACHE_SIZE)
def hit_counts(where: Condition | None, table_id: UUID, keys: tuple[str, ...]) -> Prepared[Any]:
    """Return the query that counts the hits in each column's index, in the order of `keys`, each up to `max_hits`."""
    counts = []
    for n, key in enumerate(keys):
        hits = select(Row.id).where(*index_clauses(where, key), cell_sql.index_predicate(table_id, key))
        count = select(func.count()).select_from(hits.limit(bind("max_hits", Row.position)).subquery())
        counts.append(count.scalar_subquery().label(f"hits_{n}"))
    return Prepared(select(*counts), children=Row, by_parent=False)


def max_counted_hits(shape: QueryShape, dialect: Dialect) -> int:
    """Return the number up to which hits must be counted for `choose_index` to decide."""
    return (MAX_SORTED_ENTRIES if _sorts_entries(shape, dialect) else MAX_SORTED_HITS) + 1


def choose_index(shape: QueryShape, table_id: UUID, hits: Mapping[str, int], dialect: Dialect) -> QueryShape:
    """Return the shape with the index that serves it, or without one; `hits` are the counts by column key.

    With few hits, they are fetched by their index and then sorted. With many, a page is full soon: rows are read in
    the requested order, by the index of the first sort column if it has one.
    """
    fewest, key = _fewest(hits), _indexed_sort_key(shape)
    if fewest and hits.get(key or "", MAX_SORTED_HITS + 1) > MAX_SORTED_HITS:
        return replace(shape, index=(table_id, fewest), has_few_hits=True)
    if _sorts_entries(shape, dialect):
        only_key = _only_filtered_key(shape)
        key = only_key if only_key and hits.get(only_key, MAX_SORTED_ENTRIES + 1) <= MAX_SORTED_ENTRIES else None
    return replace(shape, index=(table_id, key) if key else None)


def scans_index(shape: QueryShape) -> bool:
    """Return True if rows are read in index order and the other conditions tested on each until the page is full."""
    is_rest = shape.search_columns is not None or not (
        shape.where is None or is_only_about(shape.where, shape.index_key or "")
    )
    return shape.index is not None and not shape.has_few_hits and bool(shape.sorts) and is_rest


@lru_cache(maxsize=CACHE_SIZE)
def sample_hits(shape: QueryShape) -> Prepared[Any]:
    """Return the query that counts, as `total`, the matches among the first SAMPLE_SIZE rows of the index."""
    assert shape.index
    order = shape.sorts[0]
    first = select(Row.id).where(cell_sql.index_predicate(*shape.index), sort_sql.index_keys(order)[0].is_not(None))
    first = (
        first.order_by(*sort_sql.order_by(order, Part.TRUNCATED, backwards=False)).limit(SAMPLE_SIZE).correlate(None)
    )
    query = apply_filter(select(func.count(Row.id).label("total")), replace(shape, index=None))
    return Prepared(query.where(Row.id.in_(first)), children=Row, by_parent=False)


def choose_by_sample(shape: QueryShape, total: int) -> QueryShape:
    """Return the shape, without its index if so few sampled rows match that most of it would be scanned."""
    return shape if total >= MIN_SAMPLE_HITS else replace(shape, index=None)


def choose_index_for_total(shape: QueryShape, table_id: UUID, hits: Mapping[str, int]) -> QueryShape:
    """Return the shape that counts all rows; when only one indexed column is filtered, that index alone counts them."""
    key = _fewest(hits) or _only_filtered_key(shape)
    return replace(shape, sorts=(), index=(table_id, key) if key else None)


def _fewest(hits: Mapping[str, int]) -> str | None:
    """Return the column with the fewest hits, or None when even these are too many to sort."""
    fewest = min(hits, key=lambda key: hits[key], default=None)
    return fewest if fewest and hits[fewest] <= MAX_SORTED_HITS else None


def _sorts_entries(shape: QueryShape, dialect: Dialect) -> bool:
    """Return True if index entries can be sorted without fetching rows, which PostgreSQL cannot do here."""
    return dialect.name == "sqlite" and not shape.sorts and _only_filtered_key(shape) is not None


def _indexed_sort_key(shape: QueryShape) -> str | None:
    """Return the first sort column if it is indexed."""
    return shape.sorts[0].key if shape.sorts and shape.sorts[0].is_indexed else None


def _only_filtered_key(shape: QueryShape) -> str | None:
    """Return the only column that is filtered, if it is indexed and there is no search."""
    return next(
        (key for key in indexed_columns(shape.where) if is_only_about(shape.where, key) and not shape.search_columns),
        None,
    )
