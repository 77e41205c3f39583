"""Keyset pagination: every page of a list costs the same, however long the list is."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.sql import ColumnElement

from db.core.base import Base
from db.core.prepared import Prepared, bind

R = TypeVar("R", bound=Base)


@dataclass(frozen=True)
class Window:
    """Part of a list: `limit` rows after (backwards: before) the row with the id `cursor`."""

    limit: int
    cursor: UUID | None = None
    backwards: bool = False


class Listing(Generic[R]):
    """List of rows in the order of their ids, which is the order of creation.

    `optional` are conditions by parameter name that apply when the parameter is given. `of_parent` lists the children
    of one parent, whose id is bound as the model's `parent_key`. `deleted` includes soft-deleted rows for those who
    may change them.
    """

    def __init__(
        self,
        model: type[R],
        *conditions: ColumnElement[bool],
        newest_first: bool = False,
        optional: Mapping[str, ColumnElement[bool]] | None = None,
        of_parent: bool = False,
        deleted: bool = False,
    ) -> None:
        self.model = model
        self.conditions = conditions
        self.newest_first = newest_first
        self.optional = optional or {}
        self.of_parent = of_parent
        self.deleted = deleted
        self._variants: dict[Any, Prepared[R]] = {}

    @cached_property
    def with_deleted(self) -> "Listing[R]":
        """Return the same list including deleted rows."""
        return Listing(
            self.model,
            *self.conditions,
            newest_first=self.newest_first,
            optional=self.optional,
            of_parent=self.of_parent,
            deleted=True,
        )

    def rows(self, window: Window, names: frozenset[str]) -> Prepared[R]:
        """Return the query of a window: at most `limit` rows, in the list's order unless backwards."""
        key = window.cursor is None, window.backwards, names
        if key not in self._variants:
            self._variants[key] = self._prepare(self._window(window, names))
        return self._variants[key]

    def total(self, names: frozenset[str]) -> Prepared[Any]:
        if names not in self._variants:
            count = self._filtered(select(func.count(self.model.id).label("total")), names)
            self._variants[names] = self._prepare(count)
        return self._variants[names]

    def _window(self, window: Window, names: frozenset[str]) -> Select[Any]:
        down = self.newest_first != window.backwards
        query = self._filtered(select(self.model), names)
        if window.cursor is not None:
            cursor = bind("cursor", self.model.id)
            query = query.where(self.model.id < cursor if down else self.model.id > cursor)
        return query.order_by(self.model.id.desc() if down else self.model.id).limit(bind("limit"))

    def _filtered(self, query: Select[Any], names: frozenset[str]) -> Select[Any]:
        return query.where(*self.conditions, *(self.optional[name] for name in sorted(names)))

    def _prepare(self, query: Select[Any]) -> Prepared[R]:
        children, deleted = self.of_parent and self.model, self.deleted and self.model
        return Prepared(query, children=children or None, deleted=deleted or None)
