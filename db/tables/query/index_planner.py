"""Which index serves a question about rows: its hits are counted first, for no database has statistics of them."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Dialect, func, select

from db.core.prepared import Prepared, bind
from db.models.tables import Row
from db.tables.query import cell_sql, sort_sql
from db.tables.query.filter_sql import is_about, tested, within
from db.tables.query.filters import Condition
from db.tables.query.row_query import KEPT, QueryShape, filtered
from db.tables.query.sort_sql import Part

MAX_SORTED = 2_500  # hits that are fetched and sorted in less time than others are passed over
MAX_INDEXED = 20_000  # entries of an index that SQLite sorts in less time than that
SAMPLE = 1_000  # of these at least RARE must be what is asked for, where an index is gone through
RARE = 3


def countable_columns(shape: QueryShape) -> tuple[str, ...]:
    """The columns in whose indexes hits are counted, before `served` chooses one."""
    keys = tested(shape.where)
    return () if keys == (_sorting(shape),) else keys


@lru_cache(maxsize=KEPT)
def hit_counts(where: Condition | None, table_id: UUID, keys: tuple[str, ...]) -> Prepared[Any]:
    """How many rows the index of each column leaves, in the order of the columns; `most` at most."""
    counts = []
    for n, key in enumerate(keys):
        there = select(Row.id).where(*within(where, key), cell_sql.in_index(table_id, key))
        count = select(func.count()).select_from(there.limit(bind("most", Row.position)).subquery())
        counts.append(count.scalar_subquery().label(f"hits_{n}"))
    return Prepared(select(*counts), children=Row, by_parent=False)


def max_entries(shape: QueryShape, dialect: Dialect) -> int:
    """How far hits are counted: so far that `served` can tell."""
    return (MAX_INDEXED if _sorts_entries(shape, dialect) else MAX_SORTED) + 1


def choose_index(shape: QueryShape, table_id: UUID, hits: Mapping[str, int], dialect: Dialect) -> QueryShape:
    """The shape with the index that serves it, if any does.

    Few hits are fetched by their index, and then sorted. Where there are many, a page is full soon: rows are gone
    through in the order that was asked for, by the index of its first column if it has one.
    """
    fewest, key = _fewest(hits), _sorting(shape)
    if fewest and hits.get(key or "", MAX_SORTED + 1) > MAX_SORTED:
        return replace(shape, served=(table_id, fewest), few=True)
    if _sorts_entries(shape, dialect):
        alone = _alone(shape)
        key = alone if alone and hits.get(alone, MAX_INDEXED + 1) <= MAX_INDEXED else None
    return replace(shape, served=(table_id, key) if key else None)


def is_gone_through(shape: QueryShape) -> bool:
    """Whether the rest of the question is asked of row after row, in the order of the index, until a page is full."""
    is_rest = shape.searched is not None or not (shape.where is None or is_about(shape.where, shape.key or ""))
    return shape.served is not None and not shape.few and bool(shape.orders) and is_rest


@lru_cache(maxsize=KEPT)
def sample(shape: QueryShape) -> Prepared[Any]:
    """How many of the first rows in the order of the index are what is asked for, as `total`."""
    assert shape.served
    order = shape.orders[0]
    first = select(Row.id).where(cell_sql.in_index(*shape.served), sort_sql.ranks(order)[0].is_not(None))
    first = first.order_by(*sort_sql.ordering(order, Part.BRIEF, backwards=False)).limit(SAMPLE).correlate(None)
    query = filtered(select(func.count(Row.id).label("total")), replace(shape, served=None))
    return Prepared(query.where(Row.id.in_(first)), children=Row, by_parent=False)


def choose_by_sample(shape: QueryShape, total: int) -> QueryShape:
    """The shape without its index where so few rows are what is asked for that all would be gone through."""
    return shape if total >= RARE else replace(shape, served=None)


def choose_index_for_total(shape: QueryShape, table_id: UUID, hits: Mapping[str, int]) -> QueryShape:
    """The shape of the total, which an index alone gives where nothing but its column is asked for."""
    key = _fewest(hits) or _alone(shape)
    return replace(shape, orders=(), served=(table_id, key) if key else None)


def _fewest(hits: Mapping[str, int]) -> str | None:
    """The column with the fewest hits, if they are few."""
    fewest = min(hits, key=lambda key: hits[key], default=None)
    return fewest if fewest and hits[fewest] <= MAX_SORTED else None


def _sorts_entries(shape: QueryShape, dialect: Dialect) -> bool:
    """Whether the entries of an index alone can be sorted: PostgreSQL would fetch the rows for that."""
    return dialect.name == "sqlite" and not shape.orders and _alone(shape) is not None


def _sorting(shape: QueryShape) -> str | None:
    return shape.orders[0].key if shape.orders and shape.orders[0].is_indexed else None


def _alone(shape: QueryShape) -> str | None:
    """The column that is all that is asked for."""
    return next((key for key in tested(shape.where) if is_about(shape.where, key) and not shape.searched), None)
