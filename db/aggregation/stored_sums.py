"""Sums of rows by key and period: marked stale by new rows, summed up in the background, read exactly at any moment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, or_, select
from uuid_utils.compat import uuid7

from db.core.bulk import insert_or_update
from db.core.prepared import bind
from db.core.session import Session


@dataclass(frozen=True)
class StoredSums:
    """Sums of the rows of `source` in the rows of `stored`: one for each key and each period with such rows.

    `start` and `end` are the columns of `stored` that bound a period, `moment` dates a row of `source`, `key` names the
    columns that both have, and `sums` has the sum for each column of `stored` that holds one.
    """

    stored: Any
    source: Any
    key: tuple[str, ...]
    start: Any
    end: Any
    moment: Any
    sums: Mapping[str, ColumnElement[Any]]

    def mark_stale(self, session: Session, rows: Iterable[Mapping[str, Any]]) -> None:
        """Mark periods to be summed up again; each row has the key and the bounds of one period."""
        stale = [{"id": uuid7(), **dict.fromkeys(self.sums, 0), **row, "is_stale": True} for row in rows]
        insert_or_update(session, self.stored, stale, (*self.key, self.start.key), ("is_stale",))

    def sum_batch(self, session: Session, limit: int) -> bool:
        """Sum up at most `limit` stale periods again; return True if there may be more.

        Several schedulers may run at once: each skips the periods that another one has locked.
        """
        query = select(self.stored).where(self.stored.is_stale).order_by(self.stored.id).limit(limit)
        rows = session.scalars(query.with_for_update(skip_locked=True)).all()
        for row in rows:
            sums = session.execute(select(*self.sums.values()).where(*self._summed_in(row))).one()
            for name, value in zip(self.sums, sums, strict=True):
                setattr(row, name, value)
            row.is_stale = False
        return len(rows) == limit

    def exact(self) -> dict[str, ColumnElement[Any]]:
        """Return each sum of one stored row, as far as it lies from `since` until before `until`.

        Stale periods, and those that `since` or `until` cuts, are summed up from their rows, so that the answer is
        exact at any moment. In one statement: between two, the background could make a stale period a valid one.
        """
        since, until = self._bounds()
        is_partial = or_(self.stored.is_stale, self.start < since, self.end > until)
        rows = and_(*self._summed_in(self.stored), self.moment >= since, self.moment < until)
        return {
            name: case((is_partial, select(sum_).where(rows).scalar_subquery()), else_=getattr(self.stored, name))
            for name, sum_ in self.sums.items()
        }

    def in_period(self) -> tuple[ColumnElement[bool], ...]:
        """Return the conditions that select the stored rows of a period from `since` until before `until`."""
        since, until = self._bounds()
        return self.end > since, self.start < until

    def _bounds(self) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        return bind("since", self.start), bind("until", self.start)

    def _summed_in(self, row: Any) -> list[ColumnElement[bool]]:
        """Return the conditions that select the rows summed up in a stored row, which may be a class."""
        same_key = [getattr(self.source, name) == getattr(row, name) for name in self.key]
        start, end = getattr(row, self.start.key), getattr(row, self.end.key)
        return [*same_key, self.moment >= start, self.moment < end]
