"""Erasure of rows and everything that refers to them, a bounded number per transaction."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Table, delete, select, update
from sqlalchemy.sql import ColumnElement

from db.core.base import Base, Child
from db.core.session import INSIDE, Session
from db.retention import storage


def erase(session: Session, model: type[Base], *conditions: ColumnElement[bool], limit: int) -> int:
    """Erase rows after those that refer to them; return the number, less than `most` when none are left.

    For the system only: it bypasses policy and audit log. Rows with a nullable reference are kept without it.
    """
    assert session.viewer.user_id is None
    assert session.viewer.is_superuser
    ids = list(session.scalars(select(model.id).where(*conditions).limit(limit), execution_options=INSIDE))
    return _erase(session, _table(model), ids, limit)


def _erase(session: Session, table: Table, ids: list[Any], limit: int) -> int:
    count = 0
    for column in _referring(table) if ids else ():
        if _is_optional(column):
            values = {column.name: None}
            session.execute(update(column.table).where(column.in_(ids)).values(values), execution_options=INSIDE)
            continue
        query = select(column.table.c.id).where(column.in_(ids)).limit(limit - count)
        count += _erase(session, column.table, list(session.scalars(query, execution_options=INSIDE)), limit - count)
        if count >= limit:  # what they hang on comes when they are all count
            return count
    if ids:
        storage.release(session, _model(table), ids)
        session.execute(delete(table).where(table.c.id.in_(ids)), execution_options=INSIDE)
    return count + len(ids)


def _referring(table: Table) -> Iterator[Column[Any]]:
    """Return the columns of all tables that refer to this one."""
    for other in Base.metadata.sorted_tables:
        for key in other.foreign_keys:
            if key.column.table is table:
                yield key.parent


def _is_optional(column: Column[Any]) -> bool:
    """Return True if a row can exist without the reference; a child cannot exist without its parent."""
    model = _model(column.table)
    is_parent = model is not None and issubclass(model, Child) and model.parent_key == column.key
    return bool(column.nullable) and not is_parent


def _model(table: Table) -> type[Base] | None:
    return next((m.class_ for m in Base.registry.mappers if m.local_table is table), None)


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table
