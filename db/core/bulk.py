"""Bulk writes of the children of sample parent without ORM objects, checked, counted and dated like single ones."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import sqlalchemy
import sqlalchemy.orm
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql import ColumnElement
from uuid_utils.compat import uuid7

from db.core.base import AuditedRow, Base, Child, NotAudited, now
from db.core.session import Session, check


def insert(session: Session, model: type[Base], parent_id: UUID, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Insert rows, each with its id, and return the bytes of the JSON in each.

    Columns that are left out get their default, the same in all rows.
    """
    if not rows:
        return []
    sample, key = _checked(session, model, parent_id)
    moment, user_id = now(), session.viewer.user_id
    common = {"created_at": moment, "updated_at": moment, "created_by_id": user_id, "updated_by_id": user_id}
    sizes = session.driver.insert(model, [{**common, key: parent_id, **row} for row in rows])
    session.audit_recorder.count_many(sample, "added", [row["id"] for row in rows])
    return sizes


def update(session: Session, model: type[Base], parent_id: UUID, rows: Sequence[Mapping[str, Any]]) -> None:
    """Update rows by id; each sets the same columns."""
    if not rows:
        return
    sample, _ = _checked(session, model, parent_id)
    _update(session, model, parent_id, rows)
    session.audit_recorder.count_many(sample, "changed", [row["id"] for row in rows])


def soft_delete(session: Session, model: type[Base], parent_id: UUID, ids: Sequence[UUID]) -> None:
    """Delete rows softly. Each gives up its id, so that a row can be restored under it."""
    if not ids:
        return
    sample, _ = _checked(session, model, parent_id)
    moment = now()
    _update(session, model, parent_id, [{"id": id_, "new_id": uuid7(), "deleted_at": moment} for id_ in ids])
    session.audit_recorder.count_many(sample, "deleted", ids)


def insert_or_update(
    session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]], key: Sequence[str], update: Sequence[str]
) -> None:
    """Insert rows, and where the unique `key` has one already, set its columns of `update` instead.

    Only for unaudited bookkeeping rows, which the audit log and the policy do not concern.
    """
    assert issubclass(model, NotAudited)
    if not rows:
        return
    session.flush()
    table, moment = _table(model), now()
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    statement: Any = sqlite.insert(table) if is_sqlite else postgresql.insert(table)
    changed = {name: statement.excluded[name] for name in (*update, "updated_at")}
    statement = statement.on_conflict_do_update(index_elements=list(key), set_=changed)
    parameters = [{"created_at": moment, "updated_at": moment, **row} for row in rows]
    sqlalchemy.orm.Session.connection(session).execute(statement, parameters)


def set_once(
    session: Session, moment: InstrumentedAttribute[datetime | None], *conditions: ColumnElement[bool]
) -> bool:
    """Set a timestamp that is null by one atomic UPDATE; return True if this unit was the one to set it.

    Only for unaudited bookkeeping rows, which the audit log and the policy do not concern.
    """
    model: Any = moment.class_
    assert issubclass(model, NotAudited)
    statement: Any = sqlalchemy.update(model).where(moment.is_(None), *conditions).values({moment: now()})
    session.flush()
    return bool(sqlalchemy.orm.Session.connection(session).execute(statement).rowcount)


def _checked(session: Session, model: type[Base], parent_id: UUID) -> tuple[Base, str]:
    """Return a sample row that the viewer may write, and the name of the key to its parent; flushes first."""
    key = cast(type[Child], model).parent_key
    sample = model(**{key: parent_id})
    assert not isinstance(sample, AuditedRow), "each change of it is an entry of the audit log"
    session.flush()
    check(session, sample)
    return sample, key


def _update(session: Session, model: type[Base], parent_id: UUID, rows: Sequence[Mapping[str, Any]]) -> None:
    dated = {"updated_at": now(), "updated_by_id": session.viewer.user_id}
    parent = {cast(type[Child], model).parent_key: parent_id}
    session.driver.update(model, parent, [{**dated, **row} for row in rows])


def _table(model: type[Base]) -> Table:
    return cast(Table, model.__table__)
